/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dependency.h"

#include <string.h>

#include "error.h"
#include "version.h"

#define TEXT_MAX   256 /* bytes of a name and its version */
#define REASON_MAX 4096

static const struct
{
  const char *sign;
  DependencyRelation relation;
} relations[] = {
  { "<=", DEPENDENCY_AT_MOST }, { "<", DEPENDENCY_OLDER }, { ">=", DEPENDENCY_AT_LEAST },
  { ">", DEPENDENCY_NEWER },    { "=", DEPENDENCY_EQUAL },
};

void
dependency_free (Dependency *dependency)
{
  if (!dependency)
    return;
  g_free (dependency->text);
  g_free (dependency->name);
  g_free (dependency->version);
  g_free (dependency->reason);
  g_free (dependency);
}

/* ": " begins the reason, with any white space. */
static const char *
reason_find (const char *text)
{
  for (const char *colon = strchr (text, ':'); colon; colon = strchr (colon + 1, ':'))
    if (g_ascii_isspace (colon[1]))
      return colon;
  return NULL;
}

/* Names go to a script and to a package manager as arguments: nothing that looks like an option or hides in a log. */
static bool
dependency_name_is_valid (const char *name)
{
  if (g_str_has_prefix (name, "lib:"))
    name += strlen ("lib:");
  return *name && *name != '-' && *name != '.' && !name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@._+-")];
}

static bool
version_is_valid (const char *version)
{
  if (*version == '-')
    return false;
  for (; *version; version++)
    if (!g_ascii_isgraph (*version) || *version == '/')
      return false;
  return true;
}

static Dependency *
dependency_refuse (const char *text, const char *why, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *start = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), 100));

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "\"%s\" cannot be the name of a dependency: %s", start,
               why);
  return NULL;
}

Dependency *
dependency_parse (const char *text, GError **error)
{
  g_autoptr (Dependency) dependency = g_new0 (Dependency, 1);
  const char *colon = reason_find (text);
  const char *sign;

  dependency->text = colon ? g_strndup (text, colon - text) : g_strdup (text);
  if (strlen (dependency->text) > TEXT_MAX)
    return dependency_refuse (text, "it is longer than 256 bytes", error);
  if (colon && strlen (colon) > REASON_MAX)
    return dependency_refuse (text, "its reason is longer than 4 KiB", error);

  sign = strpbrk (dependency->text, "<>=");
  dependency->name = sign ? g_strndup (dependency->text, sign - dependency->text) : g_strdup (dependency->text);
  for (size_t i = 0; sign && !dependency->version && i < G_N_ELEMENTS (relations); i++)
    if (g_str_has_prefix (sign, relations[i].sign))
      {
        dependency->relation = relations[i].relation;
        /* As makepkg, which takes "foo==1" for "foo=1". */
        dependency->version = g_strdup (sign + strspn (sign, "<>="));
      }

  if (!dependency_name_is_valid (dependency->name))
    return dependency_refuse (text, "a name has letters, digits and @ . _ + - only, and doesn't begin with - or .",
                              error);
  if (dependency->version && !version_is_valid (dependency->version))
    return dependency_refuse (text, "what stands behind < > or = is not a version", error);
  if (dependency->version && !*dependency->version)
    {
      g_clear_pointer (&dependency->version, g_free);
      dependency->relation = DEPENDENCY_ANY;
    }
  if (colon)
    dependency->reason = g_strstrip (g_utf8_make_valid (colon + 1, -1));
  return g_steal_pointer (&dependency);
}

bool
dependency_is_met_by (const Dependency *dependency, const char *version)
{
  int order = dependency->version ? version_compare (version, dependency->version) : 0;

  switch (dependency->relation)
    {
    case DEPENDENCY_ANY:
      return true;
    case DEPENDENCY_EQUAL:
      return order == 0;
    case DEPENDENCY_AT_LEAST:
      return order >= 0;
    case DEPENDENCY_AT_MOST:
      return order <= 0;
    case DEPENDENCY_NEWER:
      return order > 0;
    case DEPENDENCY_OLDER:
      return order < 0;
    }
  g_assert_not_reached ();
}

bool
dependency_is_library (const Dependency *dependency)
{
  const char *name = dependency->name;
  const char *so = strstr (name, ".so");

  return g_str_has_prefix (name, "lib:") || (so && (so[3] == '\0' || so[3] == '.'));
}
