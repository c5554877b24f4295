/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-entry.h"

#include "error.h"
#include "json.h"
#include "worker-id.h"

#include <string.h>
#include <sys/utsname.h>

#define TEXT_MAX    (16 * 1024) /* bytes of one string */
#define STRINGS_MAX 1000        /* strings in one list */

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
  g_free (entry);
}

/* Where the values of an entry come from, and what went wrong first. */
typedef struct
{
  const char *id; /* for messages */
  GError **error;
  bool failed;
} Reading;

static void
reading_fail (Reading *reading, const char *key, const char *expected)
{
  if (!reading->failed)
    g_set_error (reading->error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
                 "The catalog's entry \"%s\" is invalid: \"%s\" must be %s", reading->id, key, expected);
  reading->failed = true;
}

/* No control characters: these strings end up in logs, on terminals and in paths. */
static bool
text_is_sane (const char *text)
{
  if (strlen (text) > TEXT_MAX)
    return false;
  for (; *text; text++)
    if (g_ascii_iscntrl (*text) && *text != '\n' && *text != '\t')
      return false;
  return true;
}

static char *
read_string (Reading *reading, JsonObject *object, const char *key, bool required)
{
  const char *value = json_get_string (object, key, NULL);

  if (!value && !required && (!json_has (object, key) || json_object_get_null_member (object, key)))
    return g_strdup ("");
  if (!value || !text_is_sane (value) || (required && !*value))
    {
      reading_fail (reading, key, required ? "a string that is not empty" : "a string");
      return NULL;
    }
  return g_strdup (value);
}

static char **
read_strings (Reading *reading, JsonObject *object, const char *key, bool required)
{
  char **values = json_get_strings (object, key);

  if (!values && !required && (!json_has (object, key) || json_object_get_null_member (object, key)))
    return g_new0 (char *, 1);
  if (!values || g_strv_length (values) > STRINGS_MAX)
    {
      reading_fail (reading, key, "an array of strings");
      g_strfreev (values);
      return NULL;
    }
  for (char **value = values; *value; value++)
    if (!text_is_sane (*value))
      reading_fail (reading, key, "an array of strings without control characters");
  return values;
}

static bool
read_bool (Reading *reading, JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node && !JSON_NODE_HOLDS_NULL (node) &&
      (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN))
    reading_fail (reading, key, "true or false");
  return json_get_bool (object, key, false);
}

static int64_t
read_int (Reading *reading, JsonObject *object, const char *key)
{
  int64_t value = json_get_int (object, key, 0);

  if ((json_has (object, key) && !json_object_get_null_member (object, key) && json_get_int (object, key, -1) < 0) ||
      value < 0)
    reading_fail (reading, key, "a number that is not negative");
  return MAX (value, 0);
}

static JsonObject *
read_object (Reading *reading, JsonObject *object, const char *key, bool required)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  if (required || (node && !JSON_NODE_HOLDS_NULL (node)))
    reading_fail (reading, key, "an object");
  return NULL;
}

/* What both formats have in the same place under the same name. */
static void
read_common (Reading *reading, CatalogEntry *entry, JsonObject *object)
{
  entry->version = read_string (reading, object, "version", true);
  entry->name = read_string (reading, object, "name", true);
  entry->description = read_string (reading, object, "description", false);
  entry->license = read_string (reading, object, "license", false);
  entry->implementation = read_string (reading, object, "implementation", false);
}

/* One entry a backend. */
static void
read_snake_case (Reading *reading, CatalogEntry *entry, JsonObject *object, const char *backend)
{
  JsonObject *build = read_object (reading, object, "build", false);

  entry->worker_type = read_string (reading, object, "worker_type", true);
  entry->build_system = read_string (reading, object, "build_system", false);
  entry->platforms = read_strings (reading, object, "platforms", true);
  entry->architectures = read_strings (reading, object, "architectures", true);
  entry->depends = read_strings (reading, object, "depends", false);
  entry->makedepends = read_strings (reading, object, "makedepends", false);
  entry->binary_name = read_string (reading, object, "binary_name", true);
  entry->install_path = read_string (reading, object, "install_path", true);
  entry->pkgbuild_url = read_string (reading, object, "pkgbuild_url", false);
  entry->supported_formats = read_strings (reading, object, "supported_formats", false);
  entry->max_context_length = read_int (reading, object, "max_context_length");
  entry->supports_streaming = read_bool (reading, object, "supports_streaming");
  entry->supports_batching = read_bool (reading, object, "supports_batching");
  entry->features = build ? read_strings (reading, build, "features", false) : g_new0 (char *, 1);
  if (reading->failed)
    return;

  entry->backends = g_strdupv ((char *[]){ entry->worker_type, NULL });
  if (backend && !g_str_equal (backend, entry->worker_type))
    {
      g_set_error (reading->error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "The worker \"%s\" has no backend \"%s\"; it has: %s", entry->id, backend, entry->worker_type);
      reading->failed = true;
    }
}

static char **
read_backends (Reading *reading, JsonArray *variants)
{
  g_autoptr (GStrvBuilder) backends = g_strv_builder_new ();

  for (guint i = 0; i < json_array_get_length (variants); i++)
    {
      JsonNode *node = json_array_get_element (variants, i);
      g_autofree char *backend =
          JSON_NODE_HOLDS_OBJECT (node) ? read_string (reading, json_node_get_object (node), "backend", true) : NULL;

      if (!backend)
        {
          reading_fail (reading, "variants", "an array of objects");
          return NULL;
        }
      g_strv_builder_add (backends, backend);
    }

  return g_strv_builder_end (backends);
}

/* The variant that was asked for; else the one for the processor; else the first. -1: there is no such. */
static int
choose_backend (char **backends, const char *wanted)
{
  for (int i = 0; backends[i]; i++)
    if (g_str_equal (backends[i], wanted ? wanted : "cpu"))
      return i;
  return wanted ? -1 : 0;
}

static void
read_variant (Reading *reading, CatalogEntry *entry, JsonObject *variant)
{
  entry->worker_type = read_string (reading, variant, "backend", true);
  entry->platforms = read_strings (reading, variant, "platforms", true);
  entry->architectures = read_strings (reading, variant, "architectures", true);
  entry->depends = read_strings (reading, variant, "depends", false);
  entry->makedepends = read_strings (reading, variant, "makedepends", false);
  entry->binary_name = read_string (reading, variant, "binaryName", true);
  entry->install_path = read_string (reading, variant, "installPath", true);
  entry->pkgbuild_url = read_string (reading, variant, "pkgbuildUrl", false);
  entry->pkgbuild_url_git = read_string (reading, variant, "pkgbuildUrlGit", false);
}

/* One entry with variants. */
static void
read_camel_case (Reading *reading, CatalogEntry *entry, JsonObject *object, const char *backend)
{
  JsonNode *node = json_object_get_member (object, "variants");
  JsonArray *variants = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonObject *capabilities = read_object (reading, object, "capabilities", false);
  int chosen;

  if (!variants || json_array_get_length (variants) == 0)
    {
      reading_fail (reading, "variants", "an array that is not empty");
      return;
    }
  entry->backends = read_backends (reading, variants);
  if (!entry->backends)
    return;

  chosen = choose_backend (entry->backends, backend);
  if (chosen < 0)
    {
      g_autofree char *list = g_strjoinv (", ", entry->backends);

      g_set_error (reading->error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "The worker \"%s\" has no backend \"%s\"; it has: %s", entry->id, backend, list);
      reading->failed = true;
      return;
    }

  read_variant (reading, entry, json_node_get_object (json_array_get_element (variants, chosen)));
  entry->build_system = read_string (reading, object, "buildSystem", false);
  entry->features = entry->worker_type ? g_strdupv ((char *[]){ entry->worker_type, NULL }) : NULL;
  entry->supported_formats =
      capabilities ? read_strings (reading, capabilities, "supportedFormats", false) : g_new0 (char *, 1);
  if (capabilities)
    {
      entry->max_context_length = read_int (reading, capabilities, "maxContextLength");
      entry->supports_streaming = read_bool (reading, capabilities, "supportsStreaming");
      entry->supports_batching = read_bool (reading, capabilities, "supportsBatching");
    }
}

/* True when it can stand in a path or in one line. */
static bool
text_is_one_line (const char *text)
{
  return !strpbrk (text, "\n\t");
}

static bool
catalog_entry_check (Reading *reading, const CatalogEntry *entry)
{
  bool camel_case = entry->pkgbuild_url_git != NULL;
  const char *name = entry->binary_name, *path = entry->install_path;

  if (reading->failed)
    return false;
  if (strchr (name, '/') || g_str_equal (name, "..") || g_str_equal (name, ".") || !text_is_one_line (name))
    reading_fail (reading, camel_case ? "binaryName" : "binary_name", "the name of a file, without a folder");
  if (!g_path_is_absolute (path) || strstr (path, "/../") || g_str_has_suffix (path, "/..") || !text_is_one_line (path))
    reading_fail (reading, camel_case ? "installPath" : "install_path", "an absolute path without ..");
  if (strpbrk (entry->version, "\n\t "))
    reading_fail (reading, "version", "a word");
  if (strpbrk (entry->worker_type, "\n\t "))
    reading_fail (reading, camel_case ? "backend" : "worker_type", "a word");
  return !reading->failed;
}

CatalogEntry *
catalog_entry_from_json (JsonObject *object, const char *id, const char *backend, GError **error)
{
  g_autoptr (CatalogEntry) entry = g_new0 (CatalogEntry, 1);
  const char *own_id = json_get_string (object, "id", NULL);
  Reading reading = { .id = id ? id : "?", .error = error };

  if (!own_id || !worker_id_is_valid (own_id))
    {
      reading_fail (&reading, "id", "a worker id: 1 to 100 of a-z, 0-9 and -");
      return NULL;
    }
  if (id && !g_str_equal (id, own_id))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_CATALOG_INVALID,
                   "The catalog was asked for \"%s\" and answered with \"%s\"", id, own_id);
      return NULL;
    }

  reading.id = own_id;
  entry->id = g_strdup (own_id);
  read_common (&reading, entry, object);
  if (json_has (object, "variants"))
    read_camel_case (&reading, entry, object, backend);
  else
    read_snake_case (&reading, entry, object, backend);

  return catalog_entry_check (&reading, entry) ? g_steal_pointer (&entry) : NULL;
}

JsonObject *
catalog_entry_to_json (const CatalogEntry *entry)
{
  JsonObject *object = json_object_new ();

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
  json_set_strings (object, "platforms", entry->platforms);
  json_set_strings (object, "architectures", entry->architectures);
  json_set_strings (object, "depends", entry->depends);
  json_set_strings (object, "makedepends", entry->makedepends);
  json_set_strings (object, "supported_formats", entry->supported_formats);
  json_set_strings (object, "backends", entry->backends);
  json_object_set_boolean_member (object, "supports_streaming", entry->supports_streaming);
  json_object_set_boolean_member (object, "supports_batching", entry->supports_batching);
  json_object_set_boolean_member (object, "compatible",
                                  catalog_entry_fits_platform (entry) && catalog_entry_fits_architecture (entry));
  json_object_set_int_member (object, "max_context_length", entry->max_context_length);
  return object;
}

bool
catalog_entry_fits_platform (const CatalogEntry *entry)
{
  return g_strv_contains ((const char *const *)entry->platforms, "linux") ||
         g_strv_contains ((const char *const *)entry->platforms, "any");
}

const char *
catalog_machine_architecture (void)
{
  static struct utsname name;

  if (!*name.machine)
    uname (&name);
  return name.machine;
}

bool
catalog_entry_fits_architecture (const CatalogEntry *entry)
{
  return g_strv_contains ((const char *const *)entry->architectures, catalog_machine_architecture ()) ||
         g_strv_contains ((const char *const *)entry->architectures, "any");
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
