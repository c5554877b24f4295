/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* A web page where something else was asked for: those ask for a login, or whether one is a robot, or show a folder.
 * What @text, of which the first 512 bytes are enough, is in words, "a web page (HTML)" or "a listing of a folder
 * (HTML)", or a pointer that Git LFS leaves; NULL: something else. */
const char *page_describe (const char *text, size_t length);

/* What a server sent in place of the file @name: one of the above, nothing, an answer in JSON, or, where the name is
 * that of packed data, a text. NULL: what may well be that file. */
const char *page_describe_instead (const char *name, const char *text, size_t length);
