/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of up to 1 MB (-max_len=1048576): one is either a configuration that keeps its own rules, or refused by one
 * sentence that can be shown. */
#include <stdint.h>
#include <string.h>

#include "configuration.h"
#include "file.h"

#define MESSAGE_MAX 8192

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_message (const char *message, const char *path)
{
  g_assert_true (strstr (message, path));
  g_assert_cmpuint (strlen (message), <, MESSAGE_MAX);
  g_assert_true (g_utf8_validate (message, -1, NULL));
  for (const char *c = message; *c; c++)
    g_assert_false (g_ascii_iscntrl (*c));
}

static void
check_paths (char *const *paths)
{
  g_assert_nonnull (paths);
  for (; *paths; paths++)
    g_assert_true (g_path_is_absolute (*paths));
}

static void
check_configuration (const Configuration *configuration)
{
  g_assert_true (g_path_is_absolute (configuration->state_directory));
  g_assert_true (g_path_is_absolute (configuration->cache_directory));
  g_assert_true (g_path_is_absolute (configuration->install_root));
  check_paths (configuration->install_prefixes);
  check_paths (configuration->install_allow);
  g_assert_nonnull (*configuration->install_prefixes);
  g_assert_cmpuint (configuration->max_parallel, >=, 1);
  g_assert_cmpuint (configuration->max_log_size, >=, 64 * 1024);
  g_assert_cmpuint (configuration->catalogs->len, >=, 1);
  for (guint i = 0; i < configuration->catalogs->len; i++)
    {
      const CatalogConfiguration *catalog = configuration->catalogs->pdata[i];

      g_assert_true (configuration_catalog (configuration, catalog->name, NULL) == catalog);
      g_assert_cmpuint (catalog->timeout, >=, 1);
      g_assert_nonnull (catalog->shown_url);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int fd = file_memory ("configuration", (const char *)data, (ssize_t)size, NULL);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (GError) error = NULL;
  g_autoptr (Configuration) configuration = configuration_load (path, &error);

  close (fd);
  g_assert_true ((configuration == NULL) == (error != NULL));
  if (error)
    check_message (error->message, path);
  else
    check_configuration (configuration);
  return 0;
}
