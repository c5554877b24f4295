/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include <glib.h>
#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#include "byte-order-mark.h"

#define LOOKED_AT 512

/* Behind what may stand before the first element: a declaration, comments. */
static const char *
skip_prolog (const char *text)
{
  for (;;)
    {
      const char *end;

      text += strspn (text, " \t\r\n");
      if (g_str_has_prefix (text, "<?xml"))
        end = strstr (text, "?>");
      else if (g_str_has_prefix (text, "<!--"))
        end = strstr (text, "-->");
      else
        return text;
      if (!end)
        return "";
      text = strchr (end, '>') + 1;
    }
}

static void
skip_byte_order_mark (const char **text, size_t *length)
{
  size_t mark = byte_order_mark_length (*text, *length);

  *text += mark;
  *length -= mark;
}

const char *
page_describe (const char *text, size_t length)
{
  static const char *const listings[] = { "<title>directory listing for", "<title>index of ", "<h1>index of " };
  static const char *const pages[] = { "<!doctype html", "<html", "<head", "<body", "<title", "<meta ", "<script" };
  g_autofree char *lower = NULL;
  const char *start;
  bool page = false;

  skip_byte_order_mark (&text, &length);
  lower = g_ascii_strdown (text, (gssize)MIN (length, LOOKED_AT));
  start = skip_prolog (lower);
  if (g_str_has_prefix (lower, "version https://git-lfs.github.com/spec/"))
    return N_ ("a pointer of Git LFS, and not the file that it stands for");
  if (g_str_has_prefix (start, "<listbucketresult"))
    return N_ ("a listing of a folder (XML)");
  if (g_str_has_prefix (start, "<error>"))
    return N_ ("an error of a store of files (XML)");
  for (size_t i = 0; !page && i < G_N_ELEMENTS (pages); i++)
    page = g_str_has_prefix (start, pages[i]);
  if (!page)
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (listings); i++)
    if (strstr (lower, listings[i]))
      return N_ ("a listing of a folder (HTML)");
  return N_ ("a web page (HTML)");
}

static bool
ends_in_one_of (const char *name, const char *const *ends)
{
  for (; *ends; ends++)
    if (g_str_has_suffix (name, *ends))
      return true;
  return false;
}

/* An object or an array, and no shell's group or pattern. */
static bool
is_json (const char *text)
{
  const char *first = text + strspn (text, " \t\r\n");
  const char *second = *first ? first + 1 + strspn (first + 1, " \t\r\n") : first;

  return (*first == '{' && (*second == '"' || *second == '}')) || (*first == '[' && *second && strchr ("{]", *second));
}

/* Of a text that is cut off, the last letter may be half. */
static bool
is_text (const char *text, size_t length)
{
  const char *end = text;
  bool valid = g_utf8_validate_len (text, length, &end) || (length == LOOKED_AT && length - (size_t)(end - text) < 4);

  for (const char *at = text; valid && at < end; at++)
    valid = !g_ascii_iscntrl (*at) || g_ascii_isspace (*at);
  return valid;
}

const char *
page_describe_instead (const char *name, const char *text, size_t length)
{
  static const char *const markup[] = { ".html", ".htm", ".xhtml", ".xml", NULL };
  static const char *const json[] = { "json", ".jsonl", ".ipynb", ".webmanifest", ".map", NULL };
  static const char *const packed[] = { "gz",   "bz2",  "xz",    "zst",    ".lz",          ".lz4",      ".br",
                                        ".Z",   ".tgz", ".tar",  ".zip",   ".whl",         ".jar",      ".7z",
                                        ".rar", ".deb", ".rpm",  ".apk",   ".so",          ".exe",      ".iso",
                                        ".png", ".jpg", ".jpeg", ".crate", ".gguf",        ".onnx",     ".pt",
                                        ".pth", ".bin", ".ico",  ".webp",  ".safetensors", ".AppImage", NULL };
  const char *page = length > 0 ? page_describe (text, length) : N_ ("nothing");
  g_autofree char *start = NULL;

  if (page)
    return ends_in_one_of (name, markup) ? NULL : page;
  skip_byte_order_mark (&text, &length);
  length = MIN (length, LOOKED_AT);
  start = g_strndup (text, length);
  if (!ends_in_one_of (name, json) && is_json (start))
    return N_ ("an answer in JSON");
  return ends_in_one_of (name, packed) && is_text (text, length) ? N_ ("a text") : NULL;
}
