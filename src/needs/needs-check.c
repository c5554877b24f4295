/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "needs-check.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "cpu-level.h"
#include "elf-needs.h"
#include "file.h"
#include "json.h"

#define STANDARD_CXX "libstdc++.so.6" /* has the versions GLIBCXX and CXXABI */

static void
check_processor (JsonObject *requires, GStrvBuilder *lacks)
{
  g_auto (GStrv) wanted = json_get_strings (requires, "cpu");
  g_auto (GStrv) here = cpu_flags_list (NULL);
  g_autoptr (GString) missing = g_string_new (NULL);

  for (char **flag = wanted; flag && *flag; flag++)
    if (!g_strv_contains ((const char *const *)here, *flag))
      g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "a processor with ", *flag);
  if (missing->len > 0)
    g_strv_builder_add (lacks, missing->str);
}

/* Where the loader finds a library; a descriptor or -1. */
static int
open_library (const char *name)
{
  void *library = dlopen (name, RTLD_LAZY | RTLD_LOCAL);
  struct link_map *map = NULL;
  int fd = -1;

  if (library && dlinfo (library, RTLD_DI_LINKMAP, &map) == 0 && map->l_name)
    fd = open (map->l_name, O_RDONLY | O_CLOEXEC);
  if (library)
    dlclose (library);
  return fd;
}

static void
check_symbols (JsonObject *requires, GStrvBuilder *lacks)
{
  JsonNode *node = json_object_get_member (requires, "symbols");
  JsonObject *symbols = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *glibc = symbols ? json_get_string (symbols, "GLIBC", NULL) : NULL;
  static const char *const others[] = { "GLIBCXX", "CXXABI" };
  g_auto (Fd) fd = -1;

  if (glibc && strverscmp (glibc, gnu_get_libc_version ()) > 0)
    {
      g_autofree char *lack = g_strdup_printf ("glibc %s (%s is here)", glibc, gnu_get_libc_version ());

      g_strv_builder_add (lacks, lack);
    }
  for (gsize i = 0; symbols && i < G_N_ELEMENTS (others); i++)
    {
      const char *version = json_get_string (symbols, others[i], NULL);
      g_autofree char *name = version ? g_strdup_printf ("%s_%s", others[i], version) : NULL;
      g_autofree char *lack = version ? g_strdup_printf ("%s of " STANDARD_CXX, name) : NULL;

      if (version && fd < 0)
        fd = open_library (STANDARD_CXX);
      if (version && (fd < 0 || !elf_has_version (fd, name)))
        g_strv_builder_add (lacks, lack);
    }
}

/* What is not even a name was never one that a loader looks for. */
static void
check_libraries (JsonObject *requires, GStrvBuilder *lacks)
{
  g_auto (GStrv) names = json_get_strings (requires, "libraries");

  for (char **name = names; name && *name; name++)
    {
      void *library = strchr (*name, '/') ? NULL : dlopen (*name, RTLD_LAZY | RTLD_LOCAL);

      if (!library)
        g_strv_builder_add (lacks, *name);
      else
        dlclose (library);
    }
}

static void
check_interpreters (JsonObject *requires, GStrvBuilder *lacks)
{
  g_auto (GStrv) names = json_get_strings (requires, "interpreters");

  for (char **name = names; name && *name; name++)
    {
      g_autofree char *found = **name == '/' ? NULL : g_find_program_in_path (*name);

      if (!found && (**name != '/' || access (*name, X_OK) < 0))
        g_strv_builder_add (lacks, *name);
    }
}

char **
needs_check (JsonObject *requires)
{
  g_autoptr (GStrvBuilder) lacks = g_strv_builder_new ();

  check_processor (requires, lacks);
  check_symbols (requires, lacks);
  check_libraries (requires, lacks);
  check_interpreters (requires, lacks);
  return g_strv_builder_end (lacks);
}
