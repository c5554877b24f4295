/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* worker_spawn and model_load: starts a worker as rbee's clients ask for it. @worker: the id of an installed one, or a
 * type (cpu, cuda), for the one installed worker that computes so and takes @model (NULL: none). @index: of a card,
 * among those of the worker's type. The instance is called as its worker, with a number where that name is taken, and
 * listens on its Unix socket. */
void spawn_worker (Request *request, const char *worker, int64_t index, const char *model);
