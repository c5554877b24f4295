/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-entry.h"

#include <glib/gi18n.h>
#include <string.h>

#include "entry-reader.h"
#include "error.h"
#include "json.h"
#include "machine.h"
#include "run-entry.h"
#include "worker-id.h"

#define VARIANTS_MAX 64

void
catalog_entry_free (CatalogEntry *entry)
{
  if (!entry)
    return;
  g_free (entry->id);
  g_free (entry->name);
  g_free (entry->version);
  g_free (entry->description);
  g_free (entry->license);
  g_free (entry->implementation);
  g_free (entry->worker_type);
  g_free (entry->build_system);
  g_free (entry->binary_name);
  g_free (entry->install_path);
  g_strfreev (entry->platforms);
  g_strfreev (entry->architectures);
  g_strfreev (entry->depends);
  g_strfreev (entry->makedepends);
  g_strfreev (entry->supported_formats);
  g_strfreev (entry->backends);
  g_strfreev (entry->features);
  g_free (entry->pkgbuild_url);
  g_free (entry->pkgbuild_url_git);
  g_free (entry->readme_url);
  g_free (entry->cover_image);
  g_free (entry->source_url);
  g_free (entry->backend_reason);
  g_free (entry->incompatible_because);
  g_free (entry->run);
  g_free (entry);
}

/* Which keys it may have is asked again when the worker is started. */
static char *
read_run (EntryReader *reader, JsonObject *object)
{
  JsonObject *run = entry_reader_object (reader, object, "run");
  g_autoptr (RunRule) rule = g_new0 (RunRule, 1);
  g_autofree char *text = run ? json_to_text (run, false) : g_strdup ("");
  g_autoptr (GError) failure = NULL;

  if (strlen (text) > RUN_ENTRY_MAX)
    entry_reader_fail (reader, "run", "an object of at most 4 KiB");
  else if (run && !run_entry_apply (run, rule, &failure) && !reader->failed)
    {
      g_set_error (reader->error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID, "The catalog's entry \"%s\" is invalid: %s",
                   reader->id, failure->message);
      reader->failed = true;
    }
  return g_steal_pointer (&text);
}

/* What both formats have in the same place under the same name. */
static void
read_common (EntryReader *reader, CatalogEntry *entry, JsonObject *object)
{
  JsonObject *source = entry_reader_object (reader, object, "source");

  entry->source_url = source ? entry_reader_string (reader, source, "url", false) : g_strdup ("");
  entry->version = entry_reader_string (reader, object, "version", true);
  entry->name = entry_reader_string (reader, object, "name", true);
  entry->description = entry_reader_string (reader, object, "description", false);
  entry->license = entry_reader_string (reader, object, "license", false);
  entry->implementation = entry_reader_string (reader, object, "implementation", false);
  entry->run = read_run (reader, object);
}

/* One entry a backend. */
static void
read_snake_case (EntryReader *reader, CatalogEntry *entry, JsonObject *object, const Machine *machine,
                 const char *backend)
{
  JsonObject *build = entry_reader_object (reader, object, "build");

  entry->worker_type = entry_reader_string (reader, object, "worker_type", true);
  entry->build_system = entry_reader_string (reader, object, "build_system", false);
  entry->platforms = entry_reader_strings (reader, object, "platforms", true);
  entry->architectures = entry_reader_strings (reader, object, "architectures", true);
  entry->depends = entry_reader_strings (reader, object, "depends", false);
  entry->makedepends = entry_reader_strings (reader, object, "makedepends", false);
  entry->binary_name = entry_reader_string (reader, object, "binary_name", true);
  entry->install_path = entry_reader_string (reader, object, "install_path", true);
  entry->pkgbuild_url = entry_reader_string (reader, object, "pkgbuild_url", false);
  entry->supported_formats = entry_reader_strings (reader, object, "supported_formats", false);
  entry->max_context_length = entry_reader_int (reader, object, "max_context_length");
  entry->supports_streaming = entry_reader_bool (reader, object, "supports_streaming");
  entry->supports_batching = entry_reader_bool (reader, object, "supports_batching");
  entry->features = build ? entry_reader_strings (reader, build, "features", false) : g_new0 (char *, 1);
  if (reader->failed)
    return;

  entry->readme_url = g_strdup ("");
  entry->cover_image = g_strdup ("");
  entry->backends = g_strdupv ((char *[]){ entry->worker_type, NULL });
  entry->backend_reason = g_strdup (N_ ("it is the only one"));
  if (backend && !g_str_equal (backend, entry->worker_type))
    {
      g_set_error (reader->error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "The worker \"%s\" has no backend \"%s\"; it has: %s", entry->id, backend, entry->worker_type);
      reader->failed = true;
    }
}

/* The backends of all variants, and which of these are for this machine's platform and architecture. */
static char **
read_backends (EntryReader *reader, JsonArray *variants, bool *usable)
{
  g_autoptr (GStrvBuilder) backends = g_strv_builder_new ();

  for (guint i = 0; i < json_array_get_length (variants); i++)
    {
      JsonNode *node = json_array_get_element (variants, i);
      JsonObject *variant = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      g_autofree char *backend = variant ? entry_reader_string (reader, variant, "backend", true) : NULL;
      g_auto (GStrv) platforms = backend ? entry_reader_strings (reader, variant, "platforms", true) : NULL;
      g_auto (GStrv) architectures = backend ? entry_reader_strings (reader, variant, "architectures", true) : NULL;

      if (!backend)
        {
          entry_reader_fail (reader, "variants", "an array of objects");
          return NULL;
        }
      g_strv_builder_add (backends, backend);
      usable[i] =
          platforms && architectures && machine_is_platform (platforms) && machine_is_architecture (architectures);
    }

  return reader->failed ? NULL : g_strv_builder_end (backends);
}

/* The place of the variant that was asked for, or of the best one; -1: there is no such. */
static int
choose_variant (EntryReader *reader, CatalogEntry *entry, const Machine *machine, const char *wanted,
                const bool *usable)
{
  g_autofree char *list = g_strjoinv (", ", entry->backends);

  if (!wanted && g_strv_length (entry->backends) > 1)
    return (int)machine_choose_backend (machine, entry->backends, usable, &entry->backend_reason);
  entry->backend_reason = g_strdup (wanted ? "it was asked for" : "it is the only one");
  for (int i = 0; entry->backends[i]; i++)
    if (!wanted || g_str_equal (entry->backends[i], wanted))
      return i;

  g_set_error (reader->error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "The worker \"%s\" has no backend \"%s\"; it has: %s", entry->id, wanted, list);
  reader->failed = true;
  return -1;
}

static void
read_variant (EntryReader *reader, CatalogEntry *entry, JsonObject *variant)
{
  JsonObject *build = entry_reader_object (reader, variant, "build");

  entry->worker_type = entry_reader_string (reader, variant, "backend", true);
  entry->platforms = entry_reader_strings (reader, variant, "platforms", true);
  entry->architectures = entry_reader_strings (reader, variant, "architectures", true);
  entry->depends = entry_reader_strings (reader, variant, "depends", false);
  entry->makedepends = entry_reader_strings (reader, variant, "makedepends", false);
  entry->binary_name = entry_reader_string (reader, variant, "binaryName", true);
  entry->install_path = entry_reader_string (reader, variant, "installPath", true);
  entry->pkgbuild_url = entry_reader_string (reader, variant, "pkgbuildUrl", false);
  entry->pkgbuild_url_git = entry_reader_string (reader, variant, "pkgbuildUrlGit", false);
  entry->features = build ? entry_reader_strings (reader, build, "features", false) : NULL;
  if (!entry->features || !*entry->features)
    {
      g_strfreev (entry->features);
      entry->features = entry->worker_type ? g_strdupv ((char *[]){ entry->worker_type, NULL }) : NULL;
    }
}

/* One entry with variants. */
static void
read_camel_case (EntryReader *reader, CatalogEntry *entry, JsonObject *object, const Machine *machine,
                 const char *backend)
{
  JsonNode *node = json_object_get_member (object, "variants");
  JsonArray *variants = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonObject *capabilities = entry_reader_object (reader, object, "capabilities");
  bool usable[VARIANTS_MAX] = { false };
  int chosen;

  if (!variants || json_array_get_length (variants) == 0 || json_array_get_length (variants) > VARIANTS_MAX)
    {
      entry_reader_fail (reader, "variants", "an array of 1 to 64 objects");
      return;
    }
  entry->backends = read_backends (reader, variants, usable);
  chosen = entry->backends ? choose_variant (reader, entry, machine, backend, usable) : -1;
  if (chosen < 0)
    return;

  read_variant (reader, entry, json_node_get_object (json_array_get_element (variants, chosen)));
  entry->build_system = entry_reader_string (reader, object, "buildSystem", false);
  entry->readme_url = entry_reader_string (reader, object, "readmeUrl", false);
  entry->cover_image = entry_reader_string (reader, object, "coverImage", false);
  entry->supported_formats =
      capabilities ? entry_reader_strings (reader, capabilities, "supportedFormats", false) : g_new0 (char *, 1);
  if (capabilities)
    {
      entry->max_context_length = entry_reader_int (reader, capabilities, "maxContextLength");
      entry->supports_streaming = entry_reader_bool (reader, capabilities, "supportsStreaming");
      entry->supports_batching = entry_reader_bool (reader, capabilities, "supportsBatching");
    }
}

/* True when it can stand in a path or in one line. */
static bool
text_is_one_line (const char *text)
{
  return !strpbrk (text, "\n\t");
}

static bool
catalog_entry_check (EntryReader *reader, const CatalogEntry *entry)
{
  bool camel_case = entry->pkgbuild_url_git != NULL;
  const char *name_key = camel_case ? "binaryName" : "binary_name";
  const char *path_key = camel_case ? "installPath" : "install_path";
  const char *backend_key = camel_case ? "backend" : "worker_type";
  const char *name = entry->binary_name, *path = entry->install_path;

  if (reader->failed)
    return false;
  if (strchr (name, '/') || g_str_equal (name, "..") || g_str_equal (name, ".") || !text_is_one_line (name))
    entry_reader_fail (reader, name_key, "the name of a file, without a folder");
  if (!g_path_is_absolute (path) || strstr (path, "/../") || g_str_has_suffix (path, "/..") || !text_is_one_line (path))
    entry_reader_fail (reader, path_key, "an absolute path without ..");
  if (strpbrk (entry->version, "\n\t "))
    entry_reader_fail (reader, "version", "a word");
  if (strpbrk (entry->worker_type, "\n\t "))
    entry_reader_fail (reader, backend_key, "a word");
  return !reader->failed;
}

/* Why not here, as a sentence; "" when it is for this machine. */
static char *
explain_incompatible (const CatalogEntry *entry, const Machine *machine)
{
  g_autofree char *platforms = g_strjoinv (", ", entry->platforms);
  g_autofree char *architectures = g_strjoinv (", ", entry->architectures);
  g_autofree char *why = NULL;

  if (!catalog_entry_fits_platform (entry))
    return g_strdup_printf (N_ ("It is made for %s, and this machine is %s."), platforms, MACHINE_PLATFORM);
  if (!catalog_entry_fits_architecture (entry))
    return g_strdup_printf (N_ ("It is made for %s, and this machine is %s."), architectures, machine_architecture ());
  if (!machine_has_backend (machine, entry->worker_type, &why))
    return g_strdup_printf (N_ ("It is made for %s, and %s."), entry->worker_type, why);
  return g_strdup ("");
}

CatalogEntry *
catalog_entry_from_json (JsonObject *object, const char *id, const char *backend, const Machine *machine,
                         GError **error)
{
  g_autoptr (CatalogEntry) entry = g_new0 (CatalogEntry, 1);
  const char *own_id = json_get_string (object, "id", NULL);
  EntryReader reader = { .id = id ? id : "?", .error = error };

  if (!own_id || !worker_id_is_valid (own_id))
    {
      entry_reader_fail (&reader, "id", "a worker id: 1 to 100 of A-Z, a-z, 0-9, ., _ and -");
      return NULL;
    }
  if (id && !g_str_equal (id, own_id))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
                   "The catalog was asked for \"%s\" and answered with \"%s\"", id, own_id);
      return NULL;
    }

  reader.id = own_id;
  entry->id = g_strdup (own_id);
  read_common (&reader, entry, object);
  if (json_has (object, "variants"))
    read_camel_case (&reader, entry, object, machine, backend);
  else
    read_snake_case (&reader, entry, object, machine, backend);

  if (!catalog_entry_check (&reader, entry))
    return NULL;
  entry->incompatible_because = explain_incompatible (entry, machine);
  return g_steal_pointer (&entry);
}

char **
catalog_entry_sources (const CatalogEntry *entry)
{
  g_autoptr (GStrvBuilder) sources = g_strv_builder_new ();

  /* The snake_case format has one recipe, which builds from source. */
  if (entry->pkgbuild_url_git && *entry->pkgbuild_url)
    g_strv_builder_add (sources, "binary");
  if (!entry->pkgbuild_url_git || *entry->pkgbuild_url_git)
    g_strv_builder_add (sources, "git");
  return g_strv_builder_end (sources);
}

char *
catalog_entry_source (const CatalogEntry *entry, const char *asked)
{
  g_auto (GStrv) sources = catalog_entry_sources (entry);

  return g_strdup (asked ? asked : *sources ? *sources : "");
}

JsonObject *
catalog_entry_to_json (const CatalogEntry *entry)
{
  JsonObject *object = json_object_new ();
  g_auto (GStrv) sources = catalog_entry_sources (entry);

  json_object_set_string_member (object, "id", entry->id);
  json_object_set_string_member (object, "name", entry->name);
  json_object_set_string_member (object, "version", entry->version);
  json_object_set_string_member (object, "description", entry->description);
  json_object_set_string_member (object, "license", entry->license);
  json_object_set_string_member (object, "implementation", entry->implementation);
  json_object_set_string_member (object, "worker_type", entry->worker_type);
  json_object_set_string_member (object, "build_system", entry->build_system);
  json_object_set_string_member (object, "binary_name", entry->binary_name);
  json_object_set_string_member (object, "install_path", entry->install_path);
  json_object_set_string_member (object, "readme_url", entry->readme_url);
  json_object_set_string_member (object, "cover_image", entry->cover_image);
  json_object_set_string_member (object, "source_url", entry->source_url);
  json_object_set_string_member (object, "backend", entry->worker_type);
  json_object_set_string_member (object, "backend_reason", entry->backend_reason);
  json_object_set_string_member (object, "incompatible_because", entry->incompatible_because);
  json_set_strings (object, "platforms", entry->platforms);
  json_set_strings (object, "architectures", entry->architectures);
  json_set_strings (object, "depends", entry->depends);
  json_set_strings (object, "makedepends", entry->makedepends);
  json_set_strings (object, "supported_formats", entry->supported_formats);
  json_set_strings (object, "backends", entry->backends);
  json_set_strings (object, "sources", sources);
  json_object_set_boolean_member (object, "supports_streaming", entry->supports_streaming);
  json_object_set_boolean_member (object, "supports_batching", entry->supports_batching);
  json_object_set_boolean_member (object, "compatible", !*entry->incompatible_because);
  json_object_set_int_member (object, "max_context_length", entry->max_context_length);
  return object;
}

bool
catalog_entry_fits_platform (const CatalogEntry *entry)
{
  return machine_is_platform (entry->platforms);
}

bool
catalog_entry_fits_architecture (const CatalogEntry *entry)
{
  return machine_is_architecture (entry->architectures);
}

char *
catalog_entry_binary (const CatalogEntry *entry)
{
  g_autofree char *last = g_path_get_basename (entry->install_path);

  /* Catalogs give the folder, or the whole path. */
  if (g_str_equal (last, entry->binary_name) && !g_str_has_suffix (entry->install_path, "/"))
    return g_strdup (entry->install_path);
  return g_build_filename (entry->install_path, entry->binary_name, NULL);
}
