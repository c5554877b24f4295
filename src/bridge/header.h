/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <microhttpd.h>

/* The headers of every answer, be it written by libmicrohttpd or by us.
 * @cross_origin: the page of another origin that asked and may; NULL: none. */
void header_add_all (struct MHD_Response *response, const char *cross_origin);
void header_append_all (GString *head, const char *cross_origin);

/* "HTTP/1.1 200 OK" and those headers, of @type; without a length the answer ends with its connection. The empty line
 * is still to come. */
GString *header_new (unsigned status, const char *type, const char *cross_origin);
