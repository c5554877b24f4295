/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "descriptor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "json.h"
#include "sha256.h"

#define PREFIX      "sha256:"
#define BUFFER_SIZE (256 * 1024)

bool
digest_is_valid (const char *digest)
{
  size_t prefix = strlen (PREFIX);

  return g_str_has_prefix (digest, PREFIX) && strlen (digest) == prefix + 64 &&
         strspn (digest + prefix, "0123456789abcdef") == 64;
}

bool
descriptor_read (JsonNode *node, const char *type, uint64_t max, Descriptor *ret, GError **error)
{
  JsonObject *object = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *said = object ? json_get_string (object, "mediaType", "") : "";
  const char *digest = object ? json_get_string (object, "digest", "") : "";
  int64_t size = object ? json_get_int (object, "size", -1) : -1;

  if (!g_str_equal (said, type))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "its media type is \"%.80s\" and not %s", said, type);
  else if (!digest_is_valid (digest))
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "\"%.80s\" is not a digest by sha256", digest);
  else if (size < 0 || (uint64_t)size > max)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "it says a size of %lld bytes, of at most %llu", (long long)size,
                 (unsigned long long)max);
  else
    {
      g_strlcpy (ret->digest, digest, sizeof ret->digest);
      ret->size = (uint64_t)size;
      return true;
    }
  return false;
}

void
descriptor_of_text (const char *text, gsize size, Descriptor *ret)
{
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)text, size);

  g_snprintf (ret->digest, sizeof ret->digest, PREFIX "%s", sum);
  ret->size = size;
}

bool
descriptor_of_fd (int fd, Descriptor *ret)
{
  g_autoptr (Sha256) sum = sha256_new ();
  g_autofree guchar *buffer = g_malloc (BUFFER_SIZE);
  g_autofree char *hex = NULL;
  ssize_t got;

  ret->size = 0;
  while ((got = pread (fd, buffer, BUFFER_SIZE, (off_t)ret->size)) > 0 || (got < 0 && errno == EINTR))
    if (got > 0)
      {
        sha256_add (sum, buffer, (size_t)got);
        ret->size += (uint64_t)got;
      }
  hex = sha256_to_hex (sum);
  g_snprintf (ret->digest, sizeof ret->digest, PREFIX "%s", hex);
  return got == 0;
}

bool
descriptor_refuse (const Descriptor *descriptor, GError **error)
{
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "what it has as %s is something else", descriptor->digest);
  return false;
}

bool
descriptor_check_text (const Descriptor *descriptor, const char *text, gsize size, GError **error)
{
  Descriptor found;

  descriptor_of_text (text, size, &found);
  return (size == descriptor->size && strlen (text) == size && g_str_equal (found.digest, descriptor->digest)) ||
         descriptor_refuse (descriptor, error);
}

JsonObject *
descriptor_to_json (const Descriptor *descriptor, const char *type)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "mediaType", type);
  json_object_set_string_member (object, "digest", descriptor->digest);
  json_object_set_int_member (object, "size", (gint64)descriptor->size);
  return object;
}
