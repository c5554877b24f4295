/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci-registry.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "http.h"
#include "sha256.h"
#include "transfer-progress.h"
#include "upload.h"

/* Where one is in a hurry: what is silent is given up, as is what sends slower than this, and what goes on and on. */
#define HURRY_SPEED   (256 * 1024) /* bytes a second */
#define HURRY_SECONDS 30           /* in all */

#define CUTS_MAX 4 /* in a row that bring nothing new */

struct OciRegistry
{
  Http *http;
  char *base; /* https://host/v2/repository/ */
  unsigned hurry;
  int64_t latest; /* until when a hurry may go on; 0: it has not begun */
};

OciRegistry *
oci_registry_open (const char *url)
{
  OciRegistry *registry = g_new0 (OciRegistry, 1);
  const char *host = strstr (url, "://") + strlen ("://");
  const char *path = strchr (host, '/');

  registry->http = http_new (url);
  registry->base = g_strdup_printf ("%.*s/v2%s/", (int)(path - url), url, path);
  return registry;
}

void
oci_registry_close (OciRegistry *registry)
{
  if (!registry)
    return;
  http_free (registry->http);
  g_free (registry->base);
  g_free (registry);
}

void
oci_registry_set_hurry (OciRegistry *registry, unsigned milliseconds)
{
  registry->hurry = milliseconds;
}

void
oci_registry_set_patience (OciRegistry *registry, unsigned seconds)
{
  http_set_patience (registry->http, seconds);
}

/* Each answer starts the clock again: a server that answers is alive. */
static void
oci_registry_set_clock (OciRegistry *registry, uint64_t size)
{
  int64_t now = g_get_monotonic_time ();
  int64_t wait = (int64_t)registry->hurry * 1000 + (int64_t)(size * G_USEC_PER_SEC / HURRY_SPEED);

  if (registry->hurry == 0)
    return;
  if (registry->latest == 0)
    registry->latest = now + HURRY_SECONDS * G_USEC_PER_SEC;
  http_set_deadline (registry->http, MIN (now + wait, registry->latest));
}

char *
oci_registry_read_tag (OciRegistry *registry, const char *tag, GError **error)
{
  g_autofree char *url = g_strconcat (registry->base, "manifests/", tag, NULL);
  const HttpRequest request = { .url = url, .accept = TYPE_INDEX, .max = DOCUMENT_MAX };
  g_auto (HttpAnswer) answer = { 0 };

  oci_registry_set_clock (registry, 0);
  if (!http_run (registry->http, &request, &answer, error))
    return NULL;
  if (answer.status == 404)
    return NULL;
  if (answer.status != 200)
    {
      http_refuse (registry->http, &answer, error);
      return NULL;
    }
  if (!g_str_equal (answer.type, TYPE_INDEX))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "its media type is \"%.80s\" and not %s", answer.type,
                   TYPE_INDEX);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&answer.body), FALSE);
}

char *
oci_registry_read_text (OciRegistry *registry, const Descriptor *blob, bool manifest, GError **error)
{
  g_autofree char *url = g_strconcat (registry->base, manifest ? "manifests/" : "blobs/", blob->digest, NULL);
  const HttpRequest request = { .url = url, .accept = manifest ? TYPE_MANIFEST : NULL, .max = blob->size };
  g_auto (HttpAnswer) answer = { 0 };

  oci_registry_set_clock (registry, blob->size);
  if (!http_run (registry->http, &request, &answer, error))
    return NULL;
  if (answer.status != 200)
    {
      http_refuse (registry->http, &answer, error);
      return NULL;
    }
  return descriptor_check_text (blob, answer.body->str, answer.body->len, error) ?
             g_string_free (g_steal_pointer (&answer.body), FALSE) :
             NULL;
}

/* A blob on its way here. */
typedef struct
{
  const Descriptor *blob;
  int fd;
  Sha256 *sum;
  uint64_t size;
  TransferProgress progress;
  int r;
} Download;

static bool
download_on_data (const char *data, size_t size, void *userdata)
{
  Download *download = userdata;

  download->r = file_write_all (download->fd, data, size);
  sha256_add (download->sum, data, size);
  download->size += size;
  transfer_progress_tell (&download->progress, download->size, download->blob->size);
  return download->r == 0;
}

/* All that is left, or until the connection is cut. */
static bool
download_try (Download *download, OciRegistry *registry, GError **error)
{
  g_autofree char *url = g_strconcat (registry->base, "blobs/", download->blob->digest, NULL);
  const HttpRequest request = { .url = url,
                                .from = download->size,
                                .max = download->blob->size - download->size,
                                .sink = download_on_data,
                                .userdata = download };
  g_auto (HttpAnswer) answer = { 0 };

  return http_run (registry->http, &request, &answer, error) &&
         (answer.status == 200 || answer.status == 206 || http_refuse (registry->http, &answer, error));
}

bool
oci_registry_copy_blob (OciRegistry *registry, const Descriptor *blob, int fd, char **ret_sum, GError **error)
{
  g_autoptr (Sha256) sum = sha256_new ();
  Download download = { .blob = blob, .fd = fd, .sum = sum };

  for (unsigned cuts = 0; download.size < blob->size;)
    {
      g_autoptr (GError) failure = NULL;
      uint64_t before = download.size;
      bool fine = download_try (&download, registry, &failure);

      if (download.r < 0)
        return hive_error_set_errno (error, -download.r, "Cannot store %s", blob->digest);
      if (fine && download.size < blob->size)
        g_set_error (&failure, HIVE_ERROR, HIVE_ERROR_FAILED, "what it has as %s is shorter than it should be",
                     blob->digest);
      cuts = download.size > before ? 0 : cuts + 1;
      if (failure && (fine || download.size == 0 || cuts == CUTS_MAX))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return false;
        }
      if (failure)
        g_usleep ((G_USEC_PER_SEC / 4) << cuts);
    }
  *ret_sum = sha256_to_hex (sum);
  return true;
}

static bool
oci_registry_has_blob (OciRegistry *registry, const Descriptor *blob, bool *ret_has, GError **error)
{
  g_autofree char *url = g_strconcat (registry->base, "blobs/", blob->digest, NULL);
  const HttpRequest request = { .method = "HEAD", .url = url };
  g_auto (HttpAnswer) answer = { 0 };

  if (!http_run (registry->http, &request, &answer, error))
    return false;
  *ret_has = answer.status == 200;
  return *ret_has || answer.status == 404 || http_refuse (registry->http, &answer, error);
}

bool
oci_registry_put_file (OciRegistry *registry, const Descriptor *blob, int fd, GError **error)
{
  g_autofree char *url = g_strconcat (registry->base, "blobs/uploads/", NULL);
  bool has;

  return oci_registry_has_blob (registry, blob, &has, error) &&
         (has || upload_run (registry->http, url, blob, fd, error));
}

bool
oci_registry_put_manifest (OciRegistry *registry, const char *reference, const char *type, const char *text,
                           GError **error)
{
  g_autofree char *url = g_strconcat (registry->base, "manifests/", reference, NULL);
  const HttpRequest request = { .method = "PUT", .url = url, .type = type, .text = text, .size = strlen (text) };
  g_auto (HttpAnswer) answer = { 0 };

  return http_run (registry->http, &request, &answer, error) &&
         (answer.status == 201 || http_refuse (registry->http, &answer, error));
}
