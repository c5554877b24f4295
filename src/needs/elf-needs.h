/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "needs.h"

/* Adds what the ELF file or archive @fd needs: libraries, versions of their symbols, the loader, the level of x86-64
 * that its note says (.note.gnu.property), and the cards that its code for such is for. What is damaged says less. */
void elf_needs_add (Needs *needs, int fd);

/* Whether the library @fd has the version @name ("GLIBCXX_3.4.30") of symbols, or a later one of its family. */
bool elf_has_version (int fd, const char *name);
