/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "http-status.h"
#include "problem.h"

/* An answer: its headers, and a text or a file. */
typedef struct
{
  HttpStatus status;
  const char *type;  /* of its body; borrowed, static. NULL: it has none */
  const char *cache; /* Cache-Control; borrowed, static. NULL: nobody keeps it */
  GString *headers;  /* those of its own, each a line */
  GBytes *text;      /* NULL: its body is the file, or what follows until the connection ends */
  int file;          /* owned; -1: none */
  uint64_t file_size;
} Response;

/* Without a body, which may be given to it. */
Response *response_new (HttpStatus status, const char *type);
Response *response_new_text (HttpStatus status, const char *type, char *text); /* owned */
Response *response_new_problem (const Problem *problem);
void response_free (Response *response);

void response_add_header (Response *response, const char *name, const char *value);

/* Everything before the body. @cross_origin: the page of another origin that asked and may; NULL: none. */
GString *response_head (const Response *response, const char *cross_origin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Response, response_free)
