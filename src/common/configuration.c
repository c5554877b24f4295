/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration.h"

#include <string.h>

#include "config.h"
#include "controls.h"
#include "error.h"
#include "key.h"
#include "mirror.h"

#define MESSAGE_MAX 2000 /* bytes */

const char configuration_default[] = SYSCONFDIR "/rbee-hive/hive.conf";

/* A range of users is read into the one and the other. */
G_STATIC_ASSERT (G_STRUCT_OFFSET (Configuration, last_uid) ==
                 G_STRUCT_OFFSET (Configuration, first_uid) + sizeof (uid_t));

#define AT(member) G_STRUCT_OFFSET (Configuration, member)

/* Every key there is. hive.conf(5) and data/hive.conf say the same in prose. */
static const Key configuration_keys[] = {
  { "Hive", "StateDirectory", KEY_PATH, LOCALSTATEDIR "/lib/rbee-hive", AT (state_directory) },
  { "Hive", "CacheDirectory", KEY_PATH, LOCALSTATEDIR "/cache/rbee-hive", AT (cache_directory) },
  { "Hive", "LibexecDirectory", KEY_PATH, LIBEXECDIR, AT (libexec_directory) },
  { "Hive", "InstallRoot", KEY_PATH, "/", AT (install_root) },
  { "Hive", "InstallPrefixes", KEY_PATHS, "/usr/local;/opt", AT (install_prefixes) },
  { "Hive", "KeepVersions", KEY_NUMBER, "1", AT (keep_versions), 0, 100 },
  { "Hive", "IdleTimeout", KEY_SECONDS, "60", AT (idle_timeout), 0, 24 * 3600 },
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
  { "Jobs", "RuntimeMax", KEY_PATIENCE, "43200", AT (runtime_max), 1, 7 * 24 * 3600 },
  { "Jobs", "InhibitShutdown", KEY_DELAY, "delay", AT (inhibit_shutdown) },
  { "Log", "MaxLogSize", KEY_SIZE, "64M", AT (max_log_size), 64 * 1024, INT64_MAX },
  { "Log", "MaxOpenLogs", KEY_NUMBER, "256", AT (max_open_logs), 1, 100000 },
  { "Log", "LogAccess", KEY_ACCESS, "everybody", AT (owner_reads_log) },
  { "History", "MaxJobs", KEY_NUMBER, "1000", AT (history_max_jobs), 1, 100000 },
  { "History", "MaxAge", KEY_DAYS, "365", AT (history_max_age), 0, 36500 },
  { "History", "MaxTotalSize", KEY_SIZE, "2G", AT (history_max_size), 64 * 1024, INT64_MAX },
  { "Build", "DependencyRules", KEY_PATH, PKGDATADIR "/dependencies.conf", AT (dependency_rules) },
  { "Build", "CPU", KEY_CPU, "native", AT (cpu) },
  { "Build", "NetworkSteps", KEY_STEPS, "prepare;build", AT (network_steps) },
  { "Build", "MemoryPerCompiler", KEY_SIZE, "2G", AT (memory_per_compiler), 1024 * 1024, INT64_MAX },
  { "Build", "EvaluationTimeout", KEY_SECONDS, "30", AT (evaluation_timeout), 1, 3600 },
  { "Build", "StepTimeout", KEY_PATIENCE, "7200", AT (step_timeout), 1, 7 * 24 * 3600 },
  { "Build", "DownloadTimeout", KEY_PATIENCE, "3600", AT (download_timeout), 1, 7 * 24 * 3600 },
  { "Build", "MaxDownloadSize", KEY_SIZE, "20G", AT (max_download_size), 1, INT64_MAX },
  { "Build", "MaxSourceSize", KEY_SIZE, "40G", AT (max_source_size), 4096, INT64_MAX },
  { "Build", "MaxSourceFiles", KEY_NUMBER, "1000000", AT (max_source_files), 1, 100000000 },
  { "Build", "MaxTreeSize", KEY_SIZE, "20G", AT (max_tree_size), 1, INT64_MAX },
  { "Build", "MaxWorkSize", KEY_SIZE, "100G", AT (max_work_size), 65536, INT64_MAX },
  { "Build", "MaxWorkFiles", KEY_NUMBER, "5000000", AT (max_work_files), 100, 1000000000 },
  { "Build", "MaxCacheSize", KEY_SIZE, "20G", AT (max_cache_size), 0, INT64_MAX },
  { "Build", "MaxCacheFiles", KEY_NUMBER, "2000000", AT (max_cache_files), 0, 1000000000 },
  { "Build", "KeepFree", KEY_SIZE, "2G", AT (keep_free), 0, INT64_MAX },
  { "Run", "Rules", KEY_PATH, PKGDATADIR "/run.conf", AT (run_rules) },
  { "Push", "SigningKey", KEY_CREDENTIAL, "", AT (signing_key) },
  { "Recipe", "Environment", KEY_VARIABLES, "", AT (recipe_environment) },
  { "Models", "Folders", KEY_FOLDERS, "", AT (model_folders) },
  { "Models", "HubURL", KEY_URL, "https://huggingface.co", AT (hub_url) },
  { "Models", "TokenCredential", KEY_CREDENTIAL, "", AT (hub_token) },
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
  { "Bridge", "RequestTimeout", KEY_SECONDS, "15", AT (request_timeout), 1, 3600 },
  { "Bridge", "IdleTimeout", KEY_SECONDS, "60", AT (bridge_idle_timeout), 0, 24 * 3600 },
};

void
configuration_free (Configuration *configuration)
{
  if (!configuration)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (configuration_keys); i++)
    key_clear (&configuration_keys[i], configuration);
  g_clear_pointer (&configuration->catalogs, g_ptr_array_unref);
  g_clear_pointer (&configuration->mirrors, g_ptr_array_unref);
  g_clear_pointer (&configuration->toolchains, g_ptr_array_unref);
  g_clear_pointer (&configuration->stores, g_ptr_array_unref);
  g_clear_pointer (&configuration->trusted_keys, g_ptr_array_unref);
  g_clear_pointer (&configuration->said, configuration_text_free);
  g_free (configuration->path);
  g_free (configuration);
}

static const Key *
key_find (const char *group, const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (configuration_keys); i++)
    if (g_str_equal (configuration_keys[i].group, group) && g_str_equal (configuration_keys[i].name, name))
      return &configuration_keys[i];
  return NULL;
}

/* What somebody may have meant: a section's name that is missing or wrong, or a key of another section, or in other
 * letters. */
static char *
guess_meaning (const TextEntry *entry)
{
  if (g_str_has_prefix (entry->section, "Catalog "))
    return g_strdup ("; a catalog's name is of a-z, 0-9 and -");
  if (g_str_equal (entry->section, "Toolchain") || g_str_equal (entry->section, "Mirror") ||
      g_str_equal (entry->section, "Store") || g_str_equal (entry->section, "Key"))
    return g_strdup_printf ("; write [%s NAME], a name of letters, digits, dots, dashes, + and _", entry->section);
  for (size_t i = 0; i < G_N_ELEMENTS (configuration_keys); i++)
    if (g_ascii_strcasecmp (configuration_keys[i].name, entry->key) == 0)
      return g_strdup_printf ("; there is %s= in [%s]", configuration_keys[i].name, configuration_keys[i].group);
  return g_strdup ("");
}

static bool
entry_is_known (const TextEntry *entry)
{
  return key_find (entry->section, entry->key) || catalog_key_find (entry->section, entry->key) ||
         store_key_find (entry->section, entry->key) ||
         (g_str_has_prefix (entry->section, TOOLCHAIN_SECTION) && toolchain_has_key (entry->key)) ||
         (g_str_has_prefix (entry->section, MIRROR_SECTION) && mirror_has_key (entry->key));
}

/* Complains about what no key is. */
static bool
configuration_check_keys (const ConfigurationText *said, GError **error)
{
  GPtrArray *entries = configuration_text_entries (said);

  for (guint i = 0; i < entries->len; i++)
    {
      const TextEntry *entry = entries->pdata[i];
      g_autofree char *hint = NULL;

      if (entry_is_known (entry))
        continue;
      hint = guess_meaning (entry);
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s:%u: there is no key %s= in [%s]%s", entry->file,
                   entry->line, entry->key, entry->section, hint);
      return false;
    }
  return true;
}

static bool
configuration_read_sections (Configuration *configuration, const ConfigurationText *said, GError **error)
{
  g_auto (GStrv) toolchains = configuration_text_sections (said, TOOLCHAIN_SECTION);
  g_auto (GStrv) mirrors = configuration_text_sections (said, MIRROR_SECTION);

  configuration->toolchains = g_ptr_array_new_with_free_func ((GDestroyNotify)toolchain_free);
  configuration->mirrors = g_ptr_array_new_with_free_func ((GDestroyNotify)mirror_free);
  for (char **group = toolchains; *group; group++)
    {
      Toolchain *toolchain = toolchain_read (said, *group, error);

      if (!toolchain)
        return false;
      g_ptr_array_add (configuration->toolchains, toolchain);
    }
  for (char **group = mirrors; *group; group++)
    {
      Mirror *mirror = mirror_read (said, *group, error);

      if (!mirror)
        return false;
      g_ptr_array_add (configuration->mirrors, mirror);
    }
  return true;
}

const char *
configuration_file (const Configuration *configuration)
{
  return configuration->path ? configuration->path : configuration_default;
}

static Configuration *
configuration_read (const char *path, GError **error)
{
  g_autoptr (Configuration) configuration = g_new0 (Configuration, 1);
  bool must_exist = path != NULL;

  configuration->path = path ? g_canonicalize_filename (path, NULL) : NULL;
  configuration->said = configuration_text_read (configuration_file (configuration), must_exist, error);
  if (!configuration->said || !configuration_check_keys (configuration->said, error))
    return NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (configuration_keys); i++)
    {
      const char *text =
          configuration_text_get (configuration->said, configuration_keys[i].group, configuration_keys[i].name);

      if (!key_set (&configuration_keys[i], configuration, text ? text : configuration_keys[i].fallback))
        {
          key_set_no_value (&configuration_keys[i], configuration->said, configuration_keys[i].group,
                            configuration_keys[i].fallback, error);
          return NULL;
        }
    }

  configuration->catalogs = catalogs_read (configuration->said, error);
  configuration->stores = configuration->catalogs ? stores_read (configuration->said, error) : NULL;
  configuration->trusted_keys = configuration->stores ? trusted_keys_read (configuration->said, error) : NULL;
  if (!configuration->catalogs || !configuration->trusted_keys ||
      !configuration_read_sections (configuration, configuration->said, error))
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

static void
settings_add (GArray *settings, const ConfigurationText *said, const char *section, const char *key,
              const char *fallback)
{
  const TextEntry *entry = configuration_text_find (said, section, key);
  Setting setting = { .section = section, .key = key, .value = fallback, .fallback = fallback };

  if (entry)
    {
      setting.value = entry->value;
      setting.file = entry->file;
      setting.line = entry->line;
    }
  if (setting.value)
    g_array_append_val (settings, setting);
}

static void
settings_add_catalog (GArray *settings, const ConfigurationText *said, const char *section)
{
  size_t count;
  const Key *each = catalog_keys (&count);

  for (size_t i = 0; i < count; i++)
    settings_add (settings, said, section, each[i].name,
                  i > 0 || g_str_equal (section, "Catalog") ? each[i].fallback : NULL);
}

/* [Catalog NAME], [Toolchain NAME] and [Mirror NAME], as they come: what they have no word for is not listed. */
static void
settings_add_others (GArray *settings, const ConfigurationText *said)
{
  g_auto (GStrv) sections = configuration_text_sections (said, "");
  GPtrArray *entries = configuration_text_entries (said);

  for (char **section = sections; *section; section++)
    for (guint i = 0; strchr (*section, ' ') && i < entries->len; i++)
      {
        const TextEntry *entry = entries->pdata[i];

        if (!g_str_equal (entry->section, *section))
          continue;
        if (g_str_has_prefix (*section, "Catalog "))
          {
            settings_add_catalog (settings, said, entry->section);
            break;
          }
        settings_add (settings, said, entry->section, entry->key, NULL);
      }
}

GArray *
configuration_settings (const Configuration *configuration)
{
  GArray *settings = g_array_new (FALSE, FALSE, sizeof (Setting));
  bool catalog = false;

  for (size_t i = 0; i < G_N_ELEMENTS (configuration_keys); i++)
    {
      if (!catalog && g_str_equal (configuration_keys[i].group, "Catalog"))
        {
          settings_add_catalog (settings, configuration->said, "Catalog");
          catalog = true;
        }
      settings_add (settings, configuration->said, configuration_keys[i].group, configuration_keys[i].name,
                    configuration_keys[i].fallback);
    }
  settings_add_others (settings, configuration->said);
  return settings;
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
