/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-configuration.h"

#include <string.h>

#include "config.h"
#include "error.h"
#include "key.h"

#define NAME_MAX_LENGTH 32
#define FILE_SCHEME     "file://"

#define AT(member) G_STRUCT_OFFSET (CatalogConfiguration, member)

/* The keys of [Catalog] and of each [Catalog NAME]. Only the first has a URL to begin with. */
static const Key keys[] = {
  { "Catalog", "URL", KEY_URL, "file://" PKGDATADIR "/catalog", AT (url) },
  { "Catalog", "Priority", KEY_NUMBER, "100", AT (priority), 1, 1000 },
  { "Catalog", "Timeout", KEY_SECONDS, "30", AT (timeout), 1, 3600 },
  { "Catalog", "MaxSize", KEY_SIZE, "4M", AT (max_size), 1024, 1 << 30 },
  { "Catalog", "Proxy", KEY_PROXY, "", AT (proxy) },
  { "Catalog", "CAFile", KEY_FILE, "", AT (ca_file) },
  { "Catalog", "TokenCredential", KEY_CREDENTIAL, "", AT (token_credential) },
  { "Catalog", "SigningKey", KEY_SIGNER, "", AT (signing_key) },
  { "Catalog", "NetworkSteps", KEY_STEPS, NULL, AT (network_steps) },
  { "Catalog", "AllowAddresses", KEY_ADDRESSES, "", AT (network_allow) },
};

static void
catalog_configuration_free (void *data)
{
  CatalogConfiguration *catalog = data;

  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    key_clear (&keys[i], catalog);
  g_free (catalog->name);
  g_free (catalog->shown_url);
  g_free (catalog);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CatalogConfiguration, catalog_configuration_free)

bool
catalog_name_is_valid (const char *name)
{
  return (g_ascii_islower (*name) || g_ascii_isdigit (*name)) && strlen (name) <= NAME_MAX_LENGTH &&
         strspn (name, G_CSET_a_2_z G_CSET_DIGITS "-") == strlen (name);
}

bool
catalog_configuration_is_folder (const CatalogConfiguration *catalog)
{
  return g_str_has_prefix (catalog->url, FILE_SCHEME);
}

bool
catalog_configuration_is_local (const CatalogConfiguration *catalog)
{
  static const char *const loopback[] = { "localhost", "127.0.0.1", "::1", NULL };
  g_autoptr (GUri) uri = g_uri_parse (catalog->url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;

  return catalog_configuration_is_folder (catalog) || (host && g_strv_contains (loopback, host));
}

bool
catalog_configuration_is_own (const CatalogConfiguration *catalog)
{
  return !catalog->foreign && catalog_configuration_is_local (catalog);
}

/* "Catalog" is the section of "default", "Catalog corp" that of "corp"; NULL: it is none. */
static const char *
section_name (const char *group)
{
  const char *name = group + strlen ("Catalog ");

  if (g_str_equal (group, "Catalog"))
    return CATALOG_DEFAULT;
  return g_str_has_prefix (group, "Catalog ") && catalog_name_is_valid (name) && !g_str_equal (name, CATALOG_DEFAULT) ?
             name :
             NULL;
}

const Key *
catalog_key_find (const char *group, const char *name)
{
  for (size_t i = 0; section_name (group) && i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].name, name))
      return &keys[i];
  return NULL;
}

const Key *
catalog_keys (size_t *ret_count)
{
  *ret_count = G_N_ELEMENTS (keys);
  return keys;
}

/* Who reads what goes over the network has the token too. */
static bool
catalog_configuration_check (const CatalogConfiguration *catalog, const ConfigurationText *said, const char *group,
                             GError **error)
{
  g_autofree char *where = NULL;

  if (!catalog->token_credential || catalog_configuration_is_local (catalog) ||
      g_str_has_prefix (catalog->url, "https://"))
    return true;
  where = configuration_text_where (said, group, "TokenCredential");
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s: TokenCredential= in [%s] needs an https URL=: over http everybody on the way reads the token",
               where, group);
  return false;
}

static char *
show_url (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, NULL);

  return uri && g_uri_get_userinfo (uri) ? g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO) : g_strdup (url);
}

static CatalogConfiguration *
catalog_configuration_read (const ConfigurationText *said, const char *group, GError **error)
{
  g_autoptr (CatalogConfiguration) catalog = g_new0 (CatalogConfiguration, 1);
  bool own = g_str_equal (group, "Catalog");

  catalog->name = g_strdup (section_name (group));
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *fallback = own || keys[i].kind != KEY_URL ? keys[i].fallback : NULL;
      const char *text = configuration_text_get (said, group, keys[i].name);

      if (!text && keys[i].kind == KEY_URL && !fallback)
        {
          g_autofree char *where = configuration_text_where (said, group, NULL);

          g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s: [%s] has no URL=", where, group);
          return NULL;
        }
      if (!text && !fallback)
        continue;
      if (!key_set (&keys[i], catalog, text ? text : fallback))
        {
          key_set_no_value (&keys[i], said, group, fallback, error);
          return NULL;
        }
    }
  catalog->shown_url = show_url (catalog->url);
  return catalog_configuration_check (catalog, said, group, error) ? g_steal_pointer (&catalog) : NULL;
}

CatalogConfiguration *
catalog_configuration_of_folder (const char *path)
{
  CatalogConfiguration *catalog = g_new0 (CatalogConfiguration, 1);

  catalog->name = g_strdup (CATALOG_DEFAULT);
  catalog->url = g_filename_to_uri (path, NULL, NULL);
  catalog->shown_url = g_strdup (catalog->url);
  catalog->network_allow = g_new0 (char *, 1);
  catalog->foreign = true;
  return catalog;
}

static int
compare_precedence (const void *a, const void *b)
{
  const CatalogConfiguration *one = *(CatalogConfiguration *const *)a, *other = *(CatalogConfiguration *const *)b;
  bool own = g_str_equal (one->name, CATALOG_DEFAULT), others = g_str_equal (other->name, CATALOG_DEFAULT);

  if (one->priority != other->priority)
    return one->priority < other->priority ? -1 : 1;
  return own != others ? (own ? -1 : 1) : strcmp (one->name, other->name);
}

GPtrArray *
catalogs_read (const ConfigurationText *said, GError **error)
{
  g_autoptr (GPtrArray) catalogs = g_ptr_array_new_with_free_func (catalog_configuration_free);
  g_auto (GStrv) groups = configuration_text_sections (said, "Catalog ");
  CatalogConfiguration *catalog = catalog_configuration_read (said, "Catalog", error);

  for (char **group = groups; catalog && *group; group++)
    {
      g_ptr_array_add (catalogs, catalog);
      catalog = catalog_configuration_read (said, *group, error);
    }
  if (!catalog)
    return NULL;
  g_ptr_array_add (catalogs, catalog);
  g_ptr_array_sort (catalogs, compare_precedence);
  return g_steal_pointer (&catalogs);
}
