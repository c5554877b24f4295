/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a worker is called, for people: one line of at most 100 characters that steers no terminal (controls.h). @said
 * is a catalog's or a builder's, which nobody trusts. NULL: it has none that could be shown, and an id stands for it.
 */
char *display_name_clean (const char *said);
