/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "query-operation.h"

#include <string.h>

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "json.h"
#include "model-json.h"
#include "rbee-json.h"
#include "sse.h"
#include "starts.h"
#include "stream.h"
#include "worker-id.h"

typedef struct QueryOperation QueryOperation;

/* One that is being answered. */
typedef struct
{
  const QueryOperation *question;
  char *about; /* NULL: nothing */
  JsonNode *instances;
} Asked;

/* What is answered, of what the hive says: owned; NULL: @error is. */
typedef JsonNode *(*QueryAnswer) (const Asked *asked, JsonNode *said, GError **error);

struct QueryOperation
{
  const char *operation, *member;
  bool takes_about;
  QueryAnswer answer; /* NULL: that of starts.h */
};

static JsonNode *
node_of_object (JsonObject *object)
{
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
answer_all (const Asked *asked, JsonNode *said, GError **error)
{
  return json_node_ref (said);
}

/* Its clients take the first line with an object, and read the list in that. */
static JsonNode *
answer_installed (const Asked *asked, JsonNode *said, GError **error)
{
  g_autoptr (JsonObject) answer = json_object_new ();

  json_object_set_array_member (answer, "workers", rbee_list (said, NULL, rbee_worker));
  return node_of_object (answer);
}

static JsonNode *
answer_one_installed (const Asked *asked, JsonNode *said, GError **error)
{
  JsonNode *found = json_find (said, "id", asked->about);

  if (found)
    return json_node_ref (found);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED, "Worker %s is not installed", asked->about);
  return NULL;
}

/* Its clients read the last line, which is a list. */
static JsonNode *
answer_processes (const Asked *asked, JsonNode *said, GError **error)
{
  g_autoptr (JsonArray) processes = rbee_list (said, "main_pid", rbee_process);

  return json_node_init_array (json_node_alloc (), processes);
}

static JsonNode *
answer_process (const Asked *asked, JsonNode *said, GError **error)
{
  JsonObject *instance = rbee_find_process (said, asked->about);
  g_autoptr (JsonObject) answer = instance ? rbee_process (instance) : NULL;

  if (answer)
    return node_of_object (answer);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_NOT_RUNNING, "Process %s is none of an instance", asked->about);
  return NULL;
}

/* {"message": …, @key: …}; @message is owned. */
static JsonNode *
answer_message (const char *key, JsonNode *about, char *message)
{
  g_autoptr (JsonObject) answer = json_object_new ();
  g_autofree char *text = message;

  json_object_set_string_member (answer, "message", text);
  json_object_set_member (answer, key, about);
  return node_of_object (answer);
}

static JsonNode *
answer_model_message (const Asked *asked, char *message)
{
  return answer_message ("model_id", json_node_init_string (json_node_alloc (), asked->about), message);
}

static JsonNode *
answer_process_deleted (const Asked *asked, JsonNode *said, GError **error)
{
  JsonObject *instance = rbee_find_process (said, asked->about);
  int64_t pid = g_ascii_strtoll (asked->about, NULL, 10);

  if (!instance)
    return answer_message ("pid", json_node_init_int (json_node_alloc (), pid),
                           g_strdup_printf ("No instance has the process %s any more", asked->about));
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The instance %s has the process %s",
               json_get_string (instance, "name", ""), asked->about);
  return NULL;
}

/* The newest of its clients look for this action, among lines for people. */
static JsonNode *
answer_models (const Asked *asked, JsonNode *said, GError **error)
{
  g_autoptr (JsonObject) answer = json_object_new ();
  JsonObject *payload = json_object_new ();

  json_object_set_array_member (payload, "models", rbee_list (said, NULL, rbee_model));
  json_object_set_string_member (answer, "action", "model_list");
  json_object_set_object_member (answer, "payload", payload);
  return node_of_object (answer);
}

/* NULL: @error is set. */
static JsonObject *
find_model (const Asked *asked, JsonNode *models, GError **error)
{
  JsonNode *found = json_find (models, "name", asked->about);

  if (!found)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_NOT_FOUND, "There is no model %s", asked->about);
  return found ? json_node_get_object (found) : NULL;
}

static JsonNode *
answer_model (const Asked *asked, JsonNode *said, GError **error)
{
  JsonObject *model = find_model (asked, said, error);
  g_autoptr (JsonObject) answer = model ? rbee_model (model) : NULL;

  return answer ? node_of_object (answer) : NULL;
}

static JsonNode *
answer_model_deleted (const Asked *asked, JsonNode *said, GError **error)
{
  JsonObject *model = find_model (asked, said, NULL);

  if (!model || !json_get_bool (model, "removable", false))
    return answer_model_message (asked, g_strdup_printf ("The hive has no model %s any more", asked->about));
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "The model %s is there", asked->about);
  return NULL;
}

static JsonNode *
answer_model_unloaded (const Asked *asked, JsonNode *said, GError **error)
{
  JsonObject *model = find_model (asked, said, error);
  JsonArray *users = model ? json_object_get_array_member (model, "used_by") : NULL;

  if (users && json_array_get_length (users) == 0)
    return answer_model_message (asked, g_strdup_printf ("No instance runs with the model %s any more", asked->about));
  if (users)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_IN_USE, "The instance %s runs with the model %s",
                 json_array_get_string_element (users, 0), asked->about);
  return NULL;
}

static const QueryOperation questions[] = {
  { "worker_catalog_list", "ListCatalog", false, answer_all },
  { "worker_catalog_get", "GetCatalogWorker", true, answer_all },
  { "worker_list_installed", "ListWorkers", false, answer_installed },
  { "worker_installed_get", "ListWorkers", true, answer_one_installed },
  { "worker_spawn", NULL, true, NULL },
  { "worker_process_list", "ListInstances", false, answer_processes },
  { "worker_process_get", "ListInstances", true, answer_process },
  { "worker_process_delete", "ListInstances", true, answer_process_deleted },
  { "model_list", "ListModels", false, answer_models },
  { "model_get", "ListModels", true, answer_model },
  { "model_delete", "ListModels", true, answer_model_deleted },
  { "model_unload", "ListModels", true, answer_model_unloaded },
};

static void
asked_free (void *data)
{
  Asked *asked = data;

  g_clear_pointer (&asked->instances, json_node_unref);
  g_free (asked->about);
  g_free (asked);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asked, asked_free)

char *
query_operation_id (const char *operation, const char *about)
{
  return about ? g_strdup_printf ("%s.%s", operation, about) : g_strdup (operation);
}

static Asked *
asked_parse (const char *id)
{
  const char *dot = strchr (id, '.');

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      const QueryOperation *question = &questions[i];
      Asked *asked;

      if (question->takes_about ? !dot || strlen (question->operation) != (size_t)(dot - id) ||
                                      !g_str_has_prefix (id, question->operation) || !worker_id_is_valid (dot + 1) :
                                  !g_str_equal (id, question->operation))
        continue;
      asked = g_new0 (Asked, 1);
      asked->question = question;
      asked->about = question->takes_about ? g_strdup (dot + 1) : NULL;
      return asked;
    }
  return NULL;
}

bool
query_operation_is_id (const char *id)
{
  g_autoptr (Asked) asked = asked_parse (id);

  return asked != NULL;
}

void
query_operation_show (Request *request, const char *id)
{
  g_autoptr (Asked) asked = asked_parse (id);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "operation", asked->question->operation);
  json_object_set_string_member (object, "worker_id", asked->about ? asked->about : "");
  json_object_set_string_member (object, "state", "done");
  request_answer_json (request, HTTP_OK, object);
}

static void
query_operation_answer (Request *request, const GString *events)
{
  Response *response = response_new_text (HTTP_OK, SSE_TYPE, g_strdup (events->str));

  response_add_header (response, "X-Accel-Buffering", "no");
  request_answer (request, response);
}

static void
query_operation_answer_failure (Request *request, const char *name, const char *message)
{
  SsePosition position = { .is_event_source = stream_is_event_source (request) };
  g_autoptr (GString) events = g_string_new (NULL);

  sse_encode_end (&position, "failed", name, message, events);
  query_operation_answer (request, events);
}

static void
query_operation_on_answer (Request *request, sd_bus_message *reply)
{
  const Asked *asked = request->data;
  SsePosition position = { .is_event_source = stream_is_event_source (request) };
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (JsonNode) said = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  int r = bus_json_read (reply, &said);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  if (asked->instances)
    model_json_mend_list (said, asked->instances, request->bridge->configuration);
  answer = asked->question->answer (asked, said, &error);
  if (!answer)
    {
      query_operation_answer_failure (request, hive_error_name (error->code), error->message);
      return;
    }
  text = json_node_to_text (answer, false);
  sse_append (events, NULL, text, strlen (text));
  sse_encode_end (&position, "done", "", "", events);
  query_operation_answer (request, events);
}

/* What the hive answers a question by is its answer: the stream says why, as that of a job would. */
static void
query_operation_on_failure (Request *request, const sd_bus_error *failure)
{
  int code = HIVE_ERROR_FAILED;

  hive_error_from_name (failure->name, &code);
  query_operation_answer_failure (request, hive_error_name (code), failure->message);
}

/* Who uses a model is for the instances to say. */
static void
query_operation_on_instances (Request *request, sd_bus_message *reply)
{
  Asked *asked = request->data;
  int r = bus_json_read (reply, &asked->instances);

  if (r < 0)
    request_answer_unreadable (request, r);
  else
    request_call (request, query_operation_on_answer, HIVE_PATH, HIVE_INTERFACE, "ListModels", "");
}

void
query_operation_stream (Request *request, const char *id)
{
  Asked *asked = asked_parse (id);
  const char *member = asked->question->member;

  request->data = asked;
  request->free_data = asked_free;
  request->failed = query_operation_on_failure;
  if (!member)
    starts_open (request);
  else if (g_str_equal (member, "ListModels"))
    request_call (request, query_operation_on_instances, HIVE_PATH, HIVE_INTERFACE, "ListInstances", "");
  else if (g_str_equal (member, "ListCatalog"))
    request_call (request, query_operation_on_answer, HIVE_PATH, HIVE_INTERFACE, member, "a{sv}", 0);
  else if (g_str_equal (member, "GetCatalogWorker"))
    request_call (request, query_operation_on_answer, HIVE_PATH, HIVE_INTERFACE, member, "s", asked->about);
  else
    request_call (request, query_operation_on_answer, HIVE_PATH, HIVE_INTERFACE, member, "");
}
