/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-status.h"

#include <glib.h>

static const struct
{
  HttpStatus status;
  const char *title;
} titles[] = {
  { HTTP_OK, "OK" },
  { HTTP_CREATED, "Created" },
  { HTTP_ACCEPTED, "Accepted" },
  { HTTP_NO_CONTENT, "No Content" },
  { HTTP_NOT_MODIFIED, "Not Modified" },
  { HTTP_BAD_REQUEST, "Bad Request" },
  { HTTP_UNAUTHORIZED, "Unauthorized" },
  { HTTP_FORBIDDEN, "Forbidden" },
  { HTTP_NOT_FOUND, "Not Found" },
  { HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed" },
  { HTTP_REQUEST_TIMEOUT, "Request Timeout" },
  { HTTP_CONFLICT, "Conflict" },
  { HTTP_LENGTH_REQUIRED, "Length Required" },
  { HTTP_CONTENT_TOO_LARGE, "Content Too Large" },
  { HTTP_URI_TOO_LONG, "URI Too Long" },
  { HTTP_UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type" },
  { HTTP_EXPECTATION_FAILED, "Expectation Failed" },
  { HTTP_MISDIRECTED_REQUEST, "Misdirected Request" },
  { HTTP_UNPROCESSABLE_CONTENT, "Unprocessable Content" },
  { HTTP_TOO_MANY_REQUESTS, "Too Many Requests" },
  { HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large" },
  { HTTP_INTERNAL_SERVER_ERROR, "Internal Server Error" },
  { HTTP_NOT_IMPLEMENTED, "Not Implemented" },
  { HTTP_BAD_GATEWAY, "Bad Gateway" },
  { HTTP_SERVICE_UNAVAILABLE, "Service Unavailable" },
  { HTTP_GATEWAY_TIMEOUT, "Gateway Timeout" },
  { HTTP_VERSION_NOT_SUPPORTED, "HTTP Version Not Supported" },
  { HTTP_INSUFFICIENT_STORAGE, "Insufficient Storage" },
};

const char *
http_status_title (HttpStatus status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    if (titles[i].status == status)
      return titles[i].title;
  return "Error";
}
