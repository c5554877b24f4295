/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* The installed web page, and nothing beside its folder. */
Files *files_new (const char *directory);
void files_free (Files *files);

/* Answers a GET or HEAD of what no other route knows: a file, index.html for the page's own paths, or a problem. */
void files_answer (const Files *files, Request *request);
