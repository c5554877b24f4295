/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"

#define INDEX_FILE  "index.json"
#define LAYOUT_FILE "oci-layout"
#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define REF_NAME    "org.opencontainers.image.ref.name"
#define INDEX_MAX   (16 * 1024 * 1024)
#define TAGS_MAX    100000
#define COPY_SIZE   (256 * 1024)

static char *
blob_path (const char *digest)
{
  return g_strconcat ("blobs/sha256/", digest + strlen ("sha256:"), NULL);
}

/* A regular file beneath @folder. */
static int
open_file (int folder, const char *path, GError **error)
{
  g_auto (Fd) fd = file_open_beneath (folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
  struct stat st;

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return fd_steal (&fd);
  hive_error_set_errno (error, fd < 0 ? -fd : EINVAL, "Cannot open %s of the store", path);
  return -1;
}

static JsonObject *
read_index (int folder, GError **error)
{
  g_auto (Fd) fd = open_file (folder, INDEX_FILE, error);
  g_autofree char *text = NULL;
  size_t size;

  if (fd < 0)
    return NULL;
  text = file_read_fd (fd, INDEX_MAX, INDEX_FILE " of the store", &size, error);
  return text ? json_parse_object (text, (gssize)size, INDEX_FILE " of the store", HIVE_ERROR_FAILED, error) : NULL;
}

static JsonArray *
index_entries (JsonObject *index)
{
  JsonNode *node = index ? json_object_get_member (index, "manifests") : NULL;

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static bool
entry_has_tag (JsonNode *node, const char *tag)
{
  JsonObject *entry = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonNode *more = entry ? json_object_get_member (entry, "annotations") : NULL;

  return more && JSON_NODE_HOLDS_OBJECT (more) &&
         g_str_equal (json_get_string (json_node_get_object (more), REF_NAME, ""), tag);
}

char *
layout_read_tag (int folder, const char *tag, GError **error)
{
  g_autoptr (JsonObject) index = read_index (folder, error);
  JsonArray *entries = index_entries (index);
  Descriptor blob;
  guint i, count = entries ? json_array_get_length (entries) : 0;

  if (count > TAGS_MAX)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "its index names %u tags, of at most %d", count, TAGS_MAX);
  if (!index || count > TAGS_MAX)
    return NULL;
  for (i = 0; i < count && !entry_has_tag (json_array_get_element (entries, i), tag); i++)
    ;
  if (i == count || !descriptor_read (json_array_get_element (entries, i), TYPE_INDEX, DOCUMENT_MAX, &blob, error))
    return NULL;
  return layout_read_text (folder, &blob, error);
}

int
layout_open_blob (int folder, const Descriptor *blob, GError **error)
{
  g_autofree char *path = blob_path (blob->digest);

  return open_file (folder, path, error);
}

char *
layout_read_text (int folder, const Descriptor *blob, GError **error)
{
  g_auto (Fd) fd = layout_open_blob (folder, blob, error);
  gsize size = 0;
  g_autofree char *text = fd < 0 ? NULL : file_read_fd (fd, blob->size, blob->digest, &size, error);

  return text && descriptor_check_text (blob, text, size, error) ? g_steal_pointer (&text) : NULL;
}

/* Copies all of @from to @to. 0 or a negative errno. */
static int
copy_all (int from, int to)
{
  g_autofree char *buffer = g_malloc (COPY_SIZE);
  off_t at = 0;
  ssize_t got;
  int r = 0;

  while (r == 0 && ((got = pread (from, buffer, COPY_SIZE, at)) > 0 || (got < 0 && errno == EINTR)))
    if (got > 0)
      {
        r = file_write_all (to, buffer, (size_t)got);
        at += got;
      }
  return r < 0 ? r : got < 0 ? -errno : 0;
}

/* A new file that replaces @path when it is whole. */
static bool
replace_file (int folder, const char *path, const char *text, int from, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s.%d.new", path, (int)getpid ());
  g_auto (Fd) fd = file_open_beneath (folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  int r = fd < 0 ? fd : text ? file_write_all (fd, text, strlen (text)) : copy_all (from, fd);

  if (r == 0 && fsync (fd) < 0)
    r = -errno;
  if (r == 0 && renameat (folder, name, folder, path) < 0)
    r = -errno;
  if (r == 0)
    return true;
  if (fd >= 0)
    unlinkat (folder, name, 0);
  return hive_error_set_errno (error, -r, "Cannot write %s to the store", path);
}

bool
layout_put_file (int folder, const Descriptor *blob, int fd, GError **error)
{
  g_autofree char *path = blob_path (blob->digest);
  g_auto (Fd) there = open_file (folder, path, NULL);
  Descriptor found;

  return (there >= 0 && descriptor_of_fd (there, &found) && g_str_equal (found.digest, blob->digest)) ||
         replace_file (folder, path, NULL, fd, error);
}

bool
layout_put_text (int folder, const char *text, Descriptor *ret, GError **error)
{
  g_autofree char *path = NULL;

  descriptor_of_text (text, strlen (text), ret);
  path = blob_path (ret->digest);
  return replace_file (folder, path, text, -1, error);
}

int
layout_lock (int folder, GError **error)
{
  static const char *const folders[] = { "blobs", "blobs/sha256" };
  g_auto (Fd) fd = -1;
  int r = 0;

  for (gsize i = 0; r == 0 && i < G_N_ELEMENTS (folders); i++)
    {
      g_auto (Fd) made = -1;

      if (mkdirat (folder, folders[i], 0755) < 0 && errno != EEXIST)
        r = -errno;
      made = file_open_beneath (folder, folders[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
      if (made < 0 && r == 0)
        r = made;
    }
  fd = r < 0 ? r : file_open_beneath (folder, LAYOUT_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (fd >= 0 && flock (fd, LOCK_EX) < 0)
    r = -errno;
  if (fd >= 0 && r == 0 && lseek (fd, 0, SEEK_END) == 0)
    r = file_write_all (fd, LAYOUT_TEXT, strlen (LAYOUT_TEXT));
  if (fd >= 0 && r == 0)
    return fd_steal (&fd);
  hive_error_set_errno (error, fd < 0 ? -fd : -r, "Cannot write to the folder of the store");
  return -1;
}

bool
layout_set_tag (int folder, const char *tag, const Descriptor *index, GError **error)
{
  g_autoptr (JsonObject) old =
      faccessat (folder, INDEX_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? json_object_new () : read_index (folder, error);
  JsonArray *entries = index_entries (old), *list = json_array_new ();
  JsonObject *entry = descriptor_to_json (index, TYPE_INDEX), *more = json_object_new ();
  g_autoptr (JsonObject) whole = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (more, REF_NAME, tag);
  json_object_set_object_member (entry, "annotations", more);
  for (guint i = 0; entries && i < json_array_get_length (entries); i++)
    if (!entry_has_tag (json_array_get_element (entries, i), tag))
      json_array_add_element (list, json_array_dup_element (entries, i));
  json_array_add_object_element (list, entry);
  json_object_set_int_member (whole, "schemaVersion", 2);
  json_object_set_string_member (whole, "mediaType", TYPE_INDEX);
  json_object_set_array_member (whole, "manifests", list);
  text = json_to_text (whole, false);
  return old && replace_file (folder, INDEX_FILE, text, -1, error);
}
