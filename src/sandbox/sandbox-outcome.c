/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "error.h"
#include "file.h"
#include "folder.h"
#include "sandbox-private.h"
#include "sandbox-trouble.h"
#include "size.h"

/* The program's exit status, which bubblewrap tells only of a program that it started. */
static bool
sandbox_exit_code (const Sandbox *sandbox, int *ret_status)
{
  const char *code = strstr (sandbox->status->str, "\"exit-code\":");

  return code && sscanf (code, "\"exit-code\": %d", ret_status) == 1;
}

static void
sandbox_set_too_large (const FolderWatch *watch, GError **error)
{
  g_autofree char *max_size = size_to_string (watch->max_size);

  if (!watch->whole)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "It made more than %s, more than %u files, or folders more than %d deep", max_size, watch->max_files,
                 FOLDER_WATCH_DEPTH_MAX);
  else if (watch->size > watch->max_size)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 N_ ("The work tree became larger than %s (MaxWorkSize= in hive.conf)"), max_size);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "The work tree came to have more than %u files and folders (MaxWorkFiles= in hive.conf)",
                 watch->max_files);
}

static bool
sandbox_stopped (const Sandbox *sandbox, GError **error)
{
  switch (sandbox->stop)
    {
    case STOP_CANCELLED:
      return !sandbox_check_cancelled (error);
    case STOP_TIMED_OUT:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_TIMED_OUT, N_ ("It took longer than %u s"), sandbox->timeout);
      return true;
    case STOP_TOO_MUCH:
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED, "It printed too much");
      return true;
    case STOP_TOO_LARGE:
      sandbox_set_too_large (&sandbox->watch, error);
      return true;
    case STOP_NO_SPACE:
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_NO_SPACE,
          "Too little is left of the file system of %s, of which KeepFree= in hive.conf leaves some to others: "
          "free space there",
          sandbox->configuration->cache_directory);
      return true;
    case STOP_NONE:
    default:
      return false;
    }
}

/* Where these cannot be started, nothing else can. */
static bool
sandbox_lacks_system (const Sandbox *sandbox)
{
  static const char *const signs[] = { "execvp bash:", "execvp true:", "execvp /" };

  for (size_t i = 0; i < G_N_ELEMENTS (signs); i++)
    if (strstr (sandbox->err.tail->str, signs[i]))
      return true;
  return false;
}

/* A program that failed where it writes says that there was no room, though it may have made some since. */
static bool
sandbox_lacked_space (const Sandbox *sandbox)
{
  static const char *const signs[] = { "No space left on device", "Disk quota exceeded" };
  g_auto (Fd) fd = sandbox->watch.path ? open (sandbox->watch.path, O_PATH | O_CLOEXEC) : -1;

  for (size_t i = 0; fd >= 0 && i < G_N_ELEMENTS (signs); i++)
    if (strstr (sandbox->out.tail->str, signs[i]) || strstr (sandbox->err.tail->str, signs[i]))
      return true;
  return fd >= 0 && folder_is_short_of_space (fd, 1);
}

bool
sandbox_conclude (Sandbox *sandbox, int wait_status, int *ret_status, GError **error)
{
  bool started = sandbox_exit_code (sandbox, ret_status);

  if (sandbox->held && started)
    sandbox_stream_feed (&sandbox->err, sandbox->held->str, sandbox->held->len);
  if (sandbox->out.output)
    output_finish (sandbox->out.output);
  if (sandbox->err.output)
    output_finish (sandbox->err.output);

  sandbox->watch.next = sandbox->watch.next_space = 0;
  sandbox_check_folder (sandbox);
  if (sandbox_stopped (sandbox, error))
    return false;
  if (started && *ret_status != 0 && sandbox_lacked_space (sandbox))
    {
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_NO_SPACE,
          N_ ("There is no space left in the file system of %s: free some there, or set CacheDirectory= in [Hive] "
              "of hive.conf to a folder that has more"),
          sandbox->configuration->cache_directory);
      return false;
    }
  if (started)
    return true;

  if (WIFSIGNALED (wait_status))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The sandbox was ended from outside (%s)",
                   strsignal (WTERMSIG (wait_status)));
      return false;
    }
  if (strstr (sandbox->err.tail->str, BWRAP_PREFIX "execvp") && !sandbox_lacks_system (sandbox))
    {
      *ret_status = 127; /* as a shell says: there is no such program */
      return true;
    }

  if (sandbox->err.tail->len == 0)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
                 "bubblewrap ended with status %d and said nothing, status \"%s\"", WEXITSTATUS (wait_status),
                 sandbox->status->str);
  else if (sandbox_network_is_trouble (sandbox->err.tail->str))
    sandbox_network_set_error (error, sandbox_diagnostics (sandbox), NULL);
  else
    sandbox_trouble_set_error (error, sandbox_diagnostics (sandbox), NULL);
  return false;
}
