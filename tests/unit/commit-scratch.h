/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "json.h"
#include "worker-record.h"

/* A hive's folders in a temporary directory, and packages as a builder leaves them in it. */
typedef struct
{
  char *path;
  Configuration *configuration;
} Scratch;

void scratch_set_up (Scratch *scratch, gconstpointer data);
void scratch_tear_down (Scratch *scratch, gconstpointer data);

/* The path of @format below the scratch directory. */
char *scratch_path (const Scratch *scratch, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Puts a file into the package of @job (path without a leading slash), making its folders. */
void package_file (const Scratch *scratch, const char *job, const char *path, const char *content, unsigned mode);
void package_link (const Scratch *scratch, const char *job, const char *path, const char *target);
void package_directory (const Scratch *scratch, const char *job, const char *path);

/* Writes work/list as the tree really is; with @add, one more entry, or another one for the same path. */
void package_list (const Scratch *scratch, const char *job, const char *add);

/* What a daemon asks for. */
JsonObject *install_request (const Scratch *scratch, const char *job, const char *worker, const char *binary);
JsonObject *remove_request (const char *job, const char *worker);

/* Runs the verb of the program and returns true, or asserts the error's code (and that its message has @word). */
void expect_install (const Scratch *scratch, const char *job, const char *worker, const char *binary);
void expect_refusal (const Scratch *scratch, const char *job, const char *worker, const char *binary, int code,
                     const char *word);
void expect_remove (const Scratch *scratch, const char *job, const char *worker);

/* What is in a file below the scratch directory; NULL when there is none. */
char *content (const Scratch *scratch, const char *path);
#define assert_content(scratch, path, expected)                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *found_content = content (scratch, path);                                                          \
    g_assert_cmpstr (found_content, ==, expected);                                                                     \
  }                                                                                                                    \
  G_STMT_END

/* Every path, type, mode, size, target and content below @path, as text: to see that nothing changed. */
char *snapshot (const Scratch *scratch, const char *path);
