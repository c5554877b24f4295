/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-server.h"

#include <glib/gi18n.h>
#include <string.h>

#include "credential.h"
#include "error.h"
#include "url-origin.h"

/* The token, or NULL and why there is none. Its text is never part of a message. */
static char *
catalog_server_token (const CatalogConfiguration *catalog, char **ret_why)
{
  g_autofree char *name = g_strconcat ("catalog-", catalog->name, NULL);
  g_autofree char *token = credential_read (name, catalog->token_credential);

  if (token && credential_is_token (token))
    return g_steal_pointer (&token);
  *ret_why = g_strdup_printf (N_ ("the token %s %s (TokenCredential= of the catalog \"%s\" in hive.conf)"),
                              catalog->token_credential,
                              token ? N_ ("is not a bearer token: one line of letters, digits and -._~+/=") :
                                      N_ ("cannot be read"),
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
  if (!url_is_same_origin (catalog->url, what->url))
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
