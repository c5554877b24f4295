/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-fetch URL MAX-SIZE TIMEOUT: started by fetch.c in a sandbox. The only place where libcurl is used. */
#include "config.h"
#include "fetch.h"
#include "file.h"
#include "size.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDIRECTS_MAX     5
#define STALL_SECONDS     30 /* so long may less than STALL_SPEED bytes a second come */
#define STALL_SPEED       100
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 5)
#define STATE_MAX         256 /* bytes of an ETag or a date: longer ones are passed over */

typedef struct
{
  const char *url;
  bool conditional;
  struct curl_slist *headers;
  uint64_t max_size;
  unsigned timeout;
  uint64_t size;
  int write_error; /* errno */
  bool too_large;
  int64_t next_progress;
} Transfer;

static size_t
transfer_on_data (char *data, size_t one, size_t size, void *userdata)
{
  Transfer *transfer = userdata;
  int r;

  transfer->too_large = transfer->size + size > transfer->max_size;
  if (transfer->too_large)
    return 0;

  transfer->size += size;
  r = file_write_all (STDOUT_FILENO, data, size);
  transfer->write_error = r < 0 ? -r : 0;
  return r < 0 ? 0 : size;
}

static int
transfer_on_progress (void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
  Transfer *transfer = userdata;
  int64_t time = g_get_monotonic_time ();

  if (total > 0 && (uint64_t)total > transfer->max_size)
    transfer->too_large = true;
  if (transfer->too_large)
    return 1;

  if (now > 0 && time >= transfer->next_progress)
    {
      g_autofree char *so_far = size_to_string (now);

      if (total > 0)
        fprintf (stderr, "%d%%\n", (int)(now * 100 / total));
      else
        fprintf (stderr, "%s\n", so_far);
      transfer->next_progress = time + PROGRESS_INTERVAL;
    }
  return 0;
}

/* "If-None-Match: …". What it was comes from a file, and a header ends with its line. */
static void
transfer_add_condition (Transfer *transfer, const char *header, const char *value)
{
  g_autofree char *line = value ? g_strdup_printf ("%s: %s", header, value) : NULL;

  if (!line || strlen (value) > STATE_MAX || strpbrk (value, "\r\n"))
    return;
  transfer->headers = curl_slist_append (transfer->headers, line);
  transfer->conditional = true;
}

/* What fetch.h says a caller may know of a server. libcurl sends the token to no other host, port or scheme. */
static void
transfer_set_server (Transfer *transfer, CURL *curl)
{
  const char *proxy = g_getenv (FETCH_PROXY), *token = g_getenv (FETCH_TOKEN);

  if (proxy)
    {
      bool none = g_str_equal (proxy, "none");

      curl_easy_setopt (curl, CURLOPT_PROXY, none ? "" : proxy);
      curl_easy_setopt (curl, CURLOPT_NOPROXY, none ? "*" : "");
    }
  if (g_getenv (FETCH_CA_FILE))
    {
      curl_easy_setopt (curl, CURLOPT_CAINFO, g_getenv (FETCH_CA_FILE));
      curl_easy_setopt (curl, CURLOPT_CAPATH, NULL);
    }
  if (token)
    {
      curl_easy_setopt (curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
      curl_easy_setopt (curl, CURLOPT_XOAUTH2_BEARER, token);
    }
  if (g_getenv (FETCH_SECURE) && g_ascii_strncasecmp (transfer->url, "https:", 6) == 0)
    curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  transfer_add_condition (transfer, "If-None-Match", g_getenv (FETCH_ETAG));
  transfer_add_condition (transfer, "If-Modified-Since", g_getenv (FETCH_MODIFIED));
  curl_easy_setopt (curl, CURLOPT_HTTPHEADER, transfer->headers);
}

/* One header of the last answer, or "". */
static const char *
transfer_header (CURL *curl, const char *name)
{
  struct curl_header *header = NULL;

  return curl_easy_header (curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
                 strlen (header->value) <= STATE_MAX && !strpbrk (header->value, "\r\n") ?
             header->value :
             "";
}

static void
transfer_set_options (Transfer *transfer, CURL *curl, char *message)
{
  curl_easy_setopt (curl, CURLOPT_URL, transfer->url);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt (curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
  curl_easy_setopt (curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_TIMEOUT, (long)transfer->timeout);
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long)MIN (transfer->timeout, 30));
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_SPEED);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
  curl_easy_setopt (curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->max_size);
  curl_easy_setopt (curl, CURLOPT_USERAGENT, "rbee-hive/" PROJECT_VERSION);
  curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt (curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, transfer_on_data);
  curl_easy_setopt (curl, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt (curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (curl, CURLOPT_XFERINFOFUNCTION, transfer_on_progress);
  curl_easy_setopt (curl, CURLOPT_XFERINFODATA, transfer);
}

static FetchResult
transfer_result (const Transfer *transfer, CURLcode code, long status, const char *message, char **ret_why)
{
  g_autofree char *url = fetch_redact (transfer->url);
  g_autofree char *max_size = size_to_string (transfer->max_size);

  if (code == CURLE_OK)
    return transfer->conditional && status == 304 ? FETCH_NOT_MODIFIED : FETCH_OK;

  if (transfer->write_error)
    {
      *ret_why = g_strdup_printf ("%s could not be stored: %s", url, g_strerror (transfer->write_error));
      return FETCH_NOT_STORED;
    }
  if (transfer->too_large || code == CURLE_FILESIZE_EXCEEDED)
    {
      *ret_why = g_strdup_printf ("%s is larger than %s", url, max_size);
      return FETCH_TOO_LARGE;
    }
  if (code == CURLE_HTTP_RETURNED_ERROR)
    {
      *ret_why = g_strdup_printf ("%s answered with HTTP status %ld", url, status);
      return status == 404 || status == 410 ? FETCH_NOT_FOUND :
             status == 401 || status == 403 ? FETCH_DENIED :
                                              FETCH_FAILED;
    }
  if (code == CURLE_OPERATION_TIMEDOUT)
    *ret_why = g_strdup_printf ("%s took longer than %u s, or stalled", url, transfer->timeout);
  else if (code == CURLE_TOO_MANY_REDIRECTS)
    *ret_why = g_strdup_printf ("%s redirects more than %d times", url, REDIRECTS_MAX);
  else
    *ret_why = g_strdup_printf ("%s can't be fetched: %s", url, *message ? message : curl_easy_strerror (code));
  return FETCH_FAILED;
}

int
main (int argc, char **argv)
{
  Transfer transfer = { 0 };
  char message[CURL_ERROR_SIZE] = "";
  g_autofree char *why = NULL;
  FetchResult result;
  long status = 0;
  CURLcode code;
  CURL *curl;

  if (argc != 4)
    {
      fprintf (stderr, "Usage: rbee-hive-fetch URL MAX-SIZE TIMEOUT (started by rbee-hive-builder)\n");
      return 2;
    }
  transfer.url = argv[1];
  transfer.max_size = g_ascii_strtoull (argv[2], NULL, 10);
  transfer.timeout = g_ascii_strtoull (argv[3], NULL, 10);

  signal (SIGPIPE, SIG_IGN);
  curl_global_init (CURL_GLOBAL_DEFAULT);
  curl = curl_easy_init ();
  transfer_set_options (&transfer, curl, message);
  transfer_set_server (&transfer, curl);
  code = curl_easy_perform (curl);
  curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status);
  result = transfer_result (&transfer, code, status, message, &why);
  if (result == FETCH_OK)
    why = g_strdup_printf ("%s\n%s", transfer_header (curl, "ETag"), transfer_header (curl, "Last-Modified"));
  curl_easy_cleanup (curl);
  curl_slist_free_all (transfer.headers);
  curl_global_cleanup ();

  dprintf (FETCH_OUTCOME_FD, "%d %d %.2000s", result, transfer.write_error, why ? why : "");
  return result == FETCH_OK ? 0 : 1;
}
