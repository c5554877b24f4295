/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "descriptor.h"

/* A store in a repository of a registry: OCI distribution specification 1.0, as docker-registry 2.8 speaks it too. */
typedef struct OciRegistry OciRegistry;

/* @url: https://host/repository. */
OciRegistry *oci_registry_open (const char *url);
void oci_registry_close (OciRegistry *registry);

/* For how many milliseconds each answer is waited for, and longer as it is larger; 0: as long as it takes. */
void oci_registry_set_hurry (OciRegistry *registry, unsigned milliseconds);

/* For how many seconds in all a busy registry is asked again. */
void oci_registry_set_patience (OciRegistry *registry, unsigned seconds);

/* The text of the index that has @tag; NULL without an error: there is none. */
char *oci_registry_read_tag (OciRegistry *registry, const char *tag, GError **error);

/* The whole text of a blob, or of a @manifest; Failed when it is not what its descriptor says. */
char *oci_registry_read_text (OciRegistry *registry, const Descriptor *blob, bool manifest, GError **error);

/* Fetches a blob to @fd, which is empty; goes on where a connection was cut. True when it is as long as it should be,
 * and *@ret_sum its sha256, in hexadecimal. */
bool oci_registry_copy_blob (OciRegistry *registry, const Descriptor *blob, int fd, char **ret_sum, GError **error);

/* Puts in a blob, which is in @fd from its start, unless it is there. */
bool oci_registry_put_file (OciRegistry *registry, const Descriptor *blob, int fd, GError **error);

/* Puts in a manifest or an index under a tag or a digest. */
bool oci_registry_put_manifest (OciRegistry *registry, const char *reference, const char *type, const char *text,
                                GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciRegistry, oci_registry_close)
