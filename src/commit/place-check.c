/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place-check.h"

#include <errno.h>
#include <fnmatch.h>
#include <glib/gi18n.h>
#include <string.h>

#include "error.h"
#include "place-content.h"
#include "place-rules.h"
#include "system-files.h"

typedef struct
{
  const Ledger *ledger;
  const Tree *tree;        /* NULL: there is only a record */
  const WorkerRecord *old; /* NULL: not installed */
  GHashTable *folders;     /* of other workers */
  PlaceNames names;
  char *own;         /* the folder of the worker's own that was looked at last: files come sorted */
  GHashTable *above; /* directories that hold something which was looked at */
} PlaceCheck;

static void
place_check_clear (PlaceCheck *check)
{
  g_strfreev (check->names.names);
  g_strfreev (check->names.commands);
  g_free (check->own);
  g_clear_pointer (&check->above, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PlaceCheck, place_check_clear)

/* A path as the rules have it. */
typedef struct
{
  const char *base;   /* "/usr/local" */
  const char *inside; /* what is below it: points into the path */
  bool foreign;       /* no system software looks there */
} Position;

static Position
position_of (const PlaceCheck *check, const char *path)
{
  static const char *const hierarchies[] = { "/usr/local", "/usr" };
  static const char *const tops[] = { "/bin/",    "/boot/", "/dev/",  "/etc/", "/lib/",  "/lib32/", "/lib64/",
                                      "/libx32/", "/proc/", "/root/", "/run/", "/sbin/", "/sys/" };
  const char *prefix = places_prefix (check->ledger->places, path);

  for (size_t i = 0; i < G_N_ELEMENTS (hierarchies); i++)
    if (g_str_has_prefix (path, hierarchies[i]) && path[strlen (hierarchies[i])] == '/')
      return (Position){ hierarchies[i], path + strlen (hierarchies[i]) + 1, false };
  for (size_t i = 0; i < G_N_ELEMENTS (tops); i++)
    if (g_str_has_prefix (path, tops[i]))
      return (Position){ "", path + 1, false };
  return (Position){ prefix, path + strlen (prefix) + 1, true };
}

/* The names that are the worker's, the first of them its id. */
static char **
place_names (const WorkerRecord *record)
{
  g_autofree char *binary = g_path_get_basename (record->binary);
  const char *const all[] = { record->id, record->pkgname, binary };
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (size_t i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i] && *all[i] && *all[i] != '.' && !strchr (all[i], '/'))
      g_strv_builder_add (names, all[i]);
  return g_strv_builder_end (names);
}

static void
place_add_command (const PlaceCheck *check, GStrvBuilder *commands, const char *path)
{
  Position at = places_is_below (check->ledger->places, path) ? position_of (check, path) : (Position){ 0 };

  if (at.inside && g_str_has_prefix (at.inside, "bin/") && !strchr (at.inside + strlen ("bin/"), '/'))
    g_strv_builder_add (commands, at.inside + strlen ("bin/"));
}

static bool
place_is_allowed (const PlaceCheck *check, const char *path)
{
  for (char **pattern = check->ledger->configuration->install_allow; *pattern; pattern++)
    if (fnmatch (*pattern, path, FNM_LEADING_DIR) == 0)
      return true;
  return false;
}

/* Refusals */

/* @text with, for each "%s" in turn, where the place is and the worker's name. */
static char *
place_fill (const PlaceCheck *check, const char *text, const Position *at)
{
  g_auto (GStrv) parts = g_strsplit (text, "%s", -1);
  g_autoptr (GString) filled = g_string_new (parts[0]);

  for (guint i = 1; parts[i]; i++)
    g_string_append_printf (filled, "%s%s", i % 2 == 1 ? at->base : check->names.names[0], parts[i]);
  return g_string_free (g_steal_pointer (&filled), FALSE);
}

static const char *
place_advice (const PlaceRule *rule, const Position *at)
{
  if (rule && rule->instead)
    return rule->instead;
  if (at->foreign)
    return N_ ("package() must put it into %s/%s");
  return g_str_has_prefix (at->inside, "lib") ? N_ ("package() must put it into %s/lib/%s") :
                                                N_ ("package() must put it into %s/share/%s");
}

static bool
place_refuse (const PlaceCheck *check, const char *path, const PlaceRule *rule, const Position *at, GError **error)
{
  g_autofree char *advice = place_fill (check, place_advice (rule, at), at);

  if (!rule)
    return tree_refuse (error,
                        "%s in the package lies where a worker has no place. %s, or an administrator allow it "
                        "(Allow=%s in [Install] of hive.conf)",
                        path, advice, path);
  return tree_refuse (error,
                      "%s in the package would be used without the worker being run: %s. %s, or an administrator allow "
                      "it (Allow=%s in [Install] of hive.conf)",
                      path, rule->reason, advice, path);
}

/* The kinds of places */

static bool
place_check_command (const PlaceCheck *check, const char *path, const char *name, GError **error)
{
  g_autofree char *found = system_files_find_program (check->ledger, path, name, check->old);

  if (!found)
    return true;
  return tree_conflict (error,
                        "%s would be run in the place of %s, or the other way round: package() must install it under a "
                        "name that no program has, %s-%s for instance",
                        path, found, check->names.names[0], name);
}

/* What is below /usr under the same name would be hidden. In other prefixes nobody looks. */
static bool
place_check_hidden (const PlaceCheck *check, const char *path, const Position *at, GError **error)
{
  g_autofree char *found = g_str_equal (at->base, "/usr/local") ?
                               system_files_find (check->ledger->configuration, "/usr", at->inside) :
                               NULL;

  if (!found)
    return true;
  return tree_conflict (error,
                        "%s would be taken for %s, which is the system's: package() must give it another name, or an "
                        "administrator allow it (Allow=%s in [Install] of hive.conf)",
                        path, found, path);
}

/* The part of @path up to the worker's name: "/usr/local/lib/NAME", "/opt/NAME". */
static char *
own_folder (const char *path, const Position *at, const PlaceRule *rule)
{
  const char *slash = strchr (at->inside, '/');

  if (*rule->pattern != '/' && slash)
    slash = strchr (slash + 1, '/');
  return slash ? g_strndup (path, slash - path) : g_strdup (path);
}

static bool
place_check_own (PlaceCheck *check, const char *path, const Position *at, const PlaceRule *rule, GError **error)
{
  g_autofree char *own = own_folder (path, at, rule);
  const char *owner = g_hash_table_lookup (check->folders, own);
  Position own_at = position_of (check, own);

  if (owner)
    return tree_conflict (error, "%s belongs to worker %s: remove that worker first, or change one of the recipes", own,
                          owner);
  if (!place_check_hidden (check, own, &own_at, error))
    return false;
  if (system_files_folder_is_used (check->ledger, own, check->old))
    {
      g_autofree char *full = places_show (check->ledger->places, own);

      return tree_conflict (error, "%s exists and belongs to no worker; move it away", full);
    }
  g_free (check->own);
  check->own = g_steal_pointer (&own);
  return true;
}

static bool
place_check_named (const PlaceCheck *check, const char *path, const Position *at, const PlaceRule *rule, GError **error)
{
  const TreeEntry *entry = tree_find (check->tree, path);

  if (!place_check_hidden (check, path, at, error))
    return false;
  if (rule->kind == PLACE_NAMED)
    return true;
  return rule->kind == PLACE_DESKTOP ?
             place_content_check_desktop (check->tree, entry, error) :
             place_content_check_zsh (check->ledger, check->tree, entry, &check->names, error);
}

/* Everything that a file, a link or an empty folder can be refused for. */
static bool
place_check_path (PlaceCheck *check, const char *path, GError **error)
{
  size_t length = check->own ? strlen (check->own) : 0;
  const PlaceRule *rule;
  Position at;

  if ((length && strncmp (path, check->own, length) == 0 && path[length] == '/') || place_is_allowed (check, path))
    return true;
  at = position_of (check, path);
  rule = place_rule_find (at.inside, &check->names, at.foreign);
  if (!check->tree && rule && rule->kind != PLACE_REFUSED)
    return true;
  switch (rule ? rule->kind : PLACE_REFUSED)
    {
    case PLACE_REFUSED:
      return place_refuse (check, path, rule, &at, error);
    case PLACE_COMMAND:
      return place_check_command (check, path, strrchr (path, '/') + 1, error);
    case PLACE_OWN:
      return place_check_own (check, path, &at, rule, error);
    case PLACE_PASSIVE:
      return true;
    default:
      return place_check_named (check, path, &at, rule, error);
    }
}

static void
place_add_above (PlaceCheck *check, const char *path)
{
  char *directory = g_path_get_dirname (path);

  while (!g_str_equal (directory, "/") && g_hash_table_add (check->above, directory))
    directory = g_path_get_dirname (directory);
  if (g_str_equal (directory, "/"))
    g_free (directory);
}

/* An empty folder harms where somebody looks for it. */
static bool
place_check_empty (PlaceCheck *check, const char *path, GError **error)
{
  const PlaceRule *rule;
  Position at;

  if (!places_is_below (check->ledger->places, path) || g_hash_table_contains (check->above, path) ||
      place_is_allowed (check, path))
    return true;
  at = position_of (check, path);
  rule = place_rule_find (at.inside, &check->names, at.foreign);
  if (rule && rule->kind == PLACE_OWN)
    return place_check_own (check, path, &at, rule, error);
  return !rule || rule->kind != PLACE_REFUSED || place_rule_leads (at.inside, &check->names, at.foreign) ||
         place_refuse (check, path, rule, &at, error);
}

bool
place_check_tree (const Ledger *ledger, const Tree *tree, const WorkerRecord *record, const WorkerRecord *old,
                  GHashTable *folders, GError **error)
{
  g_auto (PlaceCheck) check = { .ledger = ledger, .tree = tree, .old = old, .folders = folders };
  g_autoptr (GStrvBuilder) commands = g_strv_builder_new ();

  check.names.names = place_names (record);
  check.above = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const TreeEntry *entry = tree->entries->pdata[i];

      if (!S_ISDIR (entry->st.st_mode))
        place_add_command (&check, commands, entry->path);
    }
  check.names.commands = g_strv_builder_end (commands);

  for (guint i = 0; i < tree->entries->len; i++)
    {
      const TreeEntry *entry = tree->entries->pdata[i];

      if (S_ISDIR (entry->st.st_mode))
        continue;
      if (!place_check_path (&check, entry->path, error))
        return false;
      place_add_above (&check, entry->path);
    }
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const TreeEntry *entry = tree->entries->pdata[i];

      if (S_ISDIR (entry->st.st_mode) && !place_check_empty (&check, entry->path, error))
        return false;
    }
  return true;
}

bool
place_check_record (const Ledger *ledger, const WorkerRecord *record, GError **error)
{
  g_auto (PlaceCheck) check = { .ledger = ledger };
  g_autoptr (GStrvBuilder) commands = g_strv_builder_new ();

  check.names.names = place_names (record);
  for (guint i = 0; i < record->files->len; i++)
    place_add_command (&check, commands, ((WorkerFile *)record->files->pdata[i])->path);
  check.names.commands = g_strv_builder_end (commands);

  for (guint i = 0; i < record->files->len; i++)
    {
      const WorkerFile *file = record->files->pdata[i];

      if (!places_is_below (ledger->places, file->path))
        return places_set_error (ledger->places, EXDEV, file->path, error);
      if (!place_check_path (&check, file->path, error))
        return false;
    }
  return true;
}
