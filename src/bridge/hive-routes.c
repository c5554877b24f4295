/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive-routes.h"

#include <errno.h>
#include <string.h>

#include "bus-json.h"
#include "bus.h"
#include "error.h"
#include "json.h"

/* {"workers":[…]}, as catalogs have it too. */
static void
hive_on_workers (Request *request, sd_bus_message *reply)
{
  request_answer_list (request, reply, "workers");
}

static void
hive_on_updates (Request *request, sd_bus_message *reply)
{
  request_answer_list (request, reply, "updates");
}

static void
hive_on_catalogs (Request *request, sd_bus_message *reply)
{
  request_answer_list (request, reply, "catalogs");
}

static void
hive_on_object (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonNode) node = NULL;
  int r = bus_json_read (reply, &node);

  if (r < 0 || !JSON_NODE_HOLDS_OBJECT (node))
    request_answer_unreadable (request, r < 0 ? r : -EPROTO);
  else
    request_answer_json (request, HTTP_OK, json_node_dup_object (node));
}

/* What the query of a request may say of a catalog's workers; false: it says something twice, and is answered. */
typedef struct
{
  char *catalog, *backend, *source;
} Choice;

static void
choice_clear (Choice *choice)
{
  g_free (choice->catalog);
  g_free (choice->backend);
  g_free (choice->source);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Choice, choice_clear)

static bool
choice_read (Choice *choice, Request *request)
{
  if (head_query (request->head, "catalog", &choice->catalog) &&
      head_query (request->head, "backend", &choice->backend) && head_query (request->head, "source", &choice->source))
    return true;
  request_answer_problem (request, problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL,
                                                "The query has \"catalog\", \"backend\" and \"source\", each once"));
  return false;
}

/* As the options of a call, which is sent then. */
static void
choice_send (const Choice *choice, Request *request, sd_bus_message *call, RequestReply handler)
{
  const char *const options[][2] = { { "catalog", choice->catalog },
                                     { "backend", choice->backend },
                                     { "source", choice->source } };
  int r = sd_bus_message_open_container (call, 'a', "{sv}");

  for (gsize i = 0; r >= 0 && i < G_N_ELEMENTS (options); i++)
    if (options[i][1])
      r = sd_bus_message_append (call, "{sv}", options[i][0], "s", options[i][1]);
  if (r >= 0)
    r = sd_bus_message_close_container (call);
  if (r >= 0)
    {
      request_send (request, call, handler);
      return;
    }
  sd_bus_message_unref (call);
  request_answer_unreadable (request, r);
}

void
hive_get_updates (Request *request)
{
  request_call (request, hive_on_updates, HIVE_PATH, HIVE_INTERFACE, "CheckUpdates", "");
}

void
hive_get_catalog (Request *request)
{
  g_auto (Choice) choice = { 0 };
  sd_bus_message *call =
      choice_read (&choice, request) ? request_new_call (request, HIVE_PATH, HIVE_INTERFACE, "ListCatalog") : NULL;

  if (call)
    choice_send (&choice, request, call, hive_on_workers);
}

void
hive_get_catalogs (Request *request)
{
  request_call (request, hive_on_catalogs, HIVE_PATH, HIVE_INTERFACE, "ListCatalogs", "");
}

/* Asks @member about the worker of the path. */
static void
hive_ask_of_worker (Request *request, const char *member, RequestReply handler)
{
  g_auto (Choice) choice = { 0 };
  sd_bus_message *call =
      choice_read (&choice, request) ? request_new_call (request, HIVE_PATH, HIVE_INTERFACE, member) : NULL;
  int r = call ? sd_bus_message_append (call, "s", request->parameter) : 0;

  if (call && r >= 0)
    choice_send (&choice, request, call, handler);
  else if (call)
    {
      sd_bus_message_unref (call);
      request_answer_unreadable (request, r);
    }
}

void
hive_get_catalog_worker (Request *request)
{
  hive_ask_of_worker (request, "GetCatalogWorkerWithOptions", hive_on_object);
}

static void
hive_on_recipe (Request *request, sd_bus_message *reply)
{
  const char *recipe;
  int r = sd_bus_message_read (reply, "s", &recipe);

  if (r < 0)
    request_answer_unreadable (request, r);
  else
    request_answer_text (request, HTTP_OK, "text/plain; charset=utf-8", g_strdup (recipe));
}

void
hive_get_recipe (Request *request)
{
  hive_ask_of_worker (request, "GetRecipe", hive_on_recipe);
}

void
hive_get_workers (Request *request)
{
  request_call (request, hive_on_workers, HIVE_PATH, HIVE_INTERFACE, "ListWorkers", "");
}

/* [[path, what]…] as {"problems":[{"path":…,"problem":…}…]} */
static void
hive_on_problems (Request *request, sd_bus_message *reply)
{
  JsonArray *problems = json_array_new ();
  JsonObject *object;
  const char *path, *problem;
  int r = sd_bus_message_enter_container (reply, 'a', "(ss)");

  while (r >= 0 && (r = sd_bus_message_read (reply, "(ss)", &path, &problem)) > 0)
    {
      object = json_object_new ();
      json_object_set_string_member (object, "path", path);
      json_object_set_string_member (object, "problem", problem);
      json_array_add_object_element (problems, object);
    }
  if (r < 0)
    {
      json_array_unref (problems);
      request_answer_unreadable (request, r);
      return;
    }
  object = json_object_new ();
  json_object_set_array_member (object, "problems", problems);
  request_answer_json (request, HTTP_OK, object);
}

/* A worker that is not there has no object, which by itself could also mean that the hive is about to leave. */
static void
hive_on_workers_to_verify (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonNode) workers = NULL;
  g_autofree char *path = NULL;
  int r = bus_json_read (reply, &workers);

  if (r >= 0 && !json_find (workers, "id", request->parameter))
    {
      request_answer_problem (request, problem_new (HTTP_NOT_FOUND, hive_error_dbus_name (HIVE_ERROR_NOT_INSTALLED),
                                                    NULL, "The worker \"%s\" is not installed", request->parameter));
      return;
    }
  if (r >= 0)
    r = sd_bus_path_encode (WORKER_PREFIX, request->parameter, &path);
  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  request_call (request, hive_on_problems, path, WORKER_INTERFACE, "Verify", "");
}

void
hive_get_worker_problems (Request *request)
{
  request_call (request, hive_on_workers_to_verify, HIVE_PATH, HIVE_INTERFACE, "ListWorkers", "");
}

/* rbee's clients read a whole number of GB, or null where there is none to tell. */
static void
device_mend (JsonObject *device)
{
  JsonNode *node = json_object_get_member (device, "vram_gb");
  double size = node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_double (node) : 0;

  if (size >= 0.5)
    json_object_set_int_member (device, "vram_gb", (gint64)(size + 0.5));
  else
    json_object_set_null_member (device, "vram_gb");
}

static void
hive_on_capabilities (Request *request, sd_bus_message *reply)
{
  g_autoptr (JsonNode) node = NULL;
  JsonNode *list;
  int r = bus_json_read (reply, &node);

  if (r < 0 || !JSON_NODE_HOLDS_OBJECT (node))
    {
      request_answer_unreadable (request, r < 0 ? r : -EPROTO);
      return;
    }
  list = json_object_get_member (json_node_get_object (node), "devices");
  for (guint i = 0; list && JSON_NODE_HOLDS_ARRAY (list) && i < json_array_get_length (json_node_get_array (list)); i++)
    device_mend (json_array_get_object_element (json_node_get_array (list), i));
  request_answer_json (request, HTTP_OK, json_node_dup_object (node));
}

void
hive_get_capabilities (Request *request)
{
  request_call (request, hive_on_capabilities, HIVE_PATH, HIVE_INTERFACE, "GetCapabilities", "");
}

static void
hive_on_refreshed (Request *request, sd_bus_message *reply)
{
  hive_get_capabilities (request);
}

/* Looks at the machine, and says what it saw. */
void
hive_refresh_capabilities (Request *request)
{
  request_call (request, hive_on_refreshed, HIVE_PATH, HIVE_INTERFACE, "RefreshCapabilities", "");
}

static void
hive_on_version (Request *request, sd_bus_message *reply)
{
  JsonObject *object;
  const char *version;
  int r = sd_bus_message_read (reply, "v", "s", &version);

  if (r < 0)
    {
      request_answer_unreadable (request, r);
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "status", "ok");
  json_object_set_string_member (object, "version", version);
  json_object_set_string_member (object, "authentication",
                                 request->bridge->configuration->trust_everybody ? "none" : "token");
  request_answer_json (request, HTTP_OK, object);
}

void
hive_get_health (Request *request)
{
  request_call (request, hive_on_version, HIVE_PATH, "org.freedesktop.DBus.Properties", "Get", "ss", HIVE_INTERFACE,
                "Version");
}
