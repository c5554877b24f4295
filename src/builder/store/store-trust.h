/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Whose signature @signature of @text is: a [Key NAME] of hive.conf. NULL and Failed, which says why: it is of none of
 * them, or a forgery. */
const TrustedKey *store_trust_find (Builder *builder, const char *text, const char *signature, GError **error);
