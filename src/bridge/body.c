/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "body.h"

#include "error.h"
#include "json.h"

JsonObject *
body_parse (Request *request)
{
  g_autoptr (GError) error = NULL;
  JsonObject *body = json_parse_object (request->body->str, (gssize)request->body->len, "The request's body",
                                        HIVE_ERROR_INVALID_ARGUMENT, &error);
  g_autoptr (GList) names = body ? json_object_get_members (body) : NULL;

  if (!body)
    request_answer_problem (request, problem_from_gerror (error));
  for (const GList *name = names; name; name = name->next)
    if (json_object_get_null_member (body, name->data))
      json_object_remove_member (body, name->data);
  return body;
}

static bool
body_check_type (Request *request, const BodyField *field, JsonNode *value)
{
  GType type = JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_NONE;

  if (field->type == 's' && type != G_TYPE_STRING)
    request_refuse (request, "The field \"%s\" is a string", field->name);
  else if (field->type == 'b' && type != G_TYPE_BOOLEAN)
    request_refuse (request, "The field \"%s\" is true or false", field->name);
  else if (field->type == 'u' &&
           (type != G_TYPE_INT64 || json_node_get_int (value) < 0 || json_node_get_int (value) > G_MAXUINT32))
    request_refuse (request, "The field \"%s\" is a whole number from 0 to %u", field->name, G_MAXUINT32);
  else
    return true;
  return false;
}

bool
body_check (Request *request, JsonObject *body, const BodyField *fields, const char *what)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, body);
  while (json_object_iter_next (&iter, &name, &value))
    {
      const BodyField *field = fields;

      while (field->name && !g_str_equal (field->name, name))
        field++;
      if (!field->name)
        request_refuse (request, "%s no field \"%s\"", what ? what : "There is", name);
      if (!field->name || !body_check_type (request, field, value))
        return false;
    }
  return true;
}

JsonObject *
body_read (Request *request, const BodyField *fields)
{
  g_autoptr (JsonObject) body = body_parse (request);

  return body && body_check (request, body, fields, NULL) ? g_steal_pointer (&body) : NULL;
}

int
body_append_fields (JsonObject *body, const BodyField *fields, sd_bus_message *call)
{
  int r = 0;

  for (const BodyField *field = fields; r >= 0 && field->name; field++)
    if (!json_has (body, field->name))
      continue;
    else if (field->type == 's')
      r = sd_bus_message_append (call, "{sv}", field->name, "s", json_get_string (body, field->name, ""));
    else if (field->type == 'b')
      r = sd_bus_message_append (call, "{sv}", field->name, "b", (int)json_get_bool (body, field->name, false));
    else
      r = sd_bus_message_append (call, "{sv}", field->name, "u", (uint32_t)json_get_int (body, field->name, 0));
  return r;
}
