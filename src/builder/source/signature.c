/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "catalog.h"
#include "file.h"
#include "git.h"
#include "gpg-verdict.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "source-entry.h"
#include "step.h"

#define FOLDER        "verify" /* in the work directory: keyring, signed, signature */
#define INSIDE        "/tmp/verify"
#define STATUS_FD     9
#define STATUS_MAX    (64 * 1024)
#define KEY_MAX       (4 * 1024 * 1024)
#define KEY_BEGIN     "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define KEY_END       "-----END PGP PUBLIC KEY BLOCK-----"
#define SIGNATURE_TAG "-----BEGIN PGP SIGNATURE-----"

/* Signatures of a file are often of what it was before it was compressed. */
static const struct
{
  const char *suffix;
  const char *program[4];
} packings[] = {
  { "", { NULL } },
  { ".gz", { "gzip", "-dcf" } },
  { ".bz2", { "bzip2", "-dcf" } },
  { ".xz", { "xz", "-dc" } },
  { ".lrz", { "lrzip", "-q", "-d" } },
  { ".lzo", { "lzop", "-q", "-dc" } },
  { ".Z", { "gzip", "-dcf" } },
  { ".zst", { "zstd", "-q", "-dc" } },
};

static bool
fingerprint_is_valid (const char *text)
{
  size_t length = strlen (text);

  return (length == 40 || length == 64) && strspn (text, "0123456789abcdefABCDEF") == length;
}

/* The binary form of an armored key, which gpgv wants; several blocks are fine. */
static void
keyring_add_armored (GByteArray *keyring, const char *text)
{
  const char *begin;

  for (const char *at = text; (begin = strstr (at, KEY_BEGIN)); at = begin + strlen (KEY_BEGIN))
    {
      const char *end = strstr (begin, KEY_END);
      g_autofree char *block = end ? g_strdelimit (g_strndup (begin, end - begin), "\r", ' ') : g_strdup ("");
      g_auto (GStrv) lines = g_strsplit (block, "\n", -1);
      g_autoptr (GString) base64 = g_string_new (NULL);
      g_autofree guchar *bytes = NULL;
      bool headers = true;
      gsize size;

      for (char **line = lines; *line; line++)
        if (!*g_strstrip (*line))
          headers = false;
        else if (**line == '=') /* a checksum, which the signatures in it make needless */
          break;
        else if (!headers)
          g_string_append (base64, *line);
      bytes = base64->len > 0 ? g_base64_decode (base64->str, &size) : NULL;
      if (bytes)
        g_byte_array_append (keyring, bytes, size);
    }
}

/* One key from beside the recipe; one that is not there is missed only where it signed. */
static bool
keyring_add (Builder *builder, GByteArray *keyring, const char *fingerprint, GError **error)
{
  g_autofree char *upper = g_ascii_strup (fingerprint, -1);
  g_autofree char *name = g_strdup_printf ("keys/pgp/%s.asc", upper);
  g_autofree char *path = g_build_filename (FOLDER, upper, NULL);
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  g_autoptr (GError) failure = NULL;
  g_autofree char *text = NULL;
  size_t size;

  if (fd < 0)
    return hive_error_set_errno (error, -fd, "Cannot write %s", path);
  if (!catalog_copy_source (builder->catalog, builder->recipe_url, name, fd, path, &failure))
    {
      if (failure->code == HIVE_ERROR_SOURCE_UNAVAILABLE)
        return true;
      g_propagate_error (error, g_steal_pointer (&failure));
      return false;
    }
  if (lseek (fd, 0, SEEK_SET) < 0 || !(text = file_read_fd (fd, KEY_MAX, name, &size, error)))
    return false;
  if (*text & 0x80)
    g_byte_array_append (keyring, (const guint8 *)text, size);
  else
    keyring_add_armored (keyring, text);
  return true;
}

static bool
signature_store (Builder *builder, const char *name, const void *data, size_t size, GError **error)
{
  g_autofree char *path = g_build_filename (FOLDER, name, NULL);
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int r = fd < 0 ? fd : file_write_all (fd, data, size);

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s", path);
}

static bool
signature_make_keyring (Builder *builder, GError **error)
{
  char **fingerprints = g_hash_table_lookup (builder->recipe->variables, "validpgpkeys");
  g_autoptr (GByteArray) keyring = g_byte_array_new ();

  if (!fingerprints || !*fingerprints)
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                           "The recipe has signed sources, but validpgpkeys names nobody who may sign them: it needs "
                           "the whole fingerprints of their keys");
      return false;
    }
  if (mkdirat (builder->work_fd, FOLDER, 0700) < 0)
    return hive_error_set_errno (error, errno, "Cannot make %s", FOLDER);
  for (; *fingerprints; fingerprints++)
    {
      if (!fingerprint_is_valid (*fingerprints))
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                       "validpgpkeys has \"%.100s\", which is not a whole fingerprint (40 hexadecimal digits)",
                       *fingerprints);
          return false;
        }
      if (!keyring_add (builder, keyring, *fingerprints, error))
        return false;
    }
  return signature_store (builder, "keyring", keyring->data, keyring->len, error);
}

/* Runs gpgv over two files inside; @unpack makes what was signed of the second (NULL: it is that). */
static bool
signature_run (Builder *builder, const char *signature, const char *file, const char *const *unpack,
               GpgVerdict *verdict, GError **error)
{
  g_autoptr (Sandbox) sandbox = step_sandbox (builder);
  g_autofree char *folder = g_build_filename (builder->request->work, FOLDER, NULL);
  g_autofree char *script = scripts_path ("signature.bash");
  const char *plain[] = {
    "gpgv", "--status-fd", G_STRINGIFY (STATUS_FD), "--keyring", INSIDE "/keyring", "--", signature, file, NULL
  };
  const char *packed[] = { "bash", script, INSIDE "/keyring", signature, file, NULL, NULL, NULL, NULL };
  int status;

  for (int i = 0; unpack && unpack[i]; i++)
    packed[5 + i] = unpack[i];
  sandbox_bind_read_only (sandbox, folder, INSIDE);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  sandbox_collect (sandbox, STATUS_FD, STATUS_MAX);
  if (!sandbox_run (sandbox, unpack ? packed : plain, &status, error))
    return sandbox_trouble_explain (error, "Checking a signature", "StepTimeout=");
  if (status == 127)
    return step_missing_program (builder, unpack ? unpack[0] : "gpgv", error);
  gpg_verdict_read (verdict, sandbox_collected (sandbox, NULL));
  if (!verdict->good || status != 0)
    step_tell_diagnostics (builder, sandbox);
  /* Without all of it read, it says nothing of the whole. */
  verdict->good &= status == 0;
  return true;
}

static bool
signature_is_wanted (const Builder *builder, const char *signer)
{
  char **fingerprints = g_hash_table_lookup (builder->recipe->variables, "validpgpkeys");

  for (; signer && fingerprints && *fingerprints; fingerprints++)
    if (g_ascii_strcasecmp (*fingerprints, signer) == 0)
      return true;
  return false;
}

/* @name: the source that is signed. */
static bool
signature_judge (Builder *builder, const char *name, const GpgVerdict *verdict, GError **error)
{
  int code = verdict->missing ? HIVE_ERROR_SOURCE_UNAVAILABLE : HIVE_ERROR_CHECKSUM_MISMATCH;

  if (verdict->bad)
    g_set_error (error, HIVE_ERROR, code, "The source %s is not what the key %s signed", name, verdict->key);
  else if (verdict->missing)
    g_set_error (error, HIVE_ERROR, code,
                 "The signature of %s is by the key %s, which is not beside the recipe: if that is one of its "
                 "validpgpkeys, put the public key into keys/pgp/FINGERPRINT.asc there (gpg --armor --export)",
                 name, verdict->key);
  else if (verdict->revoked)
    g_set_error (error, HIVE_ERROR, code, "The signature of %s is by the key %s, which was revoked", name,
                 verdict->key);
  else if (!verdict->good || !verdict->signer)
    g_set_error (error, HIVE_ERROR, code, "The signature of %s cannot be read; the log shows what gpgv says", name);
  else if (!signature_is_wanted (builder, verdict->signer))
    g_set_error (error, HIVE_ERROR, code,
                 "The signature of %s is good, but by the key %s, which is none of the recipe's validpgpkeys", name,
                 verdict->signer);
  else
    {
      log_writer_note (builder->log, "sources", "✓ Signature: %s (%s)", name, verdict->signer);
      if (verdict->expired)
        log_writer_note (builder->log, "sources", "⚠ The signature of %s, or the key %s, has expired by now", name,
                         verdict->signer);
      return true;
    }
  return false;
}

static const Source *
signature_find (const GPtrArray *all, const char *stem, const char *suffix)
{
  g_autofree char *name = g_strconcat (stem, suffix, NULL);

  for (guint i = 0; i < all->len; i++)
    {
      const Source *source = ((const SourceEntry *)all->pdata[i])->source;

      if (!source_is_repository (source) && g_str_equal (source->name, name))
        return source;
    }
  return NULL;
}

static bool
signature_check_file (Builder *builder, const GPtrArray *all, const Source *source, GError **error)
{
  g_autofree char *stem = g_strndup (source->name, strrchr (source->name, '.') - source->name);
  g_autofree char *signature = step_path (builder, source->name);
  g_auto (GpgVerdict) verdict = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (packings); i++)
    {
      const Source *signed_source = signature_find (all, stem, packings[i].suffix);
      g_autofree char *file = signed_source ? step_path (builder, signed_source->name) : NULL;

      if (file)
        return signature_run (builder, signature, file, packings[i].program[0] ? packings[i].program : NULL, &verdict,
                              error) &&
               signature_judge (builder, signed_source->name, &verdict, error);
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
               "The source %s is a signature, but there is no source %s that it could belong to", source->name, stem);
  return false;
}

/* A commit has its signature in a header of several lines, the later ones indented; a tag at its end. What is left is
 * what was signed. */
static char *
signature_cut (GString *text, bool tag)
{
  char *begin = strstr (text->str, tag ? SIGNATURE_TAG : "\ngpgsig ");
  const char *end = strstr (text->str, "\n\n");
  GString *signature;

  if (!begin || (!tag && begin > end))
    return NULL;
  if (tag)
    {
      char *copy = g_strdup (begin);

      g_string_truncate (text, begin - text->str);
      return copy;
    }

  signature = g_string_new (begin + strlen ("\ngpgsig "));
  for (end = strchr (signature->str, '\n'); end && end[1] == ' '; end = strchr (end + 1, '\n'))
    ;
  g_string_erase (text, begin - text->str,
                  strlen ("\ngpgsig ") + (end ? (size_t)(end - signature->str) : signature->len));
  if (end)
    g_string_truncate (signature, end - signature->str + 1);
  g_string_replace (signature, "\n ", "\n", 0);
  return g_string_free (signature, FALSE);
}

static bool
signature_check_git (Builder *builder, const SourceEntry *wanted, GError **error)
{
  bool tag = g_strcmp0 (wanted->source->ref_kind, "tag") == 0;
  g_autofree char *content = git_read_signed (builder, wanted, error);
  g_autoptr (GString) text = content ? g_string_new (content) : NULL;
  g_autofree char *signature = NULL;
  g_auto (GpgVerdict) verdict = { 0 };

  if (!text)
    return false;
  signature = signature_cut (text, tag);
  if (!signature || !g_str_has_prefix (signature, SIGNATURE_TAG))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                   "The source %s must be signed, but its %s %s has no OpenPGP signature", wanted->source->name,
                   tag ? "tag" : "commit", tag ? wanted->source->ref : wanted->revision);
      return false;
    }
  return signature_store (builder, "signed", text->str, text->len, error) &&
         signature_store (builder, "signature", signature, strlen (signature), error) &&
         signature_run (builder, INSIDE "/signature", INSIDE "/signed", NULL, &verdict, error) &&
         signature_judge (builder, wanted->source->name, &verdict, error);
}

bool
signature_check (Builder *builder, const GPtrArray *all, GError **error)
{
  bool ready = false;

  for (guint i = 0; i < all->len; i++)
    {
      const SourceEntry *wanted = all->pdata[i];
      bool file = source_is_signature (wanted->source);

      if (!file && !wanted->source->is_signed)
        continue;
      if (!ready && !signature_make_keyring (builder, error))
        return false;
      ready = true;
      if (file ? !signature_check_file (builder, all, wanted->source, error) :
                 !signature_check_git (builder, wanted, error))
        return false;
    }
  return true;
}
