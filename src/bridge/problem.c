/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "problem.h"

#include <json-glib/json-glib.h>

#include "error.h"
#include "json.h"

#define RETRY_SECONDS 1

Problem *
problem_new (HttpStatus status, const char *error, const char *setting, const char *format, ...)
{
  Problem *problem = g_new0 (Problem, 1);
  va_list arguments;

  va_start (arguments, format);
  problem->detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  problem->status = status;
  problem->error = error;
  problem->setting = setting;
  return problem;
}

Problem *
problem_new_unreachable (const char *why)
{
  Problem *problem = problem_new (HTTP_SERVICE_UNAVAILABLE, SD_BUS_ERROR_SERVICE_UNKNOWN, NULL,
                                  "The hive cannot be reached: %s. See 'systemctl status rbee-hived'.", why);

  problem->retry_after = RETRY_SECONDS;
  return problem;
}

static HttpStatus
problem_status_of (int code)
{
  switch (code)
    {
    case HIVE_ERROR_INVALID_ARGUMENT:
      return HTTP_BAD_REQUEST;
    case HIVE_ERROR_WORKER_NOT_FOUND:
    case HIVE_ERROR_JOB_NOT_FOUND:
    case HIVE_ERROR_NOT_INSTALLED:
    case HIVE_ERROR_MODEL_NOT_FOUND:
    case HIVE_ERROR_NOT_RUNNING:
      return HTTP_NOT_FOUND;
    case HIVE_ERROR_BUSY:
    case HIVE_ERROR_NOT_CANCELLABLE:
    case HIVE_ERROR_IN_USE:
    case HIVE_ERROR_ADDRESS_IN_USE:
    case HIVE_ERROR_FILE_CONFLICT:
    case HIVE_ERROR_DEVICE_UNAVAILABLE:
      return HTTP_CONFLICT;
    case HIVE_ERROR_MODEL_INVALID:
    case HIVE_ERROR_MODEL_UNSUPPORTED:
      return HTTP_UNPROCESSABLE_CONTENT;
    case HIVE_ERROR_LIMITS_EXCEEDED:
      return HTTP_TOO_MANY_REQUESTS;
    case HIVE_ERROR_CATALOG_UNAVAILABLE:
    case HIVE_ERROR_CATALOG_INVALID:
      return HTTP_BAD_GATEWAY;
    case HIVE_ERROR_NO_SPACE:
      return HTTP_INSUFFICIENT_STORAGE;
    case HIVE_ERROR_TIMED_OUT:
      return HTTP_GATEWAY_TIMEOUT;
    default:
      return HTTP_INTERNAL_SERVER_ERROR;
    }
}

Problem *
problem_from_gerror (const GError *error)
{
  int code = error->domain == HIVE_ERROR ? error->code : HIVE_ERROR_FAILED;

  return problem_new (problem_status_of (code), hive_error_dbus_name (code), NULL, "%s", error->message);
}

Problem *
problem_from_bus (const sd_bus_error *error)
{
  static const char *const absences[] = { SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                          SD_BUS_ERROR_NO_REPLY,        SD_BUS_ERROR_DISCONNECTED,
                                          SD_BUS_ERROR_NO_SERVER,       SD_BUS_ERROR_TIMEOUT,
                                          SD_BUS_ERROR_UNKNOWN_OBJECT,  NULL };
  static const char *const refusals[] = { SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_AUTH_FAILED,
                                          SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, NULL };
  const char *name = error->name ? error->name : "";
  const char *message = error->message && *error->message ? error->message : name;
  int code = HIVE_ERROR_FAILED;

  if (g_strv_contains (absences, name) || g_str_has_prefix (name, "org.freedesktop.DBus.Error.Spawn."))
    return problem_new_unreachable (message);
  if (g_strv_contains (refusals, name))
    return problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, NULL, "%s", message);
  if (g_str_has_prefix (name, HIVE_ERROR_PREFIX))
    hive_error_from_name (name, &code);
  return problem_new (problem_status_of (code), hive_error_dbus_name (code), NULL, "%s", message);
}

void
problem_free (Problem *problem)
{
  if (!problem)
    return;
  g_free (problem->detail);
  g_free (problem);
}

char *
problem_to_json (const Problem *problem)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree char *detail = g_utf8_make_valid (problem->detail, -1);

  json_object_set_string_member (object, "type", "about:blank");
  json_object_set_string_member (object, "title", http_status_title (problem->status));
  json_object_set_int_member (object, "status", problem->status);
  json_object_set_string_member (object, "detail", detail);
  json_object_set_string_member (object, "error", problem->error);
  if (problem->setting)
    json_object_set_string_member (object, "setting", problem->setting);
  return json_to_text (object, true);
}
