/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-configuration.h"

#include <string.h>

#include "error.h"
#include "key.h"

#define STORE_SECTION "Store "
#define KEY_SECTION   "Key "
#define FOLDER_SCHEME "oci://"

static const Key store_keys[] = {
  { "Store", "URL", KEY_STORE, NULL, G_STRUCT_OFFSET (Store, url) },
  { "Store", "CAFile", KEY_FILE, "", G_STRUCT_OFFSET (Store, ca_file) },
  { "Store", "TokenCredential", KEY_CREDENTIAL, "", G_STRUCT_OFFSET (Store, token_credential) },
  { "Store", "Floating", KEY_YES, "no", G_STRUCT_OFFSET (Store, floating) },
  { "Store", "Push", KEY_YES, "no", G_STRUCT_OFFSET (Store, push) },
};

static const Key trusted_keys[] = {
  { "Key", "File", KEY_PATH, NULL, G_STRUCT_OFFSET (TrustedKey, file) },
  { "Key", "NotBefore", KEY_MOMENT, "", G_STRUCT_OFFSET (TrustedKey, not_before) },
};

void
store_free (Store *store)
{
  if (!store)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (store_keys); i++)
    key_clear (&store_keys[i], store);
  g_free (store->name);
  g_free (store);
}

static void
trusted_key_free (void *data)
{
  TrustedKey *key = data;

  for (gsize i = 0; i < G_N_ELEMENTS (trusted_keys); i++)
    key_clear (&trusted_keys[i], key);
  g_free (key->name);
  g_free (key);
}

static bool
store_name_is_valid (const char *name)
{
  return *name && strlen (name) <= 32 && strspn (name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == strlen (name);
}

static const Key *
find_in (const Key *keys, gsize count, const char *name)
{
  for (gsize i = 0; i < count; i++)
    if (g_str_equal (keys[i].name, name))
      return &keys[i];
  return NULL;
}

const Key *
store_key_find (const char *group, const char *name)
{
  if (g_str_has_prefix (group, STORE_SECTION) && store_name_is_valid (group + strlen (STORE_SECTION)))
    return find_in (store_keys, G_N_ELEMENTS (store_keys), name);
  if (g_str_has_prefix (group, KEY_SECTION) && store_name_is_valid (group + strlen (KEY_SECTION)))
    return find_in (trusted_keys, G_N_ELEMENTS (trusted_keys), name);
  return NULL;
}

/* Reads the keys of the section @group into @object; what has no default must be there. */
static bool
read_section (const ConfigurationText *said, const char *group, const Key *keys, gsize count, void *object,
              GError **error)
{
  for (gsize i = 0; i < count; i++)
    {
      const char *text = configuration_text_get (said, group, keys[i].name);

      if (!text && !keys[i].fallback)
        {
          g_autofree char *where = configuration_text_where (said, group, NULL);

          g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s: [%s] has no %s=", where, group,
                       keys[i].name);
          return false;
        }
      if (!key_set (&keys[i], object, text ? text : keys[i].fallback))
        {
          key_set_no_value (&keys[i], said, group, keys[i].fallback, error);
          return false;
        }
    }
  return true;
}

/* Who reads what goes over the network would have the password too. */
static bool
store_check (const Store *store, const ConfigurationText *said, const char *group, GError **error)
{
  g_autofree char *where = NULL;

  if (!store->token_credential || !g_str_has_prefix (store->url, "http://") || store_is_local (store->url))
    return true;
  where = configuration_text_where (said, group, "TokenCredential");
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s: TokenCredential= in [%s] needs an https URL=: over http everybody on the way reads it", where,
               group);
  return false;
}

GPtrArray *
stores_read (const ConfigurationText *said, GError **error)
{
  g_autoptr (GPtrArray) stores = g_ptr_array_new_with_free_func ((GDestroyNotify)store_free);
  g_auto (GStrv) groups = configuration_text_sections (said, STORE_SECTION);

  for (char **group = groups; *group; group++)
    {
      Store *store = g_new0 (Store, 1);

      g_ptr_array_add (stores, store);
      store->name = g_strdup (*group + strlen (STORE_SECTION));
      if (!read_section (said, *group, store_keys, G_N_ELEMENTS (store_keys), store, error) ||
          !store_check (store, said, *group, error))
        return NULL;
    }
  return g_steal_pointer (&stores);
}

GPtrArray *
trusted_keys_read (const ConfigurationText *said, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (trusted_key_free);
  g_auto (GStrv) groups = configuration_text_sections (said, KEY_SECTION);

  for (char **group = groups; *group; group++)
    {
      TrustedKey *key = g_new0 (TrustedKey, 1);

      g_ptr_array_add (keys, key);
      key->name = g_strdup (*group + strlen (KEY_SECTION));
      if (!read_section (said, *group, trusted_keys, G_N_ELEMENTS (trusted_keys), key, error))
        return NULL;
    }
  return g_steal_pointer (&keys);
}

Store *
store_of_folder (const char *path)
{
  Store *store = g_new0 (Store, 1);

  store->name = g_strdup (path);
  store->url = g_strconcat (FOLDER_SCHEME, path, NULL);
  store->floating = true; /* it was named for this very worker */
  return store;
}

const char *
store_folder (const char *url)
{
  return g_str_has_prefix (url, FOLDER_SCHEME) ? url + strlen (FOLDER_SCHEME) : NULL;
}

bool
store_is_local (const char *url)
{
  static const char *const loopback[] = { "localhost", "127.0.0.1", "::1", NULL };
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;

  return host && g_strv_contains (loopback, host);
}
