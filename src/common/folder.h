/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Folders that somebody may have filled to do harm: nothing is followed, and each is opened beneath the one before. All
 * return 0 or a negative errno. */

/* An open one, for g_autoptr. */
typedef DIR AutoDir;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AutoDir, closedir)

/* Removes @name in @parent and all that is in it, however deep; -EXDEV where something is mounted in it. One that is
 * gone is fine. */
int folder_remove (int parent, const char *name);

/* The same of all that is in @fd but @kept. */
int folder_remove_others (int fd, const char *kept);

/* How deep folders may lie in each other where that is limited. */
#define FOLDER_DEPTH_MAX 64

/* Shows @visit all that is in @fd, a folder before what is in it, until it returns a negative errno. What is gone
 * meanwhile, or cannot be opened, is passed over. -ELOOP: deeper than @depth. */
typedef int (*FolderVisitor) (int parent, const char *name, const struct stat *st, void *userdata);
int folder_visit (int fd, FolderVisitor visit, void *userdata, unsigned depth);

/* The same, but what lies deeper is passed over. */
int folder_visit_top (int fd, FolderVisitor visit, void *userdata, unsigned depth);

/* The space on the disk that all in it takes, and how many files and folders it is. */
int folder_size (int fd, uint64_t *ret_size, uint64_t *ret_files);

/* True when its file system has less left than @keep_free bytes, or than a twentieth of all its bytes where that is
 * less; or than a hundredth of its inodes, and fewer than 20000, where they are counted. 0: never. */
bool folder_is_short_of_space (int fd, uint64_t keep_free);
