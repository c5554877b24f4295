/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install-options.h"

#include <string.h>

#include "bus-dict.h"
#include "catalog-configuration.h"
#include "change-options.h"
#include "cpu-level.h"
#include "error.h"
#include "json.h"
#include "worker-id.h"

#define BACKEND_MAX 64
#define FROM_MAX    4000

static const BusOption install_options_table[] = {
  { "backend", 's', offsetof (InstallOptions, backend) },
  { "source", 's', offsetof (InstallOptions, source) },
  { "catalog", 's', offsetof (InstallOptions, catalog) },
  { "network", 's', offsetof (InstallOptions, network) },
  { "from", 's', offsetof (InstallOptions, from) },
  { "cpu", 's', offsetof (InstallOptions, cpu) },
  { "check", 'b', offsetof (InstallOptions, check) },
  { "reinstall", 'b', offsetof (InstallOptions, reinstall) },
  { "install_dependencies", 'b', offsetof (InstallOptions, install_dependencies), "install-dependencies" },
  { "idempotency_key", 's', offsetof (InstallOptions, idempotency_key), "idempotency-key" },
  { "owner", 'u', offsetof (InstallOptions, owner) },
  {},
};

InstallOptions *
install_options_new (void)
{
  InstallOptions *options = g_new0 (InstallOptions, 1);

  options->owner = -1;
  return options;
}

InstallOptions *
install_options_copy (const InstallOptions *options)
{
  InstallOptions *copy = install_options_new ();

  *copy = (InstallOptions){ .backend = g_strdup (options->backend),
                            .source = g_strdup (options->source),
                            .catalog = g_strdup (options->catalog),
                            .network = g_strdup (options->network),
                            .cpu = g_strdup (options->cpu),
                            .from = g_strdup (options->from),
                            .to = g_strdup (options->to),
                            .idempotency_key = g_strdup (options->idempotency_key),
                            .owner = options->owner,
                            .check = options->check,
                            .reinstall = options->reinstall,
                            .install_dependencies = options->install_dependencies,
                            .upgrade = options->upgrade,
                            .recipe = g_strdup (options->recipe),
                            .origin = g_strdup (options->origin) };
  return copy;
}

void
install_options_free (InstallOptions *options)
{
  if (!options)
    return;
  g_free (options->backend);
  g_free (options->source);
  g_free (options->catalog);
  g_free (options->network);
  g_free (options->cpu);
  g_free (options->from);
  g_free (options->to);
  g_free (options->idempotency_key);
  g_free (options->recipe);
  g_free (options->origin);
  g_free (options);
}

bool
install_options_check_variant (const char *backend, const char *source, GError **error)
{
  if (backend && (!*backend || strlen (backend) > BACKEND_MAX || !g_ascii_isalnum (*backend) ||
                  strspn (backend, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") != strlen (backend)))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "Option backend is a name of letters, digits and ._- (at most %d)", BACKEND_MAX);
      return false;
    }
  if (source && !g_str_equal (source, "binary") && !g_str_equal (source, "git"))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option source is binary or git");
      return false;
    }
  return true;
}

static bool
install_options_check (const InstallOptions *options, GError **error)
{
  if (!install_options_check_variant (options->backend, options->source, error))
    return false;
  if (options->network && !g_str_equal (options->network, "allow") && !g_str_equal (options->network, "forbid"))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option network is allow or forbid");
      return false;
    }
  if (options->from && (*options->from != '/' || strstr (options->from, "/../") || strlen (options->from) > FROM_MAX))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
                   "Option from is the absolute path of a folder, without \"..\"");
      return false;
    }
  if (options->cpu && !cpu_level_is_known (options->cpu))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "Option cpu is %s on this machine, not \"%.40s\"",
                   cpu_level_names (), options->cpu);
      return false;
    }
  return change_options_check (options->owner, options->idempotency_key, error);
}

int
install_options_read (sd_bus_message *message, InstallOptions **ret, sd_bus_error *error)
{
  g_autoptr (InstallOptions) options = install_options_new ();
  g_autoptr (GError) failure = NULL;
  int r;

  r = bus_dict_read (message, install_options_table, options, error);
  if (r < 0)
    return r;
  if (!install_options_check (options, &failure))
    return bus_error_from_gerror (error, failure);
  *ret = g_steal_pointer (&options);
  return 0;
}

const char *
install_options_take_reference (InstallOptions *options, const char *reference, GError **error)
{
  const char *slash = strchr (reference, '/');
  g_autofree char *catalog = slash ? g_strndup (reference, slash - reference) : NULL;
  const char *id = slash ? slash + 1 : reference;

  if (!worker_id_check (id, error))
    return NULL;
  if (catalog && options->catalog && !g_str_equal (catalog, options->catalog))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s is not a worker of the catalog %s", reference,
                   options->catalog);
      return NULL;
    }
  if (catalog && !options->catalog)
    options->catalog = g_steal_pointer (&catalog);
  if (!options->catalog || catalog_name_is_valid (options->catalog))
    return id;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "\"%.40s\" names no catalog: a name has 1 to 32 of a-z, 0-9 and -, as in its section of hive.conf",
               options->catalog);
  return NULL;
}

bool
install_options_equal (const InstallOptions *one, const InstallOptions *other)
{
  return g_strcmp0 (one->backend, other->backend) == 0 && g_strcmp0 (one->source, other->source) == 0 &&
         g_strcmp0 (one->catalog, other->catalog) == 0 && g_strcmp0 (one->network, other->network) == 0 &&
         g_strcmp0 (one->cpu, other->cpu) == 0 && g_strcmp0 (one->from, other->from) == 0 &&
         g_strcmp0 (one->recipe, other->recipe) == 0 && one->check == other->check &&
         one->reinstall == other->reinstall && one->install_dependencies == other->install_dependencies &&
         one->upgrade == other->upgrade;
}

JsonObject *
install_options_to_json (const InstallOptions *options)
{
  JsonObject *object = json_object_new ();

  if (options->backend)
    json_object_set_string_member (object, "backend", options->backend);
  if (options->source)
    json_object_set_string_member (object, "source", options->source);
  if (options->catalog)
    json_object_set_string_member (object, "catalog", options->catalog);
  if (options->network)
    json_object_set_string_member (object, "network", options->network);
  if (options->to)
    json_object_set_string_member (object, "to", options->to);
  if (options->from)
    json_object_set_string_member (object, "from", options->from);
  if (options->cpu)
    json_object_set_string_member (object, "cpu", options->cpu);
  if (options->check)
    json_object_set_boolean_member (object, "check", true);
  if (options->reinstall)
    json_object_set_boolean_member (object, "reinstall", true);
  if (options->install_dependencies)
    json_object_set_boolean_member (object, "install_dependencies", true);
  if (options->upgrade)
    json_object_set_boolean_member (object, "upgrade", true);
  if (options->recipe)
    {
      json_object_set_string_member (object, "recipe", options->recipe);
      json_object_set_string_member (object, "origin", options->origin ? options->origin : "");
    }
  return object;
}

int
install_options_append (const InstallOptions *options, sd_bus_message *message)
{
  int r = sd_bus_message_open_container (message, 'a', "{sv}");

  if (r >= 0 && options && options->backend)
    r = bus_dict_append_string (message, "backend", options->backend);
  if (r >= 0 && options && options->source)
    r = bus_dict_append_string (message, "source", options->source);
  if (r >= 0 && options && options->catalog)
    r = bus_dict_append_string (message, "catalog", options->catalog);
  if (r >= 0 && options && options->network)
    r = bus_dict_append_string (message, "network", options->network);
  if (r >= 0 && options && options->to)
    r = bus_dict_append_string (message, "to", options->to);
  if (r >= 0 && options && options->from)
    r = bus_dict_append_string (message, "from", options->from);
  if (r >= 0 && options && options->cpu)
    r = bus_dict_append_string (message, "cpu", options->cpu);
  if (r >= 0 && options && options->check)
    r = bus_dict_append_bool (message, "check", true);
  if (r >= 0 && options && options->reinstall)
    r = bus_dict_append_bool (message, "reinstall", true);
  if (r >= 0 && options && options->install_dependencies)
    r = bus_dict_append_bool (message, "install_dependencies", true);
  if (r >= 0 && options && options->install_dependencies)
    r = bus_dict_append_bool (message, "install-dependencies", true); /* as before 0.1 */
  if (r >= 0 && options && options->recipe)
    r = bus_dict_append_string (message, "origin", options->origin);
  return r < 0 ? r : sd_bus_message_close_container (message);
}

InstallOptions *
install_options_from_json (JsonObject *object)
{
  InstallOptions *options = install_options_new ();

  options->backend = g_strdup (json_get_string (object, "backend", NULL));
  options->source = g_strdup (json_get_string (object, "source", NULL));
  options->catalog = g_strdup (json_get_string (object, "catalog", NULL));
  options->network = g_strdup (json_get_string (object, "network", NULL));
  options->to = g_strdup (json_get_string (object, "to", NULL));
  options->from = g_strdup (json_get_string (object, "from", NULL));
  options->cpu = g_strdup (json_get_string (object, "cpu", NULL));
  options->check = json_get_bool (object, "check", false);
  options->reinstall = json_get_bool (object, "reinstall", false);
  options->install_dependencies = json_get_bool (object, "install_dependencies", false);
  options->upgrade = json_get_bool (object, "upgrade", false);
  options->recipe = g_strdup (json_get_string (object, "recipe", NULL));
  options->origin = options->recipe ? g_strdup (json_get_string (object, "origin", "")) : NULL;
  return options;
}
