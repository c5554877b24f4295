/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>

#include "instance-client.h"
#include "json.h"
#include "listing.h"
#include "sentence.h"
#include "size.h"
#include "table.h"
#include "variant.h"
#include "verb.h"

static void
ps_add (JsonObject *instance, void *userdata)
{
  int64_t bytes = json_get_int (instance, "memory", 0);
  g_autofree char *memory = bytes > 0 ? size_to_string ((uint64_t)bytes) : g_strdup ("");
  g_autofree char *since = variant_time (json_get_int (instance, "since", 0));
  bool failed = g_str_equal (json_get_string (instance, "state", ""), "failed");
  g_autofree char *notes =
      !failed && json_get_bool (instance, "outdated", false) ?
          g_strdup (_ ("runs the version before")) :
          sentence_translate (json_get_string (instance, failed ? "error_message" : "warning", ""));

  table_add (userdata,
             (const char *const[]){ json_get_string (instance, "name", ""), json_get_string (instance, "worker_id", ""),
                                    json_get_string (instance, "state", ""), json_get_string (instance, "model", ""),
                                    json_get_string (instance, "address", ""), memory, since, notes, NULL });
}

static ExitStatus
ps_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonNode) instances = instance_client_list (client, error);
  const char *empty = _ ("No worker runs. See: hivectl start --help");

  if (!instances)
    return EXIT_STATUS_FAILED;
  if (variant_is_empty (instances) && !instance_client_runs_workers (client))
    empty = _ ("Workers are run by systemd, and this hive was started without it");
  return listing_print (options, instances, empty,
                        (const char *const[]){ _ ("NAME"), _ ("WORKER"), _ ("STATE"), _ ("MODEL"), _ ("ADDRESS"),
                                               _ ("MEMORY"), _ ("SINCE"), _ ("NOTES"), NULL },
                        ps_add);
}

const Verb ps_verb = {
  .name = "ps",
  .summary = N_ ("List the workers that run, or wait for a request"),
  .example = "hivectl ps --json",
  .options = OPTION_PLAIN,
  .run = ps_run,
};
