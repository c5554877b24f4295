/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "commit-scratch.h"
#include "error.h"
#include "inventory.h"

/* The entries as lines of four words; nothing is "-". */
static char *
inventory (const Scratch *scratch)
{
  g_autofree char *data = NULL;
  size_t size = 0;
  FILE *stream = open_memstream (&data, &size);
  GString *text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  unsigned field = 0;

  g_assert_true (inventory_run (scratch->configuration, stream, &error));
  g_assert_no_error (error);
  fclose (stream);
  for (const char *at = data; at < data + size; at += strlen (at) + 1)
    g_string_append_printf (text, "%s%c", *at ? at : "-", ++field % 4 == 0 ? '\n' : ' ');
  return g_string_free (text, FALSE);
}

static void
test_nothing_installed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *text = inventory (scratch);

  g_assert_cmpstr (text, ==, "");
}

static void
test_files_come_before_folders_and_inner_folders_first (Scratch *scratch, gconstpointer data)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "one", -1);
  g_autofree char *local = scratch_path (scratch, "root/usr/local");
  g_autofree char *text = NULL;
  g_autofree char *file = g_strdup_printf ("file %s bin/x %s\n", local, sum);
  g_autofree char *link = g_strdup_printf ("link %s lib/x/x.so x.so.1\n", local);
  g_autofree char *inner = g_strdup_printf ("folder %s/share/x/deep - -\n", local);
  g_autofree char *outer = g_strdup_printf ("folder %s/share/x - -\n", local);
  const char *expected[] = { "worker x - -\n", file, link, inner, outer };
  const char *at;

  package_file (scratch, "1", "usr/local/bin/x", "one", 0755);
  package_link (scratch, "1", "usr/local/lib/x/x.so", "x.so.1");
  package_file (scratch, "1", "usr/local/share/x/deep/data", "two", 0644);
  package_list (scratch, "1", NULL);
  expect_install (scratch, "1", "x", "/usr/local/bin/x");

  at = text = inventory (scratch);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      const char *found = strstr (at, expected[i]);

      if (!found)
        g_error ("%s is not there, or not in its order:\n%s", expected[i], text);
      at = found + strlen (expected[i]);
    }
}

static void
test_damaged_record_is_named (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "state/workers");
  g_autofree char *path = scratch_path (scratch, "state/workers/x.json");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, "{", -1, NULL));
  g_assert_false (inventory_run (scratch->configuration, stdout, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "x.json"));
}

#define add(path, function)                                                                                            \
  g_test_add ("/commit/inventory/" path, Scratch, NULL, scratch_set_up, function, scratch_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("nothing-installed", test_nothing_installed);
  add ("order", test_files_come_before_folders_and_inner_folders_first);
  add ("damaged-record", test_damaged_record_is_named);
  return g_test_run ();
}
