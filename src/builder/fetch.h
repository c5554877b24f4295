/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "log-writer.h"

#include <glib.h>

/* The one place where libcurl is used: http and https alone, also after a redirect (five at most), no cookies, no
 * netrc, limits on size and time. */

typedef enum
{
  FETCH_FAILED,    /* no connection, a timeout, a redirect loop, an HTTP status of 400 or more */
  FETCH_NOT_FOUND, /* 404 or 410 */
  FETCH_TOO_LARGE,
  FETCH_NOT_STORED, /* errno says why */
  FETCH_OK,
} FetchResult;

typedef struct
{
  const char *url;
  uint64_t max_size; /* bytes */
  unsigned timeout;  /* seconds, for all of it */
  LogWriter *log;    /* gets `progress` records of @phase; NULL: none */
  const char *phase;
} Fetch;

/* Into memory. On FETCH_OK @ret_content is the body; otherwise @ret_why says why in words, with the URL (its password
 * left out). */
FetchResult fetch_memory (const Fetch *fetch, GString **ret_content, char **ret_why);

/* Into @fd, from its beginning. */
FetchResult fetch_file (const Fetch *fetch, int fd, char **ret_why);

/* The URL as people may see it: without a user's name and password. */
char *fetch_redact (const char *url);

/* The error of a source that could not be fetched: SourceUnavailable, LimitsExceeded (MaxDownloadSize=), or by errno,
 * naming @target. Returns false, so that callers can return it. */
bool fetch_set_source_error (FetchResult result, const char *why, const char *target, GError **error);
