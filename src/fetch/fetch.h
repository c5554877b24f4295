/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "log-writer.h"
#include "sandbox.h"

/* Fetches one URL by the program rbee-hive-fetch (fetcher.c), which runs libcurl in a sandbox that sees the network and
 * the one file that it writes: http, https and ftp alone, also after a redirect (five at most), no cookies, no netrc,
 * limits on size and time. */

typedef enum
{
  FETCH_FAILED,    /* no connection, a timeout, a redirect loop, an HTTP status of 400 or more */
  FETCH_BUSY,      /* the program's own word for what is worth another try; callers see FETCH_FAILED */
  FETCH_NOT_FOUND, /* 404 or 410 */
  FETCH_TOO_LARGE,
  FETCH_NOT_STORED, /* errno says why */
  FETCH_NO_SPACE,   /* less than KeepFree= would be left */
  FETCH_NO_SANDBOX,
  FETCH_DENIED,       /* 401 or 403 */
  FETCH_UNTRUSTED,    /* nobody vouches for the server, or for another one, or no longer */
  FETCH_NOT_MODIFIED, /* what is known still holds */
  FETCH_OK,
} FetchResult;

/* Where the program says what came of it, in eight lines: a FetchResult, an errno and after how many seconds the server
 * wants to be asked again, as numbers; what the server said
 * of the content, for resuming; the URL after redirects; the address there; its ETag, its Last-Modified and, where
 * that is not undone, its Content-Encoding; why it failed. Its standard output is the body, and each line of its
 * standard error is the text of a `progress` record. */
#define FETCH_OUTCOME_FD 9

/* What a server says of one state of a document, to be asked by it later; NULL: nothing. */
typedef struct
{
  char *etag, *modified;
} FetchState;

/* What is to be known of a server besides its URL, in the program's environment: nobody else may read that of a
 * process.
 */
#define FETCH_PROXY    "FETCH_PROXY"
#define FETCH_CA_FILE  "FETCH_CA_FILE"
#define FETCH_TOKEN    "FETCH_TOKEN"
#define FETCH_SECURE   "FETCH_SECURE"
#define FETCH_ETAG     "FETCH_ETAG"
#define FETCH_MODIFIED "FETCH_MODIFIED"

typedef struct
{
  const Configuration *configuration;
  const char *url;
  uint64_t max_size;                   /* bytes */
  unsigned timeout;                    /* seconds, for all of it */
  const CatalogConfiguration *catalog; /* by whose word: it decides what may be reached, by redirects too */
  bool mirrored;                       /* and the URL is the administrator's, of a [Mirror], wherever that is */
  LogWriter *log; /* with it, a server that is busy is asked again a few times, and each is told; NULL: once */
  const char *phase;
  bool progress;      /* @log gets `progress` records */
  const char *folder; /* where it is stored, and of whose file system KeepFree= leaves some; NULL: in no such */
  bool decode;        /* what the server compressed for its way here (Content-Encoding) is wanted as it was */

  const char *proxy;   /* a URL or "none"; NULL: what the environment says */
  const char *ca_file; /* who vouches for the URL's own origin, not for where that redirects to; NULL: whom this machine
                          trusts */
  const char *token;   /* sent to the URL's own origin alone, not where that redirects to; NULL: none */
  bool secure;         /* an https URL must not redirect to http */
  const FetchState *known; /* FETCH_NOT_MODIFIED when that still holds; NULL: nothing is known */
  char **ret_encoding;     /* on FETCH_OK, when not NULL: what it was compressed by, unasked (""); free with g_free() */
  FetchState *ret_state;   /* on FETCH_OK, when not NULL; free with fetch_state_clear() */
} Fetch;

void fetch_state_clear (FetchState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FetchState, fetch_state_clear)

/* Into memory. On FETCH_OK @ret_content is the body; otherwise @ret_why says why in words, with the URL (its password
 * left out). */
FetchResult fetch_memory (const Fetch *fetch, GString **ret_content, char **ret_why);

/* Into @fd, from where it stands. */
FetchResult fetch_file (const Fetch *fetch, int fd, char **ret_why);

/* Goes on with what @fd holds, or starts over where the server's file has changed; a connection that is cut is
 * made again. *@validator is what the server said of the content when @fd was begun (""; nothing), and is replaced. */
FetchResult fetch_resume (const Fetch *fetch, int fd, char **validator, char **ret_why);

/* Where another program is to go: the URL after redirects, and the address that its host had, which is the only one
 * that the program's sandbox should know (sandbox_pin_host()). @ret_address is "" where a proxy decides. */
FetchResult fetch_locate (const Fetch *fetch, char **ret_url, char **ret_address, char **ret_why);

/* The error of a source that could not be fetched: SourceUnavailable, LimitsExceeded (MaxDownloadSize=),
 * SandboxUnavailable, or by errno, naming @target. Returns false, so that callers can return it. */
bool fetch_set_source_error (FetchResult result, const char *why, const char *target, GError **error);

/* The variables that name proxies, ended by NULL. */
extern const char *const fetch_proxies[];

/* Tells a sandbox with a network of its own of them, and lets it reach them. */
void fetch_allow_proxies (Sandbox *sandbox);

/* Gives a fetcher's sandbox the network that a catalog's word gives: this machine's own, for a catalog on this machine;
 * with proxies. */
void fetch_allow_network (Sandbox *sandbox, const Configuration *configuration, const CatalogConfiguration *catalog);

/* The URL as people may see it: without a user's name and password, and without what a query says: tokens are there
 * too. */
char *fetch_redact (const char *url);
