/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "access.h"
#include "cgroup.h"
#include "cpu-environment.h"
#include "dependency-rules.h"
#include "fetch.h"
#include "file.h"
#include "folder.h"
#include "machine-environment.h"
#include "machine.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "site.h"
#include "tool-cache.h"
#include "toolchains.h"

#define TMP "tmp" /* in the work directory */

char *
step_path (const Builder *builder, const char *name)
{
  return g_build_filename (STEP_INSIDE_BASE, builder->below ? builder->below : builder->request->worker_id, name, NULL);
}

/* What makepkg.conf(5) sets; run.bash exports it when makepkg does. */
static void
step_set_flags (const Builder *builder, Sandbox *sandbox)
{
  const char *architecture = machine_architecture ();
  g_autofree char *host = g_strdup_printf ("%s-pc-linux-gnu", architecture);
  g_autofree char *epoch = g_strdup_printf ("%" G_GINT64_FORMAT, builder->started);
  g_autofree char *features = g_strjoinv (",", builder->entry->features);

  sandbox_setenv (sandbox, "CARCH", architecture);
  sandbox_setenv (sandbox, "CHOST", host);
  cpu_environment_add (builder, sandbox);
  sandbox_setenv (sandbox, "LDFLAGS", "-Wl,-O1 -Wl,--as-needed");
  sandbox_setenv (sandbox, "LTOFLAGS", "-flto=auto");
  sandbox_setenv (sandbox, "DEBUG_CFLAGS", "-g");
  sandbox_setenv (sandbox, "DEBUG_CXXFLAGS", "-g");
  sandbox_setenv (sandbox, "DEBUG_RUSTFLAGS", "-C debuginfo=2");
  machine_environment_add (builder->machine, builder->configuration, sandbox);
  sandbox_setenv (sandbox, "SOURCE_DATE_EPOCH", epoch);
  if (*features)
    sandbox_setenv (sandbox, "RBEE_FEATURES", features);
}

typedef enum
{
  STEP_OFFLINE,
  STEP_MAY_CONNECT,  /* by [Build] NetworkSteps=: where no filtered network can be had it goes on without one */
  STEP_MUST_CONNECT, /* somebody said so of this catalog or job */
} StepNetwork;

/* The job's own word counts first, then its catalog's, then that for all. */
static StepNetwork
step_network (const Builder *builder, const char *step)
{
  static const char *const usual[] = { "prepare", "build", NULL };
  const char *const *all = (const char *const *)builder->configuration->network_steps;
  const char *const *own = (const char *const *)builder->catalog->own->network_steps;

  if (g_strcmp0 (builder->request->network, NETWORK_FORBID) == 0)
    return STEP_OFFLINE;
  if (g_strcmp0 (builder->request->network, NETWORK_ALLOW) == 0 && g_strv_contains (usual, step))
    return STEP_MUST_CONNECT;
  if (own)
    return g_strv_contains (own, step) ? STEP_MUST_CONNECT : STEP_OFFLINE;
  return g_strv_contains (all, step) ? STEP_MAY_CONNECT : STEP_OFFLINE;
}

static bool
step_has_network (const Builder *builder, const char *step)
{
  StepNetwork network = step_network (builder, step);

  return network == STEP_MUST_CONNECT || (network == STEP_MAY_CONNECT && !sandbox_network_lack ());
}

static Sandbox *
step_new_sandbox (Builder *builder, bool toolchains)
{
  Sandbox *sandbox = sandbox_new (builder->configuration);
  g_autofree char *start = g_build_filename (builder->request->work, "start", NULL);
  g_autofree char *base = step_path (builder, NULL);
  g_autofree char *src = step_path (builder, "src");
  g_autofree char *home = step_path (builder, "home");

  if (toolchains)
    toolchains_add (builder->configuration, sandbox);
  scripts_bind (builder->configuration, sandbox);
  if (builder->above && (builder->above_is_repository || !step_has_network (builder, builder->phase)))
    sandbox_bind_read_only (sandbox, builder->above, STEP_INSIDE_BASE);
  sandbox_bind_read_only (sandbox, start, base);
  sandbox_chdir (sandbox, base);
  sandbox_setenv (sandbox, "startdir", base);
  sandbox_setenv (sandbox, "srcdir", src);
  sandbox_setenv (sandbox, "HOME", home);
  sandbox_setenv (sandbox, "USER", "builder");
  sandbox_setenv (sandbox, "LOGNAME", "builder");
  sandbox_setenv (sandbox, "SHELL", "/bin/bash");
  step_set_flags (builder, sandbox);
  if (toolchains)
    sandbox_setenv_all (sandbox, builder->configuration->recipe_environment);
  return sandbox;
}

Sandbox *
step_sandbox (Builder *builder)
{
  return step_new_sandbox (builder, false);
}

Sandbox *
step_recipe_sandbox (Builder *builder)
{
  return step_new_sandbox (builder, true);
}

void
step_bind (Builder *builder, Sandbox *sandbox, const char *name)
{
  g_autofree char *outside = g_build_filename (builder->request->work, name, NULL);
  g_autofree char *inside = step_path (builder, name);

  sandbox_bind (sandbox, outside, inside);
}

/* Wheels and the like are too large for memory, so /tmp lies in the work tree, empty for each function. */
static bool
step_make_tmp (Builder *builder, GError **error)
{
  int r = folder_remove (builder->work_fd, TMP);
  g_auto (Fd) fd = -1;

  if (r == 0 && mkdirat (builder->work_fd, TMP, 0700) < 0)
    r = -errno;
  fd = r < 0 ? r : file_open_beneath (builder->work_fd, TMP, O_RDONLY | O_DIRECTORY, 0);
  if (fd >= 0 && fchmod (fd, 01777) == 0)
    return true;
  return hive_error_set_errno (error, fd < 0 ? -fd : errno, "Cannot make %s/%s", builder->request->work, TMP);
}

Sandbox *
step_function_sandbox (Builder *builder, GError **error)
{
  g_autofree char *tmp = g_build_filename (builder->request->work, TMP, NULL);
  Sandbox *sandbox;

  if (!step_make_tmp (builder, error))
    return NULL;
  sandbox = step_recipe_sandbox (builder);
  sandbox_set_tmp (sandbox, tmp);
  sandbox_limit_work (sandbox, builder->request->work);
  step_bind (builder, sandbox, "src");
  step_bind (builder, sandbox, "home");
  tool_cache_add (builder, sandbox);
  return sandbox;
}

void
step_tell_diagnostics (Builder *builder, Sandbox *sandbox)
{
  step_tell (builder, sandbox_diagnostics (sandbox));
}

void
step_tell (Builder *builder, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line; line++)
    if (**line)
      log_writer_write (builder->log, builder->phase, LOG_STREAM_ERR, *line, -1);
}

bool
step_missing_program (Builder *builder, const char *program, GError **error)
{
  const char *names[] = { program, NULL };
  g_autofree char *command = dependency_rules_command_here (builder->configuration, names);

  log_writer_note (builder->log, builder->phase, "❌ Missing dependencies");
  if (command)
    log_writer_note (builder->log, builder->phase, "Install with: %s", command);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES, N_ ("Please install %s before proceeding"), program);
  return false;
}

/* Of a shell's status of 128 and more: which signal, and where that is known, why. */
static void
step_tell_signal (Builder *builder, const PhaseStep *step, int status)
{
  int number = status - 128;

  if (number <= 0 || number > SIGRTMAX)
    return;
  if (number == SIGKILL)
    log_writer_note (builder->log, step->phase, "⚠ %d is signal 9 (Killed): %s", status,
                     cgroup_has_run_out_of_memory () ?
                         "the memory of the job had run out; raise MemoryMax= in [Jobs] of hive.conf, or "
                         "MemoryPerCompiler= in [Build], so that fewer compilers run at once" :
                         "that is what the kernel does when memory has run out (journalctl -k tells); "
                         "MemoryPerCompiler= in [Build] of hive.conf lets fewer compilers run at once");
  else
    log_writer_note (builder->log, step->phase, "⚠ %d is signal %d (%s)%s", status, number, strsignal (number),
                     number == SIGILL  ? ": a program is made for another processor than this one" :
                     number == SIGSYS  ? ": it asked the kernel for what builds may not have" :
                     number == SIGXFSZ ? ": a file became larger than it may" :
                     number == SIGXCPU ? ": it took more processor time than it may" :
                     number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE ?
                                         ": a program of the build crashed" :
                                         "");
}

/* Nothing that a build makes can run in such a folder, and "Permission denied" is all that is said of it. */
static void
step_tell_noexec (Builder *builder, const PhaseStep *step)
{
  struct statvfs st;

  if (fstatvfs (builder->work_fd, &st) == 0 && st.f_flag & ST_NOEXEC)
    log_writer_note (builder->log, step->phase,
                     "⚠ No program that %s() makes can run: CacheDirectory=%s is on a file system that is mounted "
                     "noexec. Mount it without that (mount -o remount,exec), or set CacheDirectory= in [Hive] of "
                     "hive.conf to another folder",
                     step->phase, builder->configuration->cache_directory);
}

static const char *
step_network_reason (const Builder *builder)
{
  return builder->request->network ? "--network=allow" : "NetworkSteps= in hive.conf";
}

/* A proxy that the hive has and its administrator did not name to recipes; NULL: there is none. */
static const char *
step_untold_proxy (const Builder *builder)
{
  const char *untold = NULL;

  for (const char *const *name = fetch_proxies; *name; name++)
    if (g_environ_getenv (builder->configuration->recipe_environment, *name))
      return NULL;
    else if (!untold && g_getenv (*name) && g_ascii_strncasecmp (*name, "no_", 3) != 0)
      untold = *name;
  return untold;
}

/* What comes of mirrors has to be looked up first, and an installed worker is mostly what was asked for. */
void
step_begin_network (Builder *builder)
{
  const JobRequest *request = builder->request;

  if (builder->configuration->mirrors->len == 0 && (!request->installed_version || request->reinstall) &&
      (step_has_network (builder, "prepare") || step_has_network (builder, "build")))
    builder->network = network_holder_new (builder->configuration);
}

static void
step_connect (const Builder *builder, const PhaseStep *step, Sandbox *sandbox)
{
  const char *proxy = step_untold_proxy (builder);

  if (!step_has_network (builder, step->phase))
    {
      sandbox_pin_host (sandbox, "localhost", "127.0.0.1"); /* tests start servers of their own */
      if (step_network (builder, step->phase) == STEP_MAY_CONNECT)
        log_writer_note (builder->log, step->phase, "⚠ %s() goes on without a network: %s", step->phase,
                         sandbox_network_lack ());
      return;
    }
  if (builder->network && network_holder_wait (builder->network))
    sandbox_join_network (sandbox, builder->network);
  else
    {
      sandbox_allow_network (sandbox);
      access_allow_mirrors (sandbox, builder->configuration);
    }
  log_writer_note (builder->log, step->phase, "🌐 Network is on for %s() (%s)", step->phase,
                   step_network_reason (builder));
  if (proxy)
    log_writer_note (builder->log, step->phase,
                     "⚠ %s() is not told the hive's proxy (%s), since one may lead to where its network does not: if "
                     "recipes may use it, say %s= in Environment= of [Recipe], and its address in Allow= of [Network], "
                     "of hive.conf",
                     step->phase, proxy, proxy);
}

bool
step_run_in (Builder *builder, const PhaseStep *step, Sandbox *sandbox, const char *const *arguments, GError **error)
{
  g_autoptr (Output) out = output_new (builder->log, step->phase, LOG_STREAM_OUT);
  g_autoptr (Output) err = output_new (builder->log, step->phase, LOG_STREAM_ERR);
  g_autofree char *what = g_strdup_printf ("%s()", step->phase);
  static const char *const nameable[] = { "prepare", "build", "check", NULL };
  int status;

  log_writer_note (builder->log, step->phase, "%s Starting %s phase...", step->icon, step->phase);
  step_connect (builder, step, sandbox);
  if (g_str_equal (step->phase, "build"))
    cpu_environment_tell (builder);
  sandbox_set_output (sandbox, out, err);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  if (!sandbox_run (sandbox, arguments, &status, error))
    return sandbox_trouble_explain (error, what, "StepTimeout=");
  if (status == 0)
    {
      log_writer_note (builder->log, step->phase, "✓ %s complete", step->title);
      return true;
    }

  if (step_network (builder, step->phase) == STEP_OFFLINE && g_strv_contains (nameable, step->phase))
    log_writer_note (builder->log, step->phase,
                     "%s() had no network: if it needs one, put it into NetworkSteps= of hive.conf%s", step->phase,
                     g_str_equal (step->phase, "check") ? "" : ", or install with --network=allow");
  log_writer_note (builder->log, step->phase, "❌ %s failed with exit code %d", step->title, status);
  step_tell_signal (builder, step, status);
  step_tell_noexec (builder, step);
  g_set_error (error, HIVE_ERROR, step->failure, N_ ("%s phase failed"), step->title);
  return false;
}

bool
step_run (Builder *builder, const PhaseStep *step, GError **error)
{
  g_autofree char *script = scripts_path ("run.bash");
  const char *arguments[] = { "bash", script, step->phase, NULL };
  g_autoptr (Sandbox) sandbox = NULL;

  if (!recipe_has_function (builder->recipe, step->phase))
    return true;
  sandbox = step_function_sandbox (builder, error);
  return sandbox && site_add (builder, sandbox, error) && step_run_in (builder, step, sandbox, arguments, error);
}
