/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "display-name.h"
#include "error.h"
#include "file.h"
#include "journal.h"
#include "json.h"
#include "old-jobs.h"
#include "registry.h"

#define JOBS_KEPT    200
#define REVIVED_KEPT 32
#define RECORD_MAX   (64 * 1024)

struct JobStore
{
  Hive *hive;
  char *directory;
  char *counter_path;
  char *unfinished_path;
  char *old_path;
  uint64_t next;
  GPtrArray *jobs;   /* of Job, owned, ascending: those that are objects */
  GHashTable *by_id; /* of Job, borrowed */
  JobIndex *index;   /* all that are on disk */
};

static char *
job_store_path (JobStore *store, const char *id, const char *name)
{
  return g_build_filename (store->directory, id, name, NULL);
}

static int
number_compare (const void *one, const void *other)
{
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

  return a < b ? -1 : a > b;
}

/* The numbers of all jobs on disk, ascending. */
static GArray *
job_store_numbers (JobStore *store)
{
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  g_autoptr (GDir) directory = g_dir_open (store->directory, 0, NULL);
  const char *name;

  while (directory && (name = g_dir_read_name (directory)))
    {
      uint64_t number = job_id_parse (name);

      if (number > 0)
        g_array_append_val (numbers, number);
    }
  g_array_sort (numbers, number_compare);
  return numbers;
}

Job *
job_store_load (JobStore *store, uint64_t number, GError **error)
{
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  g_autofree char *path = job_store_path (store, id, "job.json");
  g_autofree char *log_path = job_store_path (store, id, "log");
  g_autofree char *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  struct stat status;
  size_t size;
  Job *job;

  text = file_read (path, RECORD_MAX, &size, error);
  if (!text)
    return NULL;
  object = json_parse_object (text, (ssize_t)size, path, HIVE_ERROR_FAILED, error);
  if (!object)
    return NULL;
  job = job_from_json (store->hive, number, object, path, error);
  if (job && stat (log_path, &status) == 0)
    job->log_size = (uint64_t)status.st_size;
  return job;
}

static void
job_store_insert (JobStore *store, Job *job)
{
  guint at = store->jobs->len;

  while (at > 0 && ((Job *)store->jobs->pdata[at - 1])->number > job->number)
    at--;
  g_ptr_array_insert (store->jobs, (gint)at, job);
  g_hash_table_insert (store->by_id, job->id, job);
}

/* Takes one from the bus and from memory. */
static void
job_store_drop (JobStore *store, Job *job)
{
  sd_bus *bus = store->hive->bus;

  sd_bus_emit_object_removed (bus, job->path);
  sd_bus_emit_signal (bus, HIVE_PATH, HIVE_INTERFACE, "JobRemoved", "so", job->id, job->path);
  g_hash_table_remove (store->by_id, job->id);
  g_ptr_array_remove (store->jobs, job);
}

/* Of one whose record cannot be read, it is known when its folder changed last and how large its log is. */
static void
job_store_add_damaged (JobStore *store, uint64_t number)
{
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  g_autofree char *folder = g_build_filename (store->directory, id, NULL);
  g_autofree char *log_path = job_store_path (store, id, "log");
  struct stat status = { 0 }, log_status = { 0 };

  stat (folder, &status);
  stat (log_path, &log_status);
  job_index_finish (store->index, job_index_add (store->index, number, ""), (uint64_t)status.st_mtime * G_USEC_PER_SEC,
                    (uint64_t)log_status.st_size);
}

/* From its record. It becomes an object if it is @new, or active. */
static void
job_store_add (JobStore *store, uint64_t number, bool new)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Job) job = job_store_load (store, number, &error);
  JobEntry *entry;

  if (!job)
    {
      g_warning ("A job is passed over: %s", error->message);
      job_store_add_damaged (store, number);
      return;
    }
  entry = job_index_add (store->index, number, job->worker_id);
  if (!job_is_active (job))
    job_index_finish (store->index, entry, job->finished_at, job->log_size);
  if (job_is_active (job) || new)
    job_store_insert (store, g_steal_pointer (&job));
}

static void
job_store_load_all (JobStore *store)
{
  g_autoptr (GArray) numbers = job_store_numbers (store);
  g_autoptr (OldJobs) old = old_jobs_read (store->old_path);
  guint first_new = numbers->len > JOBS_KEPT ? numbers->len - JOBS_KEPT : 0;

  for (guint i = 0; i < numbers->len; i++)
    {
      uint64_t number = g_array_index (numbers, uint64_t, i);

      if (i >= first_new || !old_jobs_take (old, number, store->index))
        job_store_add (store, number, i >= first_new);
    }
  if (numbers->len == 0)
    return;
  old_jobs_write (old, store->old_path, store->index, g_array_index (numbers, uint64_t, first_new));
  store->next = MAX (store->next, g_array_index (numbers, uint64_t, numbers->len - 1) + 1);
}

static void
job_store_mark_unfinished (JobStore *store)
{
  bool unfinished = false;
  int fd;

  for (guint i = 0; i < store->jobs->len; i++)
    unfinished = unfinished || job_is_active (store->jobs->pdata[i]);
  if (!unfinished)
    unlink (store->unfinished_path);
  else if ((fd = open (store->unfinished_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) >= 0)
    close (fd);
}

static bool
job_store_make_directories (JobStore *store, GError **error)
{
  const Configuration *configuration = store->hive->configuration;
  g_autofree char *workers = configuration_state_path (configuration, "workers", NULL);
  g_autofree char *work = configuration_cache_path (configuration, "work", NULL);
  const char *const paths[] = { store->directory, workers, work };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    if (g_mkdir_with_parents (paths[i], 0755) < 0)
      return hive_error_set_errno (error, errno, "Cannot make the folder %s", paths[i]);
  return true;
}

JobStore *
job_store_new (Hive *hive, GError **error)
{
  g_autoptr (JobStore) store = g_new0 (JobStore, 1);
  g_autofree char *counter = NULL;
  g_autoptr (GError) failure = NULL;

  store->hive = hive;
  store->directory = configuration_state_path (hive->configuration, "jobs", NULL);
  store->counter_path = configuration_state_path (hive->configuration, "next-job", NULL);
  store->old_path = configuration_state_path (hive->configuration, "old-jobs", NULL);
  store->unfinished_path = configuration_state_path (hive->configuration, "unfinished", NULL);
  store->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify)job_free);
  store->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  store->index = job_index_new ();
  store->next = 1;
  /* A hive that cannot write can still answer questions; who asks for a job is told why there is none. */
  if (!job_store_make_directories (store, &failure))
    g_warning ("%s", failure->message);
  if (g_file_get_contents (store->counter_path, &counter, NULL, NULL) &&
      (store->next = job_id_parse (g_strchomp (counter))) == 0)
    g_warning ("%s is damaged; counting on from the newest job", store->counter_path);
  store->next = MAX (store->next, 1);
  job_store_load_all (store);
  job_store_mark_unfinished (store);
  return g_steal_pointer (&store);
}

void
job_store_free (JobStore *store)
{
  if (!store)
    return;
  g_hash_table_unref (store->by_id);
  g_ptr_array_unref (store->jobs);
  job_index_free (store->index);
  g_free (store->directory);
  g_free (store->counter_path);
  g_free (store->unfinished_path);
  g_free (store->old_path);
  g_free (store);
}

bool
job_store_save (JobStore *store, const Job *job, GError **error)
{
  g_autofree char *path = job_store_path (store, job->id, "job.json");
  g_autoptr (JsonObject) object = job_to_json (job);
  g_autofree char *text = json_to_text (object, true);
  bool saved;
  JobEntry *entry = job_index_find (store->index, job->number);

  if (entry && !job_is_active (job))
    job_index_finish (store->index, entry, job->finished_at, job->log_size);
  /* A rename without a sync: after a power cut the old or the new text is there, and an older state than the true one
   * is mended at the next start (what was installed is durable by itself). */
  saved = file_replace (path, text, -1, false, error);

  if (!job_is_active (job))
    job_store_mark_unfinished (store);
  return saved;
}

int
job_store_open_log (JobStore *store, const Job *job, int flags)
{
  g_autofree char *path = job_store_path (store, job->id, "log");
  mode_t mode = job->hive->configuration->owner_reads_log ? 0640 : 0644;
  int fd = open (path, flags | O_CLOEXEC | O_NOFOLLOW, mode);

  return fd < 0 ? -errno : fd;
}

static bool
job_store_count (JobStore *store, uint64_t number, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT "\n", number + 1);

  if (!file_replace (store->counter_path, text, -1, false, error))
    return false;
  store->next = number + 1;
  return true;
}

/* A folder of the next free number. */
static bool
job_store_make_folder (JobStore *store, uint64_t *ret_number, GError **error)
{
  for (uint64_t number = store->next;; number++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, store->directory, number);

      if (mkdir (path, 0755) == 0)
        {
          *ret_number = number;
          return true;
        }
      if (errno != EEXIST)
        return hive_error_set_errno (error, errno, "Cannot make the job's folder %s", path);
    }
}

/* The record goes last: of a folder that is half erased it says what that was. */
static int
folder_empty (int fd)
{
  DIR *directory = fdopendir (fd);
  struct dirent *each;
  int r = 0;

  if (!directory)
    {
      close (fd);
      return -errno;
    }
  while (r == 0 && (each = readdir (directory)))
    if (!g_str_equal (each->d_name, ".") && !g_str_equal (each->d_name, "..") &&
        !g_str_equal (each->d_name, "job.json") && unlinkat (fd, each->d_name, 0) < 0)
      r = -errno;
  if (r == 0 && unlinkat (fd, "job.json", 0) < 0 && errno != ENOENT)
    r = -errno;
  closedir (directory);
  return r;
}

/* Removes a job's folder; one that is gone already is not an error. */
static int
job_store_erase (JobStore *store, uint64_t number)
{
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  g_auto (Fd) jobs = open (store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int fd = jobs < 0 ? -errno : file_open_beneath (jobs, id, O_RDONLY | O_DIRECTORY, 0);
  int r = fd < 0 ? fd : folder_empty (fd);

  if (r == 0 && unlinkat (jobs, id, AT_REMOVEDIR) < 0)
    r = -errno;
  return r == -ENOENT ? 0 : r;
}

static bool
job_store_write_new (JobStore *store, const Job *job, GError **error)
{
  g_auto (Fd) log = job_store_open_log (store, job, O_WRONLY | O_CREAT | O_EXCL);

  if (log < 0)
    return hive_error_set_errno (error, -log, "Cannot make the log of job %s", job->id);
  return job_store_count (store, job->number, error) && job_store_save (store, job, error);
}

/* What is installed has a name. A recipe that was handed over is another worker, and a model may have a worker's id. */
static void
job_store_name (JobStore *store, Job *job)
{
  const WorkerRecord *installed =
      job_operation_is_on_models (job->operation) || (job->options && job->options->recipe) ?
          NULL :
          registry_get (store->hive->registry, job->worker_id, NULL);

  if (installed)
    job->name = display_name_clean (installed->name);
}

Job *
job_store_create (JobStore *store, JobOperation operation, const char *worker_id, const InstallOptions *options,
                  const char *key, uid_t owner, GError **error)
{
  g_autoptr (Job) job = NULL;
  uint64_t number = 0;

  if (!job_store_make_folder (store, &number, error))
    return NULL;
  job = job_new (store->hive, number, operation, worker_id);
  job->owner = owner;
  job->created_at = (uint64_t)g_get_real_time ();
  job->idempotency_key = g_strdup (key);
  if (options)
    job->options = install_options_copy (options);
  job_store_name (store, job);
  if (!job_store_write_new (store, job, error))
    {
      job_store_erase (store, number);
      return NULL;
    }
  job_index_add (store->index, number, worker_id);
  job_store_insert (store, job);
  job_store_mark_unfinished (store);
  journal_job_asked (job);
  sd_bus_emit_object_added (store->hive->bus, job->path);
  sd_bus_emit_signal (store->hive->bus, HIVE_PATH, HIVE_INTERFACE, "JobNew", "so", job->id, job->path);
  return g_steal_pointer (&job);
}

Job *
job_store_find (JobStore *store, const char *id)
{
  return g_hash_table_lookup (store->by_id, id);
}

Job *
job_store_find_number (JobStore *store, uint64_t number)
{
  char id[24];

  g_snprintf (id, sizeof id, "%" G_GUINT64_FORMAT, number);
  return job_store_find (store, id);
}

/* Only so many old ones stay: the oldest of them goes. */
static void
job_store_trim_revived (JobStore *store)
{
  Job *oldest = NULL;
  unsigned count = 0;

  for (guint i = 0; i < store->jobs->len; i++)
    {
      Job *job = store->jobs->pdata[i];

      if (!job->revived)
        continue;
      count++;
      if (!oldest)
        oldest = job;
    }
  if (count > REVIVED_KEPT)
    job_store_drop (store, oldest);
}

/* Why there is none of that id. */
static void
job_store_set_not_found (JobStore *store, const char *id, uint64_t number, GError **error)
{
  g_autofree char *shown = g_utf8_substring (id, 0, MIN (g_utf8_strlen (id, -1), 40));

  if (number > 0 && number < store->next)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_JOB_NOT_FOUND,
                 "There is no job %s any more: it is past what is kept (MaxJobs=, MaxAge= and MaxTotalSize= of "
                 "[History] in hive.conf)",
                 shown);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_JOB_NOT_FOUND, N_ ("There is no job %s"), shown);
}

Job *
job_store_revive (JobStore *store, const char *id, GError **error)
{
  Job *job = job_store_find (store, id);
  uint64_t number = job_id_parse (id);

  if (job)
    return job;
  if (!job_index_find (store->index, number))
    {
      job_store_set_not_found (store, id, number, error);
      return NULL;
    }
  job = job_store_load (store, number, error);
  if (!job)
    return NULL;
  job_store_trim_revived (store);
  job->revived = true;
  job_store_insert (store, job);
  sd_bus_emit_object_added (store->hive->bus, job->path);
  return job;
}

Job *
job_store_find_active (JobStore *store, JobOperation operation, const char *name)
{
  for (guint i = 0; i < store->jobs->len; i++)
    {
      Job *job = store->jobs->pdata[i];

      if (job_is_active (job) &&
          job_operation_is_on_models (job->operation) == job_operation_is_on_models (operation) &&
          g_str_equal (job->worker_id, name))
        return job;
    }
  return NULL;
}

Job *
job_store_find_key (JobStore *store, JobOperation operation, const char *worker_id, uid_t owner, const char *key)
{
  for (guint i = store->jobs->len; i > 0 && key; i--)
    {
      Job *job = store->jobs->pdata[i - 1];

      if (job->operation == operation && job->owner == owner && g_strcmp0 (job->idempotency_key, key) == 0 &&
          g_str_equal (job->worker_id, worker_id))
        return job;
    }
  return NULL;
}

GPtrArray *
job_store_jobs (JobStore *store)
{
  return store->jobs;
}

JobIndex *
job_store_index (JobStore *store)
{
  return store->index;
}

bool
job_store_forget (JobStore *store, uint64_t number, GError **error)
{
  Job *job = job_store_find_number (store, number);
  int r = job_store_erase (store, number);

  if (job)
    job_store_drop (store, job);
  job_index_remove (store->index, job_index_find (store->index, number));
  return r == 0 || hive_error_set_errno (error, -r, "Cannot remove the old job %s/%llu", store->directory,
                                         (unsigned long long)number);
}

void
job_store_trim (JobStore *store)
{
  guint finished = 0;

  for (guint i = 0; i < store->jobs->len; i++)
    {
      Job *job = store->jobs->pdata[i];

      if (!job->run && !job_is_active (job) && !job->revived)
        finished++;
    }
  for (guint i = 0; i < store->jobs->len && finished > JOBS_KEPT;)
    {
      Job *job = store->jobs->pdata[i];

      if (!job->run && !job_is_active (job) && !job->revived)
        {
          job_store_drop (store, job);
          finished--;
        }
      else
        i++;
    }
}
