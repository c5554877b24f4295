/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* Where below a prefix a worker may put files. The rest of the machine's software loads much of what lies in /usr/local
 * by itself: installing is not to be running, so what is not allowed here is refused. */
typedef enum
{
  PLACE_REFUSED,
  PLACE_COMMAND, /* must shadow no program */
  PLACE_OWN,     /* a folder (or file) of the worker's own name */
  PLACE_PASSIVE, /* read by people alone */
  PLACE_NAMED,   /* looked up by its name: must not hide what the system has under it */
  PLACE_DESKTOP, /* the same, and a desktop entry that nothing but a click starts */
  PLACE_ZSH,     /* the same, and a completion of that command alone */
} PlaceKind;

typedef struct
{
  PlaceKind kind;

  /* Components below a prefix, as fnmatch(3) takes them. "%n" is a name of the worker, "%c" one of its commands, a
   * final "**" whatever follows, be it nothing. With a slash in front: only in prefixes where no system software looks
   * (as /opt, not /usr/local). */
  const char *pattern;

  const char *reason; /* of a refusal: who would use it unasked; of the rest: why nobody does */
  const char
      *instead; /* what package() must do, "%s" in turn the prefix and the worker; NULL: use the folder of its own */
} PlaceRule;

/* The names that stand in the rules. */
typedef struct
{
  char **names;
  char **commands;
} PlaceNames;

/* The first rule for @path ("share/man/man1/x.1", below a prefix); NULL when there is none, which is a refusal.
 * @foreign: the prefix is one where no system software looks. */
const PlaceRule *place_rule_find (const char *path, const PlaceNames *names, bool foreign);

/* True when the folder @path leads to something that a rule allows. */
bool place_rule_leads (const char *path, const PlaceNames *names, bool foreign);
