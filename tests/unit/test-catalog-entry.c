/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "catalog-entry.h"
#include "error.h"
#include "json.h"

/* Catalogs are written with ' for ", so that they can be read here. */
static JsonObject *
parse (const char *text)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) error = NULL;
  JsonObject *object = json_parse_object (json, -1, "the entry", HIVE_ERROR_CATALOG_INVALID, &error);

  g_assert_no_error (error);
  return object;
}

static const char snake_case[] =
    "{ 'id': 'worker-cpu', 'name': 'Worker', 'version': '1.2', 'description': 'Says things', 'license': 'MIT',"
    "  'implementation': 'rust', 'worker_type': 'cpu', 'build_system': 'cargo', 'platforms': ['linux', 'macos'],"
    "  'architectures': ['x86_64', 'aarch64'], 'depends': ['gcc'], 'makedepends': ['rust', 'cargo'],"
    "  'binary_name': 'worker', 'install_path': '/usr/local/bin/worker', 'pkgbuild_url': "
    "'/workers/worker-cpu/PKGBUILD',"
    "  'supported_formats': ['gguf'], 'max_context_length': 32768, 'supports_streaming': true,"
    "  'supports_batching': false, 'build': { 'features': ['cpu', 'mkl'] } }";

static const char camel_case[] =
    "{ 'id': 'worker', 'name': 'Worker', 'version': '1.2', 'description': 'Says things', 'license': 'MIT',"
    "  'implementation': 'rust', 'buildSystem': 'cargo', 'variants': ["
    "    { 'backend': 'cuda', 'platforms': ['linux'], 'architectures': ['x86_64'], 'depends': ['cuda'],"
    "      'makedepends': ['nvcc'], 'binaryName': 'worker-cuda', 'installPath': '/usr/bin',"
    "      'pkgbuildUrl': '/cuda-bin', 'pkgbuildUrlGit': '/cuda-git' },"
    "    { 'backend': 'cpu', 'platforms': ['linux', 'windows'], 'architectures': ['x86_64', 'aarch64'],"
    "      'binaryName': 'worker-cpu', 'installPath': '/usr/bin' } ],"
    "  'capabilities': { 'supportedFormats': ['gguf', 'safetensors'], 'maxContextLength': 4096,"
    "    'supportsStreaming': true, 'supportsBatching': true } }";

/* Nobody has looked at its devices. */
static Machine *unknown;

static CatalogEntry *
good_entry (const char *text, const char *backend)
{
  g_autoptr (JsonObject) object = parse (text);
  g_autoptr (GError) error = NULL;
  CatalogEntry *entry = catalog_entry_from_json (object, NULL, backend, unknown, &error);

  g_assert_no_error (error);
  g_assert_nonnull (entry);
  return entry;
}

static void
assert_is_refused (JsonObject *object, const char *id, const char *backend, int code, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CatalogEntry) entry = catalog_entry_from_json (object, id, backend, unknown, &error);

  if (entry)
    {
      g_autofree char *text = json_to_text (object, false);

      g_test_message ("accepted, where %s was expected: %s", why, text);
    }
  g_assert_null (entry);
  g_assert_error (error, HIVE_ERROR, code);
  if (!strstr (error->message, why))
    g_test_message ("no %s in: %s", why, error->message);
  g_assert_nonnull (strstr (error->message, why));
}

/* Where a key of the camelCase format lies: of the entry, of its variants (the chosen one) or of its capabilities. */
static JsonObject *
camel_case_part (JsonObject *object, const char *part)
{
  if (g_str_equal (part, "variants"))
    return json_array_get_object_element (json_object_get_array_member (object, "variants"), 1);
  return *part ? json_object_get_object_member (object, part) : object;
}

/* The parser's objects cannot be changed. */
static JsonObject *
parse_mutable (const char *text)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (JsonNode) node = json_from_string (json, NULL);

  g_assert_nonnull (node);
  return json_node_dup_object (node);
}

static void
set_json (JsonObject *object, const char *key, const char *value)
{
  g_autofree char *json = g_strdelimit (g_strdup (value), "'", '"');
  JsonNode *node = json_from_string (json, NULL);

  g_assert_nonnull (node);
  json_object_set_member (object, key, node);
}

static void
assert_strings (char **strings, const char *const *expected)
{
  g_assert_nonnull (strings);
  g_assert_cmpuint (g_strv_length (strings), ==, g_strv_length ((char **)expected));
  for (size_t i = 0; expected[i]; i++)
    g_assert_cmpstr (strings[i], ==, expected[i]);
}

#define assert_list(strings, ...) assert_strings (strings, (const char *const[]){ __VA_ARGS__, NULL })
#define assert_empty(strings)     assert_strings (strings, (const char *const[]){ NULL })

static void
test_snake_case_is_read (void)
{
  g_autoptr (CatalogEntry) entry = good_entry (snake_case, NULL);

  g_assert_cmpstr (entry->id, ==, "worker-cpu");
  g_assert_cmpstr (entry->name, ==, "Worker");
  g_assert_cmpstr (entry->version, ==, "1.2");
  g_assert_cmpstr (entry->description, ==, "Says things");
  g_assert_cmpstr (entry->license, ==, "MIT");
  g_assert_cmpstr (entry->implementation, ==, "rust");
  g_assert_cmpstr (entry->worker_type, ==, "cpu");
  g_assert_cmpstr (entry->build_system, ==, "cargo");
  g_assert_cmpstr (entry->binary_name, ==, "worker");
  g_assert_cmpstr (entry->install_path, ==, "/usr/local/bin/worker");
  g_assert_cmpstr (entry->pkgbuild_url, ==, "/workers/worker-cpu/PKGBUILD");
  g_assert_null (entry->pkgbuild_url_git);
  g_assert_cmpint (entry->max_context_length, ==, 32768);
  g_assert_true (entry->supports_streaming);
  g_assert_false (entry->supports_batching);
  assert_list (entry->platforms, "linux", "macos");
  assert_list (entry->architectures, "x86_64", "aarch64");
  assert_list (entry->depends, "gcc");
  assert_list (entry->makedepends, "rust", "cargo");
  assert_list (entry->supported_formats, "gguf");
  assert_list (entry->backends, "cpu");
  assert_list (entry->features, "cpu", "mkl");
}

static void
test_camel_case_is_read (void)
{
  g_autoptr (CatalogEntry) entry = good_entry (camel_case, "cuda");

  g_assert_cmpstr (entry->id, ==, "worker");
  g_assert_cmpstr (entry->name, ==, "Worker");
  g_assert_cmpstr (entry->version, ==, "1.2");
  g_assert_cmpstr (entry->description, ==, "Says things");
  g_assert_cmpstr (entry->license, ==, "MIT");
  g_assert_cmpstr (entry->implementation, ==, "rust");
  g_assert_cmpstr (entry->worker_type, ==, "cuda");
  g_assert_cmpstr (entry->build_system, ==, "cargo");
  g_assert_cmpstr (entry->binary_name, ==, "worker-cuda");
  g_assert_cmpstr (entry->install_path, ==, "/usr/bin");
  g_assert_cmpstr (entry->pkgbuild_url, ==, "/cuda-bin");
  g_assert_cmpstr (entry->pkgbuild_url_git, ==, "/cuda-git");
  g_assert_cmpint (entry->max_context_length, ==, 4096);
  g_assert_true (entry->supports_streaming);
  g_assert_true (entry->supports_batching);
  assert_list (entry->platforms, "linux");
  assert_list (entry->architectures, "x86_64");
  assert_list (entry->depends, "cuda");
  assert_list (entry->makedepends, "nvcc");
  assert_list (entry->supported_formats, "gguf", "safetensors");
  assert_list (entry->backends, "cuda", "cpu");
  assert_list (entry->features, "cuda");
}

static void
test_optional_keys_may_be_missing_or_null (void)
{
  static const char *const texts[] = {
    "{ 'id': 'w', 'name': 'W', 'version': '1', 'worker_type': 'cpu', 'platforms': ['linux'],"
    "  'architectures': ['x86_64'], 'binary_name': 'w', 'install_path': '/usr/bin' }",
    "{ 'id': 'w', 'name': 'W', 'version': '1', 'worker_type': 'cpu', 'platforms': ['linux'],"
    "  'architectures': ['x86_64'], 'binary_name': 'w', 'install_path': '/usr/bin', 'description': null,"
    "  'license': null, 'implementation': null, 'build_system': null, 'depends': null, 'makedepends': null,"
    "  'pkgbuild_url': null, 'supported_formats': null, 'max_context_length': null, 'supports_streaming': null,"
    "  'supports_batching': null, 'build': null, 'surprise': [{}] }",
    "{ 'id': 'w', 'name': 'W', 'version': '1', 'variants': [{ 'backend': 'cpu', 'platforms': ['linux'],"
    "  'architectures': ['x86_64'], 'binaryName': 'w', 'installPath': '/usr/bin' }] }",
    "{ 'id': 'w', 'name': 'W', 'version': '1', 'capabilities': null, 'buildSystem': null,"
    "  'variants': [{ 'backend': 'cpu', 'platforms': ['linux'], 'architectures': ['x86_64'], 'binaryName': 'w',"
    "  'installPath': '/usr/bin', 'depends': null, 'makedepends': null, 'pkgbuildUrl': null,"
    "  'pkgbuildUrlGit': null }] }",
    "{ 'id': 'w', 'name': 'W', 'version': '1', 'variants': [{ 'backend': 'cpu', 'platforms': ['linux'],"
    "  'architectures': ['x86_64'], 'binaryName': 'w', 'installPath': '/usr/bin' }], 'capabilities': {"
    "  'supportedFormats': null, 'maxContextLength': null, 'supportsStreaming': null, 'supportsBatching': null } }",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (CatalogEntry) entry = good_entry (texts[i], NULL);

      g_assert_cmpstr (entry->description, ==, "");
      g_assert_cmpstr (entry->license, ==, "");
      g_assert_cmpstr (entry->implementation, ==, "");
      g_assert_cmpstr (entry->build_system, ==, "");
      g_assert_true (!entry->pkgbuild_url || !*entry->pkgbuild_url);
      g_assert_true (!entry->pkgbuild_url_git || !*entry->pkgbuild_url_git);
      g_assert_cmpint (entry->max_context_length, ==, 0);
      g_assert_false (entry->supports_streaming);
      g_assert_false (entry->supports_batching);
      assert_empty (entry->depends);
      assert_empty (entry->makedepends);
      assert_empty (entry->supported_formats);
      assert_list (entry->backends, "cpu");
    }
}

static void
test_missing_key_is_named (void)
{
  static const char *const snake_case_keys[] = { "id",        "name",          "version",     "worker_type",
                                                 "platforms", "architectures", "binary_name", "install_path" };
  static const struct
  {
    const char *part, *key;
  } camel_case_keys[] = {
    { "", "id" },
    { "", "name" },
    { "", "version" },
    { "variants", "backend" },
    { "variants", "platforms" },
    { "variants", "architectures" },
    { "variants", "binaryName" },
    { "variants", "installPath" },
  };

  /* Missing, or null. */
  for (int null = 0; null < 2; null++)
    {
      for (size_t i = 0; i < G_N_ELEMENTS (snake_case_keys); i++)
        {
          g_autoptr (JsonObject) object = parse_mutable (snake_case);
          g_autofree char *named = g_strdup_printf ("\"%s\" must be", snake_case_keys[i]);

          if (null)
            json_object_set_null_member (object, snake_case_keys[i]);
          else
            json_object_remove_member (object, snake_case_keys[i]);
          assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, named);
        }
      for (size_t i = 0; i < G_N_ELEMENTS (camel_case_keys); i++)
        {
          g_autoptr (JsonObject) object = parse_mutable (camel_case);
          JsonObject *part = camel_case_part (object, camel_case_keys[i].part);
          g_autofree char *named = g_strdup_printf ("\"%s\" must be", camel_case_keys[i].key);

          if (null)
            json_object_set_null_member (part, camel_case_keys[i].key);
          else
            json_object_remove_member (part, camel_case_keys[i].key);
          assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, named);
        }
    }
}

typedef enum
{
  STRING, /* may not be empty */
  TEXT,   /* may be empty */
  STRINGS,
  BOOLEAN,
  NUMBER,
  OBJECT,
  VARIANTS,
} Type;

static const struct
{
  const char *part, *key;
  Type type;
} snake_case_types[] = {
  { "", "id", STRING },
  { "", "name", STRING },
  { "", "version", STRING },
  { "", "description", TEXT },
  { "", "license", TEXT },
  { "", "implementation", TEXT },
  { "", "worker_type", STRING },
  { "", "build_system", TEXT },
  { "", "platforms", STRINGS },
  { "", "architectures", STRINGS },
  { "", "depends", STRINGS },
  { "", "makedepends", STRINGS },
  { "", "binary_name", STRING },
  { "", "install_path", STRING },
  { "", "pkgbuild_url", TEXT },
  { "", "supported_formats", STRINGS },
  { "", "max_context_length", NUMBER },
  { "", "supports_streaming", BOOLEAN },
  { "", "supports_batching", BOOLEAN },
  { "", "build", OBJECT },
  { "build", "features", STRINGS },
}, camel_case_types[] = {
  { "", "id", STRING },
  { "", "name", STRING },
  { "", "version", STRING },
  { "", "description", TEXT },
  { "", "license", TEXT },
  { "", "implementation", TEXT },
  { "", "buildSystem", TEXT },
  { "", "variants", VARIANTS },
  { "", "capabilities", OBJECT },
  { "variants", "backend", STRING },
  { "variants", "platforms", STRINGS },
  { "variants", "architectures", STRINGS },
  { "variants", "depends", STRINGS },
  { "variants", "makedepends", STRINGS },
  { "variants", "binaryName", STRING },
  { "variants", "installPath", STRING },
  { "variants", "pkgbuildUrl", TEXT },
  { "variants", "pkgbuildUrlGit", TEXT },
  { "capabilities", "supportedFormats", STRINGS },
  { "capabilities", "maxContextLength", NUMBER },
  { "capabilities", "supportsStreaming", BOOLEAN },
  { "capabilities", "supportsBatching", BOOLEAN },
};

/* Sets @key of a good entry to values of every type that is not its own, one after another. */
static void
assert_wrong_types_are_named (const char *text, const char *part, const char *key, Type type)
{
  static const struct
  {
    const char *json;
    unsigned fitting; /* types, a bit each */
  } values[] = {
    { "''", 1 << TEXT },      { "'a\\u001b[2Jb'", 0 }, { "7", 1 << NUMBER },   { "-1", 0 },  { "1.5", 0 },
    { "true", 1 << BOOLEAN }, { "{}", 1 << OBJECT },   { "[]", 1 << STRINGS }, { "[7]", 0 }, { "[null]", 0 },
    { "['a', {}]", 0 },       { "['a\\u0007b']", 0 },  { "[{}, 7]", 0 },
  };
  g_autofree char *named = g_strdup_printf ("\"%s\" must be", key);

  for (size_t i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (JsonObject) object = NULL;

      if (values[i].fitting & 1u << type)
        continue;
      object = parse_mutable (text);
      set_json (camel_case_part (object, part), key, values[i].json);
      /* A variant's own keys are looked at first. */
      assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID,
                         type == VARIANTS && g_str_equal (values[i].json, "[{}, 7]") ? "\"backend\" must be" : named);
    }
}

static void
test_wrong_type_is_named (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (snake_case_types); i++)
    assert_wrong_types_are_named (snake_case, snake_case_types[i].part, snake_case_types[i].key,
                                  snake_case_types[i].type);
  for (size_t i = 0; i < G_N_ELEMENTS (camel_case_types); i++)
    assert_wrong_types_are_named (camel_case, camel_case_types[i].part, camel_case_types[i].key,
                                  camel_case_types[i].type);
}

static void
test_bad_path_is_named (void)
{
  static const struct
  {
    const char *key, *value;
  } cases[] = {
    { "binary_name", "'a/b'" },
    { "binary_name", "'..'" },
    { "binary_name", "'.'" },
    { "binary_name", "'/usr/bin/worker'" },
    { "install_path", "'usr/bin'" },
    { "install_path", "'/usr/../etc'" },
    { "install_path", "'/usr/bin/..'" },
    { "install_path", "'/..'" },
    { "install_path", "'../bin'" },
    { "version", "'1 2'" },
    { "version", "'1\\n'" },
    { "version", "'1\\t2'" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) object = parse_mutable (snake_case);
      g_autofree char *named = g_strdup_printf ("\"%s\" must be", cases[i].key);

      set_json (object, cases[i].key, cases[i].value);
      assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, named);
    }
}

/* By the key that stands in the catalog. */
static void
test_bad_path_in_camel_case_is_named (void)
{
  static const struct
  {
    const char *key, *value;
  } cases[] = {
    { "binaryName", "'a/b'" },
    { "binaryName", "'..'" },
    { "installPath", "'usr/bin'" },
    { "installPath", "'/usr/../etc'" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) object = parse_mutable (camel_case);
      g_autofree char *named = g_strdup_printf ("\"%s\" must be", cases[i].key);

      set_json (camel_case_part (object, "variants"), cases[i].key, cases[i].value);
      assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, named);
    }
}

/* They become paths and words of lists. */
static void
test_line_breaks_in_names_are_refused (void)
{
  static const struct
  {
    const char *key, *value;
  } cases[] = { { "binary_name", "'a\\nb'" }, { "install_path", "'/a\\nb'" }, { "worker_type", "'cpu\\n'" } };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) object = parse_mutable (snake_case);

      set_json (object, cases[i].key, cases[i].value);
      assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, cases[i].key);
    }
}

static void
test_huge_strings_and_lists_are_refused (void)
{
  static const int lengths[] = { 16 * 1024, 16 * 1024 + 1 };
  static const int counts[] = { 1000, 1001 };

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (JsonObject) text = parse_mutable (snake_case);
      g_autoptr (JsonObject) list = parse_mutable (snake_case);
      g_autofree char *description = g_strnfill (lengths[i], 'a');
      JsonArray *depends = json_array_new ();
      CatalogEntry *entry;

      json_object_set_string_member (text, "description", description);
      for (int n = 0; n < counts[i]; n++)
        json_array_add_string_element (depends, "a");
      json_object_set_array_member (list, "depends", depends);

      if (i == 1)
        {
          assert_is_refused (text, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, "\"description\" must be");
          assert_is_refused (list, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, "\"depends\" must be");
          continue;
        }
      entry = catalog_entry_from_json (text, NULL, NULL, unknown, NULL);
      g_assert_nonnull (entry);
      catalog_entry_free (entry);
      entry = catalog_entry_from_json (list, NULL, NULL, unknown, NULL);
      g_assert_nonnull (entry);
      catalog_entry_free (entry);
    }
}

static void
test_backend_chooses_a_variant (void)
{
  static const struct
  {
    const char *backends; /* of the variants */
    const char *wanted, *chosen;
  } cases[] = {
    { "cuda cpu", NULL, "cpu" },    { "cpu cuda", NULL, "cpu" },  { "cuda metal", NULL, "cuda" },
    { "cuda cpu", "cuda", "cuda" }, { "cuda cpu", "cpu", "cpu" }, { "cuda rocm metal", "metal", "metal" },
    { "cuda", NULL, "cuda" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) object = parse_mutable (camel_case);
      g_auto (GStrv) backends = g_strsplit (cases[i].backends, " ", -1);
      g_autoptr (CatalogEntry) entry = NULL;
      JsonArray *variants = json_array_new ();

      for (char **backend = backends; *backend; backend++)
        {
          JsonObject *variant = parse_mutable ("{ 'platforms': ['any'], 'architectures': ['any'], 'binaryName': 'w',"
                                               "  'installPath': '/usr/bin' }");

          json_object_set_string_member (variant, "backend", *backend);
          json_array_add_object_element (variants, variant);
        }
      json_object_set_array_member (object, "variants", variants);

      entry = catalog_entry_from_json (object, "worker", cases[i].wanted, unknown, NULL);
      g_assert_nonnull (entry);
      g_assert_cmpstr (entry->worker_type, ==, cases[i].chosen);
      assert_list (entry->features, cases[i].chosen);
      assert_strings (entry->backends, (const char *const *)backends);
    }
}

static void
test_backend_of_snake_case_may_be_given (void)
{
  g_autoptr (CatalogEntry) entry = good_entry (snake_case, "cpu");

  g_assert_cmpstr (entry->worker_type, ==, "cpu");
}

static void
test_missing_backend_names_those_that_are (void)
{
  static const struct
  {
    const char *text, *backend, *why;
  } cases[] = {
    { camel_case, "metal", "no backend \"metal\"; it has: cuda, cpu" },
    { camel_case, "CPU", "no backend \"CPU\"; it has: cuda, cpu" },
    { camel_case, "", "no backend \"\"; it has: cuda, cpu" },
    { snake_case, "cuda", "no backend \"cuda\"; it has: cpu" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) object = parse (cases[i].text);

      assert_is_refused (object, NULL, cases[i].backend, HIVE_ERROR_INVALID_ARGUMENT, cases[i].why);
    }
}

static void
test_other_variants_may_be_incomplete (void)
{
  g_autoptr (JsonObject) object = parse_mutable (camel_case);
  g_autoptr (CatalogEntry) entry = NULL;

  json_object_remove_member (camel_case_part (object, "variants"), "binaryName");
  entry = catalog_entry_from_json (object, NULL, "cuda", unknown, NULL);
  g_assert_nonnull (entry);
  assert_is_refused (object, NULL, "cpu", HIVE_ERROR_CATALOG_INVALID, "\"binaryName\" must be");
}

static void
test_wrong_id_is_refused (void)
{
  static const char *const ids[] = { "''",    "'../x'",     "'.upper'", "'_x'", "'a..b'", "'-x'",
                                     "'a b'", "'a\\u001b'", "7",        "null", "['a']" };
  g_autoptr (JsonObject) other = parse (snake_case);

  assert_is_refused (other, "worker-cuda", NULL, HIVE_ERROR_CATALOG_INVALID,
                     "asked for \"worker-cuda\" and answered with \"worker-cpu\"");
  for (size_t i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (JsonObject) object = parse_mutable (snake_case);

      set_json (object, "id", ids[i]);
      assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, "\"id\" must be");
      assert_is_refused (object, "worker-cpu", NULL, HIVE_ERROR_CATALOG_INVALID, "\"id\" must be");
    }
}

static void
test_message_names_the_entry (void)
{
  g_autoptr (JsonObject) object = parse_mutable (snake_case);

  json_object_remove_member (object, "name");
  assert_is_refused (object, NULL, NULL, HIVE_ERROR_CATALOG_INVALID, "\"worker-cpu\"");
}

static void
test_binary_lies_in_the_folder_or_is_the_path (void)
{
  static const struct
  {
    const char *install_path, *binary_name, *binary;
  } cases[] = {
    { "/usr/local/bin/worker", "worker", "/usr/local/bin/worker" },
    { "/usr/local/bin", "worker", "/usr/local/bin/worker" },
    { "/usr/local/bin/", "worker", "/usr/local/bin/worker" },
    { "/opt/worker/", "worker", "/opt/worker/worker" },
    { "/opt/worker-1", "worker", "/opt/worker-1/worker" },
    { "/", "worker", "/worker" },
    { "/worker", "worker", "/worker" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      CatalogEntry entry = { .install_path = (char *)cases[i].install_path,
                             .binary_name = (char *)cases[i].binary_name };
      g_autofree char *binary = catalog_entry_binary (&entry);

      g_assert_cmpstr (binary, ==, cases[i].binary);
    }
}

static void
test_place_fits_when_it_is_listed (void)
{
  const char *machine = machine_architecture ();
  const struct
  {
    const char *values[4];
    bool platform, architecture;
  } cases[] = {
    { { "linux" }, true, false },
    { { "macos", "windows", "linux" }, true, false },
    { { "macos", "windows" }, false, false },
    { { "any" }, true, true },
    { { NULL }, false, false },
    { { "Linux" }, false, false },
    { { machine }, false, true },
    { { "pdp11", machine }, false, true },
    { { "pdp11" }, false, false },
  };

  g_assert_cmpstr (machine, !=, "");
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      CatalogEntry entry = { .platforms = (char **)cases[i].values, .architectures = (char **)cases[i].values };

      g_assert_cmpint (catalog_entry_fits_platform (&entry), ==, cases[i].platform);
      g_assert_cmpint (catalog_entry_fits_architecture (&entry), ==, cases[i].architecture);
    }
}

static void
test_json_holds_the_chosen_variant (void)
{
  static const char expected[] =
      "{ 'id': 'worker', 'name': 'Worker', 'version': '1.2', 'description': 'Says things', 'license': 'MIT',"
      "  'implementation': 'rust', 'worker_type': 'cuda', 'build_system': 'cargo', 'binary_name': 'worker-cuda',"
      "  'install_path': '/usr/bin', 'platforms': ['linux'], 'architectures': ['x86_64'], 'depends': ['cuda'],"
      "  'makedepends': ['nvcc'], 'supported_formats': ['gguf', 'safetensors'], 'backends': ['cuda', 'cpu'],"
      "  'supports_streaming': true, 'supports_batching': true, 'compatible': true, 'max_context_length': 4096,"
      "  'readme_url': '', 'cover_image': '', 'source_url': '', 'backend': 'cuda', 'backend_reason': 'it was asked "
      "for',"
      "  'incompatible_because': '', 'sources': ['binary', 'git'] }";
  g_autoptr (CatalogEntry) entry = good_entry (camel_case, "cuda");
  g_autoptr (JsonObject) object = catalog_entry_to_json (entry);
  g_autoptr (JsonObject) wanted = parse_mutable (expected);
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autoptr (JsonNode) wanted_node = json_node_init_object (json_node_alloc (), wanted);
  g_autofree char *text = json_to_text (object, false);

  if (!g_str_equal (machine_architecture (), "x86_64"))
    {
      g_test_skip ("This entry is for x86_64 alone");
      return;
    }
  g_test_message ("%s", text);
  g_assert_true (json_node_equal (node, wanted_node));
}

static void
test_json_says_whether_it_fits_here (void)
{
  static const struct
  {
    const char *platforms, *architectures;
    bool compatible;
  } cases[] = {
    { "['linux']", "['any']", true },
    { "['macos']", "['any']", false },
    { "['any']", "['pdp11']", false },
    { "[]", "[]", false },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) object = parse_mutable (snake_case);
      g_autoptr (CatalogEntry) entry = NULL;
      g_autoptr (JsonObject) shown = NULL;

      set_json (object, "platforms", cases[i].platforms);
      set_json (object, "architectures", cases[i].architectures);
      entry = catalog_entry_from_json (object, NULL, NULL, unknown, NULL);
      g_assert_nonnull (entry);
      shown = catalog_entry_to_json (entry);
      g_assert_cmpint (json_object_get_boolean_member (shown, "compatible"), ==, cases[i].compatible);
    }
}

/* Its format is the snake_case one. */
static void
test_json_can_be_read_again (void)
{
  g_autoptr (CatalogEntry) entry = good_entry (camel_case, "cuda");
  g_autoptr (JsonObject) object = catalog_entry_to_json (entry);
  g_autoptr (GError) error = NULL;
  g_autoptr (CatalogEntry) again = catalog_entry_from_json (object, "worker", "cuda", unknown, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (again->binary_name, ==, "worker-cuda");
  g_assert_cmpint (again->max_context_length, ==, 4096);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  unknown = machine_new (NULL);
  g_test_add_func ("/catalog-entry/snake-case-is-read", test_snake_case_is_read);
  g_test_add_func ("/catalog-entry/camel-case-is-read", test_camel_case_is_read);
  g_test_add_func ("/catalog-entry/optional-keys-may-be-missing-or-null", test_optional_keys_may_be_missing_or_null);
  g_test_add_func ("/catalog-entry/missing-key-is-named", test_missing_key_is_named);
  g_test_add_func ("/catalog-entry/wrong-type-is-named", test_wrong_type_is_named);
  g_test_add_func ("/catalog-entry/bad-path-is-named", test_bad_path_is_named);
  g_test_add_func ("/catalog-entry/bad-path-in-camel-case-is-named", test_bad_path_in_camel_case_is_named);
  g_test_add_func ("/catalog-entry/line-breaks-in-names-are-refused", test_line_breaks_in_names_are_refused);
  g_test_add_func ("/catalog-entry/huge-strings-and-lists-are-refused", test_huge_strings_and_lists_are_refused);
  g_test_add_func ("/catalog-entry/backend/chooses-a-variant", test_backend_chooses_a_variant);
  g_test_add_func ("/catalog-entry/backend/of-snake-case-may-be-given", test_backend_of_snake_case_may_be_given);
  g_test_add_func ("/catalog-entry/backend/missing-one-names-those-that-are",
                   test_missing_backend_names_those_that_are);
  g_test_add_func ("/catalog-entry/backend/other-variants-may-be-incomplete", test_other_variants_may_be_incomplete);
  g_test_add_func ("/catalog-entry/wrong-id-is-refused", test_wrong_id_is_refused);
  g_test_add_func ("/catalog-entry/message-names-the-entry", test_message_names_the_entry);
  g_test_add_func ("/catalog-entry/binary-lies-in-the-folder-or-is-the-path",
                   test_binary_lies_in_the_folder_or_is_the_path);
  g_test_add_func ("/catalog-entry/place-fits-when-it-is-listed", test_place_fits_when_it_is_listed);
  g_test_add_func ("/catalog-entry/json/holds-the-chosen-variant", test_json_holds_the_chosen_variant);
  g_test_add_func ("/catalog-entry/json/says-whether-it-fits-here", test_json_says_whether_it_fits_here);
  g_test_add_func ("/catalog-entry/json/can-be-read-again", test_json_can_be_read_again);
  status = g_test_run ();
  machine_free (unknown);
  return status;
}
