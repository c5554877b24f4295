/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus-dict.h"

#include "error.h"

typedef union
{
  const char *text;
  int flag;
  uint32_t number;
} OptionValue;

static const BusOption *
bus_option_find (const BusOption *options, const char *key)
{
  for (; options->key; options++)
    if (g_str_equal (options->key, key) || g_strcmp0 (options->old, key) == 0)
      return options;
  return NULL;
}

static void
bus_option_set (const BusOption *option, void *field, const OptionValue *value)
{
  if (option->type == 'b')
    *(bool *)field = value->flag;
  else if (option->type == 'u')
    *(int64_t *)field = value->number;
  else
    {
      g_free (*(char **)field);
      *(char **)field = g_strdup (value->text);
    }
}

static bool
bus_option_is (const BusOption *option, const void *field, const OptionValue *value)
{
  return option->type == 'b' ? *(const bool *)field == value->flag :
                               g_strcmp0 (*(char *const *)field, value->text) == 0;
}

/* @again: it was read already, in its other spelling. */
static int
bus_option_read (sd_bus_message *message, const BusOption *option, bool again, void *ret, sd_bus_error *error)
{
  const char type[] = { option->type, '\0' };
  const char *contents;
  void *field = (char *)ret + option->offset;
  OptionValue value;
  int r;

  r = sd_bus_message_peek_type (message, NULL, &contents);
  if (r < 0)
    return r;
  if (!g_str_equal (contents, type))
    return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "InvalidArgument", "Option %s is of type %s, not %s",
                              option->key, type, contents);

  r = sd_bus_message_read (message, "v", type, &value);
  if (r < 0)
    return r;
  if (again && !bus_option_is (option, field, &value))
    return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "InvalidArgument",
                              "Option %s is given a second time, as %s, with another value", option->key, option->old);
  bus_option_set (option, field, &value);
  return 0;
}

int
bus_dict_read (sd_bus_message *message, const BusOption *options, void *ret, sd_bus_error *error)
{
  unsigned seen[2] = { 0 }; /* a bit an option, as it is spelled and as it was */
  int r;

  r = sd_bus_message_enter_container (message, 'a', "{sv}");
  if (r < 0)
    return r;
  while ((r = sd_bus_message_enter_container (message, 'e', "sv")) > 0)
    {
      const BusOption *option;
      const char *key;
      unsigned bit;
      bool old;

      r = sd_bus_message_read (message, "s", &key);
      if (r < 0)
        return r;
      option = bus_option_find (options, key);
      if (!option)
        return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "InvalidArgument", "Option %s is not known", key);
      bit = 1U << (option - options);
      old = !g_str_equal (option->key, key);
      if (seen[old] & bit)
        return sd_bus_error_setf (error, HIVE_ERROR_PREFIX "InvalidArgument", "Option %s is given twice", key);
      seen[old] |= bit;
      r = bus_option_read (message, option, seen[!old] & bit, ret, error);
      if (r < 0)
        return r;
      r = sd_bus_message_exit_container (message);
      if (r < 0)
        return r;
    }
  if (r < 0)
    return r;
  return sd_bus_message_exit_container (message);
}

int
bus_dict_append_string (sd_bus_message *message, const char *key, const char *value)
{
  g_autofree char *mended = NULL;

  /* A bus throws out who sends it a string that is no UTF-8. */
  if (value && !g_utf8_validate (value, -1, NULL))
    value = mended = g_utf8_make_valid (value, -1);
  return sd_bus_message_append (message, "{sv}", key, "s", value ? value : "");
}

int
bus_dict_append_path (sd_bus_message *message, const char *key, const char *value)
{
  return sd_bus_message_append (message, "{sv}", key, "o", value);
}

int
bus_dict_append_strings (sd_bus_message *message, const char *key, char *const *values)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'e', "sv")) < 0 ||
      (r = sd_bus_message_append_basic (message, 's', key)) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "as")) < 0 ||
      (r = sd_bus_message_append_strv (message, (char **)values)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

int
bus_dict_append_bool (sd_bus_message *message, const char *key, bool value)
{
  return sd_bus_message_append (message, "{sv}", key, "b", (int)value);
}

int
bus_dict_append_uint32 (sd_bus_message *message, const char *key, uint32_t value)
{
  return sd_bus_message_append (message, "{sv}", key, "u", value);
}

int
bus_dict_append_uint64 (sd_bus_message *message, const char *key, uint64_t value)
{
  return sd_bus_message_append (message, "{sv}", key, "t", value);
}

int
bus_dict_append_double (sd_bus_message *message, const char *key, double value)
{
  return sd_bus_message_append (message, "{sv}", key, "d", value);
}

static char *
old_spelling (const char *key)
{
  return g_strdelimit (g_strdup (key), "_", '-');
}

int
bus_dict_append_respelled_string (sd_bus_message *message, const char *key, const char *value)
{
  g_autofree char *old = old_spelling (key);
  int r = bus_dict_append_string (message, key, value);

  return r < 0 ? r : bus_dict_append_string (message, old, value);
}

int
bus_dict_append_respelled_strings (sd_bus_message *message, const char *key, char *const *values)
{
  g_autofree char *old = old_spelling (key);
  int r = bus_dict_append_strings (message, key, values);

  return r < 0 ? r : bus_dict_append_strings (message, old, values);
}

static const char *
gerror_dbus_name (const GError *failure)
{
  return hive_error_dbus_name (failure->domain == HIVE_ERROR ? failure->code : HIVE_ERROR_FAILED);
}

int
bus_error_from_gerror (sd_bus_error *error, const GError *failure)
{
  return sd_bus_error_set (error, gerror_dbus_name (failure), failure->message);
}

int
bus_reply_send (sd_bus_message *reply, int r)
{
  if (r >= 0)
    r = sd_bus_send (NULL, reply, NULL);
  sd_bus_message_unref (reply);
  return r < 0 ? r : 1;
}

int
bus_reply_send_list (sd_bus_message *reply, int r)
{
  return bus_reply_send (reply, r < 0 ? r : sd_bus_message_close_container (reply));
}

int
bus_reply_gerror (sd_bus_message *message, const GError *failure)
{
  return sd_bus_reply_method_errorf (message, gerror_dbus_name (failure), "%s", failure->message);
}
