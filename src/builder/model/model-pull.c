/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-pull.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "file.h"
#include "hub.h"
#include "model-delivery.h"
#include "model-entry.h"
#include "model-record.h"
#include "model-reference.h"
#include "pipeline.h"
#include "scripts.h"
#include "size.h"
#include "validator.h"

#define NAMED_MAX 40 /* files that a message names */

/* One file to be fetched. */
typedef struct
{
  char *url, *sha256;
  uint64_t size; /* 0: unknown */
  char *file;    /* its name in model/ */
} PullFile;

typedef struct
{
  Builder builder;
  Hub *hub;
  ModelReference reference;
  GPtrArray *files; /* of PullFile */
  char *name;
} Pull;

static void
pull_file_free (void *data)
{
  PullFile *file = data;

  g_free (file->url);
  g_free (file->sha256);
  g_free (file->file);
  g_free (file);
}

static void
pull_clear (Pull *pull)
{
  hub_free (pull->hub);
  model_reference_clear (&pull->reference);
  g_clear_pointer (&pull->files, g_ptr_array_unref);
  g_free (pull->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pull, pull_clear)

static void
pull_add (Pull *pull, const char *url, const char *sha256, uint64_t size, unsigned part, unsigned parts)
{
  PullFile *file = g_new0 (PullFile, 1);

  file->url = g_strdup (url);
  file->sha256 = g_strdup (sha256);
  file->size = size;
  file->file = model_entry_part (pull->name, part, parts);
  g_ptr_array_add (pull->files, file);
}

/* The path of a model without its part: what is the same in all its files. */
static char *
hub_model (const char *path, unsigned *ret_part, unsigned *ret_parts)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = model_file_name (path, ret_part, ret_parts);

  return g_build_filename (folder, name, NULL);
}

/* The one model that is meant, of all that the repository has. */
static char *
pull_choose (const Pull *pull, GPtrArray *list, GError **error)
{
  g_autoptr (GPtrArray) models = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *names = NULL;
  unsigned part, parts;

  if (pull->reference.file)
    return hub_model (pull->reference.file, &part, &parts);
  for (guint i = 0; i < list->len; i++)
    {
      const HubFile *file = list->pdata[i];
      char *model = hub_model (file->path, &part, &parts);

      if (part != 1)
        g_free (model);
      else
        g_ptr_array_add (models, model);
    }
  if (models->len == 1)
    return g_ptr_array_steal_index (models, 0);
  g_ptr_array_set_size (models, (gint)MIN (models->len, NAMED_MAX));
  g_ptr_array_add (models, NULL);
  for (guint i = 0; models->pdata[i]; i++)
    {
      char *plain = g_str_has_prefix (models->pdata[i], "./") ? (char *)models->pdata[i] + 2 : models->pdata[i];
      g_autofree char *before = g_steal_pointer (&names);

      names = g_strconcat (before ? before : "", before ? ", " : "", plain, ".gguf", NULL);
    }
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s has several models: name one, as hf:%s:FILE, of %s",
               pull->reference.repository, pull->reference.repository, names ? names : "none");
  return NULL;
}

/* All parts of the model @wanted; sizes and sums are the hub's word. */
static bool
pull_take_files (Pull *pull, GPtrArray *list, const char *wanted, GError **error)
{
  unsigned part, parts, whole = 0;

  for (guint i = 0; i < list->len; i++)
    {
      const HubFile *file = list->pdata[i];
      g_autofree char *model = hub_model (file->path, &part, &parts);
      g_autofree char *url = NULL;

      if (!g_str_equal (model, wanted) || strpbrk (file->path, "?#%"))
        continue;
      if (!file->sha256)
        {
          g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                       "The hub says no sha256 of %s, by which it could be checked", file->path);
          return false;
        }
      url = hub_file_url (pull->hub, pull->reference.repository, file->path);
      whole = parts;
      pull_add (pull, url, file->sha256, file->size, part, parts);
    }
  if (pull->files->len > 0 && pull->files->len == whole)
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "%s has no whole model %s.gguf",
               pull->reference.repository, g_str_has_prefix (wanted, "./") ? wanted + 2 : wanted);
  return false;
}

static bool
pull_plan (Pull *pull, const char *asked, GError **error)
{
  const ModelReference *reference = &pull->reference;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *wanted = NULL;

  if (reference->url)
    {
      pull->name = g_strdup (asked);
      pull_add (pull, reference->url, reference->sha256, 0, 1, 1);
      return true;
    }
  log_writer_note (pull->builder.log, pull->builder.phase, "🔎 Asking the hub for %s", reference->repository);
  list = hub_list (pull->hub, &pull->builder, reference->repository, error);
  wanted = list ? pull_choose (pull, list, error) : NULL;
  if (!wanted)
    return false;
  /* Without a FILE nobody knew its name yet; one that was given counts. */
  pull->name =
      !reference->file && g_str_equal (asked, reference->name) ? g_path_get_basename (wanted) : g_strdup (asked);
  return model_name_check (pull->name, error) && pull_take_files (pull, list, wanted, error);
}

/* A server that knows no Range sends all of it again, which counts on top of what is there until it has come. */
static uint64_t
pull_room (const Pull *pull, const PullFile *file)
{
  return file->size > 0 && file->size < INT64_MAX / 2 ? 2 * file->size : INT64_MAX;
}

static bool
pull_set_error (const Pull *pull, const PullFile *file, FetchResult result, const char *why, GError **error)
{
  if (result == FETCH_DENIED)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                 "The server gives it to nobody but those that it knows: %s; %s", why,
                 pull->reference.repository ?
                     hub_token_advice (pull->hub) :
                     N_ ("the hive has no password for such an address: fetch it yourself, then hivectl model import"));
  else if (result == FETCH_NOT_FOUND)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "%s is not there: %s", file->file, why);
  else if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_CHECKSUM_MISMATCH, "%s is larger than the hub said: %s", file->file,
                 why);
  else
    return fetch_set_source_error (result, why, pull->builder.request->work, error);
  return false;
}

/* To keep/sources/KEY/part, which a later job finds when this one is cancelled or fails. */
static bool
pull_fetch_part (Pull *pull, const PullFile *file, int kept, int fd, GError **error)
{
  const Builder *builder = &pull->builder;
  const CatalogConfiguration nobody = {
    .name = (char *)"", .url = (char *)"file:///", .network_allow = (char *[]){ NULL }, .foreign = true
  };
  g_autofree char *validator = validator_read (kept);
  g_autofree char *why = NULL;
  Fetch fetch = { .configuration = builder->configuration,
                  .url = file->url,
                  .max_size = pull_room (pull, file),
                  .timeout = builder->configuration->runtime_max,
                  .catalog = &nobody,
                  .log = builder->log,
                  .phase = builder->phase,
                  .progress = true,
                  .folder = builder->request->work };
  FetchResult result;
  struct stat st;

  if (pull->reference.repository)
    hub_prepare (pull->hub, &fetch);
  if (fstat (fd, &st) == 0 && st.st_size > 0)
    {
      g_autofree char *size = size_to_string ((uint64_t)st.st_size);

      log_writer_note (builder->log, builder->phase, "↻ Resuming %s at %s", file->file, size);
    }
  result = fetch_resume (&fetch, fd, &validator, &why);
  validator_write (kept, validator);
  if (!sandbox_check_cancelled (error))
    return false;
  return result == FETCH_OK || pull_set_error (pull, file, result, why, error);
}

static bool
pull_file (Pull *pull, const PullFile *file, JsonObject *result, GError **error)
{
  Builder *builder = &pull->builder;
  g_autofree char *key = cache_key ("model", file->url, file->sha256, NULL);
  g_autofree char *folder = cache_path (builder, CACHE_SOURCES, key);
  g_autofree char *path = g_build_filename ("model", file->file, NULL);
  g_autofree char *size = size_to_string (file->size);
  g_auto (Fd) kept = -1;
  g_auto (Fd) fd = -1;

  log_writer_note (builder->log, builder->phase, "⬇ Fetching %s%s%s%s", file->file, file->size ? " (" : "",
                   file->size ? size : "", file->size ? ")" : "");
  if (!cache_take (builder, CACHE_SOURCES, key, NULL, error))
    return false;
  kept = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  fd = kept < 0 ? -1 : file_open_beneath (kept, "part", O_RDWR | O_CREAT | O_NOFOLLOW, 0644);
  if (fd < 0)
    return hive_error_set_errno (error, kept < 0 ? errno : -fd, "Cannot write %s", folder);
  if (!pull_fetch_part (pull, file, kept, fd, error))
    return false;
  validator_remove (kept);
  if (renameat (kept, "part", builder->work_fd, path) < 0)
    return hive_error_set_errno (error, errno, "Cannot write %s", path);
  return model_delivery_add (builder, result, file->file, file->sha256, error);
}

static bool
pull_all (Pull *pull, JsonObject **ret_result, GError **error)
{
  const JobRequest *request = pull->builder.request;
  g_autoptr (JsonObject) result = NULL;
  g_autofree char *shown = NULL;
  uint64_t size = 0;

  if (!scripts_check (pull->builder.configuration, error) ||
      !model_reference_parse (request->model_reference, &pull->reference, error) ||
      !pull_plan (pull, request->worker_id, error))
    return false;
  for (guint i = 0; i < pull->files->len; i++)
    size += ((const PullFile *)pull->files->pdata[i])->size;
  if (!model_delivery_check_space (&pull->builder, size, error) || !model_delivery_make_folder (&pull->builder, error))
    return false;
  shown = pull->reference.url ? fetch_redact (pull->reference.url) : g_strdup (request->model_reference);
  result = model_delivery_new (pull->name, shown);
  pull->builder.phase = "sources";
  for (guint i = 0; i < pull->files->len; i++)
    if (!pull_file (pull, pull->files->pdata[i], result, error))
      return false;
  *ret_result = g_steal_pointer (&result);
  return true;
}

int
model_pull_run (const Configuration *configuration, const JobRequest *request, LogWriter *log)
{
  g_auto (Fd) work = open (request->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  g_auto (Pull) pull = {
    .builder = { .configuration = configuration, .request = request, .log = log, .phase = "metadata", .work_fd = work },
    .hub = hub_new (configuration),
    .files = g_ptr_array_new_with_free_func (pull_file_free),
  };
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (GError) error = NULL;

  if (work < 0)
    hive_error_set_errno (&error, errno, "Cannot open %s", request->work);
  else if (pull_all (&pull, &result, &error))
    return model_delivery_finish (&pull.builder, result);
  return pipeline_fail (&pull.builder, error);
}
