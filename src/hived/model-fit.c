/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-fit.h"

#include <glib.h>
#include <glib/gi18n.h>

#include "size.h"

static uint64_t
need_cache (const ModelNeed *need)
{
  uint64_t bytes;

  return __builtin_mul_overflow (need->cache_per_token, need->context, &bytes) ? UINT64_MAX : bytes;
}

bool
model_fits_on (const ModelNeed *need, const Device *device, char **ret_why)
{
  uint64_t cache = need_cache (need), all;
  g_autofree char *weights = size_to_string (need->weights);
  g_autofree char *has = size_to_string (device->memory);
  g_autofree char *keys = size_to_string (cache);
  bool fits = !__builtin_add_overflow (need->weights, cache, &all) && all <= device->memory;

  *ret_why = NULL;
  if (device->memory == 0 || need->weights == 0)
    return true;
  *ret_why = cache == 0 ?
                 g_strdup_printf (N_ ("Its weights take %s; %s (%s) has %s"), weights, device->id, device->name, has) :
                 g_strdup_printf (N_ ("Its weights take %s and %llu tokens of context %s; %s (%s) has %s"), weights,
                                  (unsigned long long)need->context, keys, device->id, device->name, has);
  return fits;
}

bool
model_fits (const ModelNeed *need, const Devices *devices, char **ret_why)
{
  const Device *largest = NULL;

  for (guint i = 0; i < devices->list->len; i++)
    {
      const Device *device = devices->list->pdata[i];

      if (model_fits_on (need, device, ret_why) && *ret_why)
        return true;
      g_clear_pointer (ret_why, g_free);
      if (!largest || device->memory > largest->memory)
        largest = device;
    }
  *ret_why = NULL;
  return !largest || model_fits_on (need, largest, ret_why);
}
