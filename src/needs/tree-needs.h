/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "needs.h"

/* Adds what all files below @fd need. 0 or a negative errno: -ELOOP where it is too deep. */
int tree_needs_add (Needs *needs, int fd);
