/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recipe-field.h"

#define LIST FIELD_ARRAY
#define BOTH (FIELD_ARRAY | FIELD_ARCHITECTURE)

const RecipeField recipe_fields[] = {
  { "arch", LIST | FIELD_PACKAGE },
  { "backup", LIST | FIELD_PACKAGE },
  { "checkdepends", BOTH },
  { "conflicts", BOTH | FIELD_PACKAGE },
  { "depends", BOTH | FIELD_PACKAGE },
  { "groups", LIST | FIELD_PACKAGE },
  { "license", LIST | FIELD_PACKAGE },
  { "makedepends", BOTH },
  { "noextract", LIST },
  { "optdepends", BOTH | FIELD_PACKAGE },
  { "options", LIST | FIELD_PACKAGE },
  { "provides", BOTH | FIELD_PACKAGE },
  { "replaces", BOTH | FIELD_PACKAGE },
  { "source", BOTH },
  { "validpgpkeys", LIST },
  { "cksums", BOTH },
  { "md5sums", BOTH },
  { "sha1sums", BOTH },
  { "sha224sums", BOTH },
  { "sha256sums", BOTH },
  { "sha384sums", BOTH },
  { "sha512sums", BOTH },
  { "b2sums", BOTH },
  { "changelog", FIELD_PACKAGE },
  { "epoch", 0 },
  { "install", FIELD_PACKAGE },
  { "pkgbase", 0 },
  { "pkgdesc", FIELD_PACKAGE },
  { "pkgrel", 0 },
  { "pkgver", 0 },
  { "url", FIELD_PACKAGE },
};

const size_t recipe_field_count = sizeof recipe_fields / sizeof *recipe_fields;
