/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "launcher.h"

/* What a launcher is, for those that are one. The functions are those of launcher.h; @forget is child_free(). */
typedef struct
{
  void (*free) (Launcher *launcher);
  Child *(*start) (Launcher *launcher, const Launch *launch, ChildHandler handler, void *userdata, GError **error);
  Child *(*adopt) (Launcher *launcher, const char *name, ChildHandler handler,
                   void *userdata); /* NULL: nothing outlives */
  void (*signal) (Child *child, int signal, bool whole);
  void (*collect) (Child *child);
  void (*forget) (Child *child);
} LauncherBackend;

/* Both begin the structures of a backend. */
struct Launcher
{
  const LauncherBackend *backend;
  sd_event *event;
  const Configuration *configuration;
};

struct Child
{
  Launcher *launcher;
  ChildHandler handler;
  ChildGoneHandler gone;
  void *userdata;      /* of @handler */
  void *gone_userdata; /* of @gone */
};

Launcher *launcher_direct_new (sd_event *event, const Configuration *configuration);
Launcher *launcher_systemd_new (sd_event *event, sd_bus *bus, const Configuration *configuration);

/* "NAME=value" of what the programs may inherit: no bus, no desktop, no secrets of whoever started the hive. */
char **launcher_environment (void);

/* Tells the child's handler, and forgets it: it is told once. */
void child_tell (Child *child, Ending ending);
void child_tell_gone (Child *child);
