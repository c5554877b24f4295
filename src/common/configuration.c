/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration.h"

#include "config.h"
#include "controls.h"
#include "error.h"
#include "key.h"
#include "mirror.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Builds, the bridge and hivectl read it, each as another user. */
#define DENIED_HINT ". Each user must be able to read the configuration: chmod a+rX "

#define MESSAGE_MAX 2000 /* bytes */

#define AT(member) G_STRUCT_OFFSET (Configuration, member)

/* Every key there is. hive.conf(5) and data/hive.conf say the same in prose. */
static const Key keys[] = {
  { "Hive", "StateDirectory", KEY_PATH, LOCALSTATEDIR "/lib/rbee-hive", AT (state_directory) },
  { "Hive", "CacheDirectory", KEY_PATH, LOCALSTATEDIR "/cache/rbee-hive", AT (cache_directory) },
  { "Hive", "LibexecDirectory", KEY_PATH, LIBEXECDIR, AT (libexec_directory) },
  { "Hive", "InstallRoot", KEY_PATH, "/", AT (install_root) },
  { "Hive", "InstallPrefixes", KEY_PATHS, "/usr/local;/opt", AT (install_prefixes) },
  { "Hive", "KeepVersions", KEY_NUMBER, "1", AT (keep_versions), 0, 100 },
  { "Hive", "IdleTimeout", KEY_NUMBER, "60", AT (idle_timeout), 0, 24 * 3600 },
  { "Install", "Allow", KEY_PATTERNS, "", AT (install_allow) },
  { "Catalog", "MaxQueriesPerUser", KEY_NUMBER, "8", AT (max_queries_per_user), 1, 1000 },
  { "Jobs", "MaxParallel", KEY_NUMBER, "2", AT (max_parallel), 1, 64 },
  { "Jobs", "MaxQueued", KEY_NUMBER, "100", AT (max_queued), 1, 100000 },
  { "Jobs", "MaxQueuedPerUser", KEY_NUMBER, "20", AT (max_queued_per_user), 1, 100000 },
  { "Jobs", "UserRange", KEY_UIDS, "61000-61183", AT (first_uid) },
  { "Jobs", "MemoryMax", KEY_MEMORY, "80%", AT (memory_max), 16 * 1024 * 1024, INT64_MAX },
  { "Jobs", "TasksMax", KEY_NUMBER, "4096", AT (tasks_max), 16, 1 << 22 },
  { "Jobs", "CPUWeight", KEY_NUMBER, "50", AT (cpu_weight), 1, 10000 },
  { "Jobs", "IOWeight", KEY_NUMBER, "50", AT (io_weight), 1, 10000 },
  { "Jobs", "Nice", KEY_NICE, "5", AT (nice) },
  { "Jobs", "RuntimeMax", KEY_NUMBER, "43200", AT (runtime_max), 1, 7 * 24 * 3600 },
  { "Jobs", "InhibitShutdown", KEY_DELAY, "delay", AT (inhibit_shutdown) },
  { "Log", "MaxLogSize", KEY_SIZE, "64M", AT (max_log_size), 64 * 1024, INT64_MAX },
  { "Log", "MaxOpenLogs", KEY_NUMBER, "256", AT (max_open_logs), 1, 100000 },
  { "Log", "LogAccess", KEY_ACCESS, "everybody", AT (owner_reads_log) },
  { "History", "MaxJobs", KEY_NUMBER, "1000", AT (history_max_jobs), 1, 100000 },
  { "History", "MaxAge", KEY_NUMBER, "365", AT (history_max_age), 0, 36500 },
  { "History", "MaxTotalSize", KEY_SIZE, "2G", AT (history_max_size), 64 * 1024, INT64_MAX },
  { "Build", "DependencyRules", KEY_PATH, PKGDATADIR "/dependencies.conf", AT (dependency_rules) },
  { "Build", "NetworkSteps", KEY_STEPS, "prepare;build", AT (network_steps) },
  { "Build", "MemoryPerCompiler", KEY_SIZE, "2G", AT (memory_per_compiler), 1024 * 1024, INT64_MAX },
  { "Build", "EvaluationTimeout", KEY_NUMBER, "30", AT (evaluation_timeout), 1, 3600 },
  { "Build", "StepTimeout", KEY_NUMBER, "7200", AT (step_timeout), 1, 7 * 24 * 3600 },
  { "Build", "DownloadTimeout", KEY_NUMBER, "3600", AT (download_timeout), 1, 7 * 24 * 3600 },
  { "Build", "MaxDownloadSize", KEY_SIZE, "20G", AT (max_download_size), 1, INT64_MAX },
  { "Build", "MaxSourceSize", KEY_SIZE, "40G", AT (max_source_size), 4096, INT64_MAX },
  { "Build", "MaxSourceFiles", KEY_NUMBER, "1000000", AT (max_source_files), 1, 100000000 },
  { "Build", "MaxTreeSize", KEY_SIZE, "20G", AT (max_tree_size), 1, INT64_MAX },
  { "Build", "MaxWorkSize", KEY_SIZE, "100G", AT (max_work_size), 65536, INT64_MAX },
  { "Build", "MaxWorkFiles", KEY_NUMBER, "5000000", AT (max_work_files), 100, 1000000000 },
  { "Build", "MaxCacheSize", KEY_SIZE, "20G", AT (max_cache_size), 0, INT64_MAX },
  { "Build", "MaxCacheFiles", KEY_NUMBER, "2000000", AT (max_cache_files), 0, 1000000000 },
  { "Build", "KeepFree", KEY_SIZE, "2G", AT (keep_free), 0, INT64_MAX },
  { "Recipe", "Environment", KEY_VARIABLES, "", AT (recipe_environment) },
  { "Network", "Allow", KEY_ADDRESSES, "", AT (network_allow) },
  { "Bridge", "Listen", KEY_LISTEN, "127.0.0.1:7835;[::1]:7835;/run/rbee-hive/http.sock", AT (listen) },
  { "Bridge", "PublicOrigin", KEY_ORIGIN, "", AT (public_origin) },
  { "Bridge", "AllowedHosts", KEY_HOSTS, "", AT (allowed_hosts) },
  { "Bridge", "AllowedOrigins", KEY_ORIGINS, "", AT (allowed_origins) },
  { "Bridge", "Authentication", KEY_AUTHENTICATION, "token", AT (trust_everybody) },
  { "Bridge", "KeyFile", KEY_PATH, LOCALSTATEDIR "/lib/rbee-hive-bridge/key", AT (key_file) },
  { "Bridge", "WebDirectory", KEY_PATH, PKGDATADIR "/web", AT (web_directory) },
  { "Bridge", "MaxConnections", KEY_NUMBER, "2048", AT (max_connections), 8, 100000 },
  { "Bridge", "MaxConnectionsPerAddress", KEY_NUMBER, "64", AT (max_connections_per_address), 1, 100000 },
  { "Bridge", "MaxStreams", KEY_NUMBER, "8192", AT (max_streams), 1, 100000 },
  { "Bridge", "MaxBodySize", KEY_SIZE, "64K", AT (max_body_size), 1024, 1 << 20 },
  { "Bridge", "RequestTimeout", KEY_NUMBER, "15", AT (request_timeout), 1, 3600 },
  { "Bridge", "IdleTimeout", KEY_NUMBER, "60", AT (bridge_idle_timeout), 0, 24 * 3600 },
};

void
configuration_free (Configuration *configuration)
{
  if (!configuration)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    key_clear (&keys[i], configuration);
  g_clear_pointer (&configuration->catalogs, g_ptr_array_unref);
  g_clear_pointer (&configuration->mirrors, g_ptr_array_unref);
  g_clear_pointer (&configuration->toolchains, g_ptr_array_unref);
  g_free (configuration->path);
  g_free (configuration);
}

static const Key *
key_find (const char *group, const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, group) && g_str_equal (keys[i].name, name))
      return &keys[i];
  return NULL;
}

/* What the files say: a key's text, and the sections that there may be several of. */
typedef struct
{
  GHashTable *values; /* Key → text */
  GHashTable *files;  /* "GROUP/KEY" of a key there may be one of, or a section's name → the file that said it last */
  GHashTable *catalogs; /* catalog_sections_new() */
  GKeyFile *sections;   /* the others, with all their keys */
} Texts;

static void
texts_clear (Texts *texts)
{
  g_hash_table_unref (texts->values);
  g_hash_table_unref (texts->files);
  g_hash_table_unref (texts->catalogs);
  g_key_file_unref (texts->sections);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Texts, texts_clear)

static char *
key_path (const Key *key)
{
  return g_strconcat (key->group, "/", key->name, NULL);
}

/* Adds one key, or complains that there is none such. */
static bool
texts_add (Texts *texts, GKeyFile *file, const char *group, const char *name, const char *path, GError **error)
{
  const Key *key = key_find (group, name);
  g_autofree char *text = g_key_file_get_value (file, group, name, NULL);

  g_hash_table_insert (texts->files, key ? key_path (key) : g_strdup (group), g_strdup (path));
  if (key)
    g_hash_table_insert (texts->values, (void *)key, g_steal_pointer (&text));
  else if ((g_str_has_prefix (group, TOOLCHAIN_SECTION) && toolchain_has_key (name)) ||
           (g_str_has_prefix (group, MIRROR_SECTION) && mirror_has_key (name)))
    g_key_file_set_value (texts->sections, group, name, text);
  else if (!catalog_sections_add (texts->catalogs, group, name, text))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s: there is no key %s= in [%s]%s", path, name,
                   group, g_str_has_prefix (group, "Catalog ") ? "; a catalog's name is of a-z, 0-9 and -" : "");
      return false;
    }
  return true;
}

/* Adds one file's keys, and complains about what no key is. */
static bool
configuration_read_file (Texts *texts, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) failure = NULL;
  g_auto (GStrv) groups = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &failure))
    {
      bool denied = g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_ACCES);

      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Can't read %s: %s%s%s", path, failure->message,
                   denied ? DENIED_HINT : "", denied ? path : "");
      return false;
    }

  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group; group++)
    {
      g_auto (GStrv) names = g_key_file_get_keys (file, *group, NULL, NULL);

      for (char **name = names; name && *name; name++)
        if (!texts_add (texts, file, *group, *name, path, error))
          return false;
    }

  return true;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static bool
configuration_read_folder (Texts *texts, const char *path, GError **error)
{
  g_autofree char *folder = g_strconcat (path, ".d", NULL);
  g_autoptr (GError) failure = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &failure);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_ACCES))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Can't read %s: %s" DENIED_HINT "%s", folder,
                   g_strerror (EACCES), folder);
      return false;
    }
  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".conf"))
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));

  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!configuration_read_file (texts, names->pdata[i], error))
      return false;

  return true;
}

/* The line of @path on which the key's last value stands; 0: nowhere. */
static unsigned
find_line (const char *path, const Key *key)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree char *header = g_strdup_printf ("[%s]", key->group);
  bool inside = false;
  unsigned found = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (unsigned i = 0; lines[i]; i++)
    {
      const char *line = g_strstrip (lines[i]);
      const char *rest = g_str_has_prefix (line, key->name) ? line + strlen (key->name) : "";

      if (*line == '[')
        inside = g_str_equal (line, header);
      else if (inside && rest[strspn (rest, " \t")] == '=')
        found = i + 1;
    }
  return found;
}

static void
set_no_value (const Texts *texts, const Key *key, const char *text, GError **error)
{
  g_autofree char *name = key_path (key);
  const char *path = g_hash_table_lookup (texts->files, name);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s:%u: \"%s\" is no value for %s= in [%s] (the default is %s)%s", path, find_line (path, key), text,
               key->name, key->group, key->fallback,
               key->kind == KEY_PATHS && strpbrk (text, ",:") ? ": between several folders stands a semicolon" : "");
}

static bool
configuration_read_sections (Configuration *configuration, const Texts *texts, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (texts->sections, NULL);

  configuration->toolchains = g_ptr_array_new_with_free_func ((GDestroyNotify)toolchain_free);
  configuration->mirrors = g_ptr_array_new_with_free_func ((GDestroyNotify)mirror_free);
  for (char **group = groups; *group; group++)
    {
      bool mirror = g_str_has_prefix (*group, MIRROR_SECTION);
      void *section = mirror ? (void *)mirror_read (texts->sections, *group, error) :
                               (void *)toolchain_read (texts->sections, *group, error);

      if (!section)
        {
          g_prefix_error (error, "%s: ", (char *)g_hash_table_lookup (texts->files, *group));
          return false;
        }
      g_ptr_array_add (mirror ? configuration->mirrors : configuration->toolchains, section);
    }
  return true;
}

static Configuration *
configuration_read (const char *path, GError **error)
{
  g_autoptr (Configuration) configuration = g_new0 (Configuration, 1);
  g_auto (Texts) texts = { g_hash_table_new_full (NULL, NULL, NULL, g_free),
                           g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free), catalog_sections_new (),
                           g_key_file_new () };
  bool must_exist = path != NULL;

  configuration->path = path ? g_canonicalize_filename (path, NULL) : NULL;
  path = configuration->path ? configuration->path : SYSCONFDIR "/rbee-hive/hive.conf";

  if ((must_exist || access (path, F_OK) == 0 || errno == EACCES) && !configuration_read_file (&texts, path, error))
    return NULL;
  if (!configuration_read_folder (&texts, path, error))
    return NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *text = g_hash_table_lookup (texts.values, &keys[i]);

      if (!key_set (&keys[i], configuration, text ? text : keys[i].fallback))
        {
          set_no_value (&texts, &keys[i], text, error);
          return NULL;
        }
    }

  configuration->catalogs = catalog_sections_read (texts.catalogs, path, error);
  if (!configuration->catalogs || !configuration_read_sections (configuration, &texts, error))
    return NULL;
  return g_steal_pointer (&configuration);
}

/* What a file says comes into messages, and may be anything of any length. */
Configuration *
configuration_load (const char *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  Configuration *configuration = configuration_read (path, &failure);
  g_autofree char *visible = failure ? controls_visible (failure->message) : NULL;
  g_autofree char *text = visible ? g_utf8_make_valid (visible, MIN (strlen (visible), MESSAGE_MAX)) : NULL;

  if (failure)
    g_set_error (error, failure->domain, failure->code, "%s%s", g_strdelimit (text, "\n\t", ' '),
                 strlen (visible) > MESSAGE_MAX ? "…" : "");
  return configuration;
}

const CatalogConfiguration *
configuration_catalog (const Configuration *configuration, const char *name, GError **error)
{
  for (guint i = 0; i < configuration->catalogs->len; i++)
    {
      const CatalogConfiguration *catalog = configuration->catalogs->pdata[i];

      if (g_str_equal (catalog->name, name))
        return catalog;
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "There is no catalog \"%s\": hive.conf has no section [Catalog %s]", name, name);
  return NULL;
}

char *
configuration_installed_path (const Configuration *configuration, const char *path)
{
  return g_str_equal (configuration->install_root, "/") ? g_strdup (path) :
                                                          g_strconcat (configuration->install_root, path, NULL);
}

static char *
build_path (const char *base, const char *first, va_list *arguments)
{
  g_autofree char *rest = g_build_filename_valist (first, arguments);

  return g_build_filename (base, rest, NULL);
}

char *
configuration_state_path (const Configuration *configuration, const char *first, ...)
{
  va_list arguments;
  char *path;

  va_start (arguments, first);
  path = build_path (configuration->state_directory, first, &arguments);
  va_end (arguments);
  return path;
}

char *
configuration_cache_path (const Configuration *configuration, const char *first, ...)
{
  va_list arguments;
  char *path;

  va_start (arguments, first);
  path = build_path (configuration->cache_directory, first, &arguments);
  va_end (arguments);
  return path;
}
