/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspection-source.h"

#include <string.h>

#include "catalog-entry.h"
#include "checksum.h"
#include "machine.h"
#include "source.h"

/* The kinds by which element @index of source@suffix is verified; true when one of them is strong. */
static bool
source_sums (const Recipe *recipe, const char *suffix, size_t index, JsonArray *ret_sums)
{
  bool strong = false;

  for (ChecksumKind kind = CHECKSUM_KINDS; kind-- > 0;) /* the best first */
    {
      g_autofree char *array = g_strconcat (checksum_name (kind), "sums", suffix, NULL);
      char **sums = g_hash_table_lookup (recipe->variables, array);

      if (!sums || g_strv_length (sums) <= index || !*sums[index] || g_str_equal (sums[index], "SKIP"))
        continue;
      json_array_add_string_element (ret_sums, checksum_name (kind));
      strong = strong || !checksum_is_weak (kind);
    }
  return strong;
}

/* "sha256, md5", "md5 alone, which is weak", "not verified (SKIP)". */
static char *
source_words (const char *strength, JsonArray *sums)
{
  g_autoptr (GString) words = g_string_new (NULL);

  if (g_str_equal (strength, "none"))
    return g_strdup ("not verified");
  if (g_str_equal (strength, "commit"))
    return g_strdup ("by its commit");
  for (guint i = 0; i < json_array_get_length (sums); i++)
    g_string_append_printf (words, "%s%s", i > 0 ? ", " : "", json_array_get_string_element (sums, i));
  if (g_str_equal (strength, "weak"))
    g_string_append (words, " alone, which is weak: add sha256sums or b2sums");
  return g_string_free (g_steal_pointer (&words), FALSE);
}

static JsonObject *
source_describe_element (const Recipe *recipe, const char *text, const char *suffix, size_t index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Source) source = source_parse (text, &error);
  JsonObject *object = json_object_new ();
  JsonArray *sums = json_array_new ();
  bool strong = source_sums (recipe, suffix, index, sums);
  bool fixed = source && source_is_fixed (source);
  const char *strength = strong ? "strong" : fixed ? "commit" : json_array_get_length (sums) > 0 ? "weak" : "none";
  g_autofree char *words = source_words (strength, sums);
  g_autofree char *name = g_utf8_make_valid (source ? source->name : text, -1);
  g_autofree char *url = source && source->url ? g_utf8_make_valid (source->url, -1) : NULL;

  json_object_set_string_member (object, "name", name);
  if (url)
    json_object_set_string_member (object, "url", url);
  if (source && source_is_repository (source))
    {
      g_autofree char *described = source_describe (source);

      json_object_set_string_member (object, "repository", described);
    }
  if (source && source->ref_kind)
    {
      g_autofree char *ref = g_utf8_make_valid (source->ref, -1);

      json_object_set_string_member (object, source->ref_kind, ref);
    }
  json_object_set_array_member (object, "sums", sums);
  json_object_set_string_member (object, "strength", strength);
  json_object_set_string_member (object, "verification", error ? error->message : words);
  if (error)
    json_object_set_string_member (object, "error", error->message);
  return object;
}

JsonArray *
inspection_source_list (const Recipe *recipe)
{
  JsonArray *list = json_array_new ();
  g_autofree char *own = g_strconcat ("_", machine_architecture (), NULL);
  const char *const suffixes[] = { "", own };

  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *array = g_strconcat ("source", suffixes[i], NULL);
      char **texts = g_hash_table_lookup (recipe->variables, array);

      for (size_t j = 0; texts && texts[j]; j++)
        json_array_add_object_element (list, source_describe_element (recipe, texts[j], suffixes[i], j));
    }
  return list;
}
