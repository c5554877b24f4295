/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a phase is called on the screen: "Fetch the sources"; of a model's job, "Fetch its files". One that is not known
 * is called by its id; without @phase: "". */
const char *phase_title (const char *operation, const char *phase);
