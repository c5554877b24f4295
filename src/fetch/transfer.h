/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <curl/curl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define TRANSFER_REDIRECTS_MAX 5

/* What is fetched from one URL to standard output, in as many requests as that takes. */
typedef struct
{
  const char *url;
  uint64_t max_size;
  int64_t deadline; /* monotonic */
  unsigned timeout;
  bool foreign;       /* must not reach this machine */
  bool secure;        /* nothing but https */
  bool resumes;       /* goes on where a connection was cut */
  bool locates;       /* wants to know where it is, not what */
  bool steps;         /* follows redirects itself, not libcurl */
  bool decodes;       /* asks for nothing compressed, but understands what comes so all the same */
  GPtrArray *proxies; /* of struct sockaddr_storage: what may be reached all the same */

  uint64_t size;   /* of what is stored: standard output */
  char *validator; /* of what is stored: an entity tag or a date; NULL: unknown */

  /* Whom this machine trusts, as libcurl was built to know */
  char *ca_file, *ca_path;

  /* Of one response */
  CURL *curl;
  char *offered; /* its validator */
  uint64_t base; /* what was stored before it */
  int64_t range; /* where it says that it begins; -1: it does not */
  int64_t whole; /* how large it says that all is; -1: it does not */
  bool begun;    /* its body has */
  bool restart;  /* it doesn't go on where we are */
  bool partial;  /* it is a part of what was asked for */
  bool by_proxy;
  char *internal;  /* an address that it must not reach */
  int write_error; /* errno */
  bool too_large;
  int64_t next_progress;
} Transfer;

/* Until all is there, or it makes no sense any more. @message: libcurl's own, of CURL_ERROR_SIZE bytes. */
CURLcode transfer_run (Transfer *transfer, char *message);

/* HTTP's, of the last response; 0: it has none. */
long transfer_status (const Transfer *transfer);

/* A file comes with 200 or 203, and with 206 when that is all of it or the rest that was asked for. */
bool transfer_brings_file (const Transfer *transfer);

/* One header of the last response; NULL when it has none, or one that is of no use. */
char *transfer_header (const Transfer *transfer, const char *name);
