/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What comes of looking into a store of ready builds: a job's Lookups, and what /metrics counts. Why a build is not
 * used is one of the last five; org.rbee.Hive.Job.xml explains them. */
typedef enum
{
  LOOKUP_HIT,
  LOOKUP_MISS,
  LOOKUP_UNAVAILABLE,
  LOOKUP_SIGNATURE,
  LOOKUP_REVOKED,
  LOOKUP_CPU,
  LOOKUP_NEEDS,
  LOOKUP_DAMAGED,
  LOOKUP_KINDS,
} LookupKind;

const char *lookup_kind_name (LookupKind kind);

/* LOOKUP_KINDS: there is none of that name. */
LookupKind lookup_kind_find (const char *name);
