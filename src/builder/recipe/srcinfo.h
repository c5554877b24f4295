/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "recipe.h"

/* The recipe as a .SRCINFO file, byte for byte what `makepkg --printsrcinfo` prints (bytes, not text: see Recipe). */
GString *srcinfo_write (const Recipe *recipe); /* free with g_string_free */
