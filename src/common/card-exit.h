/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How rbee-hive-card ends when a worker's card is not there, and when the worker does not compute with it. */
#define CARD_EXIT_MISSING 71
#define CARD_EXIT_UNUSED  72
