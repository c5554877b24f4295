/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration.h"

#include "config.h"
#include "error.h"
#include "size.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

typedef enum
{
  KEY_PATH,  /* absolute, without a trailing slash */
  KEY_PATHS, /* absolute ones, `;` between them */
  KEY_URL,   /* file, http or https */
  KEY_SIZE,
  KEY_NUMBER,
  KEY_STEPS,
  KEY_UIDS,
  KEY_ACCESS, /* everybody, or owner: true */
  KEY_MEMORY, /* a size, or a percentage of this machine's memory */
  KEY_NICE,
  KEY_DELAY, /* no, or delay: true */
  KEY_LISTEN,
  KEY_ORIGIN,
  KEY_ORIGINS,
  KEY_HOSTS,
  KEY_AUTHENTICATION, /* token, or none: true */
} KeyKind;

typedef struct
{
  const char *group;
  const char *name;
  KeyKind kind;
  const char *fallback;
  size_t offset; /* of the value in Configuration */
  uint64_t min, max;
} Key;

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
  { "Catalog", "URL", KEY_URL, "file://" PKGDATADIR "/catalog", AT (catalog_url) },
  { "Catalog", "Timeout", KEY_NUMBER, "30", AT (catalog_timeout), 1, 3600 },
  { "Catalog", "MaxSize", KEY_SIZE, "4M", AT (catalog_max_size), 1024, 1 << 30 },
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
  { "Build", "NetworkSteps", KEY_STEPS, "prepare", AT (network_steps) },
  { "Build", "EvaluationTimeout", KEY_NUMBER, "10", AT (evaluation_timeout), 1, 3600 },
  { "Build", "StepTimeout", KEY_NUMBER, "7200", AT (step_timeout), 1, 7 * 24 * 3600 },
  { "Build", "DownloadTimeout", KEY_NUMBER, "3600", AT (download_timeout), 1, 7 * 24 * 3600 },
  { "Build", "MaxDownloadSize", KEY_SIZE, "20G", AT (max_download_size), 1, INT64_MAX },
  { "Build", "MaxSourceSize", KEY_SIZE, "40G", AT (max_source_size), 4096, INT64_MAX },
  { "Build", "MaxSourceFiles", KEY_NUMBER, "1000000", AT (max_source_files), 1, 100000000 },
  { "Build", "MaxTreeSize", KEY_SIZE, "20G", AT (max_tree_size), 1, INT64_MAX },
  { "Build", "MaxCacheSize", KEY_SIZE, "20G", AT (max_cache_size), 0, INT64_MAX },
  { "Bridge", "Listen", KEY_LISTEN, "127.0.0.1:7835;[::1]:7835;/run/rbee-hive/http.sock", AT (listen) },
  { "Bridge", "PublicOrigin", KEY_ORIGIN, "", AT (public_origin) },
  { "Bridge", "AllowedHosts", KEY_HOSTS, "", AT (allowed_hosts) },
  { "Bridge", "AllowedOrigins", KEY_ORIGINS, "", AT (allowed_origins) },
  { "Bridge", "Authentication", KEY_AUTHENTICATION, "token", AT (trust_everybody) },
  { "Bridge", "KeyFile", KEY_PATH, LOCALSTATEDIR "/lib/rbee-hive-bridge/key", AT (key_file) },
  { "Bridge", "WebDirectory", KEY_PATH, PKGDATADIR "/web", AT (web_directory) },
  { "Bridge", "MaxConnections", KEY_NUMBER, "512", AT (max_connections), 8, 100000 },
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
    {
      void *value = G_STRUCT_MEMBER_P (configuration, keys[i].offset);

      switch (keys[i].kind)
        {
        case KEY_PATH:
        case KEY_URL:
        case KEY_ORIGIN:
          g_free (*(char **)value);
          break;
        case KEY_PATHS:
        case KEY_STEPS:
        case KEY_LISTEN:
        case KEY_ORIGINS:
        case KEY_HOSTS:
          g_strfreev (*(char ***)value);
          break;
        default:
          break;
        }
    }
  g_clear_pointer (&configuration->toolchains, g_ptr_array_unref);
  g_free (configuration->path);
  g_free (configuration);
}

/* Absolute and without "." or "..": paths are compared and joined as text. */
static char *
read_path (const char *text)
{
  g_autofree char *path = g_canonicalize_filename (text, "/");

  return g_path_is_absolute (text) && !strstr (text, "/../") && !g_str_has_suffix (text, "/..") ?
             g_steal_pointer (&path) :
             NULL;
}

static char **
read_paths (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  bool any = false;

  for (char **part = parts; *part; part++)
    {
      g_autofree char *path = NULL;

      if (!*g_strstrip (*part) && part > parts)
        continue; /* a list may end in its separator */
      path = read_path (*part);
      if (!path || g_str_equal (path, "/"))
        return NULL;
      g_strv_builder_add (paths, path);
      any = true;
    }

  return any ? g_strv_builder_end (paths) : NULL;
}

static char **
read_steps (const char *text)
{
  static const char *const steps[] = { "prepare", "build", "check", NULL };
  g_auto (GStrv) parts = g_strsplit_set (text, "; ", -1);
  g_autoptr (GStrvBuilder) chosen = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    if (**part && !g_strv_contains (steps, *part))
      return NULL;
    else if (**part)
      g_strv_builder_add (chosen, *part);

  return g_strv_builder_end (chosen);
}

static char *
read_url (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);
  static const char *const schemes[] = { "file", "http", "https", NULL };
  size_t length = strlen (text);

  if (!scheme || !g_strv_contains (schemes, scheme) || !g_uri_is_valid (text, G_URI_FLAGS_NONE, NULL))
    return NULL;
  while (length > 0 && text[length - 1] == '/')
    length--;
  return g_strndup (text, length);
}

static bool
read_uids (const char *text, uid_t *range)
{
  unsigned first, last;
  char rest;

  if (sscanf (text, "%u-%u%c", &first, &last, &rest) != 2 || first < 1000 || last < first)
    return false;
  range[0] = first;
  range[1] = last;
  return true;
}

/* "80%" of the memory that is there, or a size. */
static bool
read_memory (const char *text, uint64_t *ret_size)
{
  uint64_t all = (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
  g_autofree char *digits = NULL;
  guint64 percent;

  if (!g_str_has_suffix (text, "%"))
    return size_from_string (text, ret_size);
  digits = g_strndup (text, strlen (text) - 1);
  if (!g_ascii_string_to_unsigned (digits, 10, 1, 100, &percent, NULL))
    return false;
  *ret_size = all / 100 * percent;
  return true;
}

static bool
read_nice (const char *text, int *ret_nice)
{
  gint64 value;

  if (!g_ascii_string_to_signed (text, 10, -20, 19, &value, NULL))
    return false;
  *ret_nice = (int)value;
  return true;
}

G_STATIC_ASSERT (AT (last_uid) == AT (first_uid) + sizeof (uid_t));

/* "https://hive.example:8443": a scheme and an authority, as a browser's Origin has them. */
static char *
read_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  g_autofree char *origin = g_ascii_strdown (text, -1);
  const char *scheme = uri ? g_uri_get_scheme (uri) : "";

  if ((!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) || !g_uri_get_host (uri) ||
      !*g_uri_get_host (uri) || *g_uri_get_path (uri) || g_uri_get_query (uri) || g_uri_get_fragment (uri) ||
      g_uri_get_userinfo (uri))
    return NULL;
  return g_steal_pointer (&origin);
}

/* A name without its port: "hive.example", "192.168.1.5", "[fe80::1]". */
static char *
read_host (const char *text)
{
  g_autofree char *origin = g_strconcat ("http://", text, NULL);
  g_autofree char *valid = read_origin (origin);
  g_autoptr (GUri) uri = valid ? g_uri_parse (valid, G_URI_FLAGS_NONE, NULL) : NULL;

  return uri && g_uri_get_port (uri) < 0 ? g_ascii_strdown (text, -1) : NULL;
}

/* "127.0.0.1:7835", "[::1]:7835", "/run/rbee-hive/http.sock": numbers alone, since nothing here may ask a name server.
 */
static char *
read_listen (const char *text)
{
  g_autofree char *url = g_strconcat ("http://", text, NULL);
  g_autoptr (GUri) uri = NULL;

  if (*text == '/')
    return strlen (text) < sizeof ((struct sockaddr_un *)NULL)->sun_path ? read_path (text) : NULL;
  uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  if (!uri || g_uri_get_port (uri) < 0 || *g_uri_get_path (uri) || !g_hostname_is_ip_address (g_uri_get_host (uri)))
    return NULL;
  return g_strdup (text);
}

/* A list by `;` of what @read_one takes; NULL when one of them is nothing. */
static char **
read_list (const char *text, char *(*read_one) (const char *text))
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *value = *g_strstrip (*part) ? read_one (*part) : NULL;

      if (**part && !value)
        return NULL;
      if (value)
        g_strv_builder_add (list, value);
    }
  return g_strv_builder_end (list);
}

static bool
configuration_set (Configuration *configuration, const Key *key, const char *text)
{
  void *value = G_STRUCT_MEMBER_P (configuration, key->offset);
  guint64 number;

  switch (key->kind)
    {
    case KEY_PATH:
      return (*(char **)value = read_path (text)) != NULL;
    case KEY_PATHS:
      return (*(char ***)value = read_paths (text)) != NULL;
    case KEY_URL:
      return (*(char **)value = read_url (text)) != NULL;
    case KEY_STEPS:
      return (*(char ***)value = read_steps (text)) != NULL;
    case KEY_UIDS:
      return read_uids (text, value);
    case KEY_ACCESS:
      *(bool *)value = g_str_equal (text, "owner");
      return *(bool *)value || g_str_equal (text, "everybody");
    case KEY_NICE:
      return read_nice (text, value);
    case KEY_DELAY:
      *(bool *)value = g_str_equal (text, "delay");
      return *(bool *)value || g_str_equal (text, "no");
    case KEY_MEMORY:
      return read_memory (text, value) && *(uint64_t *)value >= key->min && *(uint64_t *)value <= key->max;
    case KEY_LISTEN:
      return (*(char ***)value = read_list (text, read_listen)) != NULL;
    case KEY_ORIGIN:
      return !*text || (*(char **)value = read_origin (text)) != NULL;
    case KEY_ORIGINS:
      return (*(char ***)value = read_list (text, read_origin)) != NULL;
    case KEY_HOSTS:
      return (*(char ***)value = read_list (text, read_host)) != NULL;
    case KEY_AUTHENTICATION:
      *(bool *)value = g_str_equal (text, "none");
      return *(bool *)value || g_str_equal (text, "token");
    case KEY_SIZE:
      return size_from_string (text, value) && *(uint64_t *)value >= key->min && *(uint64_t *)value <= key->max;
    case KEY_NUMBER:
      if (!g_ascii_string_to_unsigned (text, 10, key->min, key->max, &number, NULL))
        return false;
      *(unsigned *)value = number;
      return true;
    default:
      g_assert_not_reached ();
    }
}

static const Key *
key_find (const char *group, const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, group) && g_str_equal (keys[i].name, name))
      return &keys[i];
  return NULL;
}

/* What the files say: a key's text, and the sections that there may be several of, with all their keys. */
typedef struct
{
  GHashTable *values; /* Key → text */
  GKeyFile *sections;
} Texts;

/* Adds one key, or complains that there is none such. */
static bool
texts_add (Texts *texts, GKeyFile *file, const char *group, const char *name, const char *path, GError **error)
{
  const Key *key = key_find (group, name);
  g_autofree char *text = g_key_file_get_value (file, group, name, NULL);

  if (!key && !(g_str_has_prefix (group, TOOLCHAIN_SECTION) && toolchain_has_key (name)))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s: there is no key %s= in [%s]", path, name,
                   group);
      return false;
    }
  if (key)
    g_hash_table_insert (texts->values, (void *)key, g_steal_pointer (&text));
  else
    g_key_file_set_value (texts->sections, group, name, text);
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
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Can't read %s: %s", path, failure->message);
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
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".conf"))
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));

  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!configuration_read_file (texts, names->pdata[i], error))
      return false;

  return true;
}

static bool
configuration_read_toolchains (Configuration *configuration, GKeyFile *sections, const char *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (sections, NULL);

  configuration->toolchains = g_ptr_array_new_with_free_func ((GDestroyNotify)toolchain_free);
  for (char **group = groups; *group; group++)
    {
      Toolchain *toolchain = toolchain_read (sections, *group, error);

      if (!toolchain)
        {
          g_prefix_error (error, "%s: ", path);
          return false;
        }
      g_ptr_array_add (configuration->toolchains, toolchain);
    }
  return true;
}

Configuration *
configuration_load (const char *path, GError **error)
{
  g_autoptr (Configuration) configuration = g_new0 (Configuration, 1);
  g_autoptr (GHashTable) values = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_autoptr (GKeyFile) sections = g_key_file_new ();
  Texts texts = { values, sections };
  bool must_exist = path != NULL;

  configuration->path = path ? g_canonicalize_filename (path, NULL) : NULL;
  path = configuration->path ? configuration->path : SYSCONFDIR "/rbee-hive/hive.conf";

  if ((must_exist || g_file_test (path, G_FILE_TEST_EXISTS)) && !configuration_read_file (&texts, path, error))
    return NULL;
  if (!configuration_read_folder (&texts, path, error))
    return NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *text = g_hash_table_lookup (values, &keys[i]);

      if (!configuration_set (configuration, &keys[i], text ? text : keys[i].fallback))
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                       "%s: \"%s\" is no value for %s= in [%s] (the default is %s)", path, text, keys[i].name,
                       keys[i].group, keys[i].fallback);
          return NULL;
        }
    }

  if (!configuration_read_toolchains (configuration, sections, path, error))
    return NULL;
  return g_steal_pointer (&configuration);
}

bool
configuration_step_has_network (const Configuration *configuration, const char *step)
{
  return g_strv_contains ((const char *const *)configuration->network_steps, step);
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
