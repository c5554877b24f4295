/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "question.h"

#include <string.h>

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "json.h"
#include "sse.h"
#include "stream.h"
#include "worker-id.h"

static const struct
{
  const char *operation, *member;
  bool takes_worker;
} questions[] = {
  { "worker_catalog_list", "ListCatalog", false },
  { "worker_catalog_get", "GetCatalogWorker", true },
  { "worker_list_installed", "ListWorkers", false },
  { "worker_installed_get", "ListWorkers", true },
};

/* One that is being answered. */
typedef struct
{
  gsize question;
  char *worker_id; /* NULL: none */
} Asked;

static void
asked_free (void *data)
{
  Asked *asked = data;

  g_free (asked->worker_id);
  g_free (asked);
}

bool
question_is_operation (const char *operation, bool *ret_takes_worker)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    if (g_str_equal (questions[i].operation, operation))
      {
        *ret_takes_worker = questions[i].takes_worker;
        return true;
      }
  return false;
}

char *
question_id (const char *operation, const char *worker_id)
{
  return worker_id ? g_strdup_printf ("%s.%s", operation, worker_id) : g_strdup (operation);
}

static Asked *
asked_parse (const char *id)
{
  const char *dot = strchr (id, '.');

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      const char *operation = questions[i].operation;
      Asked *asked;

      if (questions[i].takes_worker ? !dot || strlen (operation) != (size_t)(dot - id) ||
                                          !g_str_has_prefix (id, operation) || !worker_id_is_valid (dot + 1) :
                                      !g_str_equal (id, operation))
        continue;
      asked = g_new0 (Asked, 1);
      asked->question = i;
      asked->worker_id = questions[i].takes_worker ? g_strdup (dot + 1) : NULL;
      return asked;
    }
  return NULL;
}

bool
question_is_id (const char *id)
{
  Asked *asked = asked_parse (id);

  if (asked)
    asked_free (asked);
  return asked != NULL;
}

void
question_show (Request *request, const char *id)
{
  Asked *asked = asked_parse (id);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "operation", questions[asked->question].operation);
  json_object_set_string_member (object, "worker_id", asked->worker_id ? asked->worker_id : "");
  json_object_set_string_member (object, "state", "done");
  asked_free (asked);
  request_answer_json (request, HTTP_OK, object);
}

static void
question_answer (Request *request, const GString *events)
{
  Response *response = response_new_text (HTTP_OK, SSE_TYPE, g_strdup (events->str));

  response_add_header (response, "X-Accel-Buffering", "no");
  request_answer (request, response);
}

static void
question_answer_failure (Request *request, const char *name, const char *message)
{
  SsePosition position = { .dressed = stream_is_dressed (request) };
  g_autoptr (GString) events = g_string_new (NULL);

  sse_encode_end (&position, "failed", name, message, events);
  question_answer (request, events);
}

JsonNode *
question_find_worker (JsonNode *workers, const char *id)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (workers) ? json_node_get_array (workers) : NULL;

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_OBJECT (element) &&
          g_strcmp0 (json_get_string (json_node_get_object (element), "id", NULL), id) == 0)
        return element;
    }
  return NULL;
}

/* One worker as rbee's own hive lists it: all of them texts but the size. */
static JsonObject *
installed_worker (JsonObject *worker)
{
  g_autoptr (GDateTime) time =
      g_date_time_new_from_unix_utc (json_get_int (worker, "installed_at", 0) / G_USEC_PER_SEC);
  g_autofree char *added_at = time ? g_date_time_format_iso8601 (time) : NULL;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", json_get_string (worker, "id", ""));
  json_object_set_string_member (object, "name", json_get_string (worker, "pkgname", ""));
  json_object_set_string_member (object, "worker_type", json_get_string (worker, "backend", ""));
  json_object_set_string_member (object, "platform", "linux");
  json_object_set_string_member (object, "version", json_get_string (worker, "version", ""));
  json_object_set_int_member (object, "size", json_get_int (worker, "size", 0));
  json_object_set_string_member (object, "path", json_get_string (worker, "binary", ""));
  json_object_set_string_member (object, "added_at", added_at ? added_at : "");
  return object;
}

/* Its clients take the first line with an object, and read the list in that. */
static void
installed_take (JsonNode **node)
{
  JsonArray *workers = JSON_NODE_HOLDS_ARRAY (*node) ? json_node_get_array (*node) : NULL;
  JsonObject *answer = json_object_new ();
  JsonArray *list = json_array_new ();

  for (guint i = 0; workers && i < json_array_get_length (workers); i++)
    json_array_add_object_element (list, installed_worker (json_array_get_object_element (workers, i)));
  json_object_set_array_member (answer, "workers", list);
  json_node_unref (*node);
  *node = json_node_init_object (json_node_alloc (), answer);
  json_object_unref (answer);
}

static void
question_on_answer (Request *request, sd_bus_message *reply)
{
  const Asked *asked = request->data;
  SsePosition position = { .dressed = stream_is_dressed (request) };
  g_autoptr (GString) events = g_string_new (NULL);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  JsonNode *answer;
  int r = bus_json_read (reply, &node);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  if (g_str_equal (questions[asked->question].operation, "worker_list_installed"))
    installed_take (&node);
  answer = node;
  if (g_str_equal (questions[asked->question].operation, "worker_installed_get"))
    answer = question_find_worker (node, asked->worker_id);
  if (!answer)
    {
      text = g_strdup_printf ("Worker %s is not installed", asked->worker_id);
      question_answer_failure (request, hive_error_name (HIVE_ERROR_NOT_INSTALLED), text);
      return;
    }
  text = json_node_to_text (answer, false);
  sse_append (events, NULL, text, strlen (text));
  sse_encode_end (&position, "done", "", "", events);
  question_answer (request, events);
}

/* What the hive answers a question by is its answer: the stream says why, as that of a job would. */
static void
question_on_failure (Request *request, const sd_bus_error *failure)
{
  int code = HIVE_ERROR_FAILED;

  hive_error_from_name (failure->name, &code);
  question_answer_failure (request, hive_error_name (code), failure->message);
}

void
question_stream (Request *request, const char *id)
{
  Asked *asked = asked_parse (id);
  const char *member = questions[asked->question].member;
  sd_bus_message *call;
  int r = 0;

  request->data = asked;
  request->free_data = asked_free;
  request->failed = question_on_failure;
  call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, member);
  if (!call)
    return;
  if (g_str_equal (member, "ListCatalog"))
    r = sd_bus_message_append (call, "a{sv}", 0);
  else if (g_str_equal (member, "GetCatalogWorker"))
    r = sd_bus_message_append (call, "s", asked->worker_id);
  if (r >= 0)
    {
      request_send (request, call, question_on_answer);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}
