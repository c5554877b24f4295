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
#include "query-operation.h"
#include "worker-id.h"

#define ID_LENGTH_MAX 20

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
      request_refuse (request, "The query has \"all\" (true or false), \"worker\" (an id), \"before\" (a job's id) and "
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
  if (query_operation_is_id (request->parameter))
    query_operation_show (request, request->parameter);
  else if (jobs_check_id (request))
    request_call (request, jobs_on_path_to_get, HIVE_PATH, HIVE_INTERFACE, "GetJob", "s", request->parameter);
}

static void
jobs_on_cancelled (Request *request, sd_bus_message *reply)
{
  request_answer_status (request, "job_id", "cancelled");
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
  if (query_operation_is_id (request->parameter))
    request_answer_problem (request, problem_new (HTTP_CONFLICT, hive_error_dbus_name (HIVE_ERROR_NOT_CANCELLABLE),
                                                  NULL, "%s is a question, and nothing that runs", request->parameter));
  else if (jobs_check_id (request))
    request_call (request, jobs_on_path_to_cancel, HIVE_PATH, HIVE_INTERFACE, "GetJob", "s", request->parameter);
}

void
jobs_stream (Request *request)
{
  if (query_operation_is_id (request->parameter))
    query_operation_stream (request, request->parameter);
  else if (jobs_check_id (request))
    feeds_open (request, request->parameter, false);
}

void
jobs_log (Request *request)
{
  if (query_operation_is_id (request->parameter))
    request_answer_problem (request, problem_new (HTTP_NOT_FOUND, hive_error_dbus_name (HIVE_ERROR_JOB_NOT_FOUND), NULL,
                                                  "%s is a question, and has no log", request->parameter));
  else if (jobs_check_id (request))
    feeds_open (request, request->parameter, true);
}
