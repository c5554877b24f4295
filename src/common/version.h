/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Compares two versions, [epoch:]version[-release], as pacman does (vercmp(8)): -1, 0 or 1, as @a is older than, the
 * same as or newer than @b. A release counts when both have one. Any text is taken; what is not a letter or digit
 * separates. */
int version_compare (const char *a, const char *b);
