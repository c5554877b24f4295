/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "sse.h"

#define CHUNKS 4

typedef struct Feed Feed;

/* Events made of a piece of a log, kept for the next reader at the same position. */
typedef struct
{
  const Feed *feed;
  SsePosition from, after;
  unsigned generation;
  bool at_end; /* the log had nothing more */
  GString *text;
} Chunk;

/* The newest of them, whatever they are of. */
typedef struct
{
  Chunk all[CHUNKS];
  unsigned next;
  char *buffer; /* for a piece of a log, while there are readers */
} Chunks;

/* What follows @from in the log of @feed; borrowed until the next call. */
const Chunk *chunks_get (Chunks *chunks, const Feed *feed, const SsePosition *from);

/* Those of a log that is left. */
void chunks_drop (Chunks *chunks, const Feed *feed);

/* All of them, and what they take. */
void chunks_forget (Chunks *chunks);
