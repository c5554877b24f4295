/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pango/pango.h>
#include <stdbool.h>

/* The colours of a terminal in a line of a log (ESC [ digits ; … m; a log has no other sequence), as attributes.
 * Returns the text without them, to be freed. @ret_attributes, which may be NULL: NULL when the line has none; @dark:
 * for light text on a dark ground. */
char *sgr_parse (const char *text, bool dark, PangoAttrList **ret_attributes);
