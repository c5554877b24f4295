/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "gguf-child.h"
#include "model-reference.h"

#define SUFFIX ".gguf"

#define GEOMETRY_MAX (1 << 20) /* of heads, blocks and lengths: no model comes near */

char *
model_entry_part (const char *name, unsigned part, unsigned parts)
{
  return parts == 1 ? g_strconcat (name, SUFFIX, NULL) : g_strdup_printf ("%s-%05u-of-%05u" SUFFIX, name, part, parts);
}

bool
model_entry_is_pickle (const char *file)
{
  static const char *const suffixes[] = { ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin" };
  g_autofree char *lower = g_ascii_strdown (file, -1);

  for (size_t i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (lower, suffixes[i]))
      return true;
  return false;
}

/* Opens a file that must be what it was said to be: a regular one, at that very path. */
static int
entry_open (const char *path, struct stat *ret_st, GError **error)
{
  g_auto (Fd) fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  g_autofree char *real = NULL;

  if (fd < 0 || fstat (fd, ret_st) < 0)
    {
      int errnum = errno;

      hive_error_set_errno (error, errnum, "%s cannot be read%s", path,
                            errnum == EACCES ? N_ (" by the users that workers run as") : "");
      return -1;
    }
  real = file_real_path (fd);
  if (!S_ISREG (ret_st->st_mode) || (real && !g_str_equal (real, path)))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID, "%s is not a regular file", path);
      return -1;
    }
  return fd_steal (&fd);
}

static uint64_t
geometry (uint64_t number)
{
  return number > GEOMETRY_MAX ? 0 : number;
}

/* Bytes of keys and values that one token of context takes, at 16 bits a number; 0: unknown. */
static uint64_t
gguf_cache_per_token (const Gguf *gguf)
{
  uint64_t heads = geometry (gguf->heads), blocks = geometry (gguf->blocks);
  uint64_t each = heads > 0 ? geometry (gguf->embedding_length) / heads : 0;
  uint64_t key = gguf->key_length ? geometry (gguf->key_length) : each;
  uint64_t value = gguf->value_length ? geometry (gguf->value_length) : each;
  uint64_t sharing = gguf->key_value_heads ? geometry (gguf->key_value_heads) : heads;

  return 2 * (gguf->key_value_heads_listed ? sharing : sharing * blocks) * (key + value);
}

static void
entry_set_text (JsonObject *object, const char *key, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  json_object_set_string_member (object, key, valid);
}

static void
entry_set_number (JsonObject *object, const char *key, uint64_t number)
{
  json_object_set_int_member (object, key, (gint64)MIN (number, INT64_MAX));
}

static JsonObject *
entry_new (const char *name, const char *path, const char *format, const char *folder)
{
  JsonObject *object = json_object_new ();

  entry_set_text (object, "name", name);
  entry_set_text (object, "path", path);
  entry_set_text (object, "folder", folder);
  json_object_set_string_member (object, "format", format);
  return object;
}

/* Adds what the @part says to what those before did. */
static bool
entry_add_part (Gguf *whole, uint64_t *size, const char *path, unsigned part, unsigned parts, GError **error)
{
  g_auto (Fd) fd = -1;
  struct stat st;
  Gguf gguf;

  fd = entry_open (path, &st, error);
  if (fd < 0 || !gguf_child_read (fd, path, &gguf, error))
    return false;
  if (MAX (gguf.splits, 1) != parts || gguf.split != part - 1)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_MODEL_INVALID, "%s says that it is part %u of %u", path,
                   gguf.split + 1, MAX (gguf.splits, 1));
      return false;
    }
  if (part == 1)
    *whole = gguf;
  else if (__builtin_add_overflow (whole->parameters, gguf.parameters, &whole->parameters))
    whole->parameters = UINT64_MAX;
  *size += (uint64_t)st.st_size;
  return true;
}

JsonObject *
model_entry_read (const char *name, char *const *paths, const char *folder, GError **error)
{
  g_autoptr (JsonArray) files = json_array_new ();
  unsigned parts = g_strv_length ((char **)paths);
  JsonObject *object;
  uint64_t size = 0;
  Gguf gguf = { 0 };

  for (unsigned i = 0; i < parts; i++)
    {
      if (!entry_add_part (&gguf, &size, paths[i], i + 1, parts, error))
        return NULL;
      json_array_add_string_element (files, paths[i]);
    }
  object = entry_new (name, paths[0], "gguf", folder);
  entry_set_text (object, "architecture", gguf.architecture);
  entry_set_text (object, "quantization", gguf.quantization);
  entry_set_number (object, "context_length", gguf.context_length);
  entry_set_number (object, "parameters", gguf.parameters);
  entry_set_number (object, "cache_per_token", gguf_cache_per_token (&gguf));
  entry_set_number (object, "size", size);
  json_object_set_array_member (object, "files", g_steal_pointer (&files));
  return object;
}

JsonObject *
model_entry_of_folder (const char *path, const char *folder)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  JsonObject *object = entry_new (name, path, "safetensors", folder);
  JsonArray *files = json_array_new ();
  uint64_t size = 0;
  const char *each;

  while (dir && (each = g_dir_read_name (dir)))
    {
      g_autofree char *whole = g_build_filename (path, each, NULL);
      struct stat st;

      if (!g_str_has_suffix (each, ".safetensors") || stat (whole, &st) < 0 || !S_ISREG (st.st_mode))
        continue;
      json_array_add_string_element (files, whole);
      size += (uint64_t)st.st_size;
    }
  entry_set_number (object, "size", size);
  json_object_set_array_member (object, "files", files);
  return object;
}
