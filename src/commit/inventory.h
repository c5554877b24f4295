/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "configuration.h"

/* Writes to @stream what all workers have on this machine, for whoever has to take it away without this program: the
 * package manager, once the hive itself is gone. Entries of four fields, each field ended by a NUL:
 *
 *   worker  ID      ""    ""      the following entries are its
 *   file    PREFIX  REST  SHA256  PREFIX/REST; PREFIX with InstallRoot, a configured one
 *   link    PREFIX  REST  TARGET
 *   folder  PATH    ""    ""      made by an install; after all the others, innermost first
 *
 * Waits for a transaction that is under way. Files outside of the prefixes are left out. */
bool inventory_run (const Configuration *configuration, FILE *stream, GError **error);
