/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-dependencies.h"

#include "dependency-rules.h"
#include "error.h"
#include "json.h"
#include "package-install.h"

#define PHASE     "install-dependencies"
#define NAMES_MAX 200 /* a recipe that misses more asks for another machine */

struct JobDependencies
{
  LogWriter *log;
  char *list;    /* of the packages */
  char *command; /* that installs them; NULL: it isn't known */
  JobDependenciesHandler handler;
  void *userdata;
  unsigned percent;
  PackageInstall *install;
};

/* What is asked for; NULL when @result asks for nothing, or is damaged. */
static char **
result_names (const char *result)
{
  g_autoptr (JsonObject) object =
      json_parse_object (result, strlen (result), "the builder's result", HIVE_ERROR_BUILD_FAILED, NULL);

  return object ? json_get_strings (object, PHASE) : NULL;
}

bool
job_dependencies_are_asked_for (const char *result)
{
  g_auto (GStrv) names = result ? result_names (result) : NULL;

  return names && *names;
}

/* Adds the packages that bring the dependency @text. */
static bool
packages_add (GPtrArray *packages, const DependencyRules *rules, const char *text, Distribution here, GError **error)
{
  g_autoptr (Dependency) dependency = dependency_parse (text, error);
  g_auto (GStrv) brought = NULL;

  if (!dependency)
    return false;
  brought = dependency_rules_packages (rules, dependency->name, here);
  if (!*brought)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES,
                   "Please install %s before proceeding: no package is known that brings it here", text);
      return false;
    }
  for (char **package = brought; *package; package++)
    if (!g_ptr_array_find_with_equal_func (packages, *package, g_str_equal, NULL))
      g_ptr_array_add (packages, g_strdup (*package));
  return true;
}

static char **
job_dependencies_packages (const Job *job, const char *result, GError **error)
{
  g_auto (GStrv) names = result_names (result);
  g_autoptr (GPtrArray) packages = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (DependencyRules) rules = NULL;
  Distribution here = distribution_here ();

  if (!job->options || !job->options->install_dependencies || !names || g_strv_length (names) > NAMES_MAX)
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_BUILD_FAILED,
                           "The builder asks for packages that it may not have");
      return NULL;
    }
  rules = dependency_rules_load (job->hive->configuration->dependency_rules, error);
  if (!rules)
    return NULL;
  for (char **name = names; *name; name++)
    if (!packages_add (packages, rules, *name, here, error))
      return NULL;
  g_ptr_array_add (packages, NULL);
  g_ptr_array_set_free_func (packages, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&packages), FALSE);
}

static void
job_dependencies_note (const char *text, void *userdata)
{
  JobDependencies *dependencies = userdata;

  log_writer_note (dependencies->log, PHASE, "%s", text);
}

static void
job_dependencies_percent (unsigned percent, void *userdata)
{
  JobDependencies *dependencies = userdata;
  g_autofree char *text = g_strdup_printf ("%u/100", percent);

  if (percent > dependencies->percent)
    log_writer_write (dependencies->log, PHASE, LOG_STREAM_PROGRESS, text, -1);
  dependencies->percent = MAX (percent, dependencies->percent);
}

static void
job_dependencies_finished (const GError *failure, void *userdata)
{
  JobDependencies *dependencies = userdata;
  const char *command = failure && failure->code == HIVE_ERROR_MISSING_DEPENDENCIES ? dependencies->command : NULL;
  g_autoptr (GError) error = NULL;

  if (!failure)
    log_writer_note (dependencies->log, PHASE, "✓ Packages installed: %s", dependencies->list);
  else
    error = g_error_new (HIVE_ERROR, failure->code, "Could not install %s: %s%s%s", dependencies->list,
                         failure->message, command ? "; by hand: " : "", command ? command : "");
  dependencies->handler (error, dependencies->userdata);
}

JobDependencies *
job_dependencies_start (Job *job, LogWriter *log, const char *result, JobDependenciesHandler handler, void *userdata,
                        GError **error)
{
  static const PackageInstallHandlers handlers = {
    .note = job_dependencies_note,
    .percent = job_dependencies_percent,
    .finished = job_dependencies_finished,
  };
  g_auto (GStrv) packages = job_dependencies_packages (job, result, error);
  g_autoptr (JobDependencies) dependencies = NULL;

  if (!packages)
    return NULL;
  dependencies = g_new0 (JobDependencies, 1);
  dependencies->log = log;
  dependencies->list = g_strjoinv (", ", packages);
  dependencies->command = distribution_install_command (distribution_here (), packages);
  dependencies->handler = handler;
  dependencies->userdata = userdata;
  log_writer_note (log, PHASE, "📦 Installing what is missing: %s", dependencies->list);
  dependencies->install = package_install_start (job->hive->bus, packages, &handlers, dependencies, error);
  return dependencies->install ? g_steal_pointer (&dependencies) : NULL;
}

void
job_dependencies_cancel (JobDependencies *dependencies)
{
  log_writer_note (dependencies->log, PHASE, "Waiting for PackageKit to finish...");
  package_install_cancel (dependencies->install);
}

void
job_dependencies_free (JobDependencies *dependencies)
{
  if (!dependencies)
    return;
  package_install_free (dependencies->install);
  g_free (dependencies->list);
  g_free (dependencies->command);
  g_free (dependencies);
}
