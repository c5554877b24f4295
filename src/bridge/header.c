/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "header.h"

#include <time.h>

#include "problem.h"

/* One request a connection: nothing can hide behind one. The page has its code, styles and pictures from here alone,
 * none of them inline, and nobody may put it into a frame. */
static const struct
{
  const char *name, *value;
} headers[] = {
  { "Connection", "close" },
  { "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                               "font-src 'self'; connect-src 'self'; "
                               "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
  { "X-Content-Type-Options", "nosniff" },
  { "X-Frame-Options", "DENY" },
  { "Referrer-Policy", "no-referrer" },
  { "Cross-Origin-Resource-Policy", "same-origin" },
  { "Cross-Origin-Opener-Policy", "same-origin" },
  { "Vary", "Origin" },
};

void
header_add_all (struct MHD_Response *response, const char *cross_origin)
{
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    MHD_add_response_header (response, headers[i].name, headers[i].value);
  if (!MHD_get_response_header (response, "Cache-Control"))
    MHD_add_response_header (response, "Cache-Control", "no-store");
  if (cross_origin)
    MHD_add_response_header (response, "Access-Control-Allow-Origin", cross_origin);
}

void
header_append_all (GString *head, const char *cross_origin)
{
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    g_string_append_printf (head, "%s: %s\r\n", headers[i].name, headers[i].value);
  g_string_append (head, "Cache-Control: no-store\r\n");
  if (cross_origin)
    g_string_append_printf (head, "Access-Control-Allow-Origin: %s\r\n", cross_origin);
}

GString *
header_new (unsigned status, const char *type, const char *cross_origin)
{
  GString *head = g_string_new (NULL);
  time_t now = time (NULL);
  char date[64];
  struct tm tm;

  /* The locale of times is "C" here: only LC_CTYPE is set. */
  strftime (date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r (&now, &tm));
  g_string_append_printf (head, "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\n", status, problem_title (status),
                          date, type);
  header_append_all (head, cross_origin);
  return head;
}
