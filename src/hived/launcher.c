/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "launcher-backend.h"

static const char *const environment_kept[] = { "PATH",         "LANG",         "LC_ALL",        "TZ",
                                                "http_proxy",   "https_proxy",  "no_proxy",      "all_proxy",
                                                "HTTPS_PROXY",  "NO_PROXY",     "ALL_PROXY",     "G_DEBUG",
                                                "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", NULL };

char **
launcher_environment (void)
{
  g_autoptr (GStrvBuilder) environment = g_strv_builder_new ();

  for (const char *const *name = environment_kept; *name; name++)
    {
      const char *value = g_getenv (*name);
      g_autofree char *whole = value ? g_strconcat (*name, "=", value, NULL) : NULL;

      if (whole)
        g_strv_builder_add (environment, whole);
    }
  return g_strv_builder_end (environment);
}

Launcher *
launcher_new (sd_event *event, sd_bus *bus, const Configuration *configuration)
{
  return bus ? launcher_systemd_new (event, bus, configuration) : launcher_direct_new (event, configuration);
}

void
launcher_free (Launcher *launcher)
{
  if (launcher)
    launcher->backend->free (launcher);
}

bool
launcher_outlives_hive (const Launcher *launcher)
{
  return launcher->backend->adopt != NULL;
}

Child *
launcher_start (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error)
{
  return launcher->backend->start (launcher, launch, handler, userdata, error);
}

Child *
launcher_adopt (Launcher *launcher, const char *name, ChildHandler handler, void *userdata)
{
  return launcher->backend->adopt ? launcher->backend->adopt (launcher, name, handler, userdata) : NULL;
}

void
child_signal (Child *child, int signal, bool whole)
{
  child->launcher->backend->signal (child, signal, whole);
}

void
child_collect (Child *child, ChildGoneHandler gone, void *userdata)
{
  child->gone = gone;
  child->gone_userdata = userdata;
  child->launcher->backend->collect (child);
}

void
child_free (Child *child)
{
  if (child)
    child->launcher->backend->forget (child);
}

void
child_tell (Child *child, Ending ending)
{
  ChildHandler handler = g_steal_pointer (&child->handler);

  if (handler)
    handler (&ending, child->userdata);
}

void
child_tell_gone (Child *child)
{
  ChildGoneHandler gone = g_steal_pointer (&child->gone);

  if (gone)
    gone (child->gone_userdata);
}

static const char *const ending_kinds[] = {
  [ENDING_UNKNOWN] = "unknown",     [ENDING_EXITED] = "exited",
  [ENDING_KILLED] = "killed",       [ENDING_OUT_OF_MEMORY] = "out-of-memory",
  [ENDING_TIMED_OUT] = "timed-out", [ENDING_NOT_STARTED] = "not-started",
};

const char *
ending_kind_name (EndingKind kind)
{
  return ending_kinds[kind];
}

EndingKind
ending_kind_find (const char *name)
{
  for (EndingKind kind = ENDING_UNKNOWN; kind <= ENDING_NOT_STARTED; kind++)
    if (g_strcmp0 (ending_kinds[kind], name) == 0)
      return kind;
  return ENDING_UNKNOWN;
}

/* As the direct launcher and systemd.exec(5) have it, where nothing that is started here does. */
static bool
is_unstarted (int status)
{
  return status == 127 || status == 203;
}

char *
ending_to_string (const Ending *ending)
{
  switch (ending->kind)
    {
    case ENDING_EXITED:
      return g_strdup_printf ("status %d%s", ending->number,
                              is_unstarted (ending->number) ?
                                  N_ (": it is not there, or the users that jobs run as cannot reach or run it") :
                                  "");
    case ENDING_KILLED:
      return g_strdup_printf ("signal %d", ending->number);
    case ENDING_OUT_OF_MEMORY:
      return g_strdup (N_ ("out of memory"));
    case ENDING_TIMED_OUT:
      return g_strdup ("too late");
    case ENDING_NOT_STARTED:
      return g_strdup_printf (N_ ("not started: %s"), ending->message);
    case ENDING_UNKNOWN:
    default:
      return g_strdup (N_ ("nobody knows how"));
    }
}

int
ending_status (const Ending *ending)
{
  return ending->kind == ENDING_EXITED ? ending->number : -1;
}
