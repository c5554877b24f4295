/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pending-call.h"

#include "bus-dict.h"

PendingCall *
pending_call_new (Hive *hive, sd_bus_message *message)
{
  PendingCall *call = g_new0 (PendingCall, 1);

  call->hive = hive;
  call->message = sd_bus_message_ref (message);
  return call;
}

void
pending_call_free (PendingCall *call)
{
  sd_bus_message_unref (call->message);
  g_free (call);
}

void
pending_call_send (PendingCall *call, sd_bus_message *reply, int r)
{
  if (r >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  if (r < 0)
    sd_bus_reply_method_errno (call->message, r, NULL);
  sd_bus_message_unref (reply);
}

int
pending_call_ask (Hive *hive, sd_bus_message *message, const char *const *arguments, uint64_t keep,
                  QueryHandler handler, sd_bus_error *error)
{
  PendingCall *call = pending_call_new (hive, message);
  g_autoptr (GError) failure = NULL;

  if (queries_ask (hive->queries, arguments, keep, callers_uid (hive->callers, message), handler, call, &failure))
    return 1;
  pending_call_free (call);
  return bus_error_from_gerror (error, failure);
}

int
pending_call_look (Hive *hive, sd_bus_message *message, CapabilitiesHandler handler, sd_bus_error *error)
{
  PendingCall *call = pending_call_new (hive, message);
  g_autoptr (GError) failure = NULL;

  if (capabilities_look (hive, callers_uid (hive->callers, message), handler, call, &failure))
    return 1;
  pending_call_free (call);
  return bus_error_from_gerror (error, failure);
}
