/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What refers to a blob: OCI image specification 1.0, "descriptor". */
#define TYPE_INDEX     "application/vnd.oci.image.index.v1+json"
#define TYPE_MANIFEST  "application/vnd.oci.image.manifest.v1+json"
#define TYPE_RECORD    "application/vnd.rbee.hive.record.v1+json"
#define TYPE_TREE      "application/vnd.rbee.hive.tree.v1.tar+zstd"
#define TYPE_SIGNATURE "application/vnd.rbee.hive.signature.v1+minisign"

#define DOCUMENT_MAX  (4 * 1024 * 1024) /* of an index or a manifest, as registries have it */
#define RECORD_MAX    (64 * 1024 * 1024)
#define SIGNATURE_MAX 4096
#define BUILDS_MAX    64 /* that one key has */

typedef struct
{
  char digest[72]; /* "sha256:" and 64 hexadecimal digits */
  uint64_t size;
} Descriptor;

bool digest_is_valid (const char *digest);

/* Reads one that must be of @type and of at most @max bytes. Failed says what it lies about. */
bool descriptor_read (JsonNode *node, const char *type, uint64_t max, Descriptor *ret, GError **error);

/* Of what @fd holds, or of a text. */
bool descriptor_of_fd (int fd, Descriptor *ret);
void descriptor_of_text (const char *text, gsize size, Descriptor *ret);

/* Whether what came is what was asked for, and a text; Failed: it is not. */
bool descriptor_check_text (const Descriptor *descriptor, const char *text, gsize size, GError **error);

/* Failed: what came is not what was asked for. Returns false. */
bool descriptor_refuse (const Descriptor *descriptor, GError **error);

/* {"mediaType","digest","size"}. */
JsonObject *descriptor_to_json (const Descriptor *descriptor, const char *type);
