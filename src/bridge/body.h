/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* A field that a body may have, and its D-Bus type: 's', 'b', or 'u', a whole number. */
typedef struct
{
  const char *name; /* NULL ends a table */
  char type;
} BodyField;

/* The object that a request's body is, without the fields that are null, which some clients send for what they do not
 * give. NULL: it is none, and the request is answered. */
JsonObject *body_parse (Request *request);

/* Whether @body, of a request for @what (NULL: that needs no name), has no other fields than @fields, each of its type.
 * False: the request is answered. */
bool body_check (Request *request, JsonObject *body, const BodyField *fields, const char *what);

/* Both. */
JsonObject *body_read (Request *request, const BodyField *fields);

/* Appends the fields of @body that are in @fields to an open a{sv}. 0 or a negative errno. */
int body_append_fields (JsonObject *body, const BodyField *fields, sd_bus_message *call);
