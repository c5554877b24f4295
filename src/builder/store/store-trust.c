/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-trust.h"

#include <string.h>

#include "catalog-signature.h"
#include "file.h"

#define KEY_FILE_MAX 4096
#define ID_START     2 /* behind the algorithm, in a key as in a signature */
#define ID_LENGTH    8

/* The second line of a minisign file; NULL. */
static char *
second_line (const char *text)
{
  const char *line = text ? strchr (text, '\n') : NULL;

  return line ? g_strndup (line + 1, strcspn (line + 1, "\r\n")) : NULL;
}

/* Which key it is, or is of: hexadecimal, as minisign shows it; NULL. */
static char *
key_id (const char *line)
{
  g_autofree guchar *data = NULL;
  gsize size = 0;
  GString *id;

  if (line)
    data = g_base64_decode (line, &size);
  if (size < ID_START + ID_LENGTH)
    return NULL;
  id = g_string_new (NULL);
  for (int i = ID_START + ID_LENGTH - 1; i >= ID_START; i--)
    g_string_append_printf (id, "%02X", data[i]);
  return g_string_free (id, FALSE);
}

const TrustedKey *
store_trust_find (Builder *builder, const char *text, const char *signature, GError **error)
{
  GPtrArray *keys = builder->configuration->trusted_keys;
  g_autofree char *line = second_line (signature);
  g_autofree char *id = key_id (line);

  for (guint i = 0; id && i < keys->len; i++)
    {
      const TrustedKey *key = keys->pdata[i];
      g_autofree char *content = file_read (key->file, KEY_FILE_MAX, NULL, error);
      g_autofree char *own = second_line (content);
      g_autofree char *own_id = key_id (own);
      g_autoptr (CatalogSignature) checker = NULL;

      if (!content)
        return NULL;
      if (g_strcmp0 (own_id, id) != 0)
        continue;
      checker = catalog_signature_new (builder->configuration, own, error);
      if (catalog_signature_check (checker, text, signature, "a store", error))
        return key;
      if ((*error)->code == HIVE_ERROR_RECIPE_INVALID)
        {
          g_clear_error (error);
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                       "‼ its signature is not by the key %s: it, or what was signed, was changed", key->name);
        }
      return NULL;
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "it is signed by %s, and no [Key NAME] of hive.conf has that key",
               id ? id : "nobody");
  return NULL;
}
