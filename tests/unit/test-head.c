/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "head.h"

static void
assert_refused (const char *text, HttpStatus status)
{
  g_autoptr (Head) head = NULL;
  g_autoptr (Problem) problem = NULL;

  g_assert_cmpint (head_parse (text, strlen (text), 0, &head, &problem), ==, -1);
  g_test_message ("%s", problem->detail);
  g_assert_cmpint (problem->status, ==, status);
  g_assert_null (head);
}

static Head *
assert_read (const char *text)
{
  Head *head = NULL;
  g_autoptr (Problem) problem = NULL;

  g_assert_cmpint (head_parse (text, strlen (text), 0, &head, &problem), ==, 1);
  g_assert_cmpuint (head->size, <=, strlen (text));
  return head;
}

static void
test_a_request_is_read_whole (void)
{
  g_autoptr (Head) head = assert_read ("POST /v1/jobs/a%20b?x=1&y=a+b HTTP/1.1\r\nhost: localhost\r\n"
                                       "Content-Length: 3\r\nAccept: text/html, text/plain;q=0\r\n\r\nabc");
  g_autofree char *value = NULL;

  g_assert_cmpint (head->method, ==, METHOD_POST);
  g_assert_cmpstr (head->path, ==, "/v1/jobs/a b");
  g_assert_cmpstr (head->values[HEADER_HOST], ==, "localhost");
  g_assert_cmpuint (head->content_length, ==, 3);
  g_assert_true (head_query (head, "y", &value));
  g_assert_cmpstr (value, ==, "a b");
  g_assert_true (head_accepts (head, HEADER_ACCEPT, "text/html"));
  g_assert_false (head_accepts (head, HEADER_ACCEPT, "text/plain"));
}

static void
test_what_has_not_come_whole_is_waited_for (void)
{
  static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  g_autoptr (Head) head = NULL;
  g_autoptr (Problem) problem = NULL;

  for (size_t length = 0; length < sizeof text - 1; length++)
    g_assert_cmpint (head_parse (text, length, 0, &head, &problem), ==, 0);
  g_assert_cmpint (head_parse (text, sizeof text - 1, sizeof text - 2, &head, &problem), ==, 1);
}

static void
test_what_could_be_read_in_two_ways_is_refused (void)
{
  static const char *const texts[] = {
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
    "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], HTTP_BAD_REQUEST);
  assert_refused ("get / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_NOT_IMPLEMENTED);
  assert_refused ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", HTTP_VERSION_NOT_SUPPORTED);
}

static void
test_a_head_that_never_ends_is_refused_by_its_size (void)
{
  g_autofree char *target = g_strnfill (TARGET_MAX + 100, 'a');
  g_autofree char *line = g_strconcat ("GET /", target, NULL);
  g_autofree char *filler = g_strnfill (HEAD_MAX, 'a');
  g_autofree char *headers = g_strconcat ("GET / HTTP/1.1\r\nCookie: ", filler, NULL);

  assert_refused (line, HTTP_URI_TOO_LONG);
  assert_refused (headers, HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/head/whole", test_a_request_is_read_whole);
  g_test_add_func ("/head/not-yet", test_what_has_not_come_whole_is_waited_for);
  g_test_add_func ("/head/two-ways", test_what_could_be_read_in_two_ways_is_refused);
  g_test_add_func ("/head/size", test_a_head_that_never_ends_is_refused_by_its_size);
  return g_test_run ();
}
