/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* What the programs of a finished tree need of the machine that they run on, gathered file by file. The tree may have
 * been made to do harm: every list has a limit, and only plain text gets in. */
#define NEEDS_MAX 4096 /* of a kind */

typedef struct
{
  GHashTable *paths;        /* what is in the tree: "/usr/local/bin/x"; sets of strings, as the others are */
  GHashTable *names;        /* and the last parts of that */
  GHashTable *libraries;    /* DT_NEEDED */
  GHashTable *versions;     /* "libc.so.6 GLIBC_2.34", of symbols */
  GHashTable *interpreters; /* of programs and scripts */
  GHashTable *cuda, *rocm;  /* "86", "gfx1100": what cards code in it is for */
  bool code;                /* there is machine code */
  unsigned level;           /* that says that it needs this level of x86-64; 0: it does not say */
  bool full;                /* a list had no more room */
} Needs;

void needs_init (Needs *needs);
void needs_clear (Needs *needs);

/* Adds @text to one of the lists, unless it is long or has bytes that no name has. */
void needs_add (Needs *needs, GHashTable *set, const char *text);

/* {"cpu","symbols","libraries","interpreters","gpu"}: what it is that the tree does not have itself. @level: for which
 * processors it was built (cpu-level.h). */
JsonObject *needs_to_json (const Needs *needs, const char *level);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Needs, needs_clear)
