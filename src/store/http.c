/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "challenge.h"
#include "error.h"
#include "exchange.h"
#include "json.h"
#include "store-configuration.h"
#include "url-origin.h"

#define ATTEMPTS_MAX 4
#define TOKEN_MAX    (64 * 1024)
#define BEARER       G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._~+/="

void
http_answer_clear (HttpAnswer *answer)
{
  if (answer->body)
    g_string_free (answer->body, TRUE);
  g_free (answer->type);
  g_free (answer->location);
  *answer = (HttpAnswer){ 0 };
}

Http *
http_new (const char *url)
{
  Http *http = g_new0 (Http, 1);
  const char *credential = g_getenv (STORE_CREDENTIAL);
  const char *ca_file = NULL, *ca_path = NULL;

  curl_global_init (CURL_GLOBAL_DEFAULT);
  http->curl = curl_easy_init ();
  http->url = g_strdup (url);
  http->shown = exchange_show_origin (url);
  curl_easy_getinfo (http->curl, CURLINFO_CAINFO, &ca_file);
  curl_easy_getinfo (http->curl, CURLINFO_CAPATH, &ca_path);
  http->ca_file = g_strdup (ca_file);
  http->ca_path = g_strdup (ca_path);
  if (credential && strchr (credential, ':'))
    http->password = g_strdup (credential);
  else
    http->token = g_strdup (credential);
  return http;
}

void
http_free (Http *http)
{
  if (!http)
    return;
  curl_easy_cleanup (http->curl);
  curl_global_cleanup ();
  g_free (http->url);
  g_free (http->shown);
  g_free (http->ca_file);
  g_free (http->ca_path);
  g_free (http->password);
  g_free (http->token);
  g_free (http);
}

void
http_set_deadline (Http *http, int64_t deadline)
{
  http->deadline = deadline;
}

void
http_set_patience (Http *http, unsigned seconds)
{
  http->patience = seconds;
}

/* Asks the service that the store named for a token. The password goes to nobody over an open line but the store. */
static bool
http_get_token (Http *http, const Challenge *challenge, GError **error)
{
  g_autofree char *url = challenge_token_url (challenge);
  bool password = http->password && url && (exchange_is_secure (url) || url_is_same_origin (http->url, url));
  const HttpRequest request = { .url = url, .max = TOKEN_MAX };
  g_auto (HttpAnswer) answer = { 0 };
  g_autoptr (JsonObject) object = NULL;
  const char *token;

  if (!url || (exchange_is_secure (http->url) && !exchange_is_secure (url)))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s names no service for tokens that can be asked",
                   http->shown);
      return false;
    }
  if (!exchange_start (http, &request, password, &answer, error))
    return false;
  if (answer.status != 200)
    {
      g_autofree char *service = exchange_show_origin (url);

      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s gives no token (HTTP status %ld)%s", service,
                   answer.status,
                   http->password ? N_ (": look at TokenCredential= in hive.conf") :
                                    N_ (": it may want TokenCredential= in hive.conf"));
      return false;
    }
  object = json_parse_object (answer.body->str, (gssize)answer.body->len, "the token", HIVE_ERROR_FAILED, error);
  if (!object)
    return false;
  token = json_get_string (object, "token", json_get_string (object, "access_token", ""));
  if (!*token || strspn (token, BEARER) != strlen (token))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "the token that %s sends us for is none", http->shown);
      return false;
    }
  g_free (http->token);
  http->token = g_strdup (token);
  return true;
}

/* The answer was 401: what it takes to ask again. False without an error when there is nothing. */
static bool
http_introduce (Http *http, GError **error)
{
  const char *value;

  for (size_t i = 0; (value = exchange_find_header (http, "WWW-Authenticate", i)); i++)
    {
      g_auto (Challenge) challenge = { 0 };
      g_autofree char *kept = g_strdup (value); /* it is libcurl's until the next request */

      if (challenge_read (kept, "Bearer", &challenge))
        return http_get_token (http, &challenge, error);
      if (challenge_read (kept, "Basic", &challenge) && http->password && !http->basic)
        return http->basic = true;
    }
  return false;
}

static bool
status_is_busy (long status)
{
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599 && status != 501);
}

/* Waits as long as a busy server wants; false when that is too long. */
static bool
http_wait (Http *http, const HttpAnswer *answer, unsigned attempt)
{
  unsigned seconds = MAX (answer->wait, 1U << attempt);

  if (seconds > http->patience || attempt + 1 == ATTEMPTS_MAX)
    return false;
  http->patience -= seconds;
  g_usleep (seconds * G_USEC_PER_SEC);
  return true;
}

bool
http_run (Http *http, const HttpRequest *request, HttpAnswer *ret_answer, GError **error)
{
  bool introduced = false;

  *ret_answer = (HttpAnswer){ 0 };
  for (unsigned attempt = 0;;)
    {
      g_autoptr (GError) failure = NULL;

      if (!exchange_start (http, request, false, ret_answer, error))
        break;
      if (ret_answer->status == 401 && !introduced && url_is_same_origin (http->url, request->url))
        {
          introduced = http_introduce (http, &failure);
          if (introduced)
            continue;
        }
      if (failure)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          break;
        }
      if (!status_is_busy (ret_answer->status) || request->once || !http_wait (http, ret_answer, attempt++))
        return true;
    }
  http_answer_clear (ret_answer);
  return false;
}

/* The first code of {"errors":[{"code"}]} (distribution specification, "Error codes"), or "". */
static char *
find_code (const HttpAnswer *answer)
{
  g_autoptr (JsonObject) object =
      json_parse_object (answer->body->str, (gssize)answer->body->len, "", HIVE_ERROR_FAILED, NULL);
  JsonNode *node = object ? json_object_get_member (object, "errors") : NULL;
  JsonArray *errors = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonNode *first = errors && json_array_get_length (errors) > 0 ? json_array_get_element (errors, 0) : NULL;
  const char *code =
      first && JSON_NODE_HOLDS_OBJECT (first) ? json_get_string (json_node_get_object (first), "code", "") : "";

  return *code && strlen (code) <= 40 && strspn (code, G_CSET_A_2_Z "_") == strlen (code) ?
             g_strdup_printf (" (%s)", code) :
             g_strdup ("");
}

bool
http_refuse (const Http *http, const HttpAnswer *answer, GError **error)
{
  g_autofree char *code = find_code (answer);
  g_autofree char *wait = answer->wait ? g_strdup_printf (", and asks to be left alone for %u s", answer->wait) : NULL;
  const char *hint = answer->status == 401 && !http->password && !http->token ?
                         ": it wants a name and a password, which TokenCredential= of hive.conf has" :
                     answer->status == 401 || answer->status == 403 ? ": it does not let in what TokenCredential= of "
                                                                      "hive.conf has" :
                                                                      "";

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s answered with HTTP status %ld%s%s%s", http->shown,
               answer->status, code, wait ? wait : "", hint);
  return false;
}
