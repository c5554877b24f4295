/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session.h"

#include <string.h>

#include "error.h"
#include "json.h"
#include "one-time-codes.h"
#include "token.h"

#define HINT "'hivectl web' opens the page with one, 'hivectl web --token' prints one for a script"

static Problem *session_refuse (const char *format, ...) G_GNUC_PRINTF (1, 2);

static Problem *
session_refuse (const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list arguments;

  va_start (arguments, format);
  detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return problem_new (HTTP_UNAUTHORIZED, PROBLEM_DENIED, "Authentication", "%s", detail);
}

static Problem *
session_check_ticket (Request *request, const char *ticket)
{
  if (one_time_codes_take (request->bridge->tickets, ticket, &request->uid))
    return NULL;
  return session_refuse ("The ticket is unknown, used or older than %u s; POST /v1/tickets gives another",
                         one_time_codes_seconds (request->bridge->tickets));
}

static Problem *
session_check_token (Request *request, const char *authorization)
{
  const char *why;

  if (g_ascii_strncasecmp (authorization, "Bearer ", 7) != 0)
    return session_refuse ("Authorization is Bearer and a token; " HINT);
  authorization += 7;
  why = tokens_check (request->bridge->tokens, authorization + strspn (authorization, " "), &request->uid);
  return why ? session_refuse ("The token is not valid: %s. " HINT, why) : NULL;
}

Problem *
session_check (Request *request, bool ticket)
{
  const char *authorization = request->head->values[HEADER_AUTHORIZATION];
  g_autofree char *given = NULL;

  if (request->peer->is_unix)
    {
      request->uid = request->peer->uid;
      return NULL;
    }
  if (request->bridge->configuration->trust_everybody)
    return NULL;
  if (authorization)
    return session_check_token (request, authorization);
  if (ticket && head_query (request->head, "ticket", &given) && given)
    return session_check_ticket (request, given);
  return session_refuse ("This needs a token, as Authorization: Bearer TOKEN; " HINT);
}

static void
session_answer_secret (Request *request, const char *key, const char *secret, uint64_t seconds)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, key, secret);
  json_object_set_int_member (object, "expires_in", (gint64)seconds);
  request_answer_json (request, HTTP_CREATED, object);
}

static void
session_answer_once (Request *request, OneTimeCodes *codes, const char *key)
{
  g_autofree char *secret = one_time_codes_add (codes, request->uid);
  Problem *problem;

  if (secret)
    {
      session_answer_secret (request, key, secret, one_time_codes_seconds (codes));
      return;
    }
  problem = problem_new (HTTP_TOO_MANY_REQUESTS, PROBLEM_LIMITS, NULL, "Too many %ss wait to be used", key);
  problem->retry_after = one_time_codes_seconds (codes);
  request_answer_problem (request, problem);
}

void
session_post_code (Request *request)
{
  const Bridge *bridge = request->bridge;
  const char *origin = bridge->configuration->public_origin;
  g_autofree char *code = one_time_codes_add (bridge->codes, request->uid);
  g_autofree char *url = NULL;
  JsonObject *object;

  if (!origin)
    origin = bridge->listener->url;
  if (!origin)
    {
      request_answer_problem (request, problem_new (HTTP_CONFLICT, PROBLEM_INVALID, "Listen",
                                                    "The bridge listens on no address that a browser could open "
                                                    "(Listen= in [Bridge])"));
      return;
    }
  if (!code)
    {
      session_answer_once (request, bridge->codes, "code"); /* which says that there are too many */
      return;
    }
  /* A fragment stays in the browser: no server, log or proxy sees it. */
  url = g_strdup_printf ("%s/#code=%s", origin, code);
  object = json_object_new ();
  json_object_set_string_member (object, "code", code);
  json_object_set_string_member (object, "url", url);
  json_object_set_int_member (object, "expires_in", one_time_codes_seconds (bridge->codes));
  request_answer_json (request, HTTP_CREATED, object);
}

void
session_post_key (Request *request)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  if (!tokens_rotate (request->bridge->tokens, &error))
    {
      request_answer_problem (request, problem_from_gerror (error));
      return;
    }
  g_message ("A new key, by uid %u: every token is void", (unsigned)request->uid);
  object = json_object_new ();
  json_object_set_boolean_member (object, "rotated", true);
  request_answer_json (request, HTTP_OK, object);
}

/* The code in the body; NULL: the request is answered. */
static char *
session_read_code (Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = json_parse_object (request->body->str, (gssize)request->body->len,
                                                     "The request's body", HIVE_ERROR_INVALID_ARGUMENT, &error);
  const char *code = object ? json_get_string (object, "code", NULL) : NULL;

  if (code)
    return g_strdup (code);
  if (error)
    request_answer_problem (request, problem_from_gerror (error));
  else
    request_answer_problem (request, problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL,
                                                  "The field \"code\" is missing, or not a string"));
  return NULL;
}

void
session_post_token (Request *request)
{
  const Bridge *bridge = request->bridge;
  g_autofree char *token = NULL;
  g_autofree char *code = NULL;
  uint64_t seconds = request->peer->is_unix ? TOKEN_SCRIPT_SECONDS : TOKEN_PAGE_SECONDS;

  if (request->peer->is_unix)
    request->uid = request->peer->uid;
  else
    {
      code = session_read_code (request);
      if (!code)
        return;
      if (!one_time_codes_take (bridge->codes, code, &request->uid))
        {
          request_answer_problem (request,
                                  session_refuse ("The code is unknown, used or older than %u s; 'hivectl web' "
                                                  "gives another",
                                                  one_time_codes_seconds (bridge->codes)));
          return;
        }
    }
  token = tokens_sign (bridge->tokens, request->uid, seconds);
  session_answer_secret (request, "token", token, seconds);
}

void
session_post_ticket (Request *request)
{
  session_answer_once (request, request->bridge->tickets, "ticket");
}
