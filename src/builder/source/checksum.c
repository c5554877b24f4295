/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checksum.h"

#include <errno.h>
#include <gcrypt.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "sandbox.h"
#include "sha256.h"

#define BUFFER_SIZE   (256 * 1024)
#define CK_POLYNOMIAL 0x04c11db7 /* of POSIX's cksum(1) */

static const struct
{
  const char *name, *title;
  int algorithm;      /* libgcrypt's; 0: cksum, which it has not */
  unsigned max_bytes; /* of the text */
  bool weak;
} kinds[] = {
  [CHECKSUM_CK] = { "ck", "cksum", 0, 10, true },
  [CHECKSUM_MD5] = { "md5", "md5", GCRY_MD_MD5, 32, true },
  [CHECKSUM_SHA1] = { "sha1", "sha1", GCRY_MD_SHA1, 40, true },
  [CHECKSUM_SHA224] = { "sha224", "sha224", GCRY_MD_SHA224, 56, false },
  [CHECKSUM_SHA256] = { "sha256", "sha256", GCRY_MD_SHA256, 64, false },
  [CHECKSUM_SHA384] = { "sha384", "sha384", GCRY_MD_SHA384, 96, false },
  [CHECKSUM_SHA512] = { "sha512", "sha512", GCRY_MD_SHA512, 128, false },
  [CHECKSUM_B2] = { "b2", "b2", GCRY_MD_BLAKE2B_512, 128, false },
};

/* A running cksum(1). */
typedef struct
{
  uint32_t table[256];
  uint32_t crc;
  uint64_t length;
} Ck;

const char *
checksum_name (ChecksumKind kind)
{
  return kinds[kind].name;
}

const char *
checksum_title (ChecksumKind kind)
{
  return kinds[kind].title;
}

bool
checksum_is_weak (ChecksumKind kind)
{
  return kinds[kind].weak;
}

bool
checksum_is_valid (ChecksumKind kind, const char *text)
{
  size_t length = strlen (text);

  if (kind == CHECKSUM_CK)
    return length > 0 && length <= kinds[kind].max_bytes && strspn (text, "0123456789") == length;
  return length == kinds[kind].max_bytes && strspn (text, "0123456789abcdefABCDEF") == length;
}

static void
ck_init (Ck *ck)
{
  *ck = (Ck){ 0 };
  for (uint32_t i = 0; i < 256; i++)
    {
      uint32_t value = i << 24;

      for (int bit = 0; bit < 8; bit++)
        value = value << 1 ^ (value & 0x80000000 ? CK_POLYNOMIAL : 0);
      ck->table[i] = value;
    }
}

static void
ck_update (Ck *ck, const unsigned char *data, size_t length)
{
  for (size_t i = 0; i < length; i++)
    ck->crc = ck->crc << 8 ^ ck->table[ck->crc >> 24 ^ data[i]];
  ck->length += length;
}

/* The length belongs to it, its lowest byte first. */
static char *
ck_to_string (Ck *ck)
{
  for (uint64_t rest = ck->length; rest > 0; rest >>= 8)
    ck_update (ck, &(unsigned char){ rest & 0xff }, 1);
  return g_strdup_printf ("%" G_GUINT32_FORMAT, (guint32)~ck->crc);
}

static char *
checksum_to_hex (const unsigned char *digest, ChecksumKind kind)
{
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < gcry_md_get_algo_dlen (kinds[kind].algorithm); i++)
    g_string_append_printf (text, "%02x", digest[i]);
  return g_string_free (text, FALSE);
}

static bool
checksum_open (gcry_md_hd_t *ret_md, const bool wanted[CHECKSUM_KINDS], GError **error)
{
  gcry_error_t failure;

  sha256_init_library ();
  failure = gcry_md_open (ret_md, 0, 0);
  for (ChecksumKind kind = 0; !failure && kind < CHECKSUM_KINDS; kind++)
    if (wanted[kind] && kinds[kind].algorithm)
      failure = gcry_md_enable (*ret_md, kinds[kind].algorithm);
  if (!failure)
    return true;
  gcry_md_close (*ret_md);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "This machine's libgcrypt cannot compute the sums: %s",
               gcry_strerror (failure));
  return false;
}

bool
checksum_of_fd (int fd, const bool wanted[CHECKSUM_KINDS], char *ret_sums[CHECKSUM_KINDS], GError **error)
{
  g_autofree unsigned char *buffer = g_malloc (BUFFER_SIZE);
  gcry_md_hd_t md = NULL;
  ssize_t n = -1;
  Ck ck;

  if (!checksum_open (&md, wanted, error))
    return false;
  ck_init (&ck);
  if (lseek (fd, 0, SEEK_SET) == 0)
    while (sandbox_check_cancelled (error) && ((n = read (fd, buffer, BUFFER_SIZE)) > 0 || (n < 0 && errno == EINTR)))
      {
        gcry_md_write (md, buffer, MAX (n, 0));
        if (wanted[CHECKSUM_CK])
          ck_update (&ck, buffer, MAX (n, 0));
      }
  if (n < 0 && !sandbox_was_cancelled ())
    hive_error_set_errno (error, errno, "Cannot read a source");

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    ret_sums[kind] = n != 0 || !wanted[kind] ? NULL :
                     kind == CHECKSUM_CK     ? ck_to_string (&ck) :
                                               checksum_to_hex (gcry_md_read (md, kinds[kind].algorithm), kind);
  gcry_md_close (md);
  return n == 0;
}

char *
checksum_of_text (ChecksumKind kind, const char *text, size_t length)
{
  unsigned char digest[64];

  g_assert (kinds[kind].algorithm);
  sha256_init_library ();
  gcry_md_hash_buffer (kinds[kind].algorithm, digest, text, length);
  return checksum_to_hex (digest, kind);
}

void
checksum_clear (char *sums[CHECKSUM_KINDS])
{
  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    g_clear_pointer (&sums[kind], g_free);
}
