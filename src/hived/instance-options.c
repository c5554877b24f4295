/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-options.h"

#include <arpa/inet.h>
#include <string.h>

#include "address.h"
#include "bus-dict.h"
#include "error.h"
#include "json.h"
#include "size.h"

#define NAME_MAX_LENGTH 48 /* a name of systemd's units and of a socket's path is made of it */
#define START_TIMEOUT   600
#define MODEL_MAX       4096

static const BusOption instance_options[] = {
  { "name", 's', offsetof (InstanceOptions, name) },
  { "model", 's', offsetof (InstanceOptions, model) },
  { "device", 's', offsetof (InstanceOptions, device) },
  { "listen", 's', offsetof (InstanceOptions, listen) },
  { "memory_max", 's', offsetof (InstanceOptions, memory_max) },
  { "context", 'u', offsetof (InstanceOptions, context) },
  { "idle_stop", 'u', offsetof (InstanceOptions, idle_stop) },
  { "start_timeout", 'u', offsetof (InstanceOptions, start_timeout) },
  { "boot", 'b', offsetof (InstanceOptions, boot) },
  { "allow_cpu", 'b', offsetof (InstanceOptions, allow_cpu) },
  {},
};

void
instance_options_free (InstanceOptions *options)
{
  if (!options)
    return;
  g_free (options->name);
  g_free (options->model);
  g_free (options->device);
  g_free (options->listen);
  g_free (options->memory_max);
  g_free (options);
}

static InstanceOptions *
instance_options_new (void)
{
  InstanceOptions *options = g_new0 (InstanceOptions, 1);

  options->context = -1;
  options->start_timeout = START_TIMEOUT;
  return options;
}

bool
instance_name_is_valid (const char *name)
{
  size_t length = strspn (name, G_CSET_a_2_z G_CSET_DIGITS "-");

  return length > 0 && length <= NAME_MAX_LENGTH && !name[length] && *name != '-';
}

/* A worker's id as a name: what no name has is a dash. */
static char *
name_of_worker (const char *worker_id)
{
  char *name = g_ascii_strdown (worker_id, MIN (strlen (worker_id), NAME_MAX_LENGTH));

  return g_strcanon (name, G_CSET_a_2_z G_CSET_DIGITS "-", '-');
}

/* "127.0.0.1:8080", "[::1]:8080"; "8080" is on loopback. NULL: it is none. */
static char *
listen_normalise (const char *text)
{
  g_autofree char *whole = strchr (text, ':') ? g_strdup (text) : g_strconcat ("127.0.0.1:", text, NULL);
  char *port = strrchr (whole, ':');
  g_autofree char *host = g_strndup (whole, (gsize)(port - whole));
  unsigned char bytes[16];
  guint64 number;

  if (!g_ascii_string_to_unsigned (port + 1, 10, 1, 65535, &number, NULL))
    return NULL;
  if (*host == '[' && g_str_has_suffix (host, "]"))
    {
      host[strlen (host) - 1] = '\0';
      if (inet_pton (AF_INET6, host + 1, bytes) != 1)
        return NULL;
    }
  else if (inet_pton (AF_INET, host, bytes) != 1)
    return NULL;
  return g_steal_pointer (&whole);
}

bool
instance_options_are_unix (const InstanceOptions *options)
{
  return g_str_equal (options->listen, "unix");
}

bool
instance_options_are_loopback (const InstanceOptions *options)
{
  return g_str_has_prefix (options->listen, "127.") || g_str_has_prefix (options->listen, "[::1]:");
}

static void
clear_if_empty (char **text)
{
  if (*text && !**text)
    g_clear_pointer (text, g_free);
}

static bool
options_check_listen (InstanceOptions *options, GError **error)
{
  g_autofree char *listen = NULL;

  if (!options->listen || g_str_equal (options->listen, "unix"))
    {
      g_free (options->listen);
      options->listen = g_strdup ("unix");
      return true;
    }
  listen = listen_normalise (options->listen);
  if (!listen)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "Option listen is unix, a port, or a numeric address and a port, as 127.0.0.1:8080 or [::1]:8080, "
                   "not \"%s\"",
                   options->listen);
      return false;
    }
  g_free (options->listen);
  options->listen = g_steal_pointer (&listen);
  return true;
}

static bool
options_check (InstanceOptions *options, GError **error)
{
  uint64_t size;

  if (!instance_name_is_valid (options->name))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is not the name of an instance: one is 1 to %d of the characters a-z, 0-9 and -, and begins "
                 "with a letter or a digit",
                 options->name, NAME_MAX_LENGTH);
  else if (options->model && strlen (options->model) > MODEL_MAX)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option model has at most %d bytes", MODEL_MAX);
  else if (options->memory_max && (!size_from_string (options->memory_max, &size) || size < 1024 * 1024))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                 "Option memory_max is a size of at least 1M, not \"%s\"", options->memory_max);
  else if (options->start_timeout < 1)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option start_timeout is at least 1 second");
  else
    return options_check_listen (options, error);
  return false;
}

int
instance_options_read (sd_bus_message *message, const char *worker_id, InstanceOptions **ret, sd_bus_error *error)
{
  g_autoptr (InstanceOptions) options = instance_options_new ();
  g_autoptr (GError) failure = NULL;
  int r = bus_dict_read (message, instance_options, options, error);

  if (r < 0)
    return r;
  clear_if_empty (&options->name);
  clear_if_empty (&options->model);
  clear_if_empty (&options->device);
  clear_if_empty (&options->listen);
  clear_if_empty (&options->memory_max);
  if (!options->name)
    options->name = name_of_worker (worker_id);
  if (!options_check (options, &failure))
    return bus_error_from_gerror (error, failure);
  *ret = g_steal_pointer (&options);
  return 0;
}

JsonObject *
instance_options_to_json (const InstanceOptions *options)
{
  JsonObject *object = json_object_new ();

  for (const BusOption *option = instance_options; option->key; option++)
    {
      const void *field = (const char *)options + option->offset;

      if (option->type == 'b')
        json_object_set_boolean_member (object, option->key, *(const bool *)field);
      else if (option->type == 'u')
        json_object_set_int_member (object, option->key, *(const int64_t *)field);
      else if (*(char *const *)field)
        json_object_set_string_member (object, option->key, *(char *const *)field);
    }
  return object;
}

InstanceOptions *
instance_options_from_json (JsonObject *object)
{
  g_autoptr (InstanceOptions) options = instance_options_new ();

  for (const BusOption *option = instance_options; option->key; option++)
    {
      void *field = (char *)options + option->offset;

      if (option->type == 'b')
        *(bool *)field = json_get_bool (object, option->key, false);
      else if (option->type == 'u')
        *(int64_t *)field = json_get_int (object, option->key, *(int64_t *)field);
      else
        *(char **)field = g_strdup (json_get_string (object, option->key, NULL));
    }
  return options->name && options_check (options, NULL) ? g_steal_pointer (&options) : NULL;
}
