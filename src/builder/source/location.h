/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "sandbox.h"
#include "source.h"

/* Where git, svn or hg is to find a repository. For the recipe of a catalog that is not on this machine, the server is
 * found first, with all its redirects, by a program that reaches no address of this machine; the tool's sandbox then
 * knows that server's name and address and no other, so that neither a second answer of the name server nor another
 * redirect to a name leads elsewhere. */
typedef struct
{
  char *url;     /* what the tool is given */
  char *host;    /* pinned; NULL: it may look up what it likes */
  char *address; /* of it */
  char *folder;  /* a repository on this machine, to be bound at LOCATION_INSIDE; NULL: none */
} Location;

#define LOCATION_INSIDE "/tmp/repository"

/* @probe is what a server of that kind answers below the URL, "" for itself. SourceUnavailable; RecipeInvalid for a
 * repository on this machine that a catalog elsewhere names. */
bool location_find (Builder *builder, const Source *source, const char *probe, Location *ret_location, GError **error);

/* Lets @sandbox reach it. */
void location_allow (const Location *location, const Builder *builder, Sandbox *sandbox);

void location_clear (Location *location);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Location, location_clear)
