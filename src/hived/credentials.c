/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define TOKEN_MAX 4096

/* A path that names no file is given to nobody; another name is systemd's to find. */
static bool
credential_is_there (const char *source)
{
  return *source != '/' || access (source, F_OK) == 0;
}

/* What signs pushes: no other unit has it. */
static void
credentials_foreach_key (const Configuration *configuration, const char *tokens,
                         void (*each) (const char *name, const char *source, void *userdata), void *userdata)
{
  const char *key = configuration->signing_key;

  if (g_strcmp0 (tokens, CREDENTIALS_PUSH) == 0 && key && credential_is_there (key))
    each ("signing-key", key, userdata);
}

void
credentials_foreach (const Configuration *configuration, const char *tokens,
                     void (*each) (const char *name, const char *source, void *userdata), void *userdata)
{
  for (guint i = 0; tokens && i < configuration->catalogs->len; i++)
    {
      const CatalogConfiguration *catalog = configuration->catalogs->pdata[i];
      const char *source = catalog->token_credential;
      g_autofree char *name = g_strconcat ("catalog-", catalog->name, NULL);

      if (!source || (!g_str_equal (tokens, "*") && !g_str_equal (tokens, catalog->name)))
        continue;
      if (credential_is_there (source))
        each (name, source, userdata);
    }
  for (guint i = 0; g_strcmp0 (tokens, "*") == 0 && i < configuration->stores->len; i++)
    {
      const Store *store = configuration->stores->pdata[i];
      g_autofree char *name = g_strconcat ("store-", store->name, NULL);

      if (store->token_credential && credential_is_there (store->token_credential))
        each (name, store->token_credential, userdata);
    }
  /* Jobs alone are given all of them. */
  if (configuration->hub_token && g_strcmp0 (tokens, "*") == 0 && credential_is_there (configuration->hub_token))
    each ("hub", configuration->hub_token, userdata);
  credentials_foreach_key (configuration, tokens, each, userdata);
}

typedef struct
{
  char *folder; /* NULL: not made yet */
  const char *above;
  uid_t uid;
  GError *error;
} Copying;

/* The folder stays ours, so that its user adds nothing to it, and only that user can read the files. */
static bool
copy_token (Copying *copying, const char *name, const char *source)
{
  g_autofree char *token = file_read (source, TOKEN_MAX, NULL, &copying->error);
  g_autofree char *path = token ? g_build_filename (copying->folder, name, NULL) : NULL;
  g_auto (Fd) fd = path ? open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400) : -1;
  int r = fd < 0 ? -errno : file_write_all (fd, token, strlen (token));

  if (!token)
    return false;
  if (r >= 0 && fchown (fd, copying->uid, copying->uid) < 0)
    r = -errno;
  return r >= 0 || hive_error_set_errno (&copying->error, -r, "Cannot write %s", path);
}

static void
copy_credential (const char *name, const char *source, void *userdata)
{
  Copying *copying = userdata;

  if (copying->error || *source != '/')
    return;
  if (!copying->folder)
    {
      copying->folder = g_build_filename (copying->above, "XXXXXX", NULL);
      if (!g_mkdtemp_full (copying->folder, 0711))
        {
          hive_error_set_errno (&copying->error, errno, "Cannot make a folder in %s", copying->above);
          return;
        }
    }
  copy_token (copying, name, source);
}

char *
credentials_make (const Configuration *configuration, const char *tokens, uid_t uid, GError **error)
{
  g_autofree char *above = configuration_cache_path (configuration, "credentials", NULL);
  Copying copying = { .above = above, .uid = uid };

  if (!tokens)
    return NULL;
  if (g_mkdir_with_parents (above, 0711) < 0)
    hive_error_set_errno (&copying.error, errno, "Cannot make %s", above);
  else
    credentials_foreach (configuration, tokens, copy_credential, &copying);
  if (!copying.error)
    return copying.folder;
  credentials_remove (copying.folder);
  g_free (copying.folder);
  g_propagate_error (error, copying.error);
  return NULL;
}

void
credentials_remove (const char *folder)
{
  g_autoptr (GDir) dir = folder ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      unlink (path);
    }
  if (folder && rmdir (folder) < 0 && errno != ENOENT)
    g_warning ("%s cannot be removed: %s", folder, g_strerror (errno));
}

void
credentials_remove_all (const Configuration *configuration)
{
  g_autofree char *above = configuration_cache_path (configuration, "credentials", NULL);
  g_autoptr (GDir) dir = g_dir_open (above, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *folder = g_build_filename (above, name, NULL);

      credentials_remove (folder);
    }
}
