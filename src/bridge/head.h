/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "problem.h"

/* A request with all its headers has at most so many bytes, its target so many. Browsers send the cookies of every
 * other program on localhost along, whatever its port. */
#define HEAD_MAX   (32 * 1024)
#define TARGET_MAX 2048

typedef enum
{
  METHOD_GET,
  METHOD_HEAD,
  METHOD_POST,
  METHOD_DELETE,
  METHOD_OPTIONS,
  METHOD_OTHER, /* in capitals, as HTTP's are: no route has it */
} Method;

/* The headers that anything here looks at. */
typedef enum
{
  HEADER_HOST,
  HEADER_ORIGIN,
  HEADER_AUTHORIZATION,
  HEADER_CONTENT_TYPE,
  HEADER_CONTENT_LENGTH,
  HEADER_TRANSFER_ENCODING,
  HEADER_EXPECT,
  HEADER_SEC_FETCH_SITE,
  HEADER_SEC_FETCH_MODE,
  HEADER_SEC_FETCH_DEST,
  HEADER_LAST_EVENT_ID,
  HEADER_IDEMPOTENCY_KEY,
  HEADER_IF_NONE_MATCH,
  HEADER_REQUEST_METHOD,
  HEADER_ACCEPT,
  HEADER_ACCEPT_ENCODING,
  HEADER_COUNT,
} Header;

/* A request up to its body, read strictly: whatever two programs could read in two ways is refused. */
typedef struct
{
  Method method;
  char *path;  /* decoded; valid UTF-8 that begins with "/" and has no control characters, no "." or ".." */
  char *query; /* as it came, without "?"; NULL: none */
  char *values[HEADER_COUNT]; /* NULL: not there */
  uint64_t content_length;
  bool has_needless_body; /* only POST has one */
  size_t size;            /* in bytes; the body follows */
} Head;

/* Reads what has come of a request so far; when the first @seen bytes of it came, their end was not there.
 * 1: @ret_head; 0: its end has not come yet; -1: @ret_problem. */
int head_parse (const char *text, size_t length, size_t seen, Head **ret_head, Problem **ret_problem);
void head_free (Head *head);

const char *method_name (Method method);

/* The decoded value of @name in the query; NULL: not there. False for one that is given twice, or is no UTF-8 text. */
bool head_query (const Head *head, const char *name, char **ret_value);

/* Whether a list like that of Accept or Accept-Encoding names @item itself, and not with q=0. */
bool head_accepts (const Head *head, Header header, const char *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Head, head_free)
