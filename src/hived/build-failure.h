/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Why the builder of @job, which has ended, did not bring a tree: by how it ended (@not_started: why it could not
 * begin, or NULL), and what its log said last (@told, or NULL). @ret_told: it is what the log said, word for word. */
GError *build_failure (const Job *job, const char *not_started, const GError *told, bool *ret_told);
