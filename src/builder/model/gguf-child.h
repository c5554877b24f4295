/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "gguf.h"

/* gguf_read() in a process of its own that can read that one file, write its answer and end, and nothing else:
 * a filter of seccomp's. @fd is a regular file at its beginning; @name is what errors call it. ModelInvalid when it is
 * no whole GGUF file. What comes back is a hostile file's word: text in it is any bytes, ended. */
bool gguf_child_read (int fd, const char *name, Gguf *ret, GError **error);
