/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server sends as WWW-Authenticate: whatever it is, a token is asked for over HTTP, at one address, and no
 * header can be smuggled into the question. */
#include <stdint.h>
#include <string.h>

#include "challenge.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_url (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);

  g_assert_nonnull (uri);
  g_assert_true (*g_uri_get_host (uri));
  g_assert_null (g_uri_get_userinfo (uri));
  g_assert_null (g_uri_get_fragment (uri));
  for (const char *c = url; *c; c++)
    g_assert_true (g_ascii_isgraph (*c));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const schemes[] = { "Bearer", "Basic" };
  g_autofree char *value = g_strndup ((const char *)data, size);

  for (size_t i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      g_auto (Challenge) challenge = { 0 };
      bool found = challenge_read (value, schemes[i], &challenge);
      g_autofree char *url = found ? challenge_token_url (&challenge) : NULL;

      g_assert_true (found == (challenge.realm && challenge.service && challenge.scope));
      if (url)
        check_url (url);
    }
  return 0;
}
