/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "repository.h"

#include "archive.h"
#include "attempt.h"
#include "complaint.h"
#include "fetch.h"
#include "folder.h"
#include "location.h"
#include "step.h"

#define INSIDE_SRC "/tmp/src"

/* Runs svn or hg in src/; @location NULL: without the server. */
static bool
repository_run (Builder *builder, const Source *source, const Location *location, const char *const *arguments,
                int *ret_status, char **ret_said, GError **error)
{
  g_autoptr (Sandbox) sandbox = sandbox_new (builder->configuration);
  g_autofree char *src = g_build_filename (builder->request->work, "src", NULL);

  sandbox_bind (sandbox, src, INSIDE_SRC);
  sandbox_chdir (sandbox, INSIDE_SRC);
  sandbox_setenv (sandbox, "HOME", "/tmp");
  sandbox_setenv (sandbox, "HGRCPATH", "/dev/null");
  sandbox_setenv (sandbox, "HGPLAIN", "1");
  sandbox_set_timeout (sandbox, builder->configuration->download_timeout);
  archive_limit (builder, sandbox);
  if (location)
    location_allow (location, builder, sandbox);
  if (!sandbox_run (sandbox, arguments, ret_status, error))
    return archive_explain (error, source->name, "DownloadTimeout=");
  if (*ret_status == 127)
    return step_missing_program (builder, arguments[0], error);
  *ret_said = g_strdup (sandbox_diagnostics (sandbox));
  return true;
}

/* Away with what an attempt has left. */
static bool
repository_drop (Builder *builder, const Source *source)
{
  g_autofree char *path = g_build_filename ("src", source->name, NULL);

  return folder_remove (builder->work_fd, path) == 0;
}

static bool
repository_must (Builder *builder, const Source *source, const Location *location, const char *const *arguments,
                 GError **error)
{
  g_autofree char *shown = fetch_redact (source->url);
  g_autoptr (GError) stopped = NULL;

  for (unsigned attempt = 1;; attempt++)
    {
      g_autofree char *said = NULL;
      g_autofree char *why = NULL;
      int status;

      if (!repository_run (builder, source, location, arguments, &status, &said, error))
        return false;
      if (status == 0)
        return true;
      why = complaint_of (said, source_address (source));
      if (location && attempt_again (builder, source, attempt, said, why, &stopped) &&
          repository_drop (builder, source))
        continue;
      if (stopped)
        g_propagate_error (error, g_steal_pointer (&stopped));
      else
        g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                     "The repository %s cannot be checked out%s%s; %s says: %s", shown, source->ref ? " at " : "",
                     source->ref ? source->ref : "", arguments[0], why);
      return false;
    }
}

bool
svn_fetch (Builder *builder, const Source *source, GError **error)
{
  g_auto (Location) location = { 0 };
  const char *arguments[] = { "svn",
                              "checkout",
                              "--quiet",
                              "--non-interactive",
                              "--no-auth-cache",
                              "--ignore-externals",
                              "--config-dir",
                              "/tmp/svn",
                              "-r",
                              source->ref ? source->ref : "HEAD",
                              "--",
                              NULL,
                              source->name,
                              NULL };

  if (!location_find (builder, source, "", &location, error))
    return false;
  arguments[11] = location.url;
  return repository_must (builder, source, &location, arguments, error);
}

bool
hg_fetch (Builder *builder, const Source *source, GError **error)
{
  g_auto (Location) location = { 0 };
  const char *clone[] = { "hg", "clone", "--quiet",    "--noupdate", "--config", "ui.clonebundles=false",
                          "--", NULL,    source->name, NULL };
  const char *find[] = { "hg", "-R", source->name, "identify", "-r", "@", NULL };
  const char *update[] = { "hg",      "-R",      source->name, "update",
                           "--quiet", "--clean", "--config",   "subrepos.allowed=false",
                           "-r",      NULL,      NULL };
  g_autofree char *said = NULL;
  int status = 1;

  if (!location_find (builder, source, "", &location, error))
    return false;
  clone[7] = location.url;
  if (!repository_must (builder, source, &location, clone, error))
    return false;

  /* As makepkg: the bookmark @, where there is one. */
  if (!source->ref && !repository_run (builder, source, NULL, find, &status, &said, error))
    return false;
  update[9] = source->ref ? source->ref : status == 0 ? "@" : "default";
  return repository_must (builder, source, NULL, update, error);
}
