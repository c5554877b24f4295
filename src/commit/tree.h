/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/stat.h>

#include "configuration.h"
#include "error.h"
#include "places.h"

#define TREE_MAX_ENTRIES 200000

/* One file, link or directory of a finished package. */
typedef struct
{
  char *path;    /* where it is installed: "/usr/local/bin/x" */
  char *source;  /* where package() put it, when a link of this machine leads elsewhere (followed.h); NULL: at @path */
  unsigned mode; /* what it is installed with: as package() made it under fakeroot, without group's and others' write */
  char *target;  /* links only */
  struct stat st;
} TreeEntry;

/* What package() made, once it was looked at whole and found fit to install. */
typedef struct
{
  int fd;             /* of work/pkg */
  GPtrArray *entries; /* of TreeEntry, sorted by path: a directory comes before what is in it */
  uint64_t size;      /* of the files together */
} Tree;

/* Reads and checks `pkg` below @work_fd against `list`. @binary is the path that must be there as an executable file
 * (NULL: none must). PackageInvalid names the path and says what package() must do; nothing is changed. */
Tree *tree_read (const Configuration *configuration, const Places *places, int work_fd, const char *binary,
                 GError **error);
void tree_free (Tree *tree);

/* The path of @entry in the package, relative to its top. */
const char *tree_entry_source (const TreeEntry *entry);

/* Opens the content of @entry, which is a regular file: a descriptor or a negative errno. */
int tree_open (const Tree *tree, const TreeEntry *entry);

/* The entry at @path; NULL when there is none. */
const TreeEntry *tree_find (const Tree *tree, const char *path);

/* Puts entries whose paths were changed in order again. */
void tree_sort (Tree *tree);

/* Sets PackageInvalid with a message. Returns false. */
#define tree_refuse(error, ...) hive_error_refuse (error, HIVE_ERROR_PACKAGE_INVALID, __VA_ARGS__)

/* The same with FileConflict: what is there already is in the way. */
#define tree_conflict(error, ...) hive_error_refuse (error, HIVE_ERROR_FILE_CONFLICT, __VA_ARGS__)

/* True when @st is still the file that the tree was checked with. */
bool tree_entry_is (const TreeEntry *entry, const struct stat *st);

/* Sets PackageInvalid "… changed while it was being committed". Returns false. */
bool tree_set_changed (const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tree, tree_free)
