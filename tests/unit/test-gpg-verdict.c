/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpg-verdict.h"

#define GOOD  "[GNUPG:] GOODSIG 0123456789ABCDEF Somebody\n"
#define VALID "[GNUPG:] VALIDSIG AAAA 2026-01-01 1 0 4 0 22 8 00 BBBB\n"

static bool
is_plain (const char *status)
{
  g_auto (GpgVerdict) verdict = { 0 };

  gpg_verdict_read (&verdict, status);
  return gpg_verdict_is_plain (&verdict);
}

static void
test_good (void)
{
  g_assert_true (is_plain ("[GNUPG:] NEWSIG\n" GOOD VALID));
}

/* A user's name is text of somebody's choice. */
static void
test_name_that_looks_like_a_verdict_is_none (void)
{
  static const char *const texts[] = {
    "[GNUPG:] BADSIG 0123456789ABCDEF [GNUPG:] GOODSIG x [GNUPG:] VALIDSIG x\n",
    ("[GNUPG:] EXPKEYSIG 0123456789ABCDEF [GNUPG:] GOODSIG x\n" VALID),
    "[GNUPG:] ERRSIG 0123456789ABCDEF 22 8 00 1 9 [GNUPG:] GOODSIG x [GNUPG:] VALIDSIG x\n",
    "GOODSIG 0123456789ABCDEF x\nVALIDSIG AAAA x\n",
    "gpgv: [GNUPG:] GOODSIG 0123456789ABCDEF x\ngpgv: [GNUPG:] VALIDSIG AAAA x\n",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_false (is_plain (texts[i]));
}

static void
test_one_bad_signature_spoils_all (void)
{
  g_assert_false (is_plain (GOOD VALID "[GNUPG:] BADSIG 0123456789ABCDEF Somebody\n"));
  g_assert_false (is_plain (GOOD VALID "[GNUPG:] NO_PUBKEY 0123456789ABCDEF \n"));
  g_assert_false (is_plain (GOOD VALID "[GNUPG:] REVKEYSIG 0123456789ABCDEF Somebody\n"));
  g_assert_false (is_plain (GOOD));
  g_assert_false (is_plain (VALID));
  g_assert_false (is_plain (""));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gpg-verdict/good", test_good);
  g_test_add_func ("/gpg-verdict/name-that-looks-like-a-verdict", test_name_that_looks_like_a_verdict_is_none);
  g_test_add_func ("/gpg-verdict/one-bad-signature-spoils-all", test_one_bad_signature_spoils_all);
  return g_test_run ();
}
