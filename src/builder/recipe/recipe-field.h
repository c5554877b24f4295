/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What makepkg calls its schema: the fields of a PKGBUILD and where each is legal. */
typedef enum
{
  FIELD_ARRAY = 1 << 0,
  FIELD_ARCHITECTURE = 1 << 1, /* also as NAME_x86_64 */
  FIELD_PACKAGE = 1 << 2,      /* a package function may set it */
} RecipeFieldFlags;

typedef struct
{
  const char *name;
  unsigned flags;
} RecipeField;

/* All but pkgname; arrays first, as makepkg has them. */
extern const RecipeField recipe_fields[];
extern const size_t recipe_field_count;
