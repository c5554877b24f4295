/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What PullModel takes: "https://HOST/FILE.gguf#sha256=SUM", or "hf:OWNER/REPOSITORY[:FILE]" of the hub. */
typedef struct
{
  char *url, *sha256;      /* NULL: it is of the hub */
  char *repository, *file; /* OWNER/REPOSITORY, and a path in it; NULL: none */
  char *name;              /* what the model is called when nobody says otherwise */
} ModelReference;

/* InvalidArgument says what is missing. Free with model_reference_clear(). */
bool model_reference_parse (const char *text, ModelReference *ret, GError **error);
void model_reference_clear (ModelReference *reference);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ModelReference, model_reference_clear)

/* "dir/NAME-00002-of-00003.gguf" is part 2 of 3 of the model NAME; other names ending in ".gguf" are part 1 of 1. NULL
 * when @file is no GGUF file's name. */
char *model_file_name (const char *file, unsigned *ret_part, unsigned *ret_parts);
