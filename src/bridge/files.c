/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define HASH_LENGTH 8 /* as bundlers put it into a file's name */

struct Files
{
  char *directory;
};

static const struct
{
  const char *suffix, *type;
} types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".mjs", "text/javascript; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".json", "application/json" },
  { ".map", "application/json" },
  { ".webmanifest", "application/manifest+json" },
  { ".svg", "image/svg+xml" },
  { ".png", "image/png" },
  { ".ico", "image/x-icon" },
  { ".webp", "image/webp" },
  { ".woff2", "font/woff2" },
  { ".txt", "text/plain; charset=utf-8" },
};

Files *
files_new (const char *directory)
{
  Files *files = g_new0 (Files, 1);

  files->directory = g_strdup (directory);
  return files;
}

void
files_free (Files *files)
{
  if (!files)
    return;
  g_free (files->directory);
  g_free (files);
}

static const char *
file_type (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (path, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

/* "assets/index-BqF3x9_a.js": what has its content's hash in its name never changes. A hash without a digit and a
 * capital is taken for a word. */
static bool
path_is_immutable (const char *path)
{
  const char *dot = strrchr (path, '.');
  bool marked = false;

  if (!g_str_has_prefix (path, "assets/") || !dot || dot - path <= HASH_LENGTH || dot[-HASH_LENGTH - 1] != '-')
    return false;
  for (const char *c = dot - HASH_LENGTH; c < dot; c++)
    {
      if (!g_ascii_isalnum (*c) && *c != '_' && *c != '-')
        return false;
      marked = marked || g_ascii_isdigit (*c) || g_ascii_isupper (*c);
    }
  return marked;
}

/* The page's own paths ("/jobs/17") are for its script to understand. */
static bool
request_is_page (const Request *request)
{
  const char *name = strrchr (request->head->path, '/');

  return !strchr (name, '.') && !g_str_has_prefix (request->head->path, "/assets/") &&
         head_accepts (request->head, HEADER_ACCEPT, "text/html");
}

/* A file beneath the folder; 0 and @ret_fd, or a negative errno. Opened each time: the page may be upgraded. */
static int
files_open (const Files *files, const char *path, int *ret_fd, struct stat *ret_status)
{
  g_auto (Fd) directory = open (files->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_auto (Fd) fd = -1;

  if (directory < 0)
    return -ENOTDIR;
  fd = file_open_beneath (directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
  if (fd < 0)
    return fd;
  if (fstat (fd, ret_status) < 0)
    return -errno;
  if (!S_ISREG (ret_status->st_mode))
    return -ENOENT;
  *ret_fd = fd_steal (&fd);
  return 0;
}

static char *
file_tag (const struct stat *status)
{
  return g_strdup_printf ("\"%jx-%jx-%jx%jx\"", (uintmax_t)status->st_ino, (uintmax_t)status->st_size,
                          (uintmax_t)status->st_mtim.tv_sec, (uintmax_t)status->st_mtim.tv_nsec);
}

static void
files_send (Request *request, const char *path, int fd, const struct stat *status, bool packed)
{
  g_autofree char *tag = file_tag (status);
  const char *known = request->head->values[HEADER_IF_NONE_MATCH];
  bool same = known && strstr (known, tag);
  Response *response = same ? response_new (HTTP_NOT_MODIFIED, NULL) : response_new (HTTP_OK, file_type (path));

  if (same)
    close (fd);
  else
    {
      response->file = fd;
      response->file_size = (uint64_t)status->st_size;
    }
  response->cache = path_is_immutable (path) ? "public, max-age=31536000, immutable" : "no-cache";
  response_add_header (response, "ETag", tag);
  response_add_header (response, "Vary", "Accept-Encoding");
  if (packed && !same)
    response_add_header (response, "Content-Encoding", "gzip");
  request_answer (request, response);
}

static int
files_try (const Files *files, Request *request, const char *path)
{
  g_autofree char *packed = g_strconcat (path, ".gz", NULL);
  struct stat status;
  int fd;
  int r;

  if (head_accepts (request->head, HEADER_ACCEPT_ENCODING, "gzip") && files_open (files, packed, &fd, &status) >= 0)
    {
      files_send (request, path, fd, &status, true);
      return 0;
    }
  r = files_open (files, path, &fd, &status);
  if (r >= 0)
    files_send (request, path, fd, &status, false);
  return r;
}

void
files_answer (const Files *files, Request *request)
{
  const char *path = request->head->path + 1;
  int r = files_try (files, request, *path ? path : "index.html");

  if (r < 0 && *path && request_is_page (request))
    r = files_try (files, request, "index.html");
  if (r >= 0)
    return;
  if (access (files->directory, X_OK) < 0 || !*path)
    request_answer_problem (request,
                            problem_new (HTTP_NOT_FOUND, PROBLEM_MISSING, "WebDirectory",
                                         "The web page is not installed: there is no %s/index.html (WebDirectory= in "
                                         "[Bridge]). The API is described at /v1/openapi.json",
                                         files->directory));
  else
    request_answer_problem (request, problem_new (HTTP_NOT_FOUND, PROBLEM_MISSING, NULL, "There is no %s here",
                                                  request->head->path));
}
