/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source-entry.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "catalog-entry.h"
#include "machine.h"
#include "page.h"

static void
source_entry_free (SourceEntry *wanted)
{
  source_free (wanted->source);
  g_free (wanted->encoding);
  g_free (wanted->revision);
  g_free (wanted->pointers);
  g_free (wanted);
}

static bool
sum_is_given (const char *sum)
{
  return sum && !g_str_equal (sum, "SKIP");
}

/* Of a repository only what a tag or a commit names stays the same, and of it git alone can make an archive that does:
 * its sum is that of makepkg 6.1 and later. */
static bool
wanted_can_be_summed (const SourceEntry *wanted)
{
  const Source *source = wanted->source;

  return !source_is_repository (source) ||
         (source->kind == SOURCE_GIT && source->ref && !g_str_equal (source->ref_kind, "branch"));
}

static bool
wanted_set_sum (SourceEntry *wanted, ChecksumKind kind, const char *sum, GError **error)
{
  bool given = sum_is_given (sum);

  if (given && !checksum_is_valid (kind, sum))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "\"%.200s\" is not a %s sum (of the source %s)", sum,
                 checksum_title (kind), wanted->source->name);
  else if (given && !wanted_can_be_summed (wanted))
    g_set_error (
        error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
        "The sum of the source %s cannot be checked: a repository has one only with git and #tag= or #commit=; "
        "use SKIP",
        wanted->source->name);
  else
    {
      wanted->sums[kind] = sum;
      return true;
    }
  return false;
}

/* The sums of one kind for the sources from @first on. An empty array is as good as none. */
static bool
wanted_add_sums (GPtrArray *all, unsigned first, const Recipe *recipe, ChecksumKind kind, const char *suffix,
                 bool *summed, GError **error)
{
  g_autofree char *array = g_strconcat (checksum_name (kind), "sums", suffix, NULL);
  char **sums = g_hash_table_lookup (recipe->variables, array);
  unsigned count = sums ? g_strv_length (sums) : 0;

  if (count == 0)
    return true;
  if (count != all->len - first)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   "source%s has %u elements and %s has %u: each source needs its sum, or SKIP", suffix,
                   all->len - first, array, count);
      return false;
    }
  for (unsigned i = 0; i < count; i++)
    if (!wanted_set_sum (all->pdata[first + i], kind, sums[i], error))
      return false;
  *summed = true;
  return true;
}

/* One array, source or source_ARCH, with its sums. */
static bool
wanted_add (GPtrArray *all, const Recipe *recipe, const char *suffix, GError **error)
{
  g_autofree char *array = g_strconcat ("source", suffix, NULL);
  char **texts = g_hash_table_lookup (recipe->variables, array);
  unsigned first = all->len;
  bool summed = false;

  for (; texts && *texts; texts++)
    {
      Source *source = source_parse (*texts, error);
      SourceEntry *wanted;

      if (!source)
        return false;
      wanted = g_new0 (SourceEntry, 1);
      wanted->source = source;
      g_ptr_array_add (all, wanted);
    }
  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    if (!wanted_add_sums (all, first, recipe, kind, suffix, &summed, error))
      return false;

  if (all->len > first && !summed)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                 "%s has %u elements, but there are no sha256sums%s, b2sums%s or others of the kind for them", array,
                 all->len - first, suffix, suffix);
  return all->len == first || summed;
}

GPtrArray *
source_entry_collect (const Recipe *recipe, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)source_entry_free);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *suffix = g_strconcat ("_", machine_architecture (), NULL);

  if (!wanted_add (all, recipe, "", error) || !wanted_add (all, recipe, suffix, error))
    return NULL;
  for (guint i = 0; i < all->len; i++)
    if (!g_hash_table_add (names, ((SourceEntry *)all->pdata[i])->source->name))
      {
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID, "Two sources have the name %s",
                     ((SourceEntry *)all->pdata[i])->source->name);
        return NULL;
      }
  return g_steal_pointer (&all);
}

bool
source_entry_is_summed (const SourceEntry *wanted)
{
  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    if (sum_is_given (wanted->sums[kind]))
      return true;
  return false;
}

bool
source_entry_is_weak (const SourceEntry *wanted)
{
  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    if (sum_is_given (wanted->sums[kind]) && !checksum_is_weak (kind))
      return false;
  return source_entry_is_summed (wanted);
}

/* How the names of files end that are so by themselves, whatever the server says. */
static bool
name_tells_encoding (const char *name, const char *encoding)
{
  static const struct
  {
    const char *encoding, *end;
  } ends[] = { { "gzip", "gz" }, { "x-gzip", "gz" },  { "br", ".br" },     { "zstd", ".zst" },
               { "xz", "xz" },   { "bzip2", ".bz2" }, { "compress", ".Z" } };

  for (size_t i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_ascii_strcasecmp (encoding, ends[i].encoding) == 0 && g_str_has_suffix (name, ends[i].end))
      return true;
  return false;
}

char *
source_entry_guess (const SourceEntry *wanted, int fd)
{
  static const char *const known[] = { "gzip", "x-gzip", "br", "zstd", "deflate", "compress", "xz", "bzip2", NULL };
  char start[512];
  const char *name = wanted->source->name;
  ssize_t n = pread (fd, start, sizeof start, 0);
  const char *instead = n >= 0 ? page_describe_instead (name, start, (size_t)n) : NULL;
  bool gzip = n > 2 && memcmp (start, "\x1f\x8b", 2) == 0;
  const char *encoding = gzip ? "gzip" : wanted->encoding;

  if (instead)
    return g_strdup (instead);
  return encoding && g_strv_contains (known, encoding) && !name_tells_encoding (name, encoding) ?
             g_strdup_printf (N_ ("something that was compressed by %s, for which nobody asked"), encoding) :
             NULL;
}

static void
wanted_set_mismatch (const SourceEntry *wanted, int fd, ChecksumKind kind, const char *found, GError **error)
{
  g_autofree char *instead = source_is_repository (wanted->source) ? NULL : source_entry_guess (wanted, fd);

  if (instead)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                 "The source %s is not what the recipe expects: the server sent %s; its %s sum is %s, not %s",
                 wanted->source->name, instead, checksum_title (kind), found, wanted->sums[kind]);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH,
                 "The source %s is not what the recipe expects: its %s sum is %s, not %s", wanted->source->name,
                 checksum_title (kind), found, wanted->sums[kind]);
}

bool
source_entry_verify (const SourceEntry *wanted, int fd, GError **error)
{
  bool given[CHECKSUM_KINDS];
  char *found[CHECKSUM_KINDS] = { NULL };
  bool equal = true;

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    given[kind] = sum_is_given (wanted->sums[kind]);
  if (!source_entry_is_summed (wanted))
    return true;
  if (!checksum_of_fd (fd, given, found, error))
    return false;

  for (ChecksumKind kind = 0; equal && kind < CHECKSUM_KINDS; kind++)
    if (given[kind] && g_ascii_strcasecmp (found[kind], wanted->sums[kind]) != 0)
      {
        wanted_set_mismatch (wanted, fd, kind, found[kind], error);
        equal = false;
      }
  checksum_clear (found);
  return equal;
}

char *
source_entry_describe_sums (const SourceEntry *wanted)
{
  g_autoptr (GString) told = g_string_new (NULL);

  for (ChecksumKind kind = 0; kind < CHECKSUM_KINDS; kind++)
    if (sum_is_given (wanted->sums[kind]))
      g_string_append_printf (told, "%s%s", told->len > 0 ? ", " : "", checksum_title (kind));
  return g_strdup (told->len > 0 ? told->str : "not verified");
}
