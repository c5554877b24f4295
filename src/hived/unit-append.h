/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* Each appends properties of a unit to the open a(sv) of a StartTransientUnit call. 0 or a negative errno. */
typedef struct
{
  const char *name;
  const char *value; /* NULL: the property is left out */
} UnitText;

typedef struct
{
  const char *name;
  uint64_t value;
} UnitNumber;

/* All of @names are true. */
int unit_append_true (sd_bus_message *message, const char *const *names, gsize count);
int unit_append_texts (sd_bus_message *message, const UnitText *texts, gsize count);
int unit_append_numbers (sd_bus_message *message, const UnitNumber *numbers, gsize count);
int unit_append_list (sd_bus_message *message, const char *name, char **list);

/* A list of what is allowed, or of what is not, of that which another list allowed before. */
int unit_append_filter (sd_bus_message *message, const char *name, bool allowed, const char *const *list);
int unit_append_allowed (sd_bus_message *message, const char *name, const char *const *list);

/* @name: ExecStart and the like; @arguments: what the program gets, the first being its path. */
int unit_append_command (sd_bus_message *message, const char *name, char *const *arguments);

/* The same for a command that systemd runs again after it has read the unit's file, where from UNIT_LITERAL_SINCE on it
 * doubles what stands for a dollar: by ExecStartEx, which says that no variables are in it. Older ones write that name
 * into the file and do not know it there, and of every dollar they make a backslash and a dollar. */
#define UNIT_LITERAL_SINCE 254
int unit_append_literal_command (sd_bus_message *message, const char *name, char *const *arguments);
