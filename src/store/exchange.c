/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exchange.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "config.h"
#include "error.h"
#include "store-configuration.h"
#include "url-origin.h"

#define REDIRECTS_MAX   5
#define STALL_SECONDS   30 /* so long may less than STALL_SPEED bytes a second come */
#define STALL_SPEED     100
#define CONNECT_SECONDS 10
#define SEND_BUFFER     (128 * 1024)
#define REFUSAL_MAX     (64 * 1024) /* of the body of an answer that is not a success */

/* One exchange. */
typedef struct
{
  Http *http;
  const HttpRequest *request;
  HttpAnswer *answer;
  bool own; /* it is the store itself that is asked now */
  uint64_t got, sent;
  bool too_large;
  bool elsewhere; /* it does not go on where it was asked to */
  char *internal; /* an address that it must not reach */
} Exchange;

bool
exchange_is_secure (const char *url)
{
  return g_ascii_strncasecmp (url, "https:", strlen ("https:")) == 0;
}

char *
exchange_show_origin (const char *url)
{
  const char *host = strstr (url, "://");

  return host ? g_strndup (url, (size_t)(host + 3 - url) + strcspn (host + 3, "/?#")) : g_strdup (url);
}

const char *
exchange_find_header (const Http *http, const char *name, size_t number)
{
  struct curl_header *header = NULL;

  return curl_easy_header (http->curl, name, number, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

/* Whether the body that begins is what was asked for: all, or the rest from Content-Range: "bytes 7-99/100" on. */
static bool
exchange_goes_on (const Exchange *exchange, long status)
{
  const char *range = exchange_find_header (exchange->http, "Content-Range", 0);
  uint64_t from = exchange->request->from;

  return from == 0 ? status != 206 :
                     status == 206 && range && g_ascii_strncasecmp (range, "bytes ", 6) == 0 &&
                         g_ascii_strtoull (range + 6, NULL, 10) == from;
}

static size_t
exchange_on_data (char *data, size_t one, size_t size, void *userdata)
{
  Exchange *exchange = userdata;
  const HttpRequest *request = exchange->request;
  HttpAnswer *answer = exchange->answer;
  long status = 0;

  curl_easy_getinfo (exchange->http->curl, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299)
    {
      g_string_append_len (answer->body, data, (gssize)MIN (size, REFUSAL_MAX - answer->body->len));
      return size;
    }
  exchange->elsewhere = exchange->got == 0 && !exchange_goes_on (exchange, status);
  exchange->got += size;
  exchange->too_large = exchange->got > request->max;
  if (exchange->too_large || exchange->elsewhere)
    return 0;
  if (request->sink)
    return request->sink (data, size, request->userdata) ? size : 0;
  g_string_append_len (answer->body, data, (gssize)size);
  return size;
}

static size_t
exchange_on_send (char *buffer, size_t one, size_t size, void *userdata)
{
  Exchange *exchange = userdata;
  const HttpRequest *request = exchange->request;
  size_t left = (size_t)MIN (size, request->size - exchange->sent);
  ssize_t got = (ssize_t)left;

  if (left == 0)
    return 0;
  if (request->text)
    memcpy (buffer, request->text + exchange->sent, left);
  else
    got = pread (request->fd, buffer, left, (off_t)(request->start + exchange->sent));
  if (got <= 0)
    return CURL_READFUNC_ABORT;
  exchange->sent += (uint64_t)got;
  return (size_t)got;
}

static int
exchange_on_seek (void *userdata, curl_off_t offset, int origin)
{
  Exchange *exchange = userdata;

  if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->request->size)
    return CURL_SEEKFUNC_FAIL;
  exchange->sent = (uint64_t)offset;
  return CURL_SEEKFUNC_OK;
}

/* Beside a store on this machine the network is this machine's (access.h), and keeps us from nothing. */
static bool
exchange_may_not (const Exchange *exchange, const struct curl_sockaddr *address)
{
  if (exchange->own)
    return false;
  return store_is_local (exchange->http->url) ? address_kind (&address->addr) != ADDRESS_PUBLIC :
                                                address_is_refused (&address->addr, address->addrlen);
}

/* Called with what a name stands for, also after a redirect: the one place where that can be seen. The buffer is small
 * for pasta's sake: of what comes faster than the registry takes it, pasta (2023-03-09) drops a part, and TCP waits
 * for seconds. For pasta it is not a route, so nothing is slower. */
static curl_socket_t
exchange_open_socket (void *userdata, curlsocktype purpose, struct curl_sockaddr *address)
{
  Exchange *exchange = userdata;
  int fd;

  if (exchange_may_not (exchange, address))
    {
      g_free (exchange->internal);
      exchange->internal = address_to_string (&address->addr);
      return CURL_SOCKET_BAD;
    }
  fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd >= 0)
    setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof (int));
  return fd;
}

static bool
read_number (const char *text, uint64_t *ret)
{
  if (!g_ascii_isdigit (*text))
    return false;
  *ret = g_ascii_strtoull (text, NULL, 10);
  return *ret <= INT64_MAX;
}

static void
exchange_read_headers (Exchange *exchange, const char *url)
{
  const Http *http = exchange->http;
  HttpAnswer *answer = exchange->answer;
  const char *type = exchange_find_header (http, "Content-Type", 0),
             *location = exchange_find_header (http, "Location", 0);
  const char *range = exchange_find_header (http, "Range", 0),
             *chunk = exchange_find_header (http, "OCI-Chunk-Min-Length", 0);
  const char *dash = range ? strchr (range, '-') : NULL;
  curl_off_t wait = 0;

  curl_easy_getinfo (http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
  curl_easy_getinfo (http->curl, CURLINFO_RETRY_AFTER, &wait);
  answer->wait = (unsigned)CLAMP (wait, 0, 86400);
  answer->type = type ? g_strndup (type, strcspn (type, "; \t")) : g_strdup ("");
  answer->location = location ? g_uri_resolve_relative (url, location, G_URI_FLAGS_ENCODED, NULL) : NULL;
  answer->has_end = dash && read_number (dash + 1, &answer->end);
  if (!chunk || !read_number (chunk, &answer->chunk_min))
    answer->chunk_min = 0;
}

static struct curl_slist *
add_header (struct curl_slist *list, const char *name, const char *value)
{
  g_autofree char *line = value ? g_strdup_printf ("%s: %s", name, value) : NULL;

  return line ? curl_slist_append (list, line) : list;
}

static void
exchange_set_body (const Exchange *exchange)
{
  const HttpRequest *request = exchange->request;
  CURL *curl = exchange->http->curl;
  const char *method = request->method ? request->method : "GET";

  if (g_str_equal (method, "HEAD"))
    curl_easy_setopt (curl, CURLOPT_NOBODY, 1L);
  else if (!g_str_equal (method, "GET"))
    {
      curl_easy_setopt (curl, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt (curl, CURLOPT_CUSTOMREQUEST, method);
      curl_easy_setopt (curl, CURLOPT_READFUNCTION, exchange_on_send);
      curl_easy_setopt (curl, CURLOPT_READDATA, exchange);
      curl_easy_setopt (curl, CURLOPT_SEEKFUNCTION, exchange_on_seek);
      curl_easy_setopt (curl, CURLOPT_SEEKDATA, exchange);
      curl_easy_setopt (curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->size);
    }
}

/* What is for the store alone: who vouches for it, and who we are. @password: what the token service is told. */
static void
exchange_set_origin (const Exchange *exchange, const char *url, bool password)
{
  const Http *http = exchange->http;
  bool own = exchange->own;
  const char *ca_file = own ? g_getenv (STORE_CA_FILE) : NULL;
  CURL *curl = http->curl;

  curl_easy_setopt (curl, CURLOPT_CAINFO, ca_file ? ca_file : http->ca_file);
  curl_easy_setopt (curl, CURLOPT_CAPATH, ca_file ? NULL : http->ca_path);
  if (password || (own && http->basic))
    {
      curl_easy_setopt (curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
      curl_easy_setopt (curl, CURLOPT_USERPWD, http->password);
    }
  else if (own && http->token)
    {
      curl_easy_setopt (curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
      curl_easy_setopt (curl, CURLOPT_XOAUTH2_BEARER, http->token);
    }
}

static void
exchange_set_time (const Exchange *exchange)
{
  const Http *http = exchange->http;
  int64_t left = http->deadline ? (http->deadline - g_get_monotonic_time ()) / 1000 : 0;
  CURL *curl = http->curl;

  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_SPEED);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
  if (http->deadline)
    curl_easy_setopt (curl, CURLOPT_TIMEOUT_MS, (long)MAX (left, 1));
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt (curl, CURLOPT_QUICK_EXIT, 1L); /* a name that nobody looks up holds nothing up */
#endif
}

/* Whether the store is dead, so that nothing else is asked of it. What one answer of it leads to may be broken on its
 * own. */
static bool
exchange_is_dead (const Exchange *exchange, CURLcode code)
{
  static const CURLcode dead[] = { CURLE_COULDNT_RESOLVE_HOST,
                                   CURLE_COULDNT_RESOLVE_PROXY,
                                   CURLE_COULDNT_CONNECT,
                                   CURLE_SSL_CONNECT_ERROR,
                                   CURLE_GOT_NOTHING,
                                   CURLE_SEND_ERROR,
                                   CURLE_RECV_ERROR };

  for (size_t i = 0; exchange->own && i < G_N_ELEMENTS (dead); i++)
    if (code == dead[i])
      return true;
  return false;
}

static bool
exchange_fail (const Exchange *exchange, CURLcode code, const char *message, const char *url, GError **error)
{
  g_autofree char *shown = exchange_show_origin (url);
  const char *why = *message ? message : curl_easy_strerror (code);

  if (exchange->internal)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                 "%s is %s, an address of this machine or its network's own, to which the store must not lead: if it "
                 "may, put that into Allow= of [Network] in hive.conf",
                 shown, exchange->internal);
  else if (exchange->too_large)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s sends more than it should: %llu bytes", shown,
                 (unsigned long long)exchange->request->max);
  else if (exchange->elsewhere)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "%s does not go on where the connection was cut", shown);
  else if (code == CURLE_OPERATION_TIMEDOUT) /* whoever it is: the rest would be waited for as long */
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "%s does not answer in time", shown);
  else
    g_set_error (error, HIVE_ERROR,
                 exchange_is_dead (exchange, code) ? HIVE_ERROR_SOURCE_UNAVAILABLE : HIVE_ERROR_FAILED,
                 "%s cannot be reached: %s", shown, why);
  return false;
}

/* One request to @url, and its answer. */
static bool
exchange_run (Exchange *exchange, const char *url, bool password, GError **error)
{
  const HttpRequest *request = exchange->request;
  CURL *curl = exchange->http->curl;
  g_autofree char *range = request->from ? g_strdup_printf ("%" G_GUINT64_FORMAT "-", request->from) : NULL;
  g_autofree char *sent = request->type && request->fd >= 0 && !request->text ?
                              g_strdup_printf ("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, request->start,
                                               request->start + request->size - 1) :
                              NULL;
  struct curl_slist *headers = curl_slist_append (NULL, "Expect:");
  char message[CURL_ERROR_SIZE] = "";
  CURLcode code;

  http_answer_clear (exchange->answer);
  exchange->answer->body = g_string_new (NULL);
  exchange->own = url_is_same_origin (exchange->http->url, url);
  exchange->got = exchange->sent = 0;
  headers = add_header (headers, "Accept", request->accept);
  headers = add_header (headers, "Content-Type", request->type);
  headers = add_header (headers, "Content-Range", sent && g_str_equal (request->method, "PATCH") ? sent : NULL);
  curl_easy_reset (curl);
  curl_easy_setopt (curl, CURLOPT_URL, url);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_USERAGENT, "rbee-hive/" PROJECT_VERSION);
  curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, exchange_on_data);
  curl_easy_setopt (curl, CURLOPT_WRITEDATA, exchange);
  curl_easy_setopt (curl, CURLOPT_OPENSOCKETFUNCTION, exchange_open_socket);
  curl_easy_setopt (curl, CURLOPT_OPENSOCKETDATA, exchange);
  curl_easy_setopt (curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt (curl, CURLOPT_RANGE, range);
  curl_easy_setopt (curl, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L); /* on another libcurl would try twice */
  exchange_set_body (exchange);
  exchange_set_origin (exchange, url, password);
  exchange_set_time (exchange);
  code = curl_easy_perform (curl);
  if (code == CURLE_OK)
    exchange_read_headers (exchange, url);
  curl_slist_free_all (headers);
  return code == CURLE_OK || exchange_fail (exchange, code, message, url, error);
}

/* The same to where a GET is sent on to, a few times. */
static bool
exchange_follow (Exchange *exchange, bool password, GError **error)
{
  const char *method = exchange->request->method;
  g_autofree char *url = g_strdup (exchange->request->url);

  for (unsigned steps = 0;; steps++)
    {
      HttpAnswer *answer = exchange->answer;

      if (!exchange_run (exchange, url, password, error))
        return false;
      if (answer->status < 300 || answer->status > 399 || !answer->location ||
          (method && !g_str_equal (method, "HEAD")))
        return true;
      if (steps == REDIRECTS_MAX || (exchange_is_secure (url) && !exchange_is_secure (answer->location)))
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                       steps == REDIRECTS_MAX ? N_ ("%s redirects too often") :
                                                N_ ("%s redirects to what is not https"),
                       exchange->http->shown);
          return false;
        }
      g_free (url);
      url = g_strdup (answer->location);
      password = false;
    }
}

bool
exchange_start (Http *http, const HttpRequest *request, bool password, HttpAnswer *answer, GError **error)
{
  Exchange exchange = { .http = http, .request = request, .answer = answer };
  bool fine = exchange_follow (&exchange, password, error);

  g_free (exchange.internal);
  return fine;
}
