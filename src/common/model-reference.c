/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-reference.h"

#include <stdio.h>
#include <string.h>

#include "error.h"

#define SUFFIX        ".gguf"
#define PARTS_MAX     999
#define PART_TAIL     (sizeof "-00001-of-00003" - 1)
#define REFERENCE_MAX 2000
#define SUM           "#sha256="
#define SAFE          G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-"

void
model_reference_clear (ModelReference *reference)
{
  g_clear_pointer (&reference->url, g_free);
  g_clear_pointer (&reference->sha256, g_free);
  g_clear_pointer (&reference->repository, g_free);
  g_clear_pointer (&reference->file, g_free);
  g_clear_pointer (&reference->name, g_free);
}

char *
model_file_name (const char *file, unsigned *ret_part, unsigned *ret_parts)
{
  g_autofree char *base = g_path_get_basename (file);
  size_t length = strlen (base);
  unsigned part = 1, parts = 1;
  int end = 0;

  if (length <= strlen (SUFFIX) || !g_str_has_suffix (base, SUFFIX))
    return NULL;
  length -= strlen (SUFFIX);
  if (length > PART_TAIL && sscanf (base + length - PART_TAIL, "-%5u-of-%5u%n", &part, &parts, &end) == 2 &&
      end == PART_TAIL && part >= 1 && part <= parts && parts <= PARTS_MAX)
    length -= PART_TAIL;
  else
    part = parts = 1;
  *ret_part = part;
  *ret_parts = parts;
  return g_strndup (base, length);
}

/* Parts of letters, digits and a few marks, none of them "." or "..". */
static bool
path_is_plain (const char *path, unsigned least, unsigned most)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (char **part = parts; *part; part++)
    if (!**part || **part == '.' || strspn (*part, SAFE) != strlen (*part))
      return false;
  return g_strv_length (parts) >= least && g_strv_length (parts) <= most;
}

static bool
reference_read_hub (const char *text, ModelReference *ret)
{
  const char *colon = strchr (text, ':');
  unsigned part, parts;

  ret->repository = colon ? g_strndup (text, (gsize)(colon - text)) : g_strdup (text);
  ret->file = colon ? g_strdup (colon + 1) : NULL;
  if (!path_is_plain (ret->repository, 2, 2) || (ret->file && !path_is_plain (ret->file, 1, 16)))
    return false;
  ret->name = ret->file ? model_file_name (ret->file, &part, &parts) : g_path_get_basename (ret->repository);
  return ret->name != NULL;
}

static bool
reference_read_url (const char *text, ModelReference *ret)
{
  const char *sum = strstr (text, SUM);
  g_autofree char *url = sum ? g_strndup (text, (gsize)(sum - text)) : NULL;
  g_autoptr (GUri) uri = url ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;
  unsigned part, parts = 1;

  if (!uri || !g_uri_get_host (uri) || strlen (sum + strlen (SUM)) != 64 ||
      strspn (sum + strlen (SUM), G_CSET_DIGITS "abcdefABCDEF") != 64)
    return false;
  ret->url = g_steal_pointer (&url);
  ret->sha256 = g_ascii_strdown (sum + strlen (SUM), -1);
  ret->name = model_file_name (g_uri_get_path (uri), &part, &parts);
  return parts == 1;
}

bool
model_reference_parse (const char *text, ModelReference *ret, GError **error)
{
  g_auto (ModelReference) reference = { 0 };
  bool fine = strlen (text) <= REFERENCE_MAX && g_str_is_ascii (text);

  if (fine && g_str_has_prefix (text, "hf:"))
    fine = reference_read_hub (text + strlen ("hf:"), &reference);
  else if (fine && (g_str_has_prefix (text, "https://") || g_str_has_prefix (text, "http://")))
    fine = reference_read_url (text, &reference);
  else
    fine = false;
  if (fine)
    {
      *ret = reference;
      reference = (ModelReference){ 0 };
      return true;
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "A model is pulled from https://HOST/FILE.gguf%sSUM, where SUM says what the file is (64 hexadecimal "
               "digits), or hf:OWNER/REPOSITORY[:FILE.gguf]",
               SUM);
  return false;
}
