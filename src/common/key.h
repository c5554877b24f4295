/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "configuration-text.h"

/* One key of hive.conf: of which group, what it takes, and where that lands. */
typedef enum
{
  KEY_PATH,     /* absolute, without a trailing slash */
  KEY_PATHS,    /* absolute ones, `;` between them */
  KEY_FOLDERS,  /* the same, or none */
  KEY_PATTERNS, /* absolute paths with * and ?, `;` between them; or empty */
  KEY_URL,      /* file, http or https */
  KEY_SIZE,
  KEY_NUMBER,
  KEY_CPU,
  KEY_STORE,    /* oci:///folder or https://host/repository */
  KEY_YES,      /* yes: true, or no */
  KEY_MOMENT,   /* a date and time of ISO 8601, in µs since the epoch; or empty: 0 */
  KEY_SECONDS,  /* a time; infinity is 0 where that is one of its values */
  KEY_PATIENCE, /* a time, or infinity: 68 years */
  KEY_DAYS,     /* the same in days; infinity: 0 */
  KEY_STEPS,
  KEY_VARIABLES, /* NAME=VALUE, `;` between them */
  KEY_UIDS,
  KEY_ACCESS, /* everybody, or owner: true */
  KEY_MEMORY, /* a size, or a percentage of this machine's memory */
  KEY_NICE,
  KEY_DELAY, /* no, or delay: true */
  KEY_LISTEN,
  KEY_ORIGIN,
  KEY_ORIGINS,
  KEY_HOSTS,
  KEY_AUTHENTICATION, /* token, or none: true */
  KEY_FILE,           /* a path, or empty: NULL */
  KEY_PROXY,          /* a URL, none, or empty: NULL */
  KEY_CREDENTIAL,     /* a path or a name, or empty: NULL */
  KEY_SIGNER,         /* a path or a minisign key, or empty: NULL */
  KEY_ADDRESSES,      /* IP addresses, networks and ports of this machine's loopback, `;` between them */
} KeyKind;

typedef struct Key
{
  const char *group;
  const char *name;
  KeyKind kind;
  const char *fallback;
  size_t offset; /* of the value in the struct that has it */
  uint64_t min, max;
} Key;

/* Reads @text into the member of @object that is the key's. False when it is not a value for it. */
bool key_set (const Key *key, void *object, const char *text);

/* The text of @key in [@section] of @said, or its fallback, is not a value: InvalidArgument names file and line, and
 * what it takes. */
void key_set_no_value (const Key *key, const ConfigurationText *said, const char *section, const char *fallback,
                       GError **error);

/* Frees what key_set() made. */
void key_clear (const Key *key, void *object);
