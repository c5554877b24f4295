/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* What is kept of jobs that ended: as many, for as long and with logs as large together as hive.conf says ([History]).
 * The oldest go first; the newest one and those under way stay. It works in small pieces while nothing else is to do.
 */
History *history_new (Hive *hive);
void history_free (History *history);

/* A job ended, or the hive starts: looks, from the event loop, whether something is to go. */
void history_look (History *history);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (History, history_free)
