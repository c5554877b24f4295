/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-key.h"

#include <string.h>

#include "json.h"
#include "machine.h"
#include "source-entry.h"

#define FORMAT 1

static int
compare_texts (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* An array that does not depend on an order that nobody chose. */
static void
set_sorted (JsonObject *object, const char *key, char *const *texts)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  for (; *texts; texts++)
    g_ptr_array_add (list, *texts);
  g_ptr_array_sort (list, compare_texts);
  g_ptr_array_add (list, NULL);
  json_set_strings (object, key, (char *const *)list->pdata);
}

/* The content of a file that was handed over with the recipe; "": none is known. */
static char *
handed_sum (const Builder *builder, const char *name)
{
  const char *text = builder->request->files ? json_get_string (builder->request->files, name, NULL) : NULL;
  g_autofree unsigned char *content = NULL;
  gsize size;

  if (!text)
    return g_strdup ("");
  content = g_base64_decode (text, &size);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, content, size);
}

/* "NAME KIND:SUM…" of each file that lies beside the recipe. */
static char **
local_sums (const Builder *builder, GPtrArray *sources)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

  for (guint i = 0; i < sources->len; i++)
    {
      const SourceEntry *entry = sources->pdata[i];
      g_autofree char *handed = NULL;
      g_autoptr (GString) line = NULL;

      if (entry->source->kind != SOURCE_LOCAL)
        continue;
      handed = handed_sum (builder, entry->source->name);
      line = g_string_new (entry->source->name);
      for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
        if (entry->sums[kind])
          g_string_append_printf (line, " %s:%s", checksum_name (kind), entry->sums[kind]);
      if (*handed)
        g_string_append_printf (line, " %s", handed);
      g_strv_builder_add (all, line->str);
    }
  return g_strv_builder_end (all);
}

/* Of Environment= in [Recipe] its sum: it may have what is nobody else's. "": there is none. */
static char *
environment_sum (const Builder *builder)
{
  g_autofree char *text = g_strjoinv ("\n", builder->configuration->recipe_environment);

  return *text ? g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1) : g_strdup ("");
}

JsonObject *
store_key_describe (const Builder *builder, GError **error)
{
  g_autoptr (GPtrArray) sources = source_entry_collect (builder->recipe, error);
  g_autofree char *environment = environment_sum (builder);
  g_auto (GStrv) local = NULL;
  JsonObject *key;

  if (!sources)
    return NULL;
  local = local_sums (builder, sources);
  key = json_object_new ();
  json_object_set_string_member (key, "architecture", machine_architecture ());
  json_object_set_string_member (key, "backend", builder->entry->worker_type);
  json_object_set_string_member (key, "environment", environment);
  set_sorted (key, "features", builder->entry->features);
  json_object_set_int_member (key, "format", FORMAT);
  set_sorted (key, "prefixes", builder->configuration->install_prefixes);
  json_object_set_string_member (key, "recipe", builder->recipe_sha256);
  json_object_set_string_member (key, "source", builder->source);
  set_sorted (key, "sources", local);
  json_object_set_string_member (key, "worker", builder->request->worker_id);
  return key;
}

char *
store_key_sum (JsonObject *description)
{
  g_autofree char *text = json_to_text (description, false);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

bool
store_key_is_floating (const Builder *builder)
{
  g_autoptr (GPtrArray) sources = source_entry_collect (builder->recipe, NULL);

  if (!sources || recipe_has_function (builder->recipe, "pkgver"))
    return true;
  for (guint i = 0; i < sources->len; i++)
    {
      const SourceEntry *entry = sources->pdata[i];
      bool handed = entry->source->kind == SOURCE_LOCAL && builder->request->files;

      if (!source_entry_is_summed (entry) && !source_is_fixed (entry->source) && !handed &&
          !source_is_signature (entry->source))
        return true;
    }
  return false;
}
