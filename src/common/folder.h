/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/stat.h>

/* Folders that somebody may have filled to do harm: nothing is followed, and each is opened beneath the one before. All
 * return 0 or a negative errno. */

/* Removes @name in @parent and all that is in it, however deep; -EXDEV where something is mounted in it. One that is
 * gone is fine. */
int folder_remove (int parent, const char *name);

/* The same of all that is in @fd but @kept. */
int folder_remove_others (int fd, const char *kept);

/* How deep folders may lie in each other where that is limited. */
#define FOLDER_DEPTH_MAX 64

/* Shows @visit all that is in @fd, a folder before what is in it, until it returns a negative errno. What is gone
 * meanwhile, or may not be opened, is passed over. -ELOOP: deeper than @depth. */
typedef int (*FolderVisitor) (int parent, const char *name, const struct stat *st, void *userdata);
int folder_visit (int fd, FolderVisitor visit, void *userdata, unsigned depth);

/* The space on the disk that all in it takes. */
int folder_size (int fd, uint64_t *ret_size);
