/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build-record.h"
#include "checksum.h"
#include "file.h"
#include "folder.h"
#include "json.h"
#include "ready-build.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "size.h"
#include "step.h"
#include "store-access.h"
#include "store-key.h"

#define ANSWER_FD      9                   /* rbee-hive-store writes there */
#define ANSWER_MAX     (128 * 1024 * 1024) /* records of 200,000 files fit */
#define LOOKUP_TIMEOUT 3                   /* s: a registry that is dead costs no more */
#define START_TIME     200                 /* ms: what is left of that for a sandbox to begin and end in */
#define SLOW_TIMEOUT   35                  /* s: a folder, and one that goes on to answer (oci-registry.c) */
#define LOOKUPS_MAX    256                 /* that are noted */
#define NAME_TIMEOUT   10                  /* s: for its name, once it has answered */
#define INSIDE_TREE    "/tmp/tree"
#define INSIDE_PKG     "/tmp/pkg"
#define TREE           "tree"
#define LIST           "list"

bool
store_lookup_is_asked (const Builder *builder)
{
  return !builder->apart && (builder->request->from || builder->configuration->stores->len > 0);
}

/* All builds that the store has; NULL: it is of no use. */
static JsonArray *
find_builds (Builder *builder, const Store *store, const char *key, GError **error)
{
  int64_t deadline = g_get_monotonic_time () + LOOKUP_TIMEOUT * G_USEC_PER_SEC;
  g_autofree char *program = scripts_path ("rbee-hive-store");
  const char *url;
  g_autoptr (Sandbox) sandbox = store_access_new (builder, store, deadline, &url, error);
  g_autofree char *left = g_strdup_printf ("%d", (int)((deadline - g_get_monotonic_time ()) / 1000 - START_TIME));
  const char *const command[] = { program, "find", url, key, left, NULL };
  g_autoptr (JsonObject) answer = NULL;
  JsonNode *builds;
  const char *text;
  size_t size;

  if (!sandbox)
    return NULL;
  sandbox_collect (sandbox, ANSWER_FD, ANSWER_MAX);
  if (!store_access_run (sandbox, command, SLOW_TIMEOUT, error))
    return NULL;
  text = sandbox_collected (sandbox, &size);
  answer = json_parse_object (text, (gssize)size, "its answer", HIVE_ERROR_FAILED, error);
  builds = answer ? json_object_get_member (answer, "builds") : NULL;
  return builds && JSON_NODE_HOLDS_ARRAY (builds) ? json_array_ref (json_node_get_array (builds)) : NULL;
}

/* To the work directory, and it is what was signed. */
static bool
fetch_tree (Builder *builder, const Store *store, const ReadyBuild *ready, GError **error)
{
  g_autofree char *program = scripts_path ("rbee-hive-store");
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, ready->size);
  int64_t deadline = g_get_monotonic_time () + NAME_TIMEOUT * G_USEC_PER_SEC;
  const char *url;
  g_autoptr (Output) progress = output_new (builder->log, "store", LOG_STREAM_PROGRESS);
  g_autoptr (Sandbox) sandbox = store_access_new (builder, store, deadline, &url, error);
  const char *const command[] = { program, "get", url, ready->tree, size, NULL };
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, TREE, O_RDWR | O_CREAT | O_TRUNC, 0644);
  const bool wanted[CHECKSUM_KINDS] = { [CHECKSUM_SHA256] = true };
  char *sums[CHECKSUM_KINDS] = { NULL };
  bool fine;

  if (!sandbox)
    return false;
  if (fd < 0)
    return hive_error_set_errno (error, -fd, "Cannot write %s/%s", builder->request->work, TREE);
  sandbox_set_output (sandbox, NULL, progress);
  sandbox_set_stdout (sandbox, fd);
  sandbox_limit_work (sandbox, builder->request->work);
  if (!store_access_run (sandbox, command, builder->configuration->download_timeout, error) ||
      !checksum_of_fd (fd, wanted, sums, error))
    return false;
  fine = g_str_has_prefix (ready->tree, "sha256:") &&
         g_strcmp0 (sums[CHECKSUM_SHA256], ready->tree + strlen ("sha256:")) == 0;
  checksum_clear (sums);
  if (!fine)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "‼ its tree is not the one that was signed");
  return fine;
}

/* Each file of the list is one of the record's, and there are as many. */
static bool
check_list (const ReadyBuild *ready, const char *list, size_t size, GError **error)
{
  guint count = 0;

  for (const char *entry = list; entry < list + size; entry += strlen (entry) + 1)
    {
      g_auto (GStrv) words = g_strsplit (entry, " ", 5);
      g_autofree char *path = g_strv_length (words) == 5 ? g_strconcat ("/", words[4], NULL) : g_strdup ("");
      const WorkerFile *file = worker_record_find (ready->files, path);

      if (*entry == 'd')
        continue;
      count++;
      if (!file || file->symlink != (*entry == 'l') ||
          (!file->symlink && file->mode != g_ascii_strtoull (words[1], NULL, 8)))
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "‼ its tree has what its record does not: %.200s", path);
          return false;
        }
    }
  if (count != ready->files->files->len)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "‼ its tree lacks files that its record has");
  return count == ready->files->files->len;
}

static bool
write_new (Builder *builder, const char *name, const char *text, size_t size, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (builder->work_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  int r = fd < 0 ? fd : file_write_all (fd, text, size);

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s/%s", builder->request->work, name);
}

/* What the installed worker's record is to say of the build. */
static bool
write_record (Builder *builder, const Store *store, const ReadyBuild *ready, GError **error)
{
  JsonObject *from = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (from, "store", store->name);
  json_object_set_string_member (from, "signed_by", ready->signed_by);
  json_object_set_string_member (from, "host", json_get_string (ready->record, "host", ""));
  json_object_set_string_member (from, "user", json_get_string (ready->record, "user", ""));
  json_object_set_object_member (ready->build, "from", from);
  text = json_to_text (ready->build, false);
  return write_new (builder, BUILD_RECORD_FILE, text, strlen (text), error);
}

static bool
unpack (Builder *builder, const Store *store, const ReadyBuild *ready, GError **error)
{
  g_autofree char *program = scripts_path ("rbee-hive-pack");
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, ready->files_size);
  g_autofree char *files = g_strdup_printf ("%u", ready->files->files->len + 100000);
  g_autofree char *tree = g_build_filename (builder->request->work, TREE, NULL);
  g_autofree char *pkg = g_build_filename (builder->request->work, "pkg", NULL);
  const char *const command[] = { program, "unpack", INSIDE_TREE, INSIDE_PKG, size, files, NULL };
  g_autoptr (Sandbox) sandbox = sandbox_new (builder->configuration);
  const char *list;
  size_t length;

  scripts_bind (builder->configuration, sandbox);
  sandbox_bind_read_only (sandbox, tree, INSIDE_TREE);
  sandbox_bind (sandbox, pkg, INSIDE_PKG);
  sandbox_limit_work (sandbox, builder->request->work);
  sandbox_collect (sandbox, ANSWER_FD, ANSWER_MAX);
  if (!store_access_run (sandbox, command, builder->configuration->step_timeout, error))
    return false;
  list = sandbox_collected (sandbox, &length);
  return check_list (ready, list, length, error) && write_new (builder, LIST, list, length, error) &&
         write_record (builder, store, ready, error);
}

/* Nothing of a build that is not used stays. */
static bool
undo (Builder *builder, GError **error)
{
  static const char *const files[] = { TREE, LIST, BUILD_RECORD_FILE };
  int r = folder_remove (builder->work_fd, "pkg");

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (unlinkat (builder->work_fd, files[i], 0) < 0 && errno != ENOENT)
      r = -errno;
  if (r == 0 && mkdirat (builder->work_fd, "pkg", 0755) < 0)
    r = -errno;
  return r == 0 || hive_error_set_errno (error, -r, "Cannot empty %s", builder->request->work);
}

static bool
use (Builder *builder, const Store *store, ReadyBuild *ready, LookupKind *ret_kind, GError **error)
{
  const char *pkgver = json_get_string (ready->worker, "pkgver", "");
  g_autofree char *size = size_to_string (ready->size);

  *ret_kind = LOOKUP_UNAVAILABLE;
  if (!fetch_tree (builder, store, ready, error))
    return false;
  *ret_kind = LOOKUP_DAMAGED;
  if (!unpack (builder, store, ready, error))
    return false;
  unlinkat (builder->work_fd, TREE, 0);
  if (recipe_has_function (builder->recipe, "pkgver") && !recipe_set_pkgver (builder->recipe, pkgver, error))
    return false;
  builder->ready = true;
  builder->ready_cpu = g_strdup (json_get_string (ready->build, "cpu", ""));
  log_writer_note (builder->log, "store", "✓ Ready build from %s: %s, built for %s on %s, signed by %s (%s)",
                   store->name, json_get_string (ready->worker, "version", ""), builder->ready_cpu,
                   json_get_string (ready->record, "host", "?"), ready->signed_by, size);
  return true;
}

/* The newest first, as their records say, which is not believed yet. */
static int
compare_builds (const void *a, const void *b)
{
  JsonObject *const *one = a, *const *other = b;
  int64_t first = json_get_int (*one, "built_at", 0), second = json_get_int (*other, "built_at", 0);

  return first < second ? 1 : first > second ? -1 : 0;
}

static GPtrArray *
sort_builds (JsonArray *builds)
{
  GPtrArray *sorted = g_ptr_array_new ();

  for (guint i = 0; i < json_array_get_length (builds); i++)
    {
      JsonNode *node = json_array_get_element (builds, i);
      JsonObject *said = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *text = said ? json_get_string (said, "record", "") : "";
      g_autoptr (JsonObject) record = json_parse_object (text, -1, "", HIVE_ERROR_FAILED, NULL);
      JsonNode *build = record ? json_object_get_member (record, "build") : NULL;

      if (!said)
        continue;
      json_object_set_int_member (said, "built_at",
                                  build && JSON_NODE_HOLDS_OBJECT (build) ?
                                      json_get_int (json_node_get_object (build), "built_at", 0) :
                                      0);
      g_ptr_array_add (sorted, said);
    }
  g_ptr_array_sort (sorted, compare_builds);
  return sorted;
}

/* What came of a look, for the job's Lookups. */
static void
note (JsonArray *lookups, LookupKind kind)
{
  if (json_array_get_length (lookups) < LOOKUPS_MAX)
    json_array_add_string_element (lookups, lookup_kind_name (kind));
}

/* False with an error alone when the job is to end. */
static bool
ask (Builder *builder, const Store *store, const char *key, JsonArray *lookups, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonArray) builds = find_builds (builder, store, key, &failure);
  g_autoptr (GPtrArray) sorted = builds ? sort_builds (builds) : NULL;

  if (!sandbox_check_cancelled (error))
    return false;
  if (!builds)
    log_writer_note (builder->log, "store", "⚠ Store %s is of no use: %s", store->name,
                     failure ? failure->message : "its answer is none");
  else if (sorted->len == 0)
    log_writer_note (builder->log, "store", "✗ Store %s has no build of this (key %.12s…)", store->name, key);
  if (!builds || sorted->len == 0)
    note (lookups, builds ? LOOKUP_MISS : LOOKUP_UNAVAILABLE);
  for (guint i = 0; sorted && i < sorted->len && !builder->ready; i++)
    {
      g_autoptr (GError) why = NULL;
      LookupKind kind;
      g_autoptr (ReadyBuild) ready = ready_build_new (builder, sorted->pdata[i], key, &kind, &why);
      bool used = ready && use (builder, store, ready, &kind, &why);

      note (lookups, used ? LOOKUP_HIT : kind);
      if (used)
        return true;
      log_writer_note (builder->log, "store", "✗ A build of store %s is not used: %s", store->name, why->message);
      if (!sandbox_check_cancelled (error) || (ready && !undo (builder, error)))
        return false;
      if (why->code == HIVE_ERROR_SOURCE_UNAVAILABLE || why->code == HIVE_ERROR_TIMED_OUT)
        break; /* the store's other builds would be waited for as long */
    }
  return true;
}

static bool
ask_all (Builder *builder, const char *key, JsonArray *lookups, GError **error)
{
  GPtrArray *stores = builder->configuration->stores;
  g_autoptr (Store) folder = builder->request->from ? store_of_folder (builder->request->from) : NULL;
  bool floating = store_key_is_floating (builder);

  if (folder)
    return ask (builder, folder, key, lookups, error);
  for (guint i = 0; i < stores->len && !builder->ready; i++)
    {
      const Store *store = stores->pdata[i];

      if (floating && !store->floating)
        log_writer_note (builder->log, "store",
                         "✗ Store %s is not asked: the recipe builds something else tomorrow (Floating= in [Store %s] "
                         "of hive.conf)",
                         store->name, store->name);
      else if (!ask (builder, store, key, lookups, error))
        return false;
    }
  return true;
}

static void
tell (Builder *builder, JsonArray *lookups)
{
  g_autoptr (JsonObject) result = json_object_new ();
  g_autofree char *text = NULL;

  if (json_array_get_length (lookups) == 0)
    return;
  json_object_set_array_member (result, "lookups", json_array_ref (lookups));
  text = json_to_text (result, false);
  log_writer_write (builder->log, "store", LOG_STREAM_RESULT, text, -1);
}

bool
store_lookup_run (Builder *builder, GError **error)
{
  g_autoptr (JsonArray) lookups = json_array_new ();
  g_autoptr (JsonObject) description = NULL;
  g_autofree char *key = NULL;

  if (!store_lookup_is_asked (builder))
    return true;
  description = store_key_describe (builder, error);
  key = description ? store_key_sum (description) : NULL;
  if (!key)
    return false;
  log_writer_note (builder->log, "store", "🔎 Looking for a ready build...");
  if (builder->configuration->trusted_keys->len == 0)
    log_writer_note (builder->log, "store",
                     "✗ No store is asked: hive.conf has no [Key NAME], by which builds would be signed");
  else if (!ask_all (builder, key, lookups, error))
    return false;
  tell (builder, lookups);
  if (!builder->ready && builder->request->from)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                 "%s has no build that can be used; the log shows why", builder->request->from);
  return builder->ready || !builder->request->from;
}
