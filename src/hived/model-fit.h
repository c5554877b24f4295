/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "device.h"

/* What a model takes of a device's memory: bytes, and tokens; 0: unknown. */
typedef struct
{
  uint64_t weights, cache_per_token;
  uint64_t context; /* that it is asked to have, or could have */
} ModelNeed;

/* Tokens that are reckoned with where nobody asks for a context (option context of StartWorker): few models have fewer.
 */
#define MODEL_FIT_CONTEXT 4096

/* Whether weights, and keys and values of the context, fit on @device; more than a guess it is not, since each worker
 * takes some memory of its own. @ret_why is a sentence with the numbers, or NULL where the device's memory is not known
 * (then true). Free with g_free. */
bool model_fits_on (const ModelNeed *need, const Device *device, char **ret_why);

/* The same of the first of @devices on which it fits, or else the one with the most memory. */
bool model_fits (const ModelNeed *need, const Devices *devices, char **ret_why);
