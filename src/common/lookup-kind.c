/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lookup-kind.h"

#include <string.h>

static const char *const lookup_names[LOOKUP_KINDS] = {
  [LOOKUP_HIT] = "hit",
  [LOOKUP_MISS] = "miss",
  [LOOKUP_UNAVAILABLE] = "unavailable",
  [LOOKUP_SIGNATURE] = "signature",
  [LOOKUP_REVOKED] = "revoked",
  [LOOKUP_CPU] = "cpu",
  [LOOKUP_NEEDS] = "needs",
  [LOOKUP_DAMAGED] = "damaged",
};

const char *
lookup_kind_name (LookupKind kind)
{
  return lookup_names[kind];
}

LookupKind
lookup_kind_find (const char *name)
{
  LookupKind kind = LOOKUP_HIT;

  while (kind < LOOKUP_KINDS && strcmp (lookup_names[kind], name) != 0)
    kind++;
  return kind;
}
