/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What says whether the rest of a download belongs to its part: the server's ETag or Last-Modified (RFC 9110, 8.8),
 * kept beside the part in the folder @kept. */

/* "" where there is none. */
char *validator_read (int kept);

void validator_write (int kept, const char *validator);
void validator_remove (int kept);
