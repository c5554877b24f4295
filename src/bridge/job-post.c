/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-post.h"

#include <glib/gi18n.h>
#include <string.h>

#include "body.h"
#include "bus.h"
#include "json.h"
#include "query-operation.h"
#include "spawn.h"
#include "stops.h"
#include "worker-id.h"

#define KEY_MAX    128
#define OPTIONS_AT 3 /* in a table of fields */

typedef struct Operation Operation;

/* @value: of the field that the operation needs; NULL: it needs none. */
typedef void (*OperationHandler) (Request *request, const Operation *operation, JsonObject *body, const char *value);

struct Operation
{
  const char *name;
  OperationHandler handler;
  const BodyField *fields;
  const char *needs;  /* the first of @fields; NULL: it needs none */
  const char *member; /* the method that makes a job of it */
};

void
job_post_answer (Request *request, const char *id, HttpStatus status)
{
  g_autofree char *url = g_strdup_printf ("/v1/jobs/%s/stream", id);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "job_id", id);
  json_object_set_string_member (object, "sse_url", url);
  request_answer_json (request, status, object);
}

static void
job_post_on_job (Request *request, sd_bus_message *reply)
{
  const char *path;
  int r = sd_bus_message_read (reply, "o", &path);

  if (r < 0)
    request_answer_unreadable (request, r);
  else
    job_post_answer (request, strrchr (path, '/') + 1, HTTP_ACCEPTED);
}

/* The key of whoever asks, and whom the hive is told to do it for: it takes that from its bridge's user alone. */
static int
job_post_append_caller (Request *request, sd_bus_message *call)
{
  const char *key = request->head->values[HEADER_IDEMPOTENCY_KEY];
  int r = key ? sd_bus_message_append (call, "{sv}", "idempotency_key", "s", key) : 0;

  if (r < 0 || request->uid == UID_UNKNOWN || !request->bridge->speaks_for_others)
    return r;
  return sd_bus_message_append (call, "{sv}", "owner", "u", (uint32_t)request->uid);
}

/* Calls the method for @value, with the other fields as its options. */
static void
operation_call (Request *request, const Operation *operation, JsonObject *body, const char *value)
{
  sd_bus_message *call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, operation->member);
  int r;

  if (!call)
    return;
  if ((r = sd_bus_message_append (call, "s", value)) >= 0 &&
      (r = sd_bus_message_open_container (call, 'a', "{sv}")) >= 0 &&
      (r = body_append_fields (body, operation->fields + OPTIONS_AT, call)) >= 0 &&
      (r = job_post_append_caller (request, call)) >= 0 && (r = sd_bus_message_close_container (call)) >= 0)
    {
      request_send (request, call, job_post_on_job);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

static bool
job_post_check_id (Request *request, const char *id)
{
  g_autoptr (GError) error = NULL;

  if (worker_id_check (id, &error))
    return true;
  request_answer_problem (request, problem_from_gerror (error));
  return false;
}

static void
operation_change (Request *request, const Operation *operation, JsonObject *body, const char *worker)
{
  if (job_post_check_id (request, worker))
    operation_call (request, operation, body, worker);
}

/* rbee's clients name a repository of the hub alone. */
static void
operation_pull (Request *request, const Operation *operation, JsonObject *body, const char *model)
{
  size_t length = strcspn (model, ":/");
  g_autofree char *reference = g_strconcat (model[length] == '/' ? "hf:" : "", model, NULL);

  operation_call (request, operation, body, reference);
}

/* @about: a worker, a model or a process. */
static void
operation_ask (Request *request, const Operation *operation, JsonObject *body, const char *about)
{
  g_autofree char *id = NULL;

  if (about && !job_post_check_id (request, about))
    return;
  id = query_operation_id (operation->name, about);
  job_post_answer (request, id, HTTP_OK);
}

/* Twice would be two instances. */
static void
job_post_spawn (Request *request, const char *worker, int64_t index, const char *model)
{
  if (request->head->values[HEADER_IDEMPOTENCY_KEY])
    request_refuse (request, "A start takes no Idempotency-Key: POST /v1/instances takes a name, which is one");
  else
    spawn_worker (request, worker, index, model);
}

static void
operation_spawn (Request *request, const Operation *operation, JsonObject *body, const char *worker)
{
  job_post_spawn (request, worker, json_get_int (body, "device", 0), json_get_string (body, "model", NULL));
}

/* "cuda:1", "cpu", or "ram", which is that of the processor. */
static void
operation_load (Request *request, const Operation *operation, JsonObject *body, const char *model)
{
  const char *device = json_get_string (body, "device", "cpu");
  g_auto (GStrv) parts = g_strsplit (device, ":", 2);
  guint64 index = 0;

  if (!parts[0] || (parts[1] && !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT32, &index, NULL)))
    request_refuse (request, "The field \"device\" is as \"cpu\" or \"cuda:0\", not \"%s\"", device);
  else
    job_post_spawn (request, g_str_equal (parts[0], "ram") ? "cpu" : parts[0], (int64_t)index, model);
}

static void
operation_end_process (Request *request, const Operation *operation, JsonObject *body, const char *pid)
{
  stop_process (request, pid);
}

static void
operation_unload (Request *request, const Operation *operation, JsonObject *body, const char *model)
{
  if (job_post_check_id (request, model))
    stop_users_of_model (request, model);
}

static void
job_post_on_model_removed (Request *request, sd_bus_message *reply)
{
  job_post_answer (request, request->data, HTTP_OK);
}

static void
operation_remove_model (Request *request, const Operation *operation, JsonObject *body, const char *model)
{
  request->data = query_operation_id (operation->name, model);
  request->free_data = g_free;
  request_call (request, job_post_on_model_removed, HIVE_PATH, HIVE_INTERFACE, "RemoveModel", "s", model);
}

/* What follows these has the name that it has as an option of the method. */
#define FIELDS_OF(first, type)                                                                                         \
  { first, type }, { "operation", 's' },                                                                               \
  {                                                                                                                    \
    "hive_id", 's'                                                                                                     \
  }
#define FIELDS(first) FIELDS_OF (first, 's')

static const BodyField install_fields[] = {
  FIELDS ("worker_id"),
  { "backend", 's' },
  { "source", 's' },
  { "check", 'b' },
  { "reinstall", 'b' },
  { "catalog", 's' },
  { "cpu", 's' },
  { "network", 's' },
  { "install_dependencies", 'b' },
  { NULL },
};
static const BodyField worker_fields[] = { FIELDS ("worker_id"), { NULL } };
static const BodyField pull_fields[] = { FIELDS ("model"), { "name", 's' }, { NULL } };
static const BodyField spawn_fields[] = { FIELDS ("worker"), { "model", 's' }, { "device", 'u' }, { NULL } };
static const BodyField process_fields[] = { FIELDS_OF ("pid", 'u'), { NULL } };
static const BodyField model_fields[] = { FIELDS ("id"), { NULL } };
static const BodyField load_fields[] = { FIELDS ("id"), { "device", 's' }, { NULL } };

static const Operation operations[] = {
  { "worker_install", operation_change, install_fields, "worker_id", "InstallWorkerWithOptions" },
  { "worker_remove", operation_change, worker_fields, "worker_id", "RemoveWorkerWithOptions" },
  { "worker_upgrade", operation_change, worker_fields, "worker_id", "UpgradeWorkerWithOptions" },
  { "worker_rollback", operation_change, worker_fields, "worker_id", "RollbackWorkerWithOptions" },
  { "worker_catalog_list", operation_ask, worker_fields },
  { "worker_catalog_get", operation_ask, worker_fields, "worker_id" },
  { "worker_list_installed", operation_ask, worker_fields },
  { "worker_installed_get", operation_ask, worker_fields, "worker_id" },
  { "worker_spawn", operation_spawn, spawn_fields, "worker" },
  { "worker_process_list", operation_ask, worker_fields },
  { "worker_process_get", operation_ask, process_fields, "pid" },
  { "worker_process_delete", operation_end_process, process_fields, "pid" },
  { "model_download", operation_pull, pull_fields, "model", "PullModel" },
  { "model_list", operation_ask, model_fields },
  { "model_get", operation_ask, model_fields, "id" },
  { "model_delete", operation_remove_model, model_fields, "id" },
  { "model_load", operation_load, load_fields, "id" },
  { "model_unload", operation_unload, model_fields, "id" },
};

/* NULL: the request is answered. */
static const Operation *
operation_find (Request *request, JsonObject *body)
{
  const char *name = json_get_string (body, "operation", NULL);
  g_autoptr (GString) names = g_string_new (NULL);

  if (!name)
    {
      request_refuse (request, json_has (body, "operation") ? N_ ("The field \"operation\" is a string") :
                                                              N_ ("The field \"operation\" is missing"));
      return NULL;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      if (g_str_equal (operations[i].name, name))
        return &operations[i];
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", operations[i].name);
    }
  request_refuse (request, "There is no operation \"%s\"; there are %s", name, names->str);
  return NULL;
}

/* Its fields are what it takes. False: the request is answered. */
static bool
operation_check (Request *request, const Operation *operation, JsonObject *body)
{
  const char *key = request->head->values[HEADER_IDEMPOTENCY_KEY];
  g_autofree char *what = g_strconcat (operation->name, " has", NULL);

  if (!body_check (request, body, operation->fields, what))
    return false;
  if (operation->needs && !json_has (body, operation->needs))
    request_refuse (request, "%s needs the field \"%s\"", operation->name, operation->needs);
  else if (key && (!*key || strlen (key) > KEY_MAX || !g_utf8_validate (key, -1, NULL)))
    request_refuse (request, "An Idempotency-Key has 1 to %d bytes of UTF-8", KEY_MAX);
  else
    return true;
  return false;
}

void
job_post (Request *request)
{
  g_autoptr (JsonObject) body = body_parse (request);
  const Operation *operation = body ? operation_find (request, body) : NULL;

  g_autofree char *value = NULL;

  if (!operation || !operation_check (request, operation, body))
    return;
  if (operation->needs && operation->fields->type == 'u')
    value = g_strdup_printf ("%" G_GINT64_FORMAT, json_get_int (body, operation->needs, 0));
  else if (operation->needs)
    value = g_strdup (json_get_string (body, operation->needs, ""));
  operation->handler (request, operation, body, value);
}
