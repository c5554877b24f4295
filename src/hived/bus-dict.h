/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* One known key of an a{sv} of options: where its value lands in the caller's struct. Type 's' is a char * (a copy),
 * 'b' a bool, 'u' an int64_t, so that -1 can stand for what is not given. A table ends with a NULL key. */
typedef struct
{
  const char *key;
  char type;
  size_t offset;
  const char *old; /* how it was spelled before 0.1, of an 's' or a 'b'; NULL: likewise */
} BusOption;

/* Reads the a{sv} that comes next in @message into @ret as @options says. Unknown keys, keys given twice and other
 * types are InvalidArgument and named; so is a key whose old spelling says something else. 0, or a negative errno with
 * @error set; what was read until then stays in @ret. */
int bus_dict_read (sd_bus_message *message, const BusOption *options, void *ret, sd_bus_error *error);

/* Each appends one entry to an open a{sv}; NULL strings become "", texts that are no UTF-8 are mended. 0 or a negative
 * errno. */
int bus_dict_append_string (sd_bus_message *message, const char *key, const char *value);
int bus_dict_append_path (sd_bus_message *message, const char *key, const char *value);
int bus_dict_append_strings (sd_bus_message *message, const char *key, char *const *values);
int bus_dict_append_bool (sd_bus_message *message, const char *key, bool value);
int bus_dict_append_uint32 (sd_bus_message *message, const char *key, uint32_t value);
int bus_dict_append_uint64 (sd_bus_message *message, const char *key, uint64_t value);
int bus_dict_append_double (sd_bus_message *message, const char *key, double value);

/* The same of a key that was spelled with - for _ before 0.1: both spellings, until 0.2. */
int bus_dict_append_respelled_string (sd_bus_message *message, const char *key, const char *value);
int bus_dict_append_respelled_strings (sd_bus_message *message, const char *key, char *const *values);

/* Makes @error of a failure of our domain; a negative errno, so that methods can return it. */
int bus_error_from_gerror (sd_bus_error *error, const GError *failure);

/* Sends @reply, which is taken, if all that was appended to it went well: @r is what the last step returned. 1 or a
 * negative errno, so that methods can return it. */
int bus_reply_send (sd_bus_message *reply, int r);

/* The same of a reply whose array is still open. */
int bus_reply_send_list (sd_bus_message *reply, int r);

/* Answers @message with a failure of our domain, for methods that answer later. */
int bus_reply_gerror (sd_bus_message *message, const GError *failure);
