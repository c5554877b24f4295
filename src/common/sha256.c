/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sha256.h"

void
sha256_init_library (void)
{
  if (gcry_control (GCRYCTL_INITIALIZATION_FINISHED_P))
    return;
  gcry_check_version (NULL);
  gcry_control (GCRYCTL_DISABLE_SECMEM, 0);
  gcry_control (GCRYCTL_INITIALIZATION_FINISHED, 0);
}

Sha256 *
sha256_new (void)
{
  gcry_md_hd_t sum;

  sha256_init_library ();
  if (gcry_md_open (&sum, GCRY_MD_SHA256, 0) != 0)
    g_error ("This machine's libgcrypt cannot compute SHA-256");
  return sum;
}

void
sha256_add (Sha256 *sum, const void *data, size_t size)
{
  gcry_md_write (sum, data, size);
}

char *
sha256_to_hex (Sha256 *sum)
{
  const unsigned char *bytes = gcry_md_read (sum, GCRY_MD_SHA256);
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < gcry_md_get_algo_dlen (GCRY_MD_SHA256); i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}
