/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include <string.h>

#include "bus.h"
#include "json.h"

/* request_answer() and request_take() are the server's. */

static struct MHD_Response *
response_new (char *text)
{
  return MHD_create_response_from_buffer (strlen (text), text, MHD_RESPMEM_MUST_FREE);
}

void
request_answer_text (Request *request, unsigned status, const char *type, char *text)
{
  struct MHD_Response *response = response_new (text);

  MHD_add_response_header (response, "Content-Type", type);
  request_answer (request, status, response);
}

void
request_answer_json (Request *request, unsigned status, JsonObject *object)
{
  char *text = json_to_text (object, true);

  json_object_unref (object);
  request_answer_text (request, status, "application/json", text);
}

void
request_answer_problem (Request *request, Problem *problem)
{
  struct MHD_Response *response = response_new (problem_to_json (problem));
  unsigned status = problem->status;

  MHD_add_response_header (response, "Content-Type", PROBLEM_TYPE);
  if (problem->retry_after)
    {
      g_autofree char *seconds = g_strdup_printf ("%u", problem->retry_after);

      MHD_add_response_header (response, "Retry-After", seconds);
    }
  if (status == MHD_HTTP_UNAUTHORIZED)
    MHD_add_response_header (response, "WWW-Authenticate", "Bearer realm=\"rbee-hive\"");
  problem_free (problem);
  request_answer (request, status, response);
}

void
request_answer_unreadable (Request *request, int r)
{
  request_answer_problem (request, problem_new (MHD_HTTP_INTERNAL_SERVER_ERROR, "org.rbee.Hive.Error.Failed", NULL,
                                                "The hive's answer can't be understood: %s", g_strerror (-r)));
}

static void
request_fail (Request *request, const sd_bus_error *failure)
{
  g_autoptr (Problem) problem = problem_from_bus (failure);

  if (request->failed && problem->status != MHD_HTTP_SERVICE_UNAVAILABLE)
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
