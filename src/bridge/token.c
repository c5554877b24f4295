/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define KEY_SIZE    32
#define NONCE_SIZE  9
#define DIGEST_SIZE 32
#define PREFIX      "rbee_"

struct Tokens
{
  char *path;
  uint8_t key[KEY_SIZE];
};

static bool
random_bytes (void *bytes, size_t size, GError **error)
{
  /* As few as these never come in pieces. */
  if (getrandom (bytes, size, 0) == (ssize_t)size)
    return true;
  return hive_error_set_errno (error, errno, "There are no random numbers");
}

/* Whoever could read the key could sign a token for root. */
static bool
key_check (const Tokens *tokens, int fd, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) < 0)
    return hive_error_set_errno (error, errno, "Cannot look at %s", tokens->path);
  if (S_ISREG (status.st_mode) && !(status.st_mode & 077) && (status.st_uid == geteuid () || status.st_uid == 0) &&
      status.st_size == KEY_SIZE)
    return true;
  g_set_error (
      error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
      "%s (KeyFile= in [Bridge]) is not a key: it must be a file of %d bytes, mode 0600, of the user who runs the "
      "bridge. Remove it, and a new one is made: tokens that were given out are void then",
      tokens->path, KEY_SIZE);
  return false;
}

static bool
key_read (Tokens *tokens, int fd, GError **error)
{
  if (!key_check (tokens, fd, error))
    return false;
  if (read (fd, tokens->key, KEY_SIZE) == KEY_SIZE)
    return true;
  return hive_error_set_errno (error, errno ? errno : EIO, "Cannot read %s", tokens->path);
}

/* Complete and with its mode, or not at all: another bridge may start at this moment. */
static bool
key_write (Tokens *tokens, GError **error)
{
  g_autofree char *temporary = g_strconcat (tokens->path, ".new", NULL);
  g_auto (Fd) fd = -1;
  int r;

  if (!random_bytes (tokens->key, KEY_SIZE, error))
    return false;
  unlink (temporary);
  fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return hive_error_set_errno (error, errno, "Cannot make the key %s (KeyFile= in [Bridge])", tokens->path);
  r = file_write_all (fd, (const char *)tokens->key, KEY_SIZE);
  if (r == 0 && (fsync (fd) < 0 || rename (temporary, tokens->path) < 0))
    r = -errno;
  if (r == 0)
    return true;
  unlink (temporary);
  return hive_error_set_errno (error, -r, "Cannot make the key %s (KeyFile= in [Bridge])", tokens->path);
}

Tokens *
tokens_new (const char *path, GError **error)
{
  Tokens *tokens = g_new0 (Tokens, 1);
  g_auto (Fd) fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  bool fine;

  tokens->path = g_strdup (path);
  if (fd >= 0)
    fine = key_read (tokens, fd, error);
  else if (errno == ENOENT)
    fine = key_write (tokens, error);
  else
    fine = hive_error_set_errno (error, errno, "Cannot read the key %s (KeyFile= in [Bridge])", path);
  if (fine)
    return tokens;
  tokens_free (tokens);
  return NULL;
}

void
tokens_free (Tokens *tokens)
{
  if (!tokens)
    return;
  explicit_bzero (tokens->key, KEY_SIZE);
  g_free (tokens->path);
  g_free (tokens);
}

bool
tokens_rotate (Tokens *tokens, GError **error)
{
  return key_write (tokens, error);
}

/* base64 with "-" and "." for "+" and "/": fit for a header, a URL and a shell, and free of "_". */
static char *
encode (const void *bytes, size_t size)
{
  char *text = g_base64_encode (bytes, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '.');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
tokens_digest (const Tokens *tokens, const char *text)
{
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, tokens->key, KEY_SIZE);
  uint8_t digest[DIGEST_SIZE];
  size_t size = sizeof digest;

  g_hmac_update (hmac, (const guchar *)"rbee-hive token 1\n", -1);
  g_hmac_update (hmac, (const guchar *)text, -1);
  g_hmac_get_digest (hmac, digest, &size);
  g_hmac_unref (hmac);
  return encode (digest, size);
}

char *
tokens_sign (const Tokens *tokens, uid_t uid, uint64_t seconds)
{
  uint64_t until = (uint64_t)g_get_real_time () / G_USEC_PER_SEC + seconds;
  uint8_t nonce[NONCE_SIZE] = { 0 };
  g_autofree char *unique = NULL;
  g_autofree char *text = NULL;
  g_autofree char *digest = NULL;

  (void)random_bytes (nonce, sizeof nonce, NULL); /* it only tells tokens apart */
  unique = encode (nonce, sizeof nonce);
  text = g_strdup_printf (PREFIX "%" G_GINT64_MODIFIER "d_%" G_GINT64_MODIFIER "x_%s",
                          uid == (uid_t)-1 ? (gint64)-1 : (gint64)uid, until, unique);
  digest = tokens_digest (tokens, text);
  return g_strconcat (text, "_", digest, NULL);
}

bool
token_bytes_equal (const void *one, const void *other, size_t size)
{
  const volatile uint8_t *a = one, *b = other;
  uint8_t difference = 0;

  for (size_t i = 0; i < size; i++)
    difference |= a[i] ^ b[i];
  return difference == 0;
}

const char *
tokens_check (const Tokens *tokens, const char *token, uid_t *ret_uid)
{
  const char *end = strrchr (token, '_');
  g_autofree char *text = end ? g_strndup (token, (gsize)(end - token)) : NULL;
  g_autofree char *digest = text ? tokens_digest (tokens, text) : NULL;
  gint64 uid;
  guint64 until;

  if (!text || !g_str_has_prefix (text, PREFIX))
    return "it is not a token of this bridge";
  if (strlen (end + 1) != strlen (digest) || !token_bytes_equal (end + 1, digest, strlen (digest)))
    return "it was signed with another key (hivectl web --rotate makes older ones void)";
  /* Ours, and so of this form. */
  if (sscanf (text, PREFIX "%" G_GINT64_MODIFIER "d_%" G_GINT64_MODIFIER "x_", &uid, &until) != 2)
    return "it is not a token of this bridge";
  if (until <= (guint64)g_get_real_time () / G_USEC_PER_SEC)
    return "its time is over";
  *ret_uid = (uid_t)uid;
  return NULL;
}
