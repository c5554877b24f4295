/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toolchain-search.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "version.h"

#define VERSION_FILE_MAX (64 * 1024)

/* Where the version is to be read. */
typedef enum
{
  VERSION_NONE,
  VERSION_OF_FOLDER, /* its name has it: "v20.11.1", "cuda-12.4" */
  VERSION_OF_FILE,   /* the first number in @file */
  VERSION_OF_RUSTUP, /* rustup's settings name its toolchain */
} VersionKind;

typedef struct
{
  const char *name;
  const char *pattern; /* of glob(3); the last that it finds, by version, is meant */
  const char *program; /* must be there */
  VersionKind version;
  const char *file;
  const char *variables; /* for Environment=; "%s" is the folder */
} Place;

static const Place machine_places[] = {
  { "cuda", "/usr/local/cuda", "bin/nvcc", VERSION_OF_FILE, "version.json", "CUDA_HOME=%s" },
  { "cuda", "/opt/cuda", "bin/nvcc", VERSION_OF_FILE, "version.json", "CUDA_HOME=%s" },
  { "cuda", "/usr/local/cuda-*", "bin/nvcc", VERSION_OF_FOLDER, NULL, "CUDA_HOME=%s" },
  { "rocm", "/opt/rocm", "bin/hipcc", VERSION_OF_FILE, ".info/version", "ROCM_PATH=%s" },
  { "rocm", "/opt/rocm-*", "bin/hipcc", VERSION_OF_FOLDER, NULL, "ROCM_PATH=%s" },
  { "go", "/usr/local/go", "bin/go", VERSION_OF_FILE, "VERSION", NULL },
  { "rust", "/usr/local/cargo", "bin/rustc", VERSION_OF_RUSTUP, "../rustup", NULL },
  { "rust", "/opt/cargo", "bin/rustc", VERSION_OF_RUSTUP, "../rustup", NULL },
  { "rust", "/opt/rust*", "bin/rustc", VERSION_OF_FOLDER, NULL, NULL },
  { "conda", "/opt/conda", "bin/conda", VERSION_NONE, NULL, NULL },
  { "conda", "/opt/mini*3", "bin/conda", VERSION_NONE, NULL, NULL },
  { "conda", "/opt/anaconda3", "bin/conda", VERSION_NONE, NULL, NULL },
  { "node", "/opt/node*", "bin/node", VERSION_OF_FOLDER, NULL, NULL },
  { "node", "/usr/local/nvm/versions/node/v*", "bin/node", VERSION_OF_FOLDER, NULL, NULL },
  { "python", "/opt/pyenv/versions/[0-9]*", "bin/python3", VERSION_OF_FOLDER, NULL, NULL },
};

static const Place home_places[] = {
  { "rust", "/.cargo", "bin/rustc", VERSION_OF_RUSTUP, "../.rustup", NULL },
  { "node", "/.nvm/versions/node/v*", "bin/node", VERSION_OF_FOLDER, NULL, NULL },
  { "python", "/.pyenv/versions/[0-9]*", "bin/python3", VERSION_OF_FOLDER, NULL, NULL },
  { "go", "/go/sdk/go*", "bin/go", VERSION_OF_FOLDER, NULL, NULL },
  { "go", "/sdk/go*", "bin/go", VERSION_OF_FOLDER, NULL, NULL },
  { "conda", "/mini*3", "bin/conda", VERSION_NONE, NULL, NULL },
  { "conda", "/anaconda3", "bin/conda", VERSION_NONE, NULL, NULL },
  { "cuda", "/cuda*", "bin/nvcc", VERSION_OF_FOLDER, NULL, "CUDA_HOME=%s" },
};

/* From the first digit on: "12.4.1" of "cuda-12.4.1 …". */
static char *
version_in (const char *text)
{
  const char *start = text + strcspn (text, G_CSET_DIGITS);

  return g_strndup (start, strspn (start, G_CSET_DIGITS "."));
}

static char *
version_read (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = file_read (path, VERSION_FILE_MAX, NULL, NULL);
  const char *found = text ? strstr (text, "\"version\"") : NULL;

  return text ? version_in (found ? found + strlen ("\"version\"") : text) : g_strdup ("");
}

/* default_toolchain = "stable-x86_64-unknown-linux-gnu"; "" when rustup has none. */
static char *
rustup_default (const char *home)
{
  g_autofree char *path = g_build_filename (home, "settings.toml", NULL);
  g_autofree char *text = file_read (path, VERSION_FILE_MAX, NULL, NULL);
  const char *found = text ? strstr (text, "default_toolchain = \"") : NULL;

  if (!found)
    return g_strdup ("");
  found += strlen ("default_toolchain = \"");
  return g_strndup (found, strspn (found, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-"));
}

/* "stable", "1.79.0" */
static char *
version_of_rustup (const char *home)
{
  char *name = rustup_default (home);

  name[strcspn (name, "-")] = '\0';
  return name;
}

static char *
place_version (const Place *place, const char *folder)
{
  g_autofree char *base = g_path_get_basename (folder);
  g_autofree char *other = NULL;

  switch (place->version)
    {
    case VERSION_OF_FOLDER:
      return version_in (base);
    case VERSION_OF_FILE:
      return version_read (folder, place->file);
    case VERSION_OF_RUSTUP:
      other = g_build_filename (folder, place->file, NULL);
      return version_of_rustup (other);
    case VERSION_NONE:
    default:
      return g_strdup ("");
    }
}

static bool
search_path_has (const char *search_path, const char *bin)
{
  g_auto (GStrv) entries = g_strsplit (search_path, ":", -1);
  g_autofree char *real = realpath (bin, NULL);

  for (char **entry = entries; *entry; entry++)
    {
      g_autofree char *other = realpath (*entry, NULL);

      if (g_str_equal (*entry, bin) || (real && g_strcmp0 (other, real) == 0))
        return true;
    }
  return false;
}

/* Of cargo's folder only its programs: beside them lie its owner's tokens. RUSTUP_TOOLCHAIN stands above a
 * repository's rust-toolchain.toml: for what that asks for, rustup would write into its folder or download. */
static void
place_append_rustup (GString *text, const char *folder, const char *rustup_home)
{
  g_autofree char *toolchain = rustup_default (rustup_home);

  g_string_append_printf (text, "Path=%s/bin;%s\nBin=%s/bin\nEnvironment=RUSTUP_HOME=%s", folder, rustup_home, folder,
                          rustup_home);
  if (*toolchain)
    g_string_append_printf (text, ";RUSTUP_TOOLCHAIN=%s", toolchain);
  g_string_append_c (text, '\n');
}

/* The section that shows @folder to recipes. */
static char *
place_section (const Place *place, const char *folder)
{
  GString *text = g_string_new (NULL);
  g_autofree char *rustup = place->version == VERSION_OF_RUSTUP ? g_build_filename (folder, place->file, NULL) : NULL;
  g_autofree char *rustup_home = rustup ? g_canonicalize_filename (rustup, "/") : NULL;

  g_string_append_printf (text, "[" TOOLCHAIN_SECTION "%s]\n", place->name);
  if (rustup_home)
    place_append_rustup (text, folder, rustup_home);
  else
    g_string_append_printf (text, "Path=%s\nBin=%s/bin\n", folder, folder);
  if (place->variables)
    {
      g_auto (GStrv) parts = g_strsplit (place->variables, "%s", 2);

      g_string_append_printf (text, "Environment=%s%s%s\n", parts[0], folder, parts[1] ? parts[1] : "");
    }
  if (toolchain_is_below (folder, "/home") || !toolchain_is_owned_by (folder, 0))
    g_string_append (text, "Owner=any\n");
  return g_string_free (text, FALSE);
}

static bool
array_has_path (JsonArray *array, const char *folder)
{
  g_autofree char *real = realpath (folder, NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *object = json_array_get_object_element (array, i);
      g_autofree char *other = realpath (json_object_get_string_member (object, "path"), NULL);

      if (real && g_strcmp0 (other, real) == 0)
        return true;
    }
  return false;
}

static void
place_add (const Place *place, const char *folder, const char *search_path, JsonArray *array)
{
  g_autofree char *bin = g_build_filename (folder, "bin", NULL);
  g_autofree char *version = place_version (place, folder);
  bool visible = search_path_has (search_path, bin);
  g_autofree char *section = visible ? g_strdup ("") : place_section (place, folder);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", place->name);
  json_object_set_string_member (object, "version", version);
  json_object_set_string_member (object, "path", folder);
  json_object_set_boolean_member (object, "visible", visible);
  json_object_set_string_member (object, "configuration", section);
  json_array_add_object_element (array, object);
}

/* Of what the pattern finds the newest that has its program. */
static void
place_look (const Place *place, const char *base, const char *search_path, JsonArray *array)
{
  g_autofree char *pattern = g_strconcat (base, place->pattern, NULL);
  g_autofree char *best = NULL;
  glob_t found;

  if (glob (pattern, GLOB_NOSORT, NULL, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; i++)
      {
        g_autofree char *program = g_build_filename (found.gl_pathv[i], place->program, NULL);

        if (g_file_test (program, G_FILE_TEST_IS_EXECUTABLE) && !strpbrk (found.gl_pathv[i], ":;\n") &&
            (!best || version_compare (best, found.gl_pathv[i]) < 0))
          {
            g_free (best);
            best = g_strdup (found.gl_pathv[i]);
          }
      }
  globfree (&found);
  if (best && !array_has_path (array, best))
    place_add (place, best, search_path, array);
}

JsonArray *
toolchain_search (const char *root, const char *home, const char *search_path)
{
  JsonArray *array = json_array_new ();
  const Place *places = root ? machine_places : home_places;
  gsize count = root ? G_N_ELEMENTS (machine_places) : G_N_ELEMENTS (home_places);
  const char *base = root ? root : home;

  /* "/" and "/opt/cuda" are to be one path. */
  for (gsize i = 0; i < count; i++)
    place_look (&places[i], g_str_equal (base, "/") ? "" : base, search_path, array);
  return array;
}

char *
toolchain_search_tree (const char *path)
{
  g_autofree char *beside = g_build_filename (path, "../.rustup", NULL);
  g_autofree char *home = g_canonicalize_filename (beside, "/");
  g_autofree char *name = rustup_default (home);
  g_autofree char *tree = g_build_filename (home, "toolchains", name, NULL);

  return *name && g_file_test (tree, G_FILE_TEST_IS_DIR) ? realpath (tree, NULL) : realpath (path, NULL);
}

char *
toolchain_search_closed (const char *path)
{
  g_autofree char *folder = toolchain_search_tree (path);
  char *closed = NULL;

  while (folder)
    {
      g_autofree char *inner = g_steal_pointer (&folder);
      struct stat info;

      if (stat (inner, &info) < 0 || !(info.st_mode & S_IXOTH))
        {
          g_free (closed);
          closed = g_strdup (inner);
        }
      if (!g_str_equal (inner, "/"))
        folder = g_path_get_dirname (inner);
    }
  return closed;
}
