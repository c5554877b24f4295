/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "response.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* One request a connection: nothing can hide behind one. The page has its code, styles and pictures only from here,
 * none of them inline, and nobody may put it into a frame. */
static const char common_headers[] =
    "Connection: close\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Vary: Origin\r\n";

Response *
response_new (HttpStatus status, const char *type)
{
  Response *response = g_new0 (Response, 1);

  response->status = status;
  response->type = type;
  response->headers = g_string_new (NULL);
  response->file = -1;
  return response;
}

Response *
response_new_text (HttpStatus status, const char *type, char *text)
{
  Response *response = response_new (status, type);

  response->text = g_bytes_new_take (text, strlen (text));
  return response;
}

Response *
response_new_problem (const Problem *problem)
{
  Response *response = response_new_text (problem->status, PROBLEM_TYPE, problem_to_json (problem));

  if (problem->retry_after)
    g_string_append_printf (response->headers, "Retry-After: %u\r\n", problem->retry_after);
  if (problem->status == HTTP_UNAUTHORIZED)
    response_add_header (response, "WWW-Authenticate", "Bearer realm=\"rbee-hive\"");
  return response;
}

void
response_free (Response *response)
{
  if (!response)
    return;
  if (response->file >= 0)
    close (response->file);
  g_clear_pointer (&response->text, g_bytes_unref);
  g_string_free (response->headers, true);
  g_free (response);
}

void
response_add_header (Response *response, const char *name, const char *value)
{
  g_string_append_printf (response->headers, "%s: %s\r\n", name, value);
}

GString *
response_head (const Response *response, const char *cross_origin)
{
  GString *head = g_string_new (NULL);
  time_t now = time (NULL);
  char date[64];
  struct tm tm;

  /* The locale of times is "C" here: only LC_CTYPE is set. */
  strftime (date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r (&now, &tm));
  g_string_append_printf (head, "HTTP/1.1 %d %s\r\nDate: %s\r\n%sCache-Control: %s\r\n%s", response->status,
                          http_status_title (response->status), date, common_headers,
                          response->cache ? response->cache : "no-store", response->headers->str);
  if (response->type)
    g_string_append_printf (head, "Content-Type: %s\r\n", response->type);
  if (response->text || response->file >= 0)
    g_string_append_printf (head, "Content-Length: %" G_GUINT64_FORMAT "\r\n",
                            response->text ? (uint64_t)g_bytes_get_size (response->text) : response->file_size);
  if (cross_origin)
    g_string_append_printf (head, "Access-Control-Allow-Origin: %s\r\n", cross_origin);
  g_string_append (head, "\r\n");
  return head;
}
