/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "json.h"

Request *
request_new (Connection *connection, Head *head)
{
  Request *request = g_new0 (Request, 1);

  request->bridge = connection->bridge;
  request->connection = connection;
  request->peer = &connection->peer;
  request->head = head;
  request->started = (uint64_t)g_get_monotonic_time ();
  request->uid = UID_UNKNOWN;
  return request;
}

void
request_free (Request *request)
{
  if (request->free_data)
    request->free_data (request->data);
  bus_call_cancel (request->call);
  response_free (request->response);
  head_free (request->head);
  if (request->body)
    g_string_free (request->body, true);
  g_free (request->cross_origin);
  g_free (request->parameter);
  g_free (request);
}

void
request_answer (Request *request, Response *response)
{
  request->response = response;
  connection_go_on (request->connection);
}

void
request_take (Request *request, RequestTake take)
{
  request->take = take;
  connection_go_on (request->connection);
}

void
request_answer_text (Request *request, HttpStatus status, const char *type, char *text)
{
  request_answer (request, response_new_text (status, type, text));
}

void
request_answer_json (Request *request, HttpStatus status, JsonObject *object)
{
  char *text = json_to_text (object, true);

  json_object_unref (object);
  request_answer_text (request, status, "application/json", text);
}

void
request_answer_status (Request *request, const char *key, const char *status)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, key, request->parameter);
  json_object_set_string_member (object, "status", status);
  request_answer_json (request, HTTP_OK, object);
}

void
request_answer_problem (Request *request, Problem *problem)
{
  request_answer (request, response_new_problem (problem));
  problem_free (problem);
}

void
request_answer_error (Request *request, int code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list arguments;

  va_start (arguments, format);
  error = g_error_new_valist (HIVE_ERROR, code, format, arguments);
  va_end (arguments);
  request_answer_problem (request, problem_from_gerror (error));
}

void
request_refuse (Request *request, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list arguments;

  va_start (arguments, format);
  detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  request_answer_problem (request, problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL, "%s", detail));
}

void
request_answer_unreadable (Request *request, int r)
{
  request_answer_problem (request, problem_new (HTTP_INTERNAL_SERVER_ERROR, "org.rbee.Hive.Error.Failed", NULL,
                                                "The hive's answer cannot be understood: %s", g_strerror (-r)));
}

void
request_answer_list (Request *request, sd_bus_message *reply, const char *name)
{
  JsonNode *list = NULL;
  int r = bus_json_read (reply, &list);
  JsonObject *object;

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  object = json_object_new ();
  json_object_set_member (object, name, list);
  request_answer_json (request, HTTP_OK, object);
}

static void
request_fail (Request *request, const sd_bus_error *failure)
{
  g_autoptr (Problem) problem = problem_from_bus (failure);

  if (request->failed && problem->status != HTTP_SERVICE_UNAVAILABLE)
    request->failed (request, failure);
  else
    request_answer_problem (request, g_steal_pointer (&problem));
}

static void
request_on_reply (sd_bus_message *reply, void *userdata)
{
  Request *request = userdata;

  if (!bus_reply_failed (reply))
    request->reply (request, reply);
  else if (reply)
    request_fail (request, sd_bus_message_get_error (reply));
  else
    request_answer_problem (request, problem_new_unreachable ("the bus broke off"));
}

sd_bus_message *
request_new_call (Request *request, const char *path, const char *interface, const char *member)
{
  Problem *problem = NULL;
  sd_bus_message *message = bus_new_call (request->bridge->bus, path, interface, member, &problem);

  if (!message)
    request_answer_problem (request, problem);
  return message;
}

void
request_send (Request *request, sd_bus_message *message, RequestReply handler)
{
  request->reply = handler;
  bus_send (request->bridge->bus, &request->call, message, request_on_reply, request);
}

void
request_call (Request *request, RequestReply handler, const char *path, const char *interface, const char *member,
              const char *types, ...)
{
  sd_bus_message *message = request_new_call (request, path, interface, member);
  va_list arguments;
  int r;

  if (!message)
    return;
  va_start (arguments, types);
  r = sd_bus_message_appendv (message, types, arguments);
  va_end (arguments);
  if (r >= 0)
    {
      request_send (request, message, handler);
      return;
    }
  sd_bus_message_unref (message);
  request_answer_unreadable (request, r);
}
