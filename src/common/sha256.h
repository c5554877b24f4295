/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gcrypt.h>
#include <glib.h>

/* The sum of what is too much to wait for: libgcrypt uses the processor's own instructions, GChecksum does not. */
typedef struct gcry_md_handle Sha256;

/* Before the library is used otherwise. */
void sha256_init_library (void);

Sha256 *sha256_new (void);
void sha256_add (Sha256 *sum, const void *data, size_t size);

/* 64 hexadecimal digits of all that was added; free with g_free(). */
char *sha256_to_hex (Sha256 *sum);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sha256, gcry_md_close)
