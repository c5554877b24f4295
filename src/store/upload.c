/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "upload.h"

#include <string.h>

#include "error.h"
#include "transfer-progress.h"

#define OCTETS       "application/octet-stream"
#define CHUNK_SIZE   (16 * 1024 * 1024)
#define CHUNK_MAX    (1024 * 1024 * 1024) /* what a registry may want at least */
#define RESTARTS_MAX 3                    /* in a row that bring nothing new */
#define ANSWER_MAX   (64 * 1024)

typedef struct
{
  Http *http;
  const Descriptor *blob;
  int fd;
  char *location; /* where it goes on, which changes with each answer */
  uint64_t at;    /* how much the registry has */
  uint64_t chunk;
  bool hopeless; /* it would be answered the same again */
  TransferProgress progress;
} Upload;

static bool
status_is_hopeless (long status)
{
  return status >= 400 && status <= 499 && status != 404 && status != 408 && status != 416 && status != 429;
}

/* Asks, and goes on where the answer says. True for @status. */
static bool
upload_ask (Upload *upload, const HttpRequest *request, long status, HttpAnswer *answer, GError **error)
{
  if (!http_run (upload->http, request, answer, error))
    return false;
  upload->hopeless = status_is_hopeless (answer->status);
  if (answer->status != status)
    return http_refuse (upload->http, answer, error);
  if (answer->location)
    {
      g_free (upload->location);
      upload->location = g_strdup (answer->location);
    }
  return true;
}

static bool
upload_begin (Upload *upload, const char *url, GError **error)
{
  const HttpRequest request = { .method = "POST", .url = url, .fd = -1, .max = ANSWER_MAX };
  g_auto (HttpAnswer) answer = { 0 };

  g_clear_pointer (&upload->location, g_free);
  upload->at = 0;
  if (!upload_ask (upload, &request, 202, &answer, error))
    return false;
  upload->chunk = MAX (CHUNK_SIZE, MIN (answer.chunk_min, CHUNK_MAX));
  if (!upload->location)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "the registry does not say where an upload goes");
  return upload->location != NULL;
}

static bool
upload_send (Upload *upload, GError **error)
{
  const HttpRequest request = { .method = "PATCH",
                                .url = upload->location,
                                .type = OCTETS,
                                .fd = upload->fd,
                                .start = upload->at,
                                .size = MIN (upload->chunk, upload->blob->size - upload->at),
                                .max = ANSWER_MAX,
                                .once = true };
  g_auto (HttpAnswer) answer = { 0 };

  if (!upload_ask (upload, &request, 202, &answer, error))
    return false;
  if (answer.has_end && answer.end + 1 != upload->at + request.size)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "the registry took another part than it was sent");
      return false;
    }
  upload->at += request.size;
  transfer_progress_tell (&upload->progress, upload->at, upload->blob->size);
  return true;
}

/* Where the registry is after a chunk that broke; false when it does not know any more. */
static bool
upload_locate (Upload *upload)
{
  const HttpRequest request = { .url = upload->location, .max = ANSWER_MAX };
  g_auto (HttpAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;

  if (!upload->location || !upload_ask (upload, &request, 204, &answer, &error) || !answer.has_end ||
      answer.end >= upload->blob->size)
    return false;
  upload->at = answer.end ? answer.end + 1 : 0; /* "0-0": nothing */
  return true;
}

static bool
upload_finish (Upload *upload, GError **error)
{
  g_autofree char *url = g_strdup_printf ("%s%cdigest=%s", upload->location, strchr (upload->location, '?') ? '&' : '?',
                                          upload->blob->digest);
  const HttpRequest request = { .method = "PUT", .url = url, .fd = -1, .max = ANSWER_MAX, .once = true };
  g_auto (HttpAnswer) answer = { 0 };

  return upload_ask (upload, &request, 201, &answer, error);
}

static bool
upload_all (Upload *upload, GError **error)
{
  while (upload->at < upload->blob->size)
    if (!upload_send (upload, error))
      return false;
  return upload_finish (upload, error);
}

bool
upload_run (Http *http, const char *url, const Descriptor *blob, int fd, GError **error)
{
  Upload upload = { .http = http, .blob = blob, .fd = fd };
  g_autoptr (GError) failure = NULL;
  uint64_t furthest = 0;

  for (unsigned restarts = 0;;)
    {
      g_clear_error (&failure);
      if ((upload.location || upload_begin (&upload, url, &failure)) && upload_all (&upload, &failure))
        break;
      restarts = upload.at > furthest ? 0 : restarts + 1;
      furthest = MAX (furthest, upload.at);
      if (upload.hopeless || restarts == RESTARTS_MAX)
        break;
      g_usleep (G_USEC_PER_SEC << restarts);
      if (!upload_locate (&upload))
        g_clear_pointer (&upload.location, g_free);
    }
  g_free (upload.location);
  if (!failure)
    return true;
  g_propagate_error (error, g_steal_pointer (&failure));
  return false;
}
