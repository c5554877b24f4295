/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>

#include "cgroup.h"
#include "cpu-environment.h"
#include "display-name.h"
#include "file.h"
#include "json.h"
#include "machine.h"
#include "sandbox.h"
#include "scripts.h"
#include "version.h"

#define TEXT_MAX 1000 /* bytes of a description, a license */

static const struct
{
  const char *name;
  bool (*run) (Builder *builder, GError **error);
} phases[] = {
  { "metadata", metadata_run },
  { "platform", platform_run },
  { "pkgbuild", pkgbuild_run },
  { "parse", parse_run },
  { "dependencies", dependencies_run },
  { "store", store_run },
  { "sources", sources_run },
  { "prepare", prepare_run },
  { "pkgver", pkgver_run },
  { "build", build_run },
  { "check", check_run },
  { "package", package_run },
};

void
pipeline_clear (Builder *builder)
{
  fd_clear (&builder->work_fd);
  catalog_entry_free (builder->entry);
  catalog_search_free (builder->search);
  machine_free (builder->machine);
  g_free (builder->source);
  recipe_free (builder->recipe);
  g_clear_pointer (&builder->resolved, json_array_unref);
  g_free (builder->ready_cpu);
  g_free (builder->recipe_url);
  g_free (builder->recipe_sha256);
  g_free (builder->tool_cache);
  cargo_sources_free (builder->cargo_sources);
  network_holder_free (builder->network);
  g_free (builder->folder);
  g_free (builder->above);
  g_free (builder->below);
}

/* The same version from the same recipe for the same backend and, where one was asked for, processor: nothing to build.
 * An upgrade builds what is newer alone. A recipe with pkgver() knows its version only after that phase; what an
 * install makes of it is built in any case. */
static bool
job_is_installed (const Builder *builder, bool versioned)
{
  const JobRequest *request = builder->request;
  g_autofree char *version = recipe_version (builder->recipe);

  if (!request->installed_version || (!versioned && recipe_has_function (builder->recipe, "pkgver")))
    return false;
  if (request->upgrade)
    return version_compare (version, request->installed_version) <= 0;
  return !request->reinstall && !versioned && g_str_equal (request->installed_version, version) &&
         g_strcmp0 (request->installed_recipe_sha256, builder->recipe_sha256) == 0 &&
         g_strcmp0 (request->installed_backend, builder->entry->worker_type) == 0 &&
         (!request->cpu || g_strcmp0 (request->installed_cpu, request->cpu) == 0);
}

static void
job_tell_installed (const Builder *builder)
{
  const JobRequest *request = builder->request;
  g_autofree char *version = recipe_version (builder->recipe);

  if (request->upgrade)
    log_writer_note (builder->log, builder->phase, "✓ Up to date: %s %s (its catalog has %s)", request->worker_id,
                     request->installed_version, version);
  else
    log_writer_note (builder->log, builder->phase, "✓ Already installed: %s %s (ask for a reinstall to build it again)",
                     request->worker_id, version);
}

/* The daemon reads the outcome from the log; without its last record the exit status is all there is. */
static int
job_exit (int written, int status)
{
  return written == -ENOSPC || written == -EDQUOT ? JOB_EXIT_NO_SPACE : status;
}

/* What is only shown is cut where the daemon would refuse it for its length. */
static void
job_set_text (JsonObject *result, const char *key, const char *text)
{
  g_autofree char *cut = g_utf8_make_valid (text, MIN (strlen (text), TEXT_MAX));

  json_object_set_string_member (result, key, cut);
}

static int
job_write_result (const Builder *builder)
{
  g_autoptr (JsonObject) result = json_object_new ();
  g_autofree char *version = recipe_version (builder->recipe);
  g_autofree char *binary = catalog_entry_binary (builder->entry);
  g_autofree char *name = display_name_clean (builder->entry->name);
  const RecipePackage *package = builder->recipe->packages->pdata[0];
  g_auto (GStrv) licenses = recipe_package_values (builder->recipe, package, "license", machine_architecture ());
  g_autofree char *license = g_strjoinv (" AND ", licenses);
  const char *description = recipe_package_value (builder->recipe, package, "pkgdesc");
  g_autofree char *text = NULL;

  json_object_set_boolean_member (result, "already_installed", builder->installed);
  if (name)
    json_object_set_string_member (result, "name", name);
  json_object_set_string_member (result, "pkgname", recipe_value (builder->recipe, "pkgname"));
  json_object_set_string_member (result, "version", version);
  json_object_set_string_member (result, "pkgver", recipe_value (builder->recipe, "pkgver"));
  json_object_set_string_member (result, "pkgrel", recipe_value (builder->recipe, "pkgrel"));
  job_set_text (result, "description", description ? description : builder->entry->description);
  job_set_text (result, "license", *license ? license : builder->entry->license);
  json_object_set_string_member (result, "backend", builder->entry->worker_type);
  json_object_set_string_member (result, "cpu", cpu_environment_level (builder));
  json_object_set_string_member (result, "source", builder->source);
  json_object_set_string_member (result, "catalog", builder->catalog->own->shown_url);
  json_object_set_string_member (result, "catalog_name", builder->catalog->own->name);
  json_object_set_string_member (result, "recipe_sha256", builder->recipe_sha256);
  json_object_set_string_member (result, "binary", binary);
  json_object_set_string_member (result, "run", builder->entry->run ? builder->entry->run : "");
  text = json_to_text (result, false);
  return job_exit (log_writer_write (builder->log, "package", LOG_STREAM_RESULT, text, -1), JOB_EXIT_READY);
}

/* "CatalogUnavailable" as words: "Catalog unavailable". */
static char *
job_error_words (int code)
{
  GString *words = g_string_new (NULL);

  for (const char *name = hive_error_name (code); *name; name++)
    if (g_ascii_isupper (*name) && words->len > 0)
      g_string_append_printf (words, " %c", g_ascii_tolower (*name));
    else
      g_string_append_c (words, *name);
  return g_string_free (words, FALSE);
}

/* Programs that were denied a process fail in ways of their own: what they say is in the log, this is why. */
static const GError *
job_find_cause (const Builder *builder, const GError *error, GError **ret_cause)
{
  if (!cgroup_has_reached_tasks_max ())
    return error;
  g_set_error (ret_cause, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
               "The build needed more processes and threads than it may have (%u): raise TasksMax= in [Jobs] of "
               "hive.conf",
               builder->configuration->tasks_max);
  return *ret_cause;
}

int
pipeline_fail (const Builder *builder, const GError *failure)
{
  g_autoptr (GError) cause = NULL;
  const GError *error = job_find_cause (builder, failure, &cause);
  g_autofree char *words = job_error_words (error->code);

  if (sandbox_was_cancelled () || error->code == HIVE_ERROR_INTERRUPTED)
    return JOB_EXIT_CANCELLED;

  switch (error->code)
    {
    case HIVE_ERROR_PLATFORM_INCOMPATIBLE:
    case HIVE_ERROR_MISSING_DEPENDENCIES:
    case HIVE_ERROR_BUILD_FAILED:
    case HIVE_ERROR_PACKAGE_FAILED:
      break; /* the phase has said more */
    default:
      log_writer_note (builder->log, builder->phase, "❌ %s", words);
    }
  return job_exit (log_writer_error (builder->log, builder->phase, error), JOB_EXIT_FAILED);
}

bool
pipeline_run_phases (Builder *builder, const char *first, const char *last, GError **error)
{
  size_t i = 0;

  while (!g_str_equal (phases[i].name, first))
    i++;
  for (; i < G_N_ELEMENTS (phases); i++)
    {
      builder->phase = phases[i].name;
      if (!phases[i].run (builder, error) || !sandbox_check_cancelled (error))
        return false;
      builder->installed = (phases[i].run == parse_run && job_is_installed (builder, false)) ||
                           ((phases[i].run == pkgver_run || builder->ready) && job_is_installed (builder, true));
      if (builder->installed || builder->ready || g_str_equal (phases[i].name, last))
        break;
    }
  return true;
}

int
pipeline_run (const Configuration *configuration, const JobRequest *request, LogWriter *log)
{
  g_auto (Builder) builder = { .configuration = configuration,
                               .request = request,
                               .log = log,
                               .phase = "metadata",
                               .started = g_get_real_time () / G_USEC_PER_SEC };
  g_autoptr (GError) error = NULL;

  builder.work_fd = open (request->work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (builder.work_fd < 0)
    {
      hive_error_set_errno (&error, errno,
                            errno == EACCES ?
                                N_ ("Builds run as users of their own, who must be able to enter each folder "
                                    "above %s (chmod a+x), or set CacheDirectory= in [Hive] of hive.conf") :
                                N_ ("Cannot open %s"),
                            request->work);
      return pipeline_fail (&builder, error);
    }
  if (!scripts_check (configuration, &error) || !pipeline_run_phases (&builder, "metadata", "package", &error))
    return pipeline_fail (&builder, error);
  if (builder.installed)
    job_tell_installed (&builder);
  return job_write_result (&builder);
}
