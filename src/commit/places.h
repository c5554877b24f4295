/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "configuration.h"

/* Where files of packages lie: the configured prefixes below InstallRoot. Each prefix directory is opened once (it may
 * be reached through symbolic links: the administrator chose it); everything below one is opened beneath its
 * descriptor, without following links. Paths are those inside the package ("/usr/local/bin/x"). */
typedef struct Places Places;

/* @configuration is borrowed. */
Places *places_new (const Configuration *configuration);
void places_free (Places *places);

/* True when @path lies below one of the prefixes. */
bool places_is_below (const Places *places, const char *path);

/* True when @path is a prefix or one of the directories that lead to one. */
bool places_is_above (const Places *places, const char *path);

/* The prefix (inside the package) that @path lies below; NULL when there is none. */
const char *places_prefix (const Places *places, const char *path);

/* Opens the directory that holds @path, which is below or above a prefix. Returns a descriptor that is valid until the
 * next call and sets @ret_name to the last part of @path; or a negative errno (-EXDEV: outside of the prefixes). */
int places_open_parent (Places *places, const char *path, const char **ret_name);

/* fstatat() of @path itself; 0 or a negative errno. A directory above a prefix is looked at through links. */
struct stat;
int places_stat (Places *places, const char *path, struct stat *ret_stat);

/* Forgets descriptors of directories that may be gone. */
void places_forget (Places *places);

/* @path as people see it: with InstallRoot. */
char *places_show (const Places *places, const char *path);

/* Sets @error for a positive errno met at @path, in words that say what to do. Returns false. */
bool places_set_error (const Places *places, int errnum, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Places, places_free)
