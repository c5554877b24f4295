/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "capabilities.h"
#include "hive.h"

/* A call that is answered when something else is: a query, a look at the devices. */
typedef struct
{
  Hive *hive;
  sd_bus_message *message;
} PendingCall;

PendingCall *pending_call_new (Hive *hive, sd_bus_message *message);
void pending_call_free (PendingCall *call);

/* Sends @reply unless making it failed with @r; releases it. */
void pending_call_send (PendingCall *call, sd_bus_message *reply, int r);

/* Asks the query, as queries_ask() does, and answers @message in @handler, which is given a PendingCall to free. What a
 * method of sd-bus returns. */
int pending_call_ask (Hive *hive, sd_bus_message *message, const char *const *arguments, uint64_t keep,
                      QueryHandler handler, sd_bus_error *error);

/* The same when the devices were looked at. */
int pending_call_look (Hive *hive, sd_bus_message *message, CapabilitiesHandler handler, sd_bus_error *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PendingCall, pending_call_free)
