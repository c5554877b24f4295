/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "lookup-kind.h"
#include "worker-record.h"

/* A build that a store has, once it is known to be one that may be used here. */
typedef struct
{
  JsonObject *record;
  const char *signed_by; /* the name of its key */
  JsonObject *worker;    /* of the record, as is what follows */
  JsonObject *build;
  const char *tree;    /* a digest */
  uint64_t size;       /* of the packed tree */
  WorkerRecord *files; /* its files alone */
  uint64_t files_size;
} ReadyBuild;

void ready_build_free (ReadyBuild *ready);

/* Takes @said, {"record","signature","tree"} of a store, apart and holds it against the key that was asked for, the
 * keys that are trusted, and this machine. NULL and Failed: why it is not used; @ret_kind is then what kind of reason
 * that is. */
ReadyBuild *ready_build_new (Builder *builder, JsonObject *said, const char *key, LookupKind *ret_kind, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReadyBuild, ready_build_free)
