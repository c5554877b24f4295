/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "descriptor.h"

/* A store in a folder: an OCI image layout, whose index.json names by its tags indexes of builds. Others may write to
 * the folder meanwhile, and what lies there may have been made to do harm: nothing is followed out of it. */

/* The text of the index that has @tag; NULL without an error: there is none. */
char *layout_read_tag (int folder, const char *tag, GError **error);

/* Opens a blob: a descriptor or -1 with an error. */
int layout_open_blob (int folder, const Descriptor *blob, GError **error);

/* The whole text of a blob; Failed when it is not what its descriptor says. */
char *layout_read_text (int folder, const Descriptor *blob, GError **error);

/* Puts in what @fd holds, or a text, unless it is there. */
bool layout_put_file (int folder, const Descriptor *blob, int fd, GError **error);
bool layout_put_text (int folder, const char *text, Descriptor *ret, GError **error);

/* Makes what is missing of a layout in @folder, and keeps others from changing its index as long as the descriptor that
 * it returns is open; -1 with an error. */
int layout_lock (int folder, GError **error);

/* Lets @tag name the index @index. */
bool layout_set_tag (int folder, const char *tag, const Descriptor *index, GError **error);
