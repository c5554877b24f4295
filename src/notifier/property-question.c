/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "property-question.h"

#include <stdbool.h>
#include <stdlib.h>

#include "floating-call.h"
#include "names.h"

int
property_question_ask (sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message_handler_t on_answer, void *data, sd_bus_destroy_t free_data)
{
  sd_bus_message *call = NULL;
  int r;

  if ((r = sd_bus_message_new_method_call (bus, &call, HIVE_NAME, path, "org.freedesktop.DBus.Properties", "Get")) <
          0 ||
      (r = sd_bus_message_set_auto_start (call, false)) < 0 ||
      (r = sd_bus_message_append (call, "ss", interface, property)) < 0)
    {
      sd_bus_message_unref (call);
      return r;
    }
  return floating_call_send (bus, call, on_answer, data, free_data, 0);
}

int
property_question_ask_worker (sd_bus *bus, const char *worker, const char *property, sd_bus_message_handler_t on_answer,
                              void *data, sd_bus_destroy_t free_data)
{
  char *path = NULL;
  int r = sd_bus_path_encode (WORKER_PREFIX, worker, &path);

  if (r >= 0)
    r = property_question_ask (bus, path, WORKER_INTERFACE, property, on_answer, data, free_data);
  free (path);
  return r;
}
