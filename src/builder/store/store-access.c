/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-access.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "credential.h"
#include "scripts.h"

#define INSIDE_STORE "/tmp/store"
#define INSIDE_CA    "/etc/rbee-hive-ca.pem"

/* What lets us in, and who vouches for the registry. */
static bool
give_credential (Sandbox *sandbox, const Store *store, GError **error)
{
  g_autofree char *name = g_strconcat ("store-", store->name, NULL);
  g_autofree char *text = store->token_credential ? credential_read (name, store->token_credential) : NULL;

  if (store->ca_file && access (store->ca_file, R_OK) < 0)
    return hive_error_set_errno (error, errno, "CAFile= of [Store %s] in hive.conf, %s, cannot be read", store->name,
                                 store->ca_file);
  if (store->ca_file)
    {
      sandbox_bind_read_only (sandbox, store->ca_file, INSIDE_CA);
      sandbox_setenv (sandbox, STORE_CA_FILE, INSIDE_CA);
    }
  if (!store->token_credential)
    return true;
  if (!text || !*text || strpbrk (text, "\r\n\t"))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "TokenCredential= of [Store %s] in hive.conf %s: it is one line, name:password or a token",
                   store->name, text ? N_ ("has something else") : N_ ("cannot be read"));
      return false;
    }
  sandbox_setenv (sandbox, STORE_CREDENTIAL, text);
  return true;
}

Sandbox *
store_access_new (const Builder *builder, const Store *store, int64_t deadline, const char **ret_url, GError **error)
{
  const char *folder = store_folder (store->url);
  g_autoptr (Sandbox) sandbox = sandbox_new (builder->configuration);

  scripts_bind (builder->configuration, sandbox);
  *ret_url = folder ? "oci://" INSIDE_STORE : store->url;
  if (folder)
    {
      sandbox_bind_read_only (sandbox, folder, INSIDE_STORE);
      return g_steal_pointer (&sandbox);
    }
  if (!access_allow_store (sandbox, store->url, deadline))
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                           "nobody says where its name leads: look at this machine's DNS");
      return NULL;
    }
  return give_credential (sandbox, store, error) ? g_steal_pointer (&sandbox) : NULL;
}

/* The end of what it said: before that it may have told how far it was. */
static const char *
last_line (const char *said)
{
  const char *end = strrchr (said, '\n');

  return end ? end + 1 : said;
}

bool
store_access_run (Sandbox *sandbox, const char *const *command, unsigned timeout, GError **error)
{
  int status;

  sandbox_set_timeout (sandbox, timeout);
  if (!sandbox_run (sandbox, command, &status, error))
    return false;
  if (status != 0)
    g_set_error (error, HIVE_ERROR, status == STORE_EXIT_DEAD ? HIVE_ERROR_SOURCE_UNAVAILABLE : HIVE_ERROR_FAILED,
                 "%.400s", last_line (sandbox_diagnostics (sandbox)));
  return status == 0;
}
