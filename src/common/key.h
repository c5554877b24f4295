/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* One key of hive.conf: of which group, what it takes, and where that lands. */
typedef enum
{
  KEY_PATH,     /* absolute, without a trailing slash */
  KEY_PATHS,    /* absolute ones, `;` between them */
  KEY_PATTERNS, /* absolute paths with * and ?, `;` between them; or empty */
  KEY_URL,      /* file, http or https */
  KEY_SIZE,
  KEY_NUMBER,
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

typedef struct
{
  const char *group;
  const char *name;
  KeyKind kind;
  const char *fallback;
  size_t offset; /* of the value in the struct that has it */
  uint64_t min, max;
} Key;

/* Reads @text into the member of @object that is the key's. False when it is no value for it. */
bool key_set (const Key *key, void *object, const char *text);

/* Frees what key_set() made. */
void key_clear (const Key *key, void *object);
