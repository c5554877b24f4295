/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "configuration.h"
#include "error.h"
#include "size.h"
#include "time-span.h"
#include "worker-id.h"

typedef struct
{
  char *folder;
  char *path;
  char *drop_in;
} Files;

static void
files_set_up (Files *files, gconstpointer data)
{
  g_autofree char *drop_ins = NULL;

  files->folder = g_dir_make_tmp ("configuration-XXXXXX", NULL);
  files->path = g_build_filename (files->folder, "hive.conf", NULL);
  drop_ins = g_strconcat (files->path, ".d", NULL);
  g_assert_cmpint (g_mkdir (drop_ins, 0755), ==, 0);
  files->drop_in = g_build_filename (drop_ins, "50-test.conf", NULL);
}

static void
files_tear_down (Files *files, gconstpointer data)
{
  g_autofree char *drop_ins = g_path_get_dirname (files->drop_in);

  unlink (files->drop_in);
  unlink (files->path);
  rmdir (drop_ins);
  rmdir (files->folder);
  g_free (files->folder);
  g_free (files->path);
  g_free (files->drop_in);
}

static void
write_file (const char *path, const char *text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_defaults (Files *files, gconstpointer data)
{
  g_autoptr (Configuration) configuration = NULL;

  write_file (files->path, "");
  configuration = configuration_load (files->path, NULL);
  g_assert_nonnull (configuration);
  g_assert_cmpstr (configuration->install_root, ==, "/");
  g_assert_cmpuint (configuration->max_parallel, ==, 2);
  g_assert_cmpuint (configuration->max_log_size, ==, 64 << 20);
  g_assert_cmpuint (configuration->max_queued_per_user, ==, 20);
  g_assert_cmpuint (configuration->max_queries_per_user, ==, 8);
  g_assert_cmpuint (configuration->max_open_logs, ==, 256);
  g_assert_cmpuint (configuration->history_max_jobs, ==, 1000);
  g_assert_cmpuint (configuration->history_max_age, ==, 365);
  g_assert_cmpuint (configuration->history_max_size, ==, 2ULL << 30);
  g_assert_cmpstrv (configuration->network_steps, ((const char *const[]){ "prepare", "build", NULL }));
}

static void
test_drop_in_wins (Files *files, gconstpointer data)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autofree char *installed = NULL;

  write_file (files->path, "[Jobs]\nMaxParallel=3\nMaxQueued=7\n[Hive]\nInstallRoot=/scratch/\n");
  write_file (files->drop_in, "[Jobs]\nMaxParallel=5\n[Build]\nNetworkSteps=\n");
  configuration = configuration_load (files->path, NULL);
  g_assert_nonnull (configuration);
  g_assert_cmpuint (configuration->max_parallel, ==, 5);
  g_assert_cmpuint (configuration->max_queued, ==, 7);
  g_assert_cmpuint (g_strv_length (configuration->network_steps), ==, 0);
  installed = configuration_installed_path (configuration, "/usr/local/bin/x");
  g_assert_cmpstr (installed, ==, "/scratch/usr/local/bin/x");
}

static void
test_toolchains_have_sections_of_their_own (Files *files, gconstpointer data)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autofree char *search_path = NULL;
  const Toolchain *toolchain;

  write_file (files->path,
              "[Toolchain go]\nPath=/usr/local/go/\nBin=/usr/local/go/bin\n[Toolchain rust]\nPath=/a/b;/c d\n");
  write_file (files->drop_in, "[Toolchain rust]\nBin=/c d/bin; /a/b "
                              ";\nEnvironment=RUSTUP_HOME=/a/b;X=a=b\nOwner=any\n[Toolchain go]\nOwner=root\n");
  configuration = configuration_load (files->path, NULL);
  g_assert_nonnull (configuration);
  g_assert_cmpuint (configuration->toolchains->len, ==, 2);
  toolchain = configuration->toolchains->pdata[0];
  g_assert_cmpstr (toolchain->name, ==, "go");
  g_assert_cmpstr (toolchain->paths[0], ==, "/usr/local/go");
  g_assert_false (toolchain->any_owner);
  toolchain = configuration->toolchains->pdata[1];
  g_assert_cmpstr (toolchain->paths[1], ==, "/c d");
  g_assert_cmpstr (toolchain->environment[1], ==, "X=a=b");
  g_assert_true (toolchain->any_owner);
  search_path = toolchains_search_path (configuration->toolchains, "/usr/bin");
  g_assert_cmpstr (search_path, ==, "/usr/local/go/bin:/c d/bin:/a/b:/usr/bin");
}

static void
test_bad_value_names_its_key (Files *files, gconstpointer data)
{
  static const struct
  {
    const char *text, *key;
  } cases[] = {
    { "[Jobs]\nMaxParallel=0\n", "MaxParallel" },
    { "[Jobs]\nMaxParalel=2\n", "MaxParalel" },
    { "[Log]\nMaxLogSize=lots\n", "MaxLogSize" },
    { "[Log]\nLogAccess=nobody\n", "LogAccess" },
    { "[Log]\nMaxOpenLogs=0\n", "MaxOpenLogs" },
    { "[Jobs]\nMaxQueuedPerUser=0\n", "MaxQueuedPerUser" },
    { "[Catalog]\nMaxQueriesPerUser=many\n", "MaxQueriesPerUser" },
    { "[History]\nMaxJobs=0\n", "MaxJobs" },
    { "[History]\nMaxAge=36501\n", "MaxAge" },
    { "[History]\nMaxTotalSize=1K\n", "MaxTotalSize" },
    { "[History]\nMaxLogs=1\n", "MaxLogs" },
    { "[Hive]\nStateDirectory=relative\n", "StateDirectory" },
    { "[Hive]\nInstallRoot=/a/../b\n", "InstallRoot" },
    { "[Hive]\nInstallPrefixes=/\n", "InstallPrefixes" },
    { "[Catalog]\nURL=ftp://x\n", "URL" },
    { "[Catalog]\nPriority=0\n", "Priority" },
    { "[Catalog corp]\nPriority=1\n", "[Catalog corp] has no URL=" },
    { "[Catalog corp]\nURL=\n", "[Catalog corp]" },
    { "[Catalog Corp]\nURL=https://x\n", "[Catalog Corp]" },
    { "[Catalog default]\nURL=https://x\n", "[Catalog default]" },
    { "[Catalog corp]\nURL=https://x\nMaxQueriesPerUser=8\n", "MaxQueriesPerUser" },
    { "[Catalog corp]\nURL=https://x\nProxy=ftp://x\n", "Proxy" },
    { "[Catalog corp]\nURL=https://x\nCAFile=ca.pem\n", "CAFile" },
    { "[Catalog corp]\nURL=https://x\nTokenCredential=a/b\n", "TokenCredential" },
    { "[Catalog corp]\nURL=http://x\nTokenCredential=/etc/token\n", "needs an https URL=" },
    { "[Catalog corp]\nURL=https://x\nSigningKey=RWshort\n", "SigningKey" },
    { "[Build]\nNetworkSteps=package\n", "NetworkSteps" },
    { "[Jobs]\nUserRange=0-10\n", "UserRange" },
    { "[Jobs]\nUserRange=2400000000-2400000009\n", "UserRange" },
    { "[Jobs]\nMemoryMax=0%\n", "MemoryMax" },
    { "[Jobs]\nMemoryMax=101%\n", "MemoryMax" },
    { "[Jobs]\nMemoryMax=1M\n", "MemoryMax" },
    { "[Jobs]\nNice=20\n", "Nice" },
    { "[Jobs]\nCPUWeight=0\n", "CPUWeight" },
    { "[Jobs]\nInhibitShutdown=block\n", "InhibitShutdown" },
    { "[Toolchain x]\nPfad=/opt/x\n", "Pfad" },
    { "[Toolchain x]\nBin=/opt/x/bin\n", "Path" },
    { "[Toolchain x]\nPath=opt/x\n", "absolute" },
    { "[Toolchain x]\nPath=/opt/../etc\n", "absolute" },
    { "[Toolchain x]\nPath=/opt/x:/opt/y\n", "colons" },
    { "[Toolchain x]\nPath=/\n", "more than a toolchain" },
    { "[Toolchain x]\nPath=/opt/x;/home/\n", "more than a toolchain" },
    { "[Toolchain x]\nPath=/root\n", "more than a toolchain" },
    { "[Toolchain x]\nPath=/home/anna\n", "whole home" },
    { "[Toolchain x]\nPath=/etc/x\n", "sandbox" },
    { "[Toolchain x]\nPath=/home/anna/x\n", "Owner=any" },
    { "[Toolchain x]\nPath=/opt/x\nBin=/opt/xy/bin\n", "below one of its Path=" },
    { "[Toolchain x]\nPath=/opt/x\nEnvironment=1=2\n", "NAME=VALUE" },
    { "[Toolchain x]\nPath=/opt/x\nEnvironment=PATH=/bin\n", "Bin=" },
    { "[Toolchain x]\nPath=/opt/x\nOwner=anna\n", "root or any" },
    { "[Toolchain x y]\nPath=/opt/x\n", "letters" },
    { "[Toolchain ]\nPath=/opt/x\n", "letters" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Configuration) configuration = NULL;
      g_autoptr (GError) error = NULL;

      write_file (files->path, cases[i].text);
      configuration = configuration_load (files->path, &error);
      g_assert_null (configuration);
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
      if (!strstr (error->message, cases[i].key) || !strstr (error->message, files->path))
        g_error ("%s%s", cases[i].text, error->message);
    }
}

static void
assert_catalogs (const char *path, const char *names)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Configuration) configuration = configuration_load (path, &error);
  g_autoptr (GString) found = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < configuration->catalogs->len; i++)
    g_string_append_printf (found, "%s%s", i > 0 ? " " : "",
                            ((CatalogConfiguration *)configuration->catalogs->pdata[i])->name);
  g_assert_cmpstr (found->str, ==, names);
}

static void
test_catalogs_are_in_the_order_of_their_precedence (Files *files, gconstpointer data)
{
  write_file (files->path, "");
  assert_catalogs (files->path, "default");
  write_file (files->path, "[Catalog b]\nURL=https://b\n[Catalog a]\nURL=https://a\n[Catalog]\nTimeout=3\n");
  assert_catalogs (files->path, "default a b");
  write_file (files->drop_in, "[Catalog b]\nPriority=99\n[Catalog]\nPriority=101\n");
  assert_catalogs (files->path, "b a default");
}

static void
test_catalog_has_what_its_section_says (Files *files, gconstpointer data)
{
  static const char key[] = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) error = NULL;
  const CatalogConfiguration *catalog;
  g_autofree char *text = g_strdup_printf ("[Catalog corp]\nURL=https://me:secret@x.example:8443/c//\nTimeout=5\n"
                                           "MaxSize=1M\nProxy=none\nCAFile=/etc/ca.pem\nTokenCredential=corp.token\n"
                                           "SigningKey=%s\n",
                                           key);

  write_file (files->path, text);
  configuration = configuration_load (files->path, NULL);
  g_assert_nonnull (configuration);
  g_assert_null (configuration_catalog (configuration, "other", &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
  catalog = configuration_catalog (configuration, "corp", NULL);
  g_assert_cmpstr (catalog->url, ==, "https://me:secret@x.example:8443/c");
  g_assert_cmpstr (catalog->shown_url, ==, "https://x.example:8443/c");
  g_assert_cmpuint (catalog->timeout, ==, 5);
  g_assert_cmpuint (catalog->max_size, ==, 1 << 20);
  g_assert_cmpstr (catalog->proxy, ==, "none");
  g_assert_cmpstr (catalog->ca_file, ==, "/etc/ca.pem");
  g_assert_cmpstr (catalog->token_credential, ==, "corp.token");
  g_assert_cmpstr (catalog->signing_key, ==, key);
  g_assert_false (catalog_configuration_is_local (catalog));
  catalog = configuration_catalog (configuration, "default", NULL);
  g_assert_true (catalog_configuration_is_folder (catalog));
  g_assert_null (catalog->proxy);
  g_assert_cmpuint (catalog->timeout, ==, 30);
}

static void
test_memory_is_a_size_or_a_share (Files *files, gconstpointer data)
{
  uint64_t all = (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
  g_autoptr (Configuration) share = NULL;
  g_autoptr (Configuration) size = NULL;

  write_file (files->path, "[Jobs]\nMemoryMax=50%\nNice=-3\nInhibitShutdown=no\n");
  share = configuration_load (files->path, NULL);
  g_assert_nonnull (share);
  g_assert_cmpuint (share->memory_max, ==, all / 100 * 50);
  g_assert_cmpint (share->nice, ==, -3);
  g_assert_false (share->inhibit_shutdown);
  write_file (files->path, "[Jobs]\nMemoryMax=3G\n");
  size = configuration_load (files->path, NULL);
  g_assert_cmpuint (size->memory_max, ==, 3ULL << 30);
}

static void
test_missing_file_is_an_error (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (configuration_load ("/nonexistent/hive.conf", &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
}

static void
test_sizes (void)
{
  static const struct
  {
    uint64_t size;
    const char *text;
  } cases[] = { { 0, "0 B" },       { 1023, "1023 B" },    { 1024, "1.0 KB" },
                { 2150, "2.1 KB" }, { 1048575, "1.0 MB" }, { 5ULL << 30, "5.0 GB" } };
  uint64_t size;

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = size_to_string (cases[i].size);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
  g_assert_true (size_from_string ("64M", &size));
  g_assert_cmpuint (size, ==, 64 << 20);
}

static void
test_sizes_and_times_are_as_systemd_has_them (void)
{
  static const struct
  {
    const char *text;
    uint64_t size;
  } sizes[] = {
    { "0", 0 },
    { "812", 812 },
    { "812B", 812 },
    { "64MB", 64 << 20 },
    { "8GiB", 8ULL << 30 },
    { "8 GB", 8ULL << 30 },
    { "1.5G", 3ULL << 29 },
    { "0.5K", 512 },
    { "1G 512M", 3ULL << 29 },
    { "1P", 1ULL << 50 },
    { "infinity", INT64_MAX },
  };
  static const char *const no_sizes[] = { "",    "G",    "-1",           "8X",   "8G!",
                                          "1.G", "1,5G", "8g",           "8GBB", "1M 1G",
                                          "1 1", "0x10", "99999999999T", "1e3G", "18446744073709551616" };
  static const struct
  {
    const char *text;
    uint64_t seconds;
  } times[] = {
    { "0", 0 },           { "90", 90 },          { "90s", 90 },      { "2h", 7200 },      { "1.5h", 5400 },
    { "5min 20s", 320 },  { "5min20s", 320 },    { "1 hour", 3600 }, { "1d", 24 * 3600 }, { "2weeks", 14 * 24 * 3600 },
    { "1h 30min", 5400 }, { "1500ms 500ms", 2 }, { "1y", 31557600 },
  };
  static const char *const no_times[] = { "",      "h",  "-1",       "5 fortnights",     "1h,5min",
                                          "1h:30", "1.", "infinity", "9999999999999999y" };
  uint64_t value;

  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (size_from_string (sizes[i].text, &value));
      g_assert_cmpuint (value, ==, sizes[i].size);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (no_sizes); i++)
    g_assert_false (size_from_string (no_sizes[i], &value));
  for (size_t i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_assert_true (time_span_parse (times[i].text, TIME_SECOND, &value));
      g_assert_cmpuint (value, ==, times[i].seconds * TIME_SECOND);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (no_times); i++)
    g_assert_false (time_span_parse (no_times[i], TIME_SECOND, &value));
}

static void
test_values_may_be_written_as_people_write_them (Files *files, gconstpointer data)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) error = NULL;

  write_file (files->path, "\xef\xbb\xbf# ours\r\n [ Jobs ] \r\n  MaxParallel =  3 \r\n; theirs\n\tNice='-3'\n[Hive]\n"
                           "StateDirectory=\"/srv/my hive\"\nInstallPrefixes=\"/usr/local;/opt\"\nIdleTimeout=2min\n"
                           "[Build]\nStepTimeout=infinity\nDownloadTimeout=1h 30min\nMaxWorkSize=infinity\n"
                           "[History]\nMaxAge=4w\n[Recipe]\nEnvironment=\"A=1 2\" ; 'B=3'\n");
  write_file (files->drop_in, "[Hive]\nIdleTimeout=infinity\n[Install]\nAllow='/usr/local/a b';\n");
  configuration = configuration_load (files->path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (configuration->max_parallel, ==, 3);
  g_assert_cmpint (configuration->nice, ==, -3);
  g_assert_cmpstr (configuration->state_directory, ==, "/srv/my hive");
  g_assert_cmpstrv (configuration->install_prefixes, ((const char *const[]){ "/usr/local", "/opt", NULL }));
  g_assert_cmpuint (configuration->idle_timeout, ==, 0);
  g_assert_cmpuint (configuration->step_timeout, ==, G_MAXINT32);
  g_assert_cmpuint (configuration->download_timeout, ==, 5400);
  g_assert_cmpuint (configuration->max_work_size, ==, INT64_MAX);
  g_assert_cmpuint (configuration->history_max_age, ==, 28);
  g_assert_cmpstrv (configuration->recipe_environment, ((const char *const[]){ "A=1 2", "B=3", NULL }));
  g_assert_cmpstrv (configuration->install_allow, ((const char *const[]){ "/usr/local/a b", NULL }));
}

/* The drop-in is wrong: each time on its line 3. */
static void
test_every_message_names_its_file_and_line (Files *files, gconstpointer data)
{
  static const char *const cases[][2] = {
    { "[Jobs]\nMaxParalel=2\n", "there is no key MaxParalel= in [Jobs]" },
    { "[Build]\nMaxParallel=2\n", "there is MaxParallel= in [Jobs]" },
    { "[jobs]\nmaxparallel=2\n", "there is MaxParallel= in [Jobs]" },
    { "[Jobs]\nMaxParallel=2 # two\n", "put a comment on a line of its own" },
    { "[Hive]\nStateDirectory=/var/x # here\n", "put a comment on a line of its own" },
    { "[Catalog]\nProxy=# none\n", "put a comment on a line of its own" },
    { "[Jobs]\nMaxParallel=2 \\\n", "write it in one" },
    { "[Jobs]\nMaxParallel 2\n", "neither [SECTION] nor KEY=VALUE nor a comment" },
    { "[Jobs]\n=2\n", "neither [SECTION] nor KEY=VALUE nor a comment" },
    { "[Jobs]\n[Hive] # x\n", "is not a section" },
    { "[Jobs]\n[Hive\n", "is not a section" },
    { "[Jobs]\nNice=\xff\n", "UTF-8" },
    { "\nMaxParallel=2\n", "before the first [SECTION]" },
    { "[Jobs]\nMaxParallel=\"2\n", "a number, at least 1 and at most 64" },
    { "[Jobs]\nMemoryMax=8X\n", "a percentage, or a size" },
    { "[Jobs]\nRuntimeMax=2 fortnights\n", "infinity, or a time" },
    { "[Build]\nEvaluationTimeout=infinity\n", "at least 1 and at most 3600" },
    { "[Build]\nStepTimeout=500ms\n", "infinity, or a time" },
    { "[Bridge]\nMaxBodySize=infinity\n", "at least 1K and at most 1M" },
    { "[Catalog corp]\nURL=https:/x\n", "https://host/path" },
    { "[Catalog corp]\nURL=https:///x\n", "https://host/path" },
    { "[Catalog corp]\nURL=file:/x\n", "file:///folder" },
    { "[Catalog corp]\nURL=file://x/y\n", "file:///folder" },
    { "[Catalog corp]\nPriority=1\n", "[Catalog corp] has no URL=" },
    { "[Catalog]\nProxy=http:/proxy:3128\n", "http://host:3128" },
    { "[Mirror x]\nPrefix=https:/github.com/\n", "https://github.com/" },
    { "[Toolchain x]\nPath=/opt/a,/opt/b\n", "stands a semicolon" },
    { "[Toolchain x y]\nPath=/opt/a\n", "letters" },
    { "[Hive]\nInstallPrefixes=/usr/local /opt\n", "stands a semicolon" },
    { "[Hive]\nInstallPrefixes=/usr/local|/opt\n", "stands a semicolon" },
    { "[Hive]\nInstallPrefixes=/usr/local | /opt\n", "stands a semicolon" },
    { "[Models]\nFolders=/srv/a,/srv/b\n", "stands a semicolon" },
    { "[Models]\nFolders=/srv/a:/srv/b\n", "stands a semicolon" },
    { "[Hive]\nCacheDirectory=/var/cache/x ; mine\n", "an absolute path" },
    { "[Hive]\nStateDirectory=/a;/b\n", "an absolute path" },
    { "[Hive]\nStateDirectory=/a,/b\n", "an absolute path" },
    { "[Catalog]\nURL=https://example.org ; mine\n", "https://host/path" },
    { "[Catalog]\nURL=https://a.example https://b.example\n", "https://host/path" },
    { "[Install]\nAllow=/usr/local/a,/usr/local/b\n", "stands a semicolon" },
    { "[Install]\nAllow=/usr/local/a:/usr/local/b\n", "stands a semicolon" },
    { "[Build]\nNetworkSteps=prepare,build\n", "stands a semicolon" },
    { "[Recipe]\nEnvironment=A=1,B=2\n", "stands a semicolon" },
    { "[Recipe]\nEnvironment=A=1 B=2\n", "stands a semicolon" },
    { "[Network]\nAllow=10.0.0.1,10.0.0.2\n", "stands a semicolon" },
    { "[Bridge]\nListen=/run/a.sock,/run/b.sock\n", "stands a semicolon" },
    { "[Bridge]\nListen=127.0.0.1:1,127.0.0.1:2\n", "stands a semicolon" },
    { "[Bridge]\nListen=/run/a.sock 127.0.0.1:2\n", "stands a semicolon" },
    { "[Bridge]\nAllowedHosts=a.example,b.example\n", "stands a semicolon" },
    { "[Bridge]\nAllowedHosts=a.example b.example\n", "stands a semicolon" },
    { "[Bridge]\nAllowedOrigins=https://a.example,https://b.example\n", "stands a semicolon" },
  };
  g_autofree char *where = g_strdup_printf ("%s:3: ", files->drop_in);

  write_file (files->path, "[Jobs]\nMaxParallel=3\n");
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat ("# wrong\n", cases[i][0], NULL);
      g_autoptr (GError) error = NULL;

      write_file (files->drop_in, text);
      g_assert_null (configuration_load (files->path, &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
      if (!g_str_has_prefix (error->message, where) || !strstr (error->message, cases[i][1]))
        g_error ("%s%s", cases[i][0], error->message);
    }
}

static void
test_settings_say_where_each_is_from (Files *files, gconstpointer data)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GArray) settings = NULL;
  guint said = 0, catalogs = 0;

  write_file (files->path, "[Jobs]\nMaxParallel=3\n\nMaxQueued=7\n[Catalog corp]\nURL=https://corp.example\n");
  write_file (files->drop_in, "[Jobs]\nMaxParallel=\"5\"\n");
  configuration = configuration_load (files->path, NULL);
  settings = configuration_settings (configuration);
  for (guint i = 0; i < settings->len; i++)
    {
      const Setting *setting = &g_array_index (settings, Setting, i);

      said += setting->file != NULL;
      catalogs += g_str_equal (setting->section, "Catalog corp") && g_str_equal (setting->key, "Timeout");
      if (g_str_equal (setting->key, "MaxParallel"))
        {
          g_assert_cmpstr (setting->value, ==, "5");
          g_assert_cmpstr (setting->fallback, ==, "2");
          g_assert_cmpstr (setting->file, ==, files->drop_in);
          g_assert_cmpuint (setting->line, ==, 2);
        }
    }
  g_assert_cmpuint (said, ==, 3);
  g_assert_cmpuint (catalogs, ==, 1);
}

static void
test_worker_ids (void)
{
  g_autofree char *longest = g_strnfill (100, 'a');
  g_autofree char *too_long = g_strnfill (101, 'a');

  g_assert_true (worker_id_is_valid ("llm-worker-rbee-cpu"));
  g_assert_true (worker_id_is_valid (longest));
  g_assert_false (worker_id_is_valid (too_long));
  g_assert_false (worker_id_is_valid (""));
  g_assert_false (worker_id_is_valid ("-x"));
  g_assert_false (worker_id_is_valid ("../x"));
  g_assert_true (worker_id_is_valid ("Text_Generation"));
  g_assert_true (worker_id_is_valid ("llama.cpp-cli"));
  g_assert_false (worker_id_is_valid (".hidden"));
  g_assert_false (worker_id_is_valid ("_x"));
  g_assert_false (worker_id_is_valid ("a..b"));
  g_assert_false (worker_id_is_valid ("a/b"));
  g_assert_false (worker_id_is_valid ("a b"));
}

static void
test_error_names (void)
{
  int code;

  for (int i = HIVE_ERROR_FAILED; i <= HIVE_ERROR_INVALID_ARGUMENT; i++)
    {
      g_assert_true (hive_error_from_name (hive_error_name (i), &code));
      g_assert_cmpint (code, ==, i);
      g_assert_true (hive_error_from_name (hive_error_dbus_name (i), &code));
      g_assert_cmpint (code, ==, i);
    }
  g_assert_cmpstr (hive_error_dbus_name (HIVE_ERROR_BUSY), ==, "org.rbee.Hive.Error.Busy");
  g_assert_false (hive_error_from_name ("Nonsense", &code));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/configuration/defaults", Files, NULL, files_set_up, test_defaults, files_tear_down);
  g_test_add ("/configuration/drop-in-wins", Files, NULL, files_set_up, test_drop_in_wins, files_tear_down);
  g_test_add ("/configuration/toolchains-have-sections-of-their-own", Files, NULL, files_set_up,
              test_toolchains_have_sections_of_their_own, files_tear_down);
  g_test_add ("/configuration/bad-value-names-its-key", Files, NULL, files_set_up, test_bad_value_names_its_key,
              files_tear_down);
  g_test_add ("/configuration/catalogs/are-in-the-order-of-their-precedence", Files, NULL, files_set_up,
              test_catalogs_are_in_the_order_of_their_precedence, files_tear_down);
  g_test_add ("/configuration/catalogs/have-what-their-sections-say", Files, NULL, files_set_up,
              test_catalog_has_what_its_section_says, files_tear_down);
  g_test_add ("/configuration/memory-is-a-size-or-a-share", Files, NULL, files_set_up, test_memory_is_a_size_or_a_share,
              files_tear_down);
  g_test_add_func ("/configuration/missing-file-is-an-error", test_missing_file_is_an_error);
  g_test_add ("/configuration/values-may-be-written-as-people-write-them", Files, NULL, files_set_up,
              test_values_may_be_written_as_people_write_them, files_tear_down);
  g_test_add ("/configuration/every-message-names-its-file-and-line", Files, NULL, files_set_up,
              test_every_message_names_its_file_and_line, files_tear_down);
  g_test_add ("/configuration/settings-say-where-each-is-from", Files, NULL, files_set_up,
              test_settings_say_where_each_is_from, files_tear_down);
  g_test_add_func ("/sizes", test_sizes);
  g_test_add_func ("/sizes-and-times-are-as-systemd-has-them", test_sizes_and_times_are_as_systemd_has_them);
  g_test_add_func ("/worker-ids", test_worker_ids);
  g_test_add_func ("/error-names", test_error_names);
  return g_test_run ();
}
