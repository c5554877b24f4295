/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "url-origin.h"

#include <glib.h>

bool
url_is_same_origin (const char *url, const char *other)
{
  g_autoptr (GUri) one = g_uri_parse (url, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  g_autoptr (GUri) two = g_uri_parse (other, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);

  return one && two && g_str_equal (g_uri_get_scheme (one), g_uri_get_scheme (two)) &&
         g_ascii_strcasecmp (g_uri_get_host (one), g_uri_get_host (two)) == 0 &&
         g_uri_get_port (one) == g_uri_get_port (two);
}
