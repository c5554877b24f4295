/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a failed program's standard error says why, in one line: the last lines that are neither progress, hints nor
 * blank, @url (it may have a password) as people may see it. */
char *complaint_of (const char *said, const char *url);
