/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-nodes.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>

int
bus_nodes (const char *prefix, char *const *names, char ***ret_nodes)
{
  guint count = g_strv_length ((char **)names);
  char **nodes = calloc (count + 1, sizeof *nodes); /* sd-bus frees it */

  if (!nodes)
    return -ENOMEM;
  for (guint i = 0; i < count; i++)
    if (sd_bus_path_encode (prefix, names[i], &nodes[i]) < 0)
      break;
  *ret_nodes = nodes;
  return 0;
}
