/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch.h"

#include "config.h"
#include "error.h"
#include "file.h"
#include "sandbox.h"
#include "size.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#define REDIRECTS_MAX     5
#define STALL_SECONDS     30 /* so long may less than STALL_SPEED bytes a second come */
#define STALL_SPEED       100
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 5)

typedef struct
{
  const Fetch *fetch;
  GString *content; /* either this */
  int fd;           /* or that */
  uint64_t size;
  int write_error; /* errno */
  bool too_large;
  int64_t next_progress;
} Transfer;

char *
fetch_redact (const char *url)
{
  const char *authority = strstr (url, "://");
  const char *at;

  if (!authority)
    return g_strdup (url);
  authority += strlen ("://");
  at = memrchr (authority, '@', strcspn (authority, "/?#"));
  return at ? g_strdup_printf ("%.*s%s", (int)(authority - url), url, at + 1) : g_strdup (url);
}

static size_t
transfer_on_data (char *data, size_t one, size_t size, void *userdata)
{
  Transfer *transfer = userdata;
  int r;

  if (transfer->size + size > transfer->fetch->max_size)
    {
      transfer->too_large = true;
      return 0;
    }
  transfer->size += size;

  if (transfer->content)
    {
      g_string_append_len (transfer->content, data, size);
      return size;
    }

  r = file_write_all (transfer->fd, data, size);
  if (r < 0)
    {
      transfer->write_error = -r;
      return 0;
    }
  return size;
}

static int
transfer_on_progress (void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
  Transfer *transfer = userdata;
  const Fetch *fetch = transfer->fetch;
  int64_t time = g_get_monotonic_time ();

  if (total > 0 && (uint64_t)total > fetch->max_size)
    transfer->too_large = true;
  if (sandbox_was_cancelled () || transfer->too_large)
    return 1;

  if (fetch->log && now > 0 && time >= transfer->next_progress)
    {
      g_autofree char *so_far = size_to_string (now);
      g_autofree char *text = total > 0 ? g_strdup_printf ("%d%%", (int)(now * 100 / total)) : g_strdup (so_far);

      log_writer_write (fetch->log, fetch->phase, LOG_STREAM_PROGRESS, text, -1);
      transfer->next_progress = time + PROGRESS_INTERVAL;
    }

  return 0;
}

static void
transfer_set_options (Transfer *transfer, CURL *curl, char *message)
{
  const Fetch *fetch = transfer->fetch;

  curl_easy_setopt (curl, CURLOPT_URL, fetch->url);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt (curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
  curl_easy_setopt (curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_TIMEOUT, (long)fetch->timeout);
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long)MIN (fetch->timeout, 30));
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_SPEED);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
  curl_easy_setopt (curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)fetch->max_size);
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
  g_autofree char *url = fetch_redact (transfer->fetch->url);
  g_autofree char *max_size = size_to_string (transfer->fetch->max_size);

  if (code == CURLE_OK)
    return FETCH_OK;

  if (transfer->write_error)
    {
      *ret_why = g_strdup_printf ("%s could not be stored: %s", url, g_strerror (transfer->write_error));
      errno = transfer->write_error;
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
      return status == 404 || status == 410 ? FETCH_NOT_FOUND : FETCH_FAILED;
    }
  if (code == CURLE_OPERATION_TIMEDOUT)
    *ret_why = g_strdup_printf ("%s took longer than %u s, or stalled", url, transfer->fetch->timeout);
  else if (code == CURLE_TOO_MANY_REDIRECTS)
    *ret_why = g_strdup_printf ("%s redirects more than %d times", url, REDIRECTS_MAX);
  else
    *ret_why = g_strdup_printf ("%s can't be fetched: %s", url, *message ? message : curl_easy_strerror (code));
  return FETCH_FAILED;
}

static FetchResult
transfer_run (Transfer *transfer, char **ret_why)
{
  char message[CURL_ERROR_SIZE] = "";
  long status = 0;
  CURLcode code;
  CURL *curl;

  /* Only the builder fetches, one file after another, on one thread. */
  curl_global_init (CURL_GLOBAL_DEFAULT);
  curl = curl_easy_init ();
  transfer_set_options (transfer, curl, message);
  code = curl_easy_perform (curl);
  curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup (curl);
  return transfer_result (transfer, code, status, message, ret_why);
}

FetchResult
fetch_memory (const Fetch *fetch, GString **ret_content, char **ret_why)
{
  Transfer transfer = { .fetch = fetch, .content = g_string_new (NULL), .fd = -1 };
  FetchResult result = transfer_run (&transfer, ret_why);

  if (result == FETCH_OK)
    *ret_content = transfer.content;
  else
    g_string_free (transfer.content, TRUE);
  return result;
}

FetchResult
fetch_file (const Fetch *fetch, int fd, char **ret_why)
{
  return transfer_run (&(Transfer){ .fetch = fetch, .fd = fd }, ret_why);
}

bool
fetch_set_source_error (FetchResult result, const char *why, const char *target, GError **error)
{
  if (result == FETCH_NOT_STORED)
    return hive_error_set_errno (error, errno, "Can't write %s", target);
  if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "A source is too large: %s (MaxDownloadSize= in hive.conf)", why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "A source can't be fetched: %s", why);
  return false;
}
