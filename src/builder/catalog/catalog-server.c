/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-server.h"

#include "error.h"
#include "file.h"

#include <string.h>

#define TOKEN_MAX 4096

/* systemd puts credentials into a folder that only this unit's user enters (systemd.exec(5), LoadCredential=), the
 * direct launcher does likewise; run by a person, the file is the person's own. */
static char *
catalog_server_token_path (const CatalogConfiguration *catalog)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *name = g_strconcat ("catalog-", catalog->name, NULL);
  g_autofree char *path = folder ? g_build_filename (folder, name, NULL) : NULL;

  if (path && g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  return *catalog->token_credential == '/' ? g_strdup (catalog->token_credential) : NULL;
}

/* The token, or NULL and why there is none. Its text is never part of a message. */
static char *
catalog_server_token (const CatalogConfiguration *catalog, char **ret_why)
{
  g_autofree char *path = catalog_server_token_path (catalog);
  g_autofree char *token = path ? file_read (path, TOKEN_MAX, NULL, NULL) : NULL;

  if (token)
    g_strstrip (token);
  if (token && *token && strspn (token, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._~+/=") == strlen (token))
    return g_steal_pointer (&token);
  *ret_why =
      g_strdup_printf ("the token %s %s (TokenCredential= of the catalog \"%s\" in hive.conf)",
                       catalog->token_credential,
                       token ? "is not a bearer token: one line of letters, digits and -._~+/=" : "cannot be read",
                       catalog->name);
  return NULL;
}

/* Adds to @what what the catalog's section says. @ret_token is to live as long as @what. */
static bool
catalog_server_prepare (const CatalogConfiguration *catalog, Fetch *what, char **ret_token, char **ret_why)
{
  what->catalog = catalog;
  what->proxy = catalog->proxy;
  what->secure = true;
  if (!fetch_is_same_origin (catalog->url, what->url))
    return true;
  what->ca_file = catalog->ca_file;
  if (!catalog->token_credential)
    return true;
  what->token = *ret_token = catalog_server_token (catalog, ret_why);
  return what->token != NULL;
}

FetchResult
catalog_server_read (const CatalogConfiguration *catalog, Fetch what, GString **ret_content, char **ret_why)
{
  g_autofree char *token = NULL;

  return catalog_server_prepare (catalog, &what, &token, ret_why) ? fetch_memory (&what, ret_content, ret_why) :
                                                                    FETCH_DENIED;
}

FetchResult
catalog_server_copy (const CatalogConfiguration *catalog, Fetch what, int fd, char **ret_why)
{
  g_autofree char *token = NULL;

  return catalog_server_prepare (catalog, &what, &token, ret_why) ? fetch_file (&what, fd, ret_why) : FETCH_DENIED;
}
