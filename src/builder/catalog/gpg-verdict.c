/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpg-verdict.h"

void
gpg_verdict_clear (GpgVerdict *verdict)
{
  g_free (verdict->signer);
  g_free (verdict->key);
}

/* doc/DETAILS of GnuPG; as makepkg reads it, but one bad signature spoils all. */
static void
gpg_verdict_read_line (GpgVerdict *verdict, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  unsigned count = g_strv_length (words);
  const char *type = count > 2 && g_str_equal (words[0], "[GNUPG:]") ? words[1] : "";

  if (g_str_equal (type, "VALIDSIG"))
    {
      g_free (verdict->signer);
      verdict->signer = g_strdup (count > 11 ? words[11] : words[2]);
      return;
    }
  if (g_str_equal (type, "GOODSIG") || g_str_equal (type, "EXPSIG") || g_str_equal (type, "EXPKEYSIG"))
    verdict->good = true;
  else if (g_str_equal (type, "REVKEYSIG"))
    verdict->revoked = true;
  else if (g_str_equal (type, "BADSIG"))
    verdict->bad = true;
  else if (g_str_equal (type, "NO_PUBKEY"))
    verdict->missing = true;
  else
    return;
  verdict->expired |= g_str_has_prefix (type, "EXP");
  g_free (verdict->key);
  verdict->key = g_strdup (words[2]);
}

void
gpg_verdict_read (GpgVerdict *verdict, const char *status)
{
  g_auto (GStrv) lines = g_strsplit (status, "\n", -1);

  for (char **line = lines; *line; line++)
    gpg_verdict_read_line (verdict, *line);
}

bool
gpg_verdict_is_plain (const GpgVerdict *verdict)
{
  return verdict->good && verdict->signer && !verdict->bad && !verdict->missing && !verdict->revoked &&
         !verdict->expired;
}
