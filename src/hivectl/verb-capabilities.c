/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "json.h"
#include "size.h"
#include "table.h"
#include "terminal.h"
#include "text.h"
#include "variant.h"
#include "verb.h"

static void
capabilities_add_device (JsonObject *device, void *userdata)
{
  int64_t cores = json_get_int (device, "cores", 0);
  int64_t memory = json_get_int (device, "memory", 0);
  /* 0 is unknown. */
  g_autofree char *cores_text = cores > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, cores) : g_strdup ("-");
  g_autofree char *memory_text = memory > 0 ? size_to_string ((uint64_t)memory) : g_strdup ("-");

  const char *compute = json_get_string (device, "compute_capability", "");

  table_add (userdata, (const char *const[]){ json_get_string (device, "id", ""),
                                              json_get_string (device, "device_type", ""), cores_text, memory_text,
                                              *compute ? compute : "-", json_get_string (device, "name", ""), NULL });
}

static void
capabilities_add_worker (JsonObject *worker, void *userdata)
{
  table_add (userdata,
             (const char *const[]){ json_get_string (worker, "id", ""), json_get_string (worker, "version", ""),
                                    json_get_string (worker, "binary", ""), NULL });
}

static void
capabilities_print_warnings (JsonObject *capabilities)
{
  g_auto (GStrv) warnings = json_get_strings (capabilities, "device_warnings");

  for (char **warning = warnings; warning && *warning; warning++)
    {
      g_autofree char *line = text_line (*warning);

      terminal_printf ("⚠ %s\n", line);
    }
}

static void
capabilities_print (JsonObject *capabilities)
{
  g_autoptr (Table) devices = table_new (
      (const char *const[]){ _ ("DEVICE"), _ ("TYPE"), _ ("CORES"), _ ("MEMORY"), _ ("COMPUTE"), _ ("NAME"), NULL });
  g_autoptr (Table) workers = table_new ((const char *const[]){ _ ("WORKER"), _ ("VERSION"), _ ("PATH"), NULL });
  JsonNode *list = json_object_get_member (capabilities, "workers");

  variant_foreach (json_object_get_member (capabilities, "devices"), capabilities_add_device, devices);
  table_print (devices);
  capabilities_print_warnings (capabilities);
  terminal_printf ("\n");
  if (!list || variant_is_empty (list))
    {
      terminal_printf ("%s\n", _ ("No worker is installed. See: hivectl catalog"));
      return;
    }
  variant_foreach (list, capabilities_add_worker, workers);
  table_print (workers);
}

static ExitStatus
capabilities_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) capabilities = client_get_capabilities (client, error);

  if (!capabilities)
    return EXIT_STATUS_FAILED;
  if (options->json)
    variant_print (capabilities);
  else
    capabilities_print (json_node_get_object (capabilities));
  return EXIT_STATUS_OK;
}

const Verb capabilities_verb = {
  .name = "capabilities",
  .summary = N_ ("Show the machine's devices and workers"),
  .details = N_ ("With --json also where things lie and whether recipes can be confined."),
  .example = "hivectl capabilities --json",
  .paged = true,
  .run = capabilities_run,
};
