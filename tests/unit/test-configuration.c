/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "configuration.h"

#include "error.h"
#include "size.h"
#include "worker-id.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

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
      g_assert_nonnull (strstr (error->message, cases[i].key));
      g_assert_nonnull (strstr (error->message, files->path));
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
  g_assert_false (size_from_string ("64MB", &size));
  g_assert_false (size_from_string ("-1", &size));
  g_assert_false (size_from_string ("99999999999T", &size));
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
  g_test_add_func ("/sizes", test_sizes);
  g_test_add_func ("/worker-ids", test_worker_ids);
  g_test_add_func ("/error-names", test_error_names);
  return g_test_run ();
}
