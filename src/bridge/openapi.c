/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "openapi.h"

/* Made of openapi.json: its lines as string literals. */
static const char document[] =
#include "openapi-document.h"
    ;

void
openapi_get (Request *request)
{
  struct MHD_Response *response =
      MHD_create_response_from_buffer (sizeof document - 1, (void *)document, MHD_RESPMEM_PERSISTENT);

  MHD_add_response_header (response, "Content-Type", "application/json");
  request_answer (request, MHD_HTTP_OK, response);
}
