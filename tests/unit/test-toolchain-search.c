/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "toolchain-search.h"

typedef struct
{
  char *root;
} Machine;

static void
machine_set_up (Machine *machine, gconstpointer data)
{
  machine->root = g_dir_make_tmp ("toolchains-XXXXXX", NULL);
}

static void
machine_tear_down (Machine *machine, gconstpointer data)
{
  const char *arguments[] = { "rm", "-r", machine->root, NULL };

  g_assert_true (
      g_spawn_sync (NULL, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (machine->root);
}

static void
machine_add (const Machine *machine, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (machine->root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
}

static JsonObject *
toolchain_find (JsonArray *toolchains, const char *name)
{
  for (guint i = 0; i < json_array_get_length (toolchains); i++)
    if (g_str_equal (json_get_string (json_array_get_object_element (toolchains, i), "name", ""), name))
      return json_array_get_object_element (toolchains, i);
  return NULL;
}

static void
test_what_installers_leave_is_found_with_its_version (Machine *machine, gconstpointer data)
{
  static const struct
  {
    const char *name, *program, *file, *text, *version, *path;
  } cases[] = {
    { "cuda", "/opt/cuda/bin/nvcc", "/opt/cuda/version.json",
      "{\n   \"cuda\" : {\n      \"name\" : \"CUDA SDK\",\n      \"version\" : \"12.4.1\"\n   }\n}\n", "12.4.1",
      "/opt/cuda" },
    { "rocm", "/opt/rocm/bin/hipcc", "/opt/rocm/.info/version", "6.1.2-66\n", "6.1.2", "/opt/rocm" },
    { "go", "/usr/local/go/bin/go", "/usr/local/go/VERSION", "go1.26.8\ntime 2026-09-01T00:00:00Z\n", "1.26.8",
      "/usr/local/go" },
    { "rust", "/usr/local/cargo/bin/rustc", "/usr/local/rustup/settings.toml",
      "default_toolchain = \"1.95.0-x86_64-unknown-linux-gnu\"\n", "1.95.0", "/usr/local/cargo" },
    { "conda", "/opt/miniforge3/bin/conda", NULL, NULL, "", "/opt/miniforge3" },
    { "node", "/opt/node-v22.3.0-linux-x64/bin/node", NULL, NULL, "22.3.0", "/opt/node-v22.3.0-linux-x64" },
  };
  g_autoptr (JsonArray) found = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      machine_add (machine, cases[i].program, "");
      if (cases[i].file)
        machine_add (machine, cases[i].file, cases[i].text);
    }
  found = toolchain_search (machine->root, NULL, "/usr/bin");
  g_assert_cmpuint (json_array_get_length (found), ==, G_N_ELEMENTS (cases));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      JsonObject *toolchain = toolchain_find (found, cases[i].name);
      g_autofree char *path = g_strconcat (machine->root, cases[i].path, NULL);

      g_test_message ("%s", cases[i].name);
      g_assert_nonnull (toolchain);
      g_assert_cmpstr (json_get_string (toolchain, "version", NULL), ==, cases[i].version);
      g_assert_cmpstr (json_get_string (toolchain, "path", NULL), ==, path);
      g_assert_false (json_get_bool (toolchain, "visible", true));
    }
}

static void
test_section_that_is_proposed_is_read_by_the_configuration (Machine *machine, gconstpointer data)
{
  g_autoptr (ConfigurationText) said = configuration_text_new ();
  g_autoptr (Toolchain) toolchain = NULL;
  g_autoptr (JsonArray) found = NULL;
  g_autoptr (GError) error = NULL;
  const char *section;

  machine_add (machine, "/.cargo/bin/rustc", "");
  machine_add (machine, "/.rustup/settings.toml", "");
  found = toolchain_search (NULL, machine->root, "");
  section = json_get_string (toolchain_find (found, "rust"), "configuration", "");
  g_assert_null (strstr (section, "RUSTUP_TOOLCHAIN")); /* rustup has no default here */
  /* The test's own folder is in /tmp, which no toolchain may be in. */
  g_assert_true (configuration_text_add (said, "hive.conf", section, NULL));
  g_assert_null (toolchain_read (said, "Toolchain rust", &error));
  g_assert_nonnull (strstr (error->message, "Path="));
  g_assert_true (configuration_text_add (said, "own.conf",
                                         "[Toolchain rust]\nPath=/srv/.cargo/bin;/srv/.rustup\nBin=/srv/.cargo/bin\n",
                                         NULL));
  toolchain = toolchain_read (said, "Toolchain rust", NULL);
  g_assert_nonnull (toolchain);
  g_assert_true (g_str_has_prefix (toolchain->environment[0], "RUSTUP_HOME="));
  g_assert_cmpint (toolchain->any_owner, ==, getuid () != 0);
}

static void
test_the_newest_of_several_is_meant_and_links_are_no_second_one (Machine *machine, gconstpointer data)
{
  g_autofree char *link = g_build_filename (machine->root, "usr/local/cuda", NULL);
  g_autofree char *bin = g_build_filename (machine->root, "usr/local/cuda/bin", NULL);
  g_autoptr (JsonArray) found = NULL;
  g_autoptr (JsonArray) home = NULL;

  machine_add (machine, "/usr/local/cuda-12.4/bin/nvcc", "");
  g_assert_cmpint (symlink ("cuda-12.4", link), ==, 0);
  found = toolchain_search (machine->root, NULL, bin);
  g_assert_cmpuint (json_array_get_length (found), ==, 1);
  g_assert_true (json_get_bool (toolchain_find (found, "cuda"), "visible", false));
  g_assert_cmpstr (json_get_string (toolchain_find (found, "cuda"), "configuration", NULL), ==, "");

  machine_add (machine, "/.nvm/versions/node/v8.17.0/bin/node", "");
  machine_add (machine, "/.nvm/versions/node/v20.11.1/bin/node", "");
  machine_add (machine, "/.nvm/versions/node/v22.0.0/bin/no-node", "");
  home = toolchain_search (NULL, machine->root, "");
  g_assert_cmpstr (json_get_string (toolchain_find (home, "node"), "version", NULL), ==, "20.11.1");
}

static void
test_empty_machine_has_none (Machine *machine, gconstpointer data)
{
  g_autoptr (JsonArray) found = toolchain_search (machine->root, NULL, "");
  g_autoptr (JsonArray) home = toolchain_search (NULL, machine->root, "");
  g_autoptr (JsonArray) gone = toolchain_search (NULL, "/nonexistent", "");

  g_assert_cmpuint (json_array_get_length (found) + json_array_get_length (home) + json_array_get_length (gone), ==, 0);
}

#define ADD(name, function) g_test_add (name, Machine, NULL, machine_set_up, function, machine_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/toolchain-search/what-installers-leave", test_what_installers_leave_is_found_with_its_version);
  ADD ("/toolchain-search/section-is-read", test_section_that_is_proposed_is_read_by_the_configuration);
  ADD ("/toolchain-search/newest", test_the_newest_of_several_is_meant_and_links_are_no_second_one);
  ADD ("/toolchain-search/empty", test_empty_machine_has_none);
  return g_test_run ();
}
