/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "fetch.h"

/* A hub of models that speaks as huggingface.co does: HubURL= of [Models]. */
typedef struct Hub Hub;

typedef struct
{
  char *path, *sha256; /* NULL: it has none, as small files have not */
  uint64_t size;
} HubFile;

Hub *hub_new (const Configuration *configuration);
void hub_free (Hub *hub);

/* The GGUF files of @repository; at least one. ModelNotFound, SourceUnavailable. */
GPtrArray *hub_list (const Hub *hub, const Builder *builder, const char *repository, GError **error);

/* Where a file of it is. */
char *hub_file_url (const Hub *hub, const char *repository, const char *path);

/* Adds to @fetch by whose word it is, and the token where it goes there. */
void hub_prepare (const Hub *hub, Fetch *fetch);

/* What to do about a server that wants to know who asks: the end of a sentence. */
const char *hub_token_advice (const Hub *hub);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Hub, hub_free)
