/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "sandbox.h"

#define STEP_INSIDE_BASE "/tmp/worker-install"

/* A sandbox for a tool of the hive's: startdir (read-only), the build's environment and the hive's bash files
 * (scripts.h). Nothing to write on yet. */
Sandbox *step_sandbox (Builder *builder);

/* The same in which a recipe's functions run, or what they need is looked for: with the toolchains of hive.conf. */
Sandbox *step_recipe_sandbox (Builder *builder);

/* The worker's directory inside the sandbox, /tmp/worker-install/ID, with @name behind it (NULL: itself). */
char *step_path (const Builder *builder, const char *name);

/* Makes a directory of the work directory writable inside, at the same name. */
void step_bind (Builder *builder, Sandbox *sandbox, const char *name);

/* And with the sources, a home and a /tmp of the work tree's to write on, for a function of the recipe. */
Sandbox *step_function_sandbox (Builder *builder, GError **error);

/* Begins to make the network of the functions that are to have one, for which sources and more come first. */
void step_begin_network (Builder *builder);

/* Runs a function of the recipe whose output is shown, with the notes around it: "🏗️  Starting build phase...". */
typedef struct
{
  const char *phase; /* "build": also the name of the function, and of what NetworkSteps= says */
  const char *title; /* "Build" */
  const char *icon;  /* "🏗️ " */
  int failure;       /* the error's code */
} PhaseStep;

/* Nothing when the recipe has no such function. BuildFailed or the like when it fails, TimedOut, SandboxUnavailable. */
bool step_run (Builder *builder, const PhaseStep *step, GError **error);

/* The rest of a step that runs in @sandbox by @arguments: output to the log, the time limit, the notes. */
bool step_run_in (Builder *builder, const PhaseStep *step, Sandbox *sandbox, const char *const *arguments,
                  GError **error);

/* What a program whose output was not shown said to standard error, as lines of the log. */
void step_tell_diagnostics (Builder *builder, Sandbox *sandbox);
void step_tell (Builder *builder, const char *text); /* the same of a text */

/* MissingDependencies, with its notes, for a program that the hive itself needs. Returns false. */
bool step_missing_program (Builder *builder, const char *program, GError **error);
