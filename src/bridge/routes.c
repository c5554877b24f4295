/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "routes.h"

#include <string.h>

#include "error.h"
#include "events.h"
#include "files.h"
#include "hive-routes.h"
#include "instance-routes.h"
#include "job-post.h"
#include "jobs.h"
#include "json.h"
#include "metrics.h"
#include "model-routes.h"
#include "openapi.h"
#include "origin-check.h"
#include "session.h"

typedef enum
{
  ROUTE_OPEN = 1 << 0,   /* to everybody */
  ROUTE_TICKET = 1 << 1, /* a ticket will do */
  ROUTE_UNIX = 1 << 2,   /* on the Unix socket alone */
  ROUTE_BARE = 1 << 3,   /* its body is an object that says nothing, or is not there */
} RouteFlags;

typedef struct
{
  Method method;    /* GET stands for HEAD too */
  const char *path; /* "*" is one part, whatever it is */
  void (*handler) (Request *request);
  RouteFlags flags;
} Route;

static const Route routes[] = {
  { METHOD_GET, "/health", hive_get_health, ROUTE_OPEN },
  { METHOD_GET, "/metrics", metrics_get },
  { METHOD_GET, "/v1/openapi.json", openapi_get, ROUTE_OPEN },
  { METHOD_POST, "/v1/jobs", job_post },
  { METHOD_GET, "/v1/jobs", jobs_list },
  { METHOD_GET, "/v1/jobs/*", jobs_get },
  { METHOD_DELETE, "/v1/jobs/*", jobs_cancel },
  { METHOD_GET, "/v1/jobs/*/stream", jobs_stream, ROUTE_TICKET },
  { METHOD_GET, "/v1/jobs/*/log", jobs_log, ROUTE_TICKET },
  { METHOD_GET, "/v1/events", events_open, ROUTE_TICKET },
  { METHOD_GET, "/v1/catalog", hive_get_catalog },
  { METHOD_GET, "/v1/catalogs", hive_get_catalogs },
  { METHOD_GET, "/v1/catalog/*", hive_get_catalog_worker },
  { METHOD_GET, "/v1/catalog/*/PKGBUILD", hive_get_recipe },
  { METHOD_GET, "/v1/workers", hive_get_workers },
  { METHOD_GET, "/v1/workers/*/problems", hive_get_worker_problems },
  { METHOD_GET, "/v1/instances", instances_get },
  { METHOD_POST, "/v1/instances", instances_post },
  { METHOD_GET, "/v1/instances/*", instance_get },
  { METHOD_DELETE, "/v1/instances/*", instance_delete },
  { METHOD_POST, "/v1/instances/*/restart", instance_restart, ROUTE_BARE },
  { METHOD_POST, "/v1/instances/*/boot", instance_set_boot },
  { METHOD_GET, "/v1/instances/*/key", instance_get_key },
  { METHOD_GET, "/v1/models", models_get },
  { METHOD_DELETE, "/v1/models/*", model_delete },
  { METHOD_GET, "/v1/updates", hive_get_updates },
  { METHOD_GET, "/v1/capabilities", hive_get_capabilities },
  { METHOD_POST, "/v1/capabilities/refresh", hive_refresh_capabilities, ROUTE_BARE },
  { METHOD_POST, "/v1/codes", session_post_code, ROUTE_UNIX | ROUTE_BARE },
  { METHOD_POST, "/v1/keys", session_post_key, ROUTE_UNIX | ROUTE_BARE },
  { METHOD_POST, "/v1/tokens", session_post_token, ROUTE_OPEN },
  { METHOD_POST, "/v1/tickets", session_post_ticket, ROUTE_BARE },
};

/* Whether @path is of the form @pattern; @ret_parameter: what stands for its "*". */
static bool
route_matches (const char *pattern, const char *path, char **ret_parameter)
{
  const char *star = strchr (pattern, '*');
  const char *rest;
  size_t length;

  if (!star)
    return g_str_equal (pattern, path);
  if (strncmp (pattern, path, (size_t)(star - pattern)) != 0)
    return false;
  rest = path + (star - pattern);
  length = strcspn (rest, "/");
  if (length == 0 || !g_str_equal (rest + length, star + 1))
    return false;
  *ret_parameter = g_strndup (rest, length);
  return true;
}

/* The route of a request. NULL: none; @ret_allow: the methods that its path has, if it has any. */
static const Route *
routes_find (Request *request, GString *allow)
{
  Method method = request->head->method == METHOD_HEAD ? METHOD_GET : request->head->method;

  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      g_autofree char *parameter = NULL;

      if (!route_matches (routes[i].path, request->head->path, &parameter))
        continue;
      if (routes[i].method == method)
        {
          request->parameter = g_steal_pointer (&parameter);
          return &routes[i];
        }
      g_string_append_printf (allow, "%s%s", allow->len > 0 ? ", " : "",
                              routes[i].method == METHOD_GET ? "GET, HEAD" : method_name (routes[i].method));
    }
  return NULL;
}

/* A form cannot be sent as this, so no page of another site can make a browser do it without asking us first. */
static Problem *
routes_check_type (const Request *request)
{
  const char *type = request->head->values[HEADER_CONTENT_TYPE];
  size_t length = type ? strcspn (type, "; \t") : 0;

  if (request->head->method != METHOD_POST ||
      (length == strlen ("application/json") && g_ascii_strncasecmp (type, "application/json", length) == 0))
    return NULL;
  return problem_new (HTTP_UNSUPPORTED_MEDIA_TYPE, PROBLEM_INVALID, NULL,
                      "A request's body is of Content-Type: application/json, not %s", type ? type : "of none");
}

static void
routes_refuse_method (Request *request, const char *allow)
{
  g_autoptr (Problem) problem = problem_new (HTTP_METHOD_NOT_ALLOWED, PROBLEM_INVALID, NULL, "%s has %s, not %s",
                                             request->head->path, allow, method_name (request->head->method));
  Response *response = response_new_problem (problem);

  response_add_header (response, "Allow", allow);
  request_answer (request, response);
}

/* What a browser asks before it lets another origin's page ask. */
static void
routes_answer_options (Request *request, const char *allow)
{
  Response *response = response_new (HTTP_NO_CONTENT, NULL);

  response_add_header (response, "Allow", allow);
  if (request->cross_origin)
    {
      response_add_header (response, "Access-Control-Allow-Methods", allow);
      response_add_header (response, "Access-Control-Allow-Headers",
                           "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
      response_add_header (response, "Access-Control-Allow-Private-Network", "true");
      response_add_header (response, "Access-Control-Max-Age", "600");
    }
  request_answer (request, response);
}

static void
routes_answer_unknown (Request *request)
{
  const Head *head = request->head;

  if ((head->method == METHOD_GET || head->method == METHOD_HEAD) && !g_str_has_prefix (head->path, "/v1/"))
    files_answer (request->bridge->files, request);
  else if (g_str_has_prefix (head->path, "/v1/"))
    request_answer_problem (request, problem_new (HTTP_NOT_FOUND, PROBLEM_MISSING, NULL,
                                                  "There is no %s; /v1/openapi.json says what there is", head->path));
  else
    routes_refuse_method (request, "GET, HEAD");
}

static Problem *
routes_check_bare (const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = NULL;

  if (request->body->len > 0)
    object = json_parse_object (request->body->str, (gssize)request->body->len, "The request's body",
                                HIVE_ERROR_INVALID_ARGUMENT, &error);
  if (object && json_object_get_size (object) > 0)
    return problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL, "%s takes no fields", request->head->path);
  return error ? problem_from_gerror (error) : NULL;
}

static Problem *
route_check (const Route *route, Request *request)
{
  Problem *problem = route->flags & ROUTE_OPEN ? NULL : session_check (request, route->flags & ROUTE_TICKET);

  if (problem)
    return problem;
  if (route->flags & ROUTE_UNIX && !request->peer->is_unix)
    return problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, "Listen",
                        "%s is for the bridge's Unix socket alone (Listen= in [Bridge]): hivectl web asks there",
                        request->head->path);
  problem = routes_check_type (request);
  return !problem && route->flags & ROUTE_BARE ? routes_check_bare (request) : problem;
}

void
routes_dispatch (Request *request)
{
  g_autoptr (GString) allow = g_string_new (NULL);
  Problem *problem = origin_check_request (request->bridge->origin_check, request);
  const Route *route;

  if (problem)
    {
      request_answer_problem (request, problem);
      return;
    }
  route = routes_find (request, allow);
  if (!route && request->head->method == METHOD_OPTIONS)
    routes_answer_options (request, allow->len > 0 ? allow->str : "GET, HEAD");
  else if (!route && allow->len > 0)
    routes_refuse_method (request, allow->str);
  else if (request->head->has_needless_body)
    request_answer_problem (request, problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL,
                                                  "The request is malformed: only POST has a body"));
  else if (!route)
    routes_answer_unknown (request);
  else if ((problem = route_check (route, request)))
    request_answer_problem (request, problem);
  else
    route->handler (request);
}
