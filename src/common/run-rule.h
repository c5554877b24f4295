/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "configuration.h"
#include "worker-record.h"

/* How a worker of one implementation is run: a group of run.conf, which says what each means. */
typedef struct
{
  char *implementation;
  char **arguments, **model_arguments, **context_arguments, **key_arguments; /* NULL: there is no such key */
  char **environment;
  char *health, *api, *web_ui; /* @api and @web_ui: "": none */
  char **formats;
  bool keyless;        /* on loopback it may listen without a key */
  bool memory_execute; /* it makes code while it runs */
} RunRule;

void run_rule_free (RunRule *rule);

/* The rule for the worker @worker_id in the file @path; NULL and WorkerNotFound when it has none, or Failed, naming
 * the file and what is wrong in it. @run: what its catalog's entry said (run-entry.h), which counts where the file has
 * nothing to say, and, when @ships, more than the file: nobody of this machine wrote that. */
RunRule *run_rule_load (const char *path, bool ships, const char *worker_id, const char *run, GError **error);

/* The rule for what is installed, by the file of Rules=. */
RunRule *run_rule_of_worker (const Configuration *configuration, const WorkerRecord *record, GError **error);

/* Failed, when a word of arguments has a specifier that nobody knows. */
bool run_rule_word_check (const char *word, GError **error);

/* What stands for the specifiers; NULL: nothing is known. */
typedef struct
{
  const char *port, *name, *backend, *model, *reference, *context, *key_file;
} RunValues;

/* The words of all arguments that @values has use for. Free with g_strfreev. */
char **run_rule_arguments (const RunRule *rule, const RunValues *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunRule, run_rule_free)
