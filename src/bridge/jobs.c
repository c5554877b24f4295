/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jobs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "feeds.h"
#include "job-json.h"
#include "json.h"
#include "question.h"
#include "worker-id.h"

#define ID_LENGTH_MAX 20
#define KEY_MAX       128

/* The fields of a request for a job, and their types. */
static const struct
{
  const char *name;
  GType type;
  bool of_install; /* an option of InstallWorkerWithOptions, where it has - for _ */
} fields[] = {
  { "operation", G_TYPE_STRING, false }, { "worker_id", G_TYPE_STRING, false },
  { "hive_id", G_TYPE_STRING, false },   { "backend", G_TYPE_STRING, true },
  { "source", G_TYPE_STRING, true },     { "check", G_TYPE_BOOLEAN, true },
  { "reinstall", G_TYPE_BOOLEAN, true }, { "catalog", G_TYPE_STRING, true },
  { "network", G_TYPE_STRING, true },    { "install_dependencies", G_TYPE_BOOLEAN, true },
};

static void jobs_refuse (Request *request, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
jobs_refuse (Request *request, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list arguments;

  va_start (arguments, format);
  detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  request_answer_problem (request, problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL, "%s", detail));
}

static gssize
field_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (fields[i].name, name))
      return (gssize)i;
  return -1;
}

/* Every field is known, of its type, and of use for @operation. False: the request is answered. */
static bool
jobs_check_fields (Request *request, JsonObject *object)
{
  const char *operation = json_get_string (object, "operation", "");
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &value))
    {
      gssize field = field_find (name);

      if (field < 0)
        jobs_refuse (request, "There is no field \"%s\"", name);
      else if (!JSON_NODE_HOLDS_VALUE (value) || json_node_get_value_type (value) != fields[field].type)
        jobs_refuse (request, "The field \"%s\" is %s", name,
                     fields[field].type == G_TYPE_STRING ? "a string" : "true or false");
      else if (fields[field].of_install && !g_str_equal (operation, "worker_install"))
        jobs_refuse (request, "The field \"%s\" is of use for worker_install alone", name);
      else
        continue;
      return false;
    }
  return true;
}

/* The worker an operation is about; NULL: the request is answered. */
static const char *
jobs_read_worker (Request *request, JsonObject *object, const char *operation)
{
  const char *worker = json_get_string (object, "worker_id", NULL);
  g_autoptr (GError) error = NULL;

  if (!worker)
    jobs_refuse (request, "%s needs the field \"worker_id\"", operation);
  else if (!worker_id_check (worker, &error))
    {
      request_answer_problem (request, problem_from_gerror (error));
      return NULL;
    }
  return worker;
}

static void
jobs_answer_id (Request *request, const char *id, unsigned status)
{
  g_autofree char *url = g_strdup_printf ("/v1/jobs/%s/stream", id);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "job_id", id);
  json_object_set_string_member (object, "sse_url", url);
  request_answer_json (request, status, object);
}

static void
jobs_on_job (Request *request, sd_bus_message *reply)
{
  const char *path;
  int r = sd_bus_message_read (reply, "o", &path);

  if (r < 0)
    request_answer_unreadable (request, r);
  else
    jobs_answer_id (request, strrchr (path, '/') + 1, HTTP_ACCEPTED);
}

/* The key of whoever asks, and whom the hive is told to do it for: it takes that from its bridge's user alone. */
static int
jobs_append_caller (Request *request, sd_bus_message *call)
{
  const char *key = request->head->values[HEADER_IDEMPOTENCY_KEY];
  int r = key ? sd_bus_message_append (call, "{sv}", "idempotency_key", "s", key) : 0;

  if (r < 0 || request->uid == UID_UNKNOWN || !request->bridge->speaks_for_others)
    return r;
  return sd_bus_message_append (call, "{sv}", "owner", "u", (uint32_t)request->uid);
}

static int
jobs_append_options (Request *request, sd_bus_message *call, JsonObject *object)
{
  int r = sd_bus_message_open_container (call, 'a', "{sv}");

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (fields); i++)
    {
      const char *name = fields[i].name;

      if (!fields[i].of_install || !json_has (object, name))
        continue;
      if (fields[i].type == G_TYPE_STRING)
        r = sd_bus_message_append (call, "{sv}", name, "s", json_get_string (object, name, ""));
      else
        r = sd_bus_message_append (call, "{sv}", name, "b", (int)json_get_bool (object, name, false));
    }
  if (r >= 0)
    r = jobs_append_caller (request, call);
  return r < 0 ? r : sd_bus_message_close_container (call);
}

static void
jobs_install (Request *request, JsonObject *object, const char *worker)
{
  sd_bus_message *call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, "InstallWorkerWithOptions");
  int r;

  if (!call)
    return;
  r = sd_bus_message_append (call, "s", worker);
  if (r >= 0)
    r = jobs_append_options (request, call, object);
  if (r >= 0)
    {
      request_send (request, call, jobs_on_job);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

/* Operations that are about a worker and take nothing else. */
static const struct
{
  const char *operation, *member;
} changes[] = {
  { "worker_remove", "RemoveWorkerWithOptions" },
  { "worker_upgrade", "UpgradeWorkerWithOptions" },
  { "worker_rollback", "RollbackWorkerWithOptions" },
};

/* The method for an operation; NULL: it is none of those. */
static const char *
change_member (const char *operation)
{
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    if (g_str_equal (changes[i].operation, operation))
      return changes[i].member;
  return NULL;
}

static void
jobs_change (Request *request, const char *member, const char *worker)
{
  sd_bus_message *call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, member);
  int r;

  if (!call)
    return;
  if ((r = sd_bus_message_append (call, "s", worker)) >= 0 &&
      (r = sd_bus_message_open_container (call, 'a', "{sv}")) >= 0 && (r = jobs_append_caller (request, call)) >= 0 &&
      (r = sd_bus_message_close_container (call)) >= 0)
    {
      request_send (request, call, jobs_on_job);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

/* null is what some clients send for a field that they do not give. */
static void
jobs_drop_nulls (JsonObject *object)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (const GList *name = names; name; name = name->next)
    if (json_object_get_null_member (object, name->data))
      json_object_remove_member (object, name->data);
}

static void
jobs_post_object (Request *request, JsonObject *object)
{
  const char *operation = json_get_string (object, "operation", NULL);
  const char *key = request->head->values[HEADER_IDEMPOTENCY_KEY];
  const char *worker = NULL;
  bool takes_worker = true;
  bool asks;

  /* The other fields are judged by what they are fields of. */
  if (!operation)
    {
      jobs_refuse (request, json_object_has_member (object, "operation") ? "The field \"operation\" is a string" :
                                                                           "The field \"operation\" is missing");
      return;
    }
  asks = question_is_operation (operation, &takes_worker);
  if (!asks && !g_str_equal (operation, "worker_install") && !change_member (operation))
    {
      jobs_refuse (request,
                   "There is no operation \"%s\"; there are worker_install, worker_remove, worker_upgrade, "
                   "worker_rollback, worker_catalog_list, worker_catalog_get, worker_list_installed and "
                   "worker_installed_get",
                   operation);
      return;
    }
  if (!jobs_check_fields (request, object))
    return;
  if (key && (!*key || strlen (key) > KEY_MAX || !g_utf8_validate (key, -1, NULL)))
    {
      jobs_refuse (request, "An Idempotency-Key has 1 to %d bytes of UTF-8", KEY_MAX);
      return;
    }
  if (takes_worker && !(worker = jobs_read_worker (request, object, operation)))
    return;
  if (asks)
    {
      g_autofree char *id = question_id (operation, worker);

      jobs_answer_id (request, id, HTTP_OK);
    }
  else if (g_str_equal (operation, "worker_install"))
    jobs_install (request, object, worker);
  else
    jobs_change (request, change_member (operation), worker);
}

void
jobs_post (Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = json_parse_object (request->body->str, (gssize)request->body->len,
                                                     "The request's body", HIVE_ERROR_INVALID_ARGUMENT, &error);

  if (!object)
    {
      request_answer_problem (request, problem_from_gerror (error));
      return;
    }
  jobs_drop_nulls (object);
  jobs_post_object (request, object);
}

static void
jobs_on_list (Request *request, sd_bus_message *reply)
{
  JsonNode *jobs = NULL;
  int r = bus_json_read (reply, &jobs);
  JsonObject *object;

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  object = json_object_new ();
  job_json_mend_list (jobs);
  json_object_set_member (object, "jobs", jobs);
  request_answer_json (request, HTTP_OK, object);
}

/* What the query may say of the list, and as what it goes to the hive. */
typedef struct
{
  char *all, *worker, *before, *max;
  guint64 most; /* of @max */
} ListQuery;

static void
list_query_clear (ListQuery *query)
{
  g_free (query->all);
  g_free (query->worker);
  g_free (query->before);
  g_free (query->max);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ListQuery, list_query_clear)

static bool
list_query_read (ListQuery *query, const Head *head)
{
  return head_query (head, "all", &query->all) && head_query (head, "worker", &query->worker) &&
         head_query (head, "before", &query->before) && head_query (head, "max", &query->max) &&
         (!query->all || g_str_equal (query->all, "true") || g_str_equal (query->all, "false")) &&
         (!query->max || g_ascii_string_to_unsigned (query->max, 10, 1, G_MAXUINT32, &query->most, NULL));
}

static int
list_query_append (const ListQuery *query, sd_bus_message *call)
{
  int r = sd_bus_message_open_container (call, 'a', "{sv}");

  if (r >= 0 && query->all)
    r = sd_bus_message_append (call, "{sv}", "all", "b", (int)g_str_equal (query->all, "true"));
  if (r >= 0 && query->worker)
    r = sd_bus_message_append (call, "{sv}", "worker", "s", query->worker);
  if (r >= 0 && query->before)
    r = sd_bus_message_append (call, "{sv}", "before", "s", query->before);
  if (r >= 0 && query->max)
    r = sd_bus_message_append (call, "{sv}", "max", "u", (uint32_t)query->most);
  return r < 0 ? r : sd_bus_message_close_container (call);
}

void
jobs_list (Request *request)
{
  g_auto (ListQuery) query = { 0 };
  g_autoptr (GError) error = NULL;
  sd_bus_message *call;
  int r;

  if (!list_query_read (&query, request->head))
    {
      jobs_refuse (request, "The query has \"all\" (true or false), \"worker\" (an id), \"before\" (a job's id) and "
                            "\"max\" (a number from 1), each once");
      return;
    }
  if (query.worker && !worker_id_check (query.worker, &error))
    {
      request_answer_problem (request, problem_from_gerror (error));
      return;
    }
  call = request_new_call (request, HIVE_PATH, HIVE_INTERFACE, "ListJobs");
  if (!call)
    return;
  r = list_query_append (&query, call);
  if (r >= 0)
    {
      request_send (request, call, jobs_on_list);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

/* Job ids are numbers. False: the request is answered, as the hive would. */
static bool
jobs_check_id (Request *request)
{
  const char *id = request->parameter;

  if (strspn (id, G_CSET_DIGITS) == strlen (id) && strlen (id) <= ID_LENGTH_MAX)
    return true;
  request_answer_problem (request, problem_new (HTTP_NOT_FOUND, hive_error_dbus_name (HIVE_ERROR_JOB_NOT_FOUND), NULL,
                                                "There is no job %s", id));
  return false;
}

static void
jobs_on_properties (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonNode) node = NULL;
  int r = bus_json_read (reply, &node);

  if (r < 0 || !JSON_NODE_HOLDS_OBJECT (node))
    request_answer_unreadable (request, r < 0 ? r : -EPROTO);
  else
    request_answer_json (request, HTTP_OK, job_json_from_properties (json_node_get_object (node)));
}

static void
jobs_ask_properties (Request *request, sd_bus_message *reply, RequestReply handler)
{
  const char *path;
  int r = sd_bus_message_read (reply, "o", &path);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  request->data = g_strdup (path);
  request->free_data = g_free;
  request_call (request, handler, path, "org.freedesktop.DBus.Properties", "GetAll", "s", JOB_INTERFACE);
}

static void
jobs_on_path_to_get (Request *request, sd_bus_message *reply)
{
  jobs_ask_properties (request, reply, jobs_on_properties);
}

void
jobs_get (Request *request)
{
  if (question_is_id (request->parameter))
    question_show (request, request->parameter);
  else if (jobs_check_id (request))
    request_call (request, jobs_on_path_to_get, HIVE_PATH, HIVE_INTERFACE, "GetJob", "s", request->parameter);
}

static void
jobs_on_cancelled (Request *request, sd_bus_message *reply)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "job_id", request->parameter);
  json_object_set_string_member (object, "status", "cancelled");
  request_answer_json (request, HTTP_OK, object);
}

/* The hive lets us cancel everybody's jobs; whose this is, is for us to see. One that nobody is named for is ours. */
static bool
jobs_may_cancel (const Request *request, uid_t owner)
{
  return request->uid == UID_UNKNOWN || request->uid == 0 || request->uid == owner || owner == geteuid ();
}

static void
jobs_on_properties_to_cancel (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonNode) node = NULL;
  int r = bus_json_read (reply, &node);
  uid_t owner;

  if (r < 0 || !JSON_NODE_HOLDS_OBJECT (node))
    {
      request_answer_unreadable (request, r < 0 ? r : -EPROTO);
      return;
    }
  owner = (uid_t)json_get_int (json_node_get_object (node), "Owner", UID_UNKNOWN);
  if (jobs_may_cancel (request, owner))
    request_call (request, jobs_on_cancelled, request->data, JOB_INTERFACE, "Cancel", "");
  else
    request_answer_problem (request, problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, NULL,
                                                  "Only its owner (uid %u) and root may cancel job %s", (unsigned)owner,
                                                  request->parameter));
}

static void
jobs_on_path_to_cancel (Request *request, sd_bus_message *reply)
{
  jobs_ask_properties (request, reply, jobs_on_properties_to_cancel);
}

void
jobs_cancel (Request *request)
{
  if (question_is_id (request->parameter))
    request_answer_problem (request, problem_new (HTTP_CONFLICT, hive_error_dbus_name (HIVE_ERROR_NOT_CANCELLABLE),
                                                  NULL, "%s is a question, and nothing that runs", request->parameter));
  else if (jobs_check_id (request))
    request_call (request, jobs_on_path_to_cancel, HIVE_PATH, HIVE_INTERFACE, "GetJob", "s", request->parameter);
}

void
jobs_stream (Request *request)
{
  if (question_is_id (request->parameter))
    question_stream (request, request->parameter);
  else if (jobs_check_id (request))
    feeds_open (request, request->parameter, false);
}

void
jobs_log (Request *request)
{
  if (question_is_id (request->parameter))
    request_answer_problem (request, problem_new (HTTP_NOT_FOUND, hive_error_dbus_name (HIVE_ERROR_JOB_NOT_FOUND), NULL,
                                                  "%s is a question, and has no log", request->parameter));
  else if (jobs_check_id (request))
    feeds_open (request, request->parameter, true);
}
