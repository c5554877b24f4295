/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* How an instance is to run: the options of StartWorker, which its record keeps. */
typedef struct
{
  char *name;            /* of the instance */
  char *model;           /* a name, or a path in a configured folder; NULL: none */
  char *device;          /* an id, as GetCapabilities has it; NULL: none is asked for */
  char *listen;          /* "unix" or "ADDRESS:PORT" */
  char *memory_max;      /* a size, as systemd takes it; NULL: all */
  int64_t context;       /* tokens; -1: the worker's own choice */
  int64_t idle_stop;     /* seconds without a connection; 0: never */
  int64_t start_timeout; /* seconds until it must be ready */
  bool boot;
  bool allow_cpu; /* a worker for a card may run without one */
} InstanceOptions;

/* Reads the a{sv} that comes next in @message and fills in what is not given: @worker_id is the name then. 0, or a
 * negative errno with @error set. Free with instance_options_free(). */
int instance_options_read (sd_bus_message *message, const char *worker_id, InstanceOptions **ret, sd_bus_error *error);
void instance_options_free (InstanceOptions *options);

/* To and from the record. NULL for what no hive wrote. */
JsonObject *instance_options_to_json (const InstanceOptions *options);
InstanceOptions *instance_options_from_json (JsonObject *object);

/* Whether @name can be one: 1 to 48 of a-z, 0-9 and -, a letter or a digit first. */
bool instance_name_is_valid (const char *name);

/* It listens on a Unix socket; else whether its address is this machine's loopback. */
bool instance_options_are_unix (const InstanceOptions *options);
bool instance_options_are_loopback (const InstanceOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InstanceOptions, instance_options_free)
