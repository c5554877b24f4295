/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The command line's options. */
typedef struct
{
  /* of every verb */
  char *host; /* USER@HOST; NULL: this machine */
  char *color;
  gboolean json;
  gboolean no_ask_password, no_pager;
  gboolean help, version;

  /* of some: OptionSet says which */
  gboolean quiet, no_wait, all, follow, plain;
  gboolean check, reinstall, install_dependencies, local_sources, srcinfo;
  gboolean open, token, rotate;
  char *backend, *source, *socket;
  gboolean boot, allow_cpu, restart;
  char *model, *name, *device, *listen, *context, *idle_stop, *start_timeout, *memory_max;
  char *output, *config, *network, *cpu, *from, *store, *lines;
} Options;

/* The options a verb takes beside those of every verb. */
typedef enum
{
  OPTION_QUIET = 1 << 0,
  OPTION_NO_WAIT = 1 << 1,
  OPTION_ALL = 1 << 2,
  OPTION_FOLLOW = 1 << 3,
  OPTION_VARIANT = 1 << 4, /* --backend and --source */
  OPTION_BUILD = 1 << 5,   /* --check, --reinstall, --network, --cpu and --install-dependencies */
  OPTION_PLAIN = 1 << 6,
  OPTION_WEB = 1 << 7,    /* --open, --token, --rotate and --socket */
  OPTION_LOCAL = 1 << 8,  /* of build: --output, --check, --network, --local-sources and --config */
  OPTION_RECIPE = 1 << 9, /* of recipe: --check, --srcinfo and --config */
  OPTION_BACKEND = 1 << 10,
  OPTION_LINES = 1 << 12,
  OPTION_SETTINGS = 1 << 11, /* of config: --check */
  OPTION_WATCH = 1 << 13,    /* of jobs: --follow */
  OPTION_RUN = 1 << 14,      /* of start */
  OPTION_RESTART = 1 << 15,  /* of upgrade */
  OPTION_STORE = 1 << 29,    /* of push: --store */
  OPTION_CONFIG = 1 << 30,
} OptionSet;

/* Takes all options out of @arguments (NULL-terminated, without the program's name), wherever they stand. Fails for an
 * unknown one and for a wrong value. */
bool options_parse (Options *options, char ***arguments, GError **error);

/* Fails when one is there that is neither in @set nor of every verb; @verb is what the message calls it. */
bool options_check (const Options *options, OptionSet set, const char *verb, GError **error);

/* How many of the last lines --lines= asks for; -1: all. */
int options_lines (const Options *options);

void options_clear (Options *options);

/* Help as GLib lays it out: usage of @command with @arguments, @summary, the options of @set and those of every verb,
 * and
 * @description. */
char *options_help (OptionSet set, const char *command, const char *arguments, const char *summary,
                    const char *description);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)
