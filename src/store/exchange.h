/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>

#include "http.h"

/* What http.c and exchange.c share: the one knows who we are, the other how libcurl is told. */
struct Http
{
  CURL *curl;
  char *url;               /* the store's */
  char *shown;             /* its scheme, host and port */
  char *ca_file, *ca_path; /* whom this machine trusts */
  char *password;          /* "name:password", or NULL */
  char *token;             /* what is sent to the store, or NULL */
  bool basic;              /* the password is */
  int64_t deadline;
  unsigned patience;
};

/* One request and its answer, also from where a GET is sent on to. @password: the server is told it, as the service for
 * tokens is. As http_run(), but once, and without a look at what the status says. */
bool exchange_start (Http *http, const HttpRequest *request, bool password, HttpAnswer *answer, GError **error);

/* The header @name of the last answer, the one with that number; NULL. It is libcurl's until the next request. */
const char *exchange_find_header (const Http *http, const char *name, size_t number);

/* "https://host:5000" of a URL, for people: paths have states and tokens. */
char *exchange_show_origin (const char *url);

bool exchange_is_secure (const char *url);
