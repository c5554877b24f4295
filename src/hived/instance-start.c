/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-start.h"

#include <glib/gi18n.h>

#include "device.h"
#include "error.h"
#include "registry.h"

static const char *
record_backend (const WorkerRecord *record)
{
  return record->backend && *record->backend ? record->backend : "cpu";
}

static const Device *
devices_find (const Devices *devices, const char *id)
{
  for (guint i = 0; i < devices->list->len; i++)
    {
      const Device *device = devices->list->pdata[i];

      if (g_str_equal (device->id, id) || (*device->uuid && g_str_equal (device->uuid, id)))
        return device;
    }
  return NULL;
}

/* The device that is named is there and of the worker's kind; one that is not named is there too, for a worker that is
 * for cards. */
static bool
check_device (const Hive *hive, const WorkerRecord *record, const InstanceOptions *options, GError **error)
{
  const char *backend = record_backend (record);
  bool is_cpu = g_str_equal (backend, "cpu");
  g_autoptr (Devices) devices = devices_load (hive->configuration, NULL);
  g_autofree char *why = NULL;
  const Device *device = NULL;

  if (options->allow_cpu || (is_cpu && !options->device))
    return true;
  if (!devices)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_DEVICE_UNAVAILABLE,
                 "Nobody has looked at this machine's devices yet: hivectl capabilities does");
  else if (options->device && !(device = devices_find (devices, options->device)))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_DEVICE_UNAVAILABLE,
                 "There is no device %s; hivectl capabilities lists those that there are", options->device);
  else if (options->device && !g_str_equal (device->type, backend))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_DEVICE_UNAVAILABLE, "%s is built for %s, and %s (%s) is %s", record->id,
                 backend, device->id, device->name, device->type);
  else if (!is_cpu && !devices_have_backend (devices, backend, &why))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_DEVICE_UNAVAILABLE,
                 "%s is built for %s: %s. Option allow_cpu starts it all the same", record->id, backend, why);
  else
    return true;
  return false;
}

static bool
check_model (const RunRule *rule, const InstanceOptions *options, GError **error)
{
  if (!options->model && rule->model_arguments)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s needs a model: option model names one",
                 rule->implementation);
  else if (options->model && !rule->model_arguments)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s takes no model", rule->implementation);
  else if (options->context > 0 && !rule->context_arguments)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT, "%s cannot be told how long a context is",
                 rule->implementation);
  else
    return true;
  return false;
}

/* A page of any site may have a browser call an address of this machine, and everybody on a network may call one that
 * is not its loopback. */
static bool
check_listen (const RunRule *rule, const InstanceOptions *options, GError **error)
{
  if (instance_options_are_unix (options) || rule->key_arguments ||
      (rule->keyless && instance_options_are_loopback (options)))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s cannot be given an API key, so it may not listen on %s: KeyArguments= of [%s] in %s says how it "
               "takes one",
               rule->implementation, options->listen, rule->implementation, "run.conf");
  return false;
}

bool
instance_check_options (Hive *hive, const WorkerRecord *record, const InstanceOptions *options, GError **error)
{
  g_autoptr (RunRule) rule = run_rule_of_worker (hive->configuration, record, error);

  return rule && check_listen (rule, options, error) && check_device (hive, record, options, error) &&
         check_model (rule, options, error);
}

/* The one that is named, or the first of the worker's kind; NULL: none is known. */
static const Device *
devices_choose (const Devices *devices, const WorkerRecord *record, const InstanceOptions *options)
{
  if (options->device)
    return devices_find (devices, options->device);
  for (guint i = 0; i < devices->list->len; i++)
    if (g_str_equal (((const Device *)devices->list->pdata[i])->type, record_backend (record)))
      return devices->list->pdata[i];
  return NULL;
}

/* The card that is named, which may be gone, or all of the worker's kind; NULL: it is for none, or of one nobody knows
 * the nodes. */
static char **
cards_choose (const Hive *hive, const WorkerRecord *record, const InstanceOptions *options)
{
  g_autoptr (Devices) devices = devices_load (hive->configuration, NULL);
  g_autoptr (GStrvBuilder) cards = g_strv_builder_new ();
  const Device *named = devices && options->device ? devices_find (devices, options->device) : NULL;
  const char *backend = record_backend (record);
  bool any = false;

  if (!devices || g_str_equal (backend, "cpu"))
    return NULL;
  for (guint i = 0; i < devices->list->len; i++)
    {
      const Device *device = devices->list->pdata[i];
      g_autofree char *nodes = g_strjoinv (",", device->nodes);

      if (!g_str_equal (device->type, backend) || (options->device && device != named))
        continue;
      if (!*nodes)
        return NULL;
      g_strv_builder_add (cards, nodes);
      any = true;
    }
  return any || options->device ? g_strv_builder_end (cards) : NULL;
}

/* Too little memory is told, and forbids nothing: workers can leave a part of a model elsewhere. */
static char *
instance_warn (const Instance *instance, const WorkerRecord *record)
{
  g_autoptr (Devices) devices = instance->model ? devices_load (instance->hive->configuration, NULL) : NULL;
  const Device *device = devices ? devices_choose (devices, record, instance->options) : NULL;
  g_autofree char *why = NULL;

  if (!device || instance_model_fits_on (instance->model, instance->options->context, device, &why))
    return NULL;
  return g_strdup_printf (N_ ("The model %s may not fit: %s"), instance->model->name, why);
}

bool
instance_look_up (Instance *instance, const WorkerRecord *record, GError **error)
{
  run_rule_free (instance->rule);
  instance->rule = run_rule_of_worker (instance->hive->configuration, record, error);
  g_free (instance->warning);
  instance->warning = instance_warn (instance, record);
  return instance->rule != NULL;
}

bool
instance_prepare (Instance *instance, const WorkerRecord *record, GError **error)
{
  const InstanceOptions *options = instance->options;
  Hive *hive = instance->hive;

  if (!instance_look_up (instance, record, error) || !check_listen (instance->rule, options, error) ||
      !check_device (hive, record, options, error) || !check_model (instance->rule, options, error) ||
      (instance->model && (!instance_model_fits (instance->model, instance->rule, error) ||
                           !instance_model_is_there (instance->model, error))) ||
      !instance_make_key (instance, error))
    return false;
  g_strfreev (instance->cards);
  instance->cards = cards_choose (hive, record, options);
  g_free (instance->version);
  instance->version = g_strdup (record->version);
  return true;
}
