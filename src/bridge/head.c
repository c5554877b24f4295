/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "head.h"

#include <string.h>

#define HEADERS_MAX 64
#define TOKEN       G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "!#$%&'*+-.^_`|~"

static const char *const method_names[] = { "GET", "HEAD", "POST", "DELETE", "OPTIONS", "that method" };

static const char *const header_names[HEADER_COUNT] = {
  [HEADER_HOST] = "Host",
  [HEADER_ORIGIN] = "Origin",
  [HEADER_AUTHORIZATION] = "Authorization",
  [HEADER_CONTENT_TYPE] = "Content-Type",
  [HEADER_CONTENT_LENGTH] = "Content-Length",
  [HEADER_TRANSFER_ENCODING] = "Transfer-Encoding",
  [HEADER_EXPECT] = "Expect",
  [HEADER_SEC_FETCH_SITE] = "Sec-Fetch-Site",
  [HEADER_SEC_FETCH_MODE] = "Sec-Fetch-Mode",
  [HEADER_SEC_FETCH_DEST] = "Sec-Fetch-Dest",
  [HEADER_LAST_EVENT_ID] = "Last-Event-ID",
  [HEADER_IDEMPOTENCY_KEY] = "Idempotency-Key",
  [HEADER_IF_NONE_MATCH] = "If-None-Match",
  [HEADER_REQUEST_METHOD] = "Access-Control-Request-Method",
  [HEADER_ACCEPT] = "Accept",
  [HEADER_ACCEPT_ENCODING] = "Accept-Encoding",
};

const char *
method_name (Method method)
{
  return method_names[method];
}

static Problem *
head_invalid (const char *what)
{
  return problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL, "The request is malformed: %s", what);
}

/* Lines end in CR LF and nothing else; of other control characters a tab may stand in a header. The first @seen bytes
 * were looked at before. */
static Problem *
head_check_bytes (const char *text, size_t length, size_t seen)
{
  bool first_line = !memchr (text, '\n', seen);

  for (size_t i = seen; i < length; i++)
    {
      unsigned char c = (unsigned char)text[i];

      if (c == '\r' && (i + 1 == length || text[i + 1] == '\n'))
        continue;
      if (c == '\n' && i > 0 && text[i - 1] == '\r')
        first_line = false;
      else if (c < 0x20 && !(c == '\t' && !first_line))
        return head_invalid ("it has a control character, or a line that does not end in CR LF. (TLS ends at the proxy "
                             "in front of this server.)");
      else if (c == 0x7f || (first_line && c > 0x7f))
        return head_invalid ("its first line, or a header, has a byte that is not allowed there");
    }
  return NULL;
}

/* Of a request whose end has not come. */
static Problem *
head_check_size (const char *text, size_t length)
{
  const char *end = memchr (text, '\r', length);

  if ((end ? (size_t)(end - text) : length) > TARGET_MAX + 32)
    return problem_new (HTTP_URI_TOO_LONG, PROBLEM_LIMITS, NULL, "A request's target has at most %d bytes", TARGET_MAX);
  if (length >= HEAD_MAX)
    return problem_new (HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, PROBLEM_LIMITS, NULL,
                        "A request and its headers have at most %d bytes", HEAD_MAX);
  return NULL;
}

/* Undoes percent-encoding; NULL when it is none, or hides what is not allowed there. */
static char *
head_decode (const char *text, size_t length, bool is_path)
{
  g_autoptr (GString) decoded = g_string_sized_new (length);

  for (size_t i = 0; i < length; i++)
    {
      int c = (unsigned char)text[i];

      if (c == '%')
        {
          if (i + 2 >= length || !g_ascii_isxdigit (text[i + 1]) || !g_ascii_isxdigit (text[i + 2]))
            return NULL;
          c = g_ascii_xdigit_value (text[i + 1]) << 4 | g_ascii_xdigit_value (text[i + 2]);
          i += 2;
          if (is_path && (c == '/' || c == '\\'))
            return NULL;
        }
      else if (c == '+' && !is_path)
        c = ' ';
      if (c < 0x20 || c == 0x7f)
        return NULL;
      g_string_append_c (decoded, (char)c);
    }
  if (!g_utf8_validate_len (decoded->str, decoded->len, NULL))
    return NULL;
  return g_string_free (g_steal_pointer (&decoded), FALSE);
}

static bool
path_has_dots (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  for (char **part = parts; *part; part++)
    if (g_str_equal (*part, ".") || g_str_equal (*part, ".."))
      return true;
  return false;
}

static Problem *
head_parse_target (Head *head, const char *target, size_t length)
{
  const char *question = memchr (target, '?', length);
  size_t path_length = question ? (size_t)(question - target) : length;

  if (length == 0 || *target != '/' || memchr (target, '#', length))
    return head_invalid ("its target is not a path; it begins with \"/\"");
  if (length > TARGET_MAX)
    return problem_new (HTTP_URI_TOO_LONG, PROBLEM_LIMITS, NULL, "A request's target has at most %d bytes", TARGET_MAX);
  head->path = head_decode (target, path_length, true);
  if (!head->path || path_has_dots (head->path))
    return head_invalid ("its path has \".\" or \"..\", a backslash, or a percent-encoding that is not allowed there");
  if (question)
    head->query = g_strndup (question + 1, length - path_length - 1);
  return NULL;
}

static bool
method_find (const char *name, size_t length, Method *ret_method)
{
  for (int method = 0; method < METHOD_OTHER; method++)
    if (strlen (method_names[method]) == length && memcmp (method_names[method], name, length) == 0)
      {
        *ret_method = (Method)method;
        return true;
      }
  *ret_method = METHOD_OTHER;
  for (size_t i = 0; i < length; i++)
    if (!g_ascii_isupper (name[i]))
      return false;
  return length > 0;
}

/* "GET /path HTTP/1.1", single spaces. */
static Problem *
head_parse_first_line (Head *head, const char *line, size_t length)
{
  const char *space = memchr (line, ' ', length);
  const char *second = space ? memchr (space + 1, ' ', length - (size_t)(space + 1 - line)) : NULL;
  const char *end = line + length;

  if (!second || end - second != 9 || strncmp (second + 1, "HTTP/", 5) != 0)
    return head_invalid ("its first line is not METHOD TARGET HTTP/1.1");
  if (strncmp (second + 6, "1.1", 3) != 0 && strncmp (second + 6, "1.0", 3) != 0)
    return problem_new (HTTP_VERSION_NOT_SUPPORTED, PROBLEM_INVALID, NULL, "This server speaks HTTP/1.1");
  if (method_find (line, (size_t)(space - line), &head->method))
    return head_parse_target (head, space + 1, (size_t)(second - space - 1));
  return problem_new (HTTP_NOT_IMPLEMENTED, PROBLEM_INVALID, NULL,
                      "This server knows GET, HEAD, POST, DELETE and OPTIONS");
}

static bool
header_is_list (int header)
{
  return header == HEADER_ACCEPT || header == HEADER_ACCEPT_ENCODING || header == HEADER_IF_NONE_MATCH;
}

static Problem *
head_add (Head *head, int header, const char *value, size_t length)
{
  char **place = &head->values[header];

  if (!*place)
    *place = g_strndup (value, length);
  else if (header_is_list (header))
    {
      g_autofree char *before = *place;

      *place = g_strdup_printf ("%s, %.*s", before, (int)length, value);
    }
  else
    return problem_new (HTTP_BAD_REQUEST, PROBLEM_INVALID, NULL, "The request is malformed: it has two %s headers",
                        header_names[header]);
  return NULL;
}

static Problem *
head_parse_header (Head *head, const char *line, size_t length)
{
  const char *colon = memchr (line, ':', length);
  const char *value = colon ? colon + 1 : NULL;
  const char *end = line + length;
  size_t name_length = colon ? (size_t)(colon - line) : 0;

  if (name_length == 0 || strspn (line, TOKEN) < name_length)
    return head_invalid ("a header is not NAME: VALUE on one line");
  while (value < end && (*value == ' ' || *value == '\t'))
    value++;
  while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  for (int i = 0; i < HEADER_COUNT; i++)
    if (strlen (header_names[i]) == name_length && g_ascii_strncasecmp (header_names[i], line, name_length) == 0)
      return head_add (head, i, value, (size_t)(end - value));
  return NULL;
}

/* How long the body is must have one answer. */
static Problem *
head_check_body (Head *head)
{
  const char *length = head->values[HEADER_CONTENT_LENGTH];
  const char *expect = head->values[HEADER_EXPECT];
  guint64 number = 0;

  if (head->values[HEADER_TRANSFER_ENCODING])
    return problem_new (HTTP_LENGTH_REQUIRED, PROBLEM_INVALID, NULL,
                        "This server wants a body's Content-Length, and no Transfer-Encoding");
  if (length && (!*length || strspn (length, G_CSET_DIGITS) != strlen (length) ||
                 !g_ascii_string_to_unsigned (length, 10, 0, G_MAXINT64, &number, NULL)))
    return head_invalid ("its Content-Length is not a number");
  if (expect && g_ascii_strcasecmp (expect, "100-continue") != 0)
    return problem_new (HTTP_EXPECTATION_FAILED, PROBLEM_INVALID, NULL, "Expect is 100-continue or nothing");
  /* A body that nothing asks for is not read: the request is refused, and the connection ended. */
  head->has_needless_body = head->method != METHOD_POST && number > 0;
  head->content_length = head->has_needless_body ? 0 : number;
  return NULL;
}

static Problem *
head_parse_lines (Head *head, const char *text, const char *end)
{
  unsigned count = 0;

  for (const char *line = text; line < end;)
    {
      const char *stop = memmem (line, (size_t)(end - line), "\r\n", 2);
      size_t length = (size_t)(stop - line);
      Problem *problem;

      if (count++ == 0)
        problem = head_parse_first_line (head, line, length);
      else
        problem = head_parse_header (head, line, length);
      if (!problem && count > HEADERS_MAX)
        problem = problem_new (HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, PROBLEM_LIMITS, NULL,
                               "A request has at most %d headers", HEADERS_MAX);
      if (problem)
        return problem;
      line = stop + 2;
    }
  if (!head->values[HEADER_HOST] || !*head->values[HEADER_HOST])
    return head_invalid ("it has no Host");
  return head_check_body (head);
}

int
head_parse (const char *text, size_t length, size_t seen, Head **ret_head, Problem **ret_problem)
{
  /* What was last may have been the beginning of an end. */
  size_t from = seen > 3 ? seen - 3 : 0;
  const char *end = memmem (text + from, length - from, "\r\n\r\n", 4);
  g_autoptr (Head) head = g_new0 (Head, 1);
  g_autofree char *copy = NULL;
  size_t size = end ? (size_t)(end - text) + 2 : length;

  *ret_problem = head_check_bytes (text, size, MIN (from, size));
  if (!*ret_problem)
    *ret_problem = head_check_size (text, end ? MIN (size, HEAD_MAX) : length);
  if (*ret_problem)
    return -1;
  if (!end)
    return 0;
  copy = g_strndup (text, size);
  *ret_problem = head_parse_lines (head, copy, copy + size);
  if (*ret_problem)
    return -1;
  head->size = size + 2;
  *ret_head = g_steal_pointer (&head);
  return 1;
}

void
head_free (Head *head)
{
  if (!head)
    return;
  for (int i = 0; i < HEADER_COUNT; i++)
    g_free (head->values[i]);
  g_free (head->path);
  g_free (head->query);
  g_free (head);
}

bool
head_query (const Head *head, const char *name, char **ret_value)
{
  g_auto (GStrv) parts = g_strsplit (head->query ? head->query : "", "&", -1);
  g_autofree char *found = NULL;

  for (char **part = parts; *part; part++)
    {
      const char *equals = strchr (*part, '=');
      size_t length = equals ? (size_t)(equals - *part) : strlen (*part);
      const char *value = equals ? equals + 1 : "";

      if (strlen (name) != length || strncmp (name, *part, length) != 0)
        continue;
      if (found)
        return false;
      found = head_decode (value, strlen (value), false);
      if (!found)
        return false;
    }
  *ret_value = g_steal_pointer (&found);
  return true;
}

/* "gzip;q=0" names gzip and refuses it. */
static bool
item_is_refused (const char *parameters)
{
  const char *q = strstr (parameters, "q=");

  return q && g_ascii_strtod (q + 2, NULL) <= 0;
}

bool
head_accepts (const Head *head, Header header, const char *item)
{
  const char *list = head->values[header];
  g_auto (GStrv) parts = g_strsplit (list ? list : "", ",", -1);

  for (char **part = parts; *part; part++)
    {
      char *parameters = strchr (*part, ';');
      bool refused = parameters && item_is_refused (parameters);

      if (parameters)
        *parameters = '\0';
      if (g_ascii_strcasecmp (g_strstrip (*part), item) == 0)
        return !refused;
    }
  return false;
}
