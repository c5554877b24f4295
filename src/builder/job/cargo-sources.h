/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <time.h>

/* What lies in src/ when a function begins to build: each file and link, and of a repository of git what its HEAD and
 * its refs are. When the next build begins with the same, to the byte, its files get the times that they had then, and
 * cargo compiles nothing again. Any difference, and they are all new. */
typedef struct CargoSources CargoSources;

void cargo_sources_free (CargoSources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CargoSources, cargo_sources_free)

/* Of the folder @src; @started is when the job began. NULL where they are too many, or cannot be read. */
CargoSources *cargo_sources_read (int src, const struct timespec *started);

/* Gives those in @src the times of the build that left @kept, if it had the same. */
void cargo_sources_restore (CargoSources *sources, int src, int kept);

/* To be called when their times are set, just before the function runs: what it changes from then on is noticed. */
void cargo_sources_seal (CargoSources *sources, int src);

/* Writes into @kept what they were; nothing where the functions changed one: what cargo compiled was something else. */
void cargo_sources_keep (const CargoSources *sources, int src, int kept);
