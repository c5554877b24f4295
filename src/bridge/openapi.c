/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "openapi.h"

/* Made of openapi.json: its lines as string literals. */
static const char document[] =
#include "openapi-document.h"
    ;

void
openapi_get (Request *request)
{
  Response *response = response_new (HTTP_OK, "application/json");

  response->text = g_bytes_new_static (document, sizeof document - 1);
  request_answer (request, response);
}
