/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client.h"
#include "options.h"

/* Something hivectl can do. A verb returns its exit status; with @error set, that error is reported and its code is the
 * status. */
typedef struct
{
  const char *name;
  const char *arguments; /* as the usage shows them; NULL: none */
  const char *summary;   /* one line, for the list of verbs */
  const char *details;   /* what more its help says; NULL: nothing */
  const char *example;
  OptionSet options;
  bool paged;        /* what it prints may go through a pager */
  guint least, most; /* arguments */
  ExitStatus (*run) (Client *client, const Options *options, char **arguments, GError **error);
} Verb;

extern const Verb build_verb, cancel_verb, capabilities_verb, catalog_verb, config_verb, install_verb, jobs_verb,
    list_verb, log_verb, model_verb, models_verb, outdated_verb, recipe_verb, remove_verb, rollback_verb, show_verb,
    status_verb, toolchain_verb, upgrade_verb, verify_verb, wait_verb, web_verb, start_verb, stop_verb, restart_verb,
    ps_verb, logs_verb, open_verb, key_verb, push_verb, export_verb, stores_verb;
