/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-signature.h"

#include <string.h>

#include "dependency-rules.h"
#include "error.h"
#include "file.h"
#include "gpg-verdict.h"
#include "sandbox-trouble.h"
#include "sandbox.h"
#include "scripts.h"

#define KEY_MAX        (1024 * 1024)
#define STATUS_FD      9 /* catalog-signature.bash has gpgv write there */
#define STATUS_MAX     (64 * 1024)
#define INSIDE_RECIPE  "/tmp/PKGBUILD"
#define INSIDE_SIGNED  "/tmp/PKGBUILD.signature"
#define INSIDE_KEY     "/etc/rbee-hive-key"
#define MINISIGN_START "RW"

struct CatalogSignature
{
  const Configuration *configuration;
  char *path;     /* of an OpenPGP certificate; NULL: it is minisign's */
  char *minisign; /* the key */
};

/* The second line of what `minisign -G` writes; the first is a comment. NULL: not such a file. */
static char *
read_minisign (const char *text)
{
  const char *start = g_str_has_prefix (text, "untrusted comment:") ? strchr (text, '\n') : NULL;

  return start && g_str_has_prefix (start + 1, MINISIGN_START) ? g_strndup (start + 1, strcspn (start + 1, "\r\n")) :
                                                                 NULL;
}

CatalogSignature *
catalog_signature_new (const Configuration *configuration, const char *key, GError **error)
{
  g_autoptr (CatalogSignature) signature = g_new0 (CatalogSignature, 1);
  g_autofree char *text = NULL;
  size_t size;

  signature->configuration = configuration;
  if (*key != '/')
    {
      signature->minisign = g_strdup (key);
      return g_steal_pointer (&signature);
    }
  text = file_read (key, KEY_MAX, &size, error);
  if (!text)
    {
      g_prefix_error (error, "SigningKey= in hive.conf: ");
      return NULL;
    }
  signature->minisign = read_minisign (text);
  if (signature->minisign)
    return g_steal_pointer (&signature);

  /* Armoured, or the packets themselves, each of which begins with this bit. */
  if (size == 0 || (!strstr (text, "-----BEGIN PGP PUBLIC KEY BLOCK-----") && !(text[0] & 0x80)))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "SigningKey= in hive.conf: %s has neither a minisign key nor an OpenPGP certificate", key);
      return NULL;
    }
  signature->path = g_strdup (key);
  return g_steal_pointer (&signature);
}

void
catalog_signature_free (CatalogSignature *signature)
{
  if (!signature)
    return;
  g_free (signature->path);
  g_free (signature->minisign);
  g_free (signature);
}

const char *
catalog_signature_suffix (const CatalogSignature *signature)
{
  return signature->minisign ? ".minisig" : ".asc";
}

/* gpgv ends well for a key that has expired or was revoked: only what it calls good is. */
static bool
status_is_good (const char *status)
{
  g_auto (GpgVerdict) verdict = { 0 };

  gpg_verdict_read (&verdict, status);
  return gpg_verdict_is_plain (&verdict);
}

static bool
catalog_signature_set_missing (const CatalogSignature *signature, GError **error)
{
  const char *minisign[] = { "minisign", NULL }, *openpgp[] = { "gnupg", "gpgv", NULL };
  g_autofree char *command =
      dependency_rules_command_here (signature->configuration, signature->minisign ? minisign : openpgp);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES,
               "Please install %s before proceeding: the recipes of this catalog are signed (SigningKey= in "
               "hive.conf)%s%s",
               signature->minisign ? "minisign" : "gpg and gpgv", command ? "; install with: " : "",
               command ? command : "");
  return false;
}

bool
catalog_signature_check (const CatalogSignature *signature, const char *text, const char *signed_by, const char *url,
                         GError **error)
{
  g_autofree char *script = scripts_path ("catalog-signature.bash");
  const char *const minisign[] = { "minisign", "-V",          "-q", "-P",          signature->minisign,
                                   "-m",       INSIDE_RECIPE, "-x", INSIDE_SIGNED, NULL };
  const char *const openpgp[] = { "bash", script, INSIDE_KEY, INSIDE_SIGNED, INSIDE_RECIPE, NULL };
  g_autoptr (Sandbox) sandbox = sandbox_new (signature->configuration);
  int status;

  scripts_bind (signature->configuration, sandbox);
  if (signature->path)
    sandbox_bind_read_only (sandbox, signature->path, INSIDE_KEY);
  if (!sandbox_bind_text (sandbox, text, INSIDE_RECIPE, error) ||
      !sandbox_bind_text (sandbox, signed_by, INSIDE_SIGNED, error))
    return false;
  sandbox_set_timeout (sandbox, signature->configuration->evaluation_timeout);
  sandbox_collect (sandbox, STATUS_FD, STATUS_MAX);
  if (!sandbox_run (sandbox, signature->minisign ? minisign : openpgp, &status, error))
    return sandbox_trouble_explain (error, "Checking the signature", "EvaluationTimeout=");
  if (status == 0 && (signature->minisign || status_is_good (sandbox_collected (sandbox, NULL))))
    return true;

  if (status == 127)
    return catalog_signature_set_missing (signature, error);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
               "The signature of the PKGBUILD at %s is not of the key that SigningKey= in hive.conf names: it, the "
               "PKGBUILD or its signature was changed",
               url);
  return false;
}
