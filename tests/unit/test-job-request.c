/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "job-request.h"

/* Requests are written with ' for ", so that they can be read here. */
static JobRequest *
request_of (const char *text, GError **error)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_auto (Fd) fd = file_memory ("request", json, -1, NULL);

  return job_request_read (fd, error);
}

static void
assert_is_refused (const char *text, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JobRequest) request = request_of (text, &error);

  if (request)
    g_test_message ("accepted: %s", text);
  g_assert_null (request);
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (!strstr (error->message, why))
    g_test_message ("%s gives: %s", text, error->message);
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_full_one_is_read (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JobRequest) request =
      request_of ("{ 'job': '17', 'worker_id': 'worker-cpu', 'work': '/var/lib/rbee-hive/jobs/17/work',"
                  "  'options': { 'backend': 'cuda', 'source': 'git', 'check': true, 'reinstall': true },"
                  "  'installed': { 'version': '2:1.0-1', 'recipe_sha256': 'abc', 'backend': 'cpu' } }",
                  &error);

  g_assert_no_error (error);
  g_assert_nonnull (request);
  g_assert_cmpstr (request->job, ==, "17");
  g_assert_cmpstr (request->worker_id, ==, "worker-cpu");
  g_assert_cmpstr (request->work, ==, "/var/lib/rbee-hive/jobs/17/work");
  g_assert_cmpstr (request->backend, ==, "cuda");
  g_assert_cmpstr (request->source, ==, "git");
  g_assert_true (request->check);
  g_assert_true (request->reinstall);
  g_assert_cmpstr (request->installed_version, ==, "2:1.0-1");
  g_assert_cmpstr (request->installed_recipe_sha256, ==, "abc");
  g_assert_cmpstr (request->installed_backend, ==, "cpu");
}

static void
test_options_and_installed_may_be_missing (void)
{
  static const char *const texts[] = {
    "{ 'job': '1', 'worker_id': 'w', 'work': '/w' }",
    "{ 'job': '1', 'worker_id': 'w', 'work': '/w', 'options': {}, 'installed': {} }",
    "{ 'job': '1', 'worker_id': 'w', 'work': '/w', 'options': null, 'installed': null, 'surprise': 7 }",
    "{ 'job': '1', 'worker_id': 'w', 'work': '/w', 'options': { 'check': false, 'reinstall': false } }",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JobRequest) request = request_of (texts[i], &error);

      g_assert_no_error (error);
      g_assert_nonnull (request);
      g_assert_null (request->backend);
      g_assert_null (request->source);
      g_assert_false (request->check);
      g_assert_false (request->reinstall);
      g_assert_null (request->installed_version);
      g_assert_null (request->installed_recipe_sha256);
      g_assert_null (request->installed_backend);
    }
}

static void
test_other_json_is_refused (void)
{
  static const char *const texts[] = { "",  " ",       "{",    "[]",  "7",          "null",
                                       "{", "{ 'job'", "{} x", "'a'", "{ 'job': }", "{ 'worker_id': 'w' " };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_is_refused (texts[i], "the request");
}

static void
test_bad_worker_id_is_refused (void)
{
  static const char *const texts[] = {
    "{}",
    "{ 'job': '1', 'work': '/w' }",
    "{ 'worker_id': null, 'work': '/w' }",
    "{ 'worker_id': 7, 'work': '/w' }",
    "{ 'worker_id': '', 'work': '/w' }",
    "{ 'worker_id': '../x', 'work': '/w' }",
    "{ 'worker_id': '-x', 'work': '/w' }",
    "{ 'worker_id': 'a..b', 'work': '/w' }",
    "{ 'worker_id': 'a/b', 'work': '/w' }",
    "{ 'worker_id': 'w\\n', 'work': '/w' }",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_is_refused (texts[i], "is not a worker id");
}

static void
test_work_directory_is_an_absolute_path (void)
{
  static const char *const texts[] = {
    "{ 'worker_id': 'w' }",
    "{ 'worker_id': 'w', 'work': '' }",
    "{ 'worker_id': 'w', 'work': 'work' }",
    "{ 'worker_id': 'w', 'work': '../work' }",
    "{ 'worker_id': 'w', 'work': null }",
    "{ 'worker_id': 'w', 'work': ['/w'] }",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_is_refused (texts[i], "work directory");
}

static void
test_invalid_utf8_is_refused (void)
{
  assert_is_refused ("{ 'worker_id': 'w', 'work': '/w\377' }", "UTF-8");
}

static void
test_deep_nesting_is_refused (void)
{
  g_autofree char *brackets = g_strnfill (30000, '[');
  g_autofree char *text = g_strconcat ("{ 'worker_id': 'w', 'work': '/w', 'options': ", brackets, NULL);

  assert_is_refused (text, "nested");
}

static void
test_size_is_limited_to_16_mib (void)
{
  static const char start[] = "{ 'worker_id': 'w', 'work': '/w' }";

  for (int over = 0; over < 2; over++)
    {
      g_autofree char *spaces = g_strnfill (16 * 1024 * 1024 - strlen (start) + over, ' ');
      g_autofree char *text = g_strconcat (start, spaces, NULL);

      if (over)
        assert_is_refused (text, "larger than 16777216 bytes");
      else
        {
          g_autoptr (JobRequest) request = request_of (text, NULL);

          g_assert_nonnull (request);
        }
    }
}

static void
test_pieces_of_a_pipe_are_joined (void)
{
  static const char text[] = "{ \"job\": \"1\", \"worker_id\": \"w\", \"work\": \"/w\" }";
  g_autoptr (GError) error = NULL;
  g_autoptr (JobRequest) request = NULL;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  for (size_t i = 0; i < strlen (text); i++)
    g_assert_cmpint (write (fds[1], text + i, 1), ==, 1);
  close (fds[1]);
  request = job_request_read (fds[0], &error);
  close (fds[0]);
  g_assert_no_error (error);
  g_assert_nonnull (request);
  g_assert_cmpstr (request->worker_id, ==, "w");
}

static void
test_unreadable_descriptor_is_an_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JobRequest) request = job_request_read (-1, &error);

  g_assert_null (request);
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/request/full-one-is-read", test_full_one_is_read);
  g_test_add_func ("/request/options-and-installed-may-be-missing", test_options_and_installed_may_be_missing);
  g_test_add_func ("/request/other-json-is-refused", test_other_json_is_refused);
  g_test_add_func ("/request/bad-worker-id-is-refused", test_bad_worker_id_is_refused);
  g_test_add_func ("/request/work-directory-is-an-absolute-path", test_work_directory_is_an_absolute_path);
  g_test_add_func ("/request/invalid-utf8-is-refused", test_invalid_utf8_is_refused);
  g_test_add_func ("/request/deep-nesting-is-refused", test_deep_nesting_is_refused);
  g_test_add_func ("/request/size-is-limited-to-16-mib", test_size_is_limited_to_16_mib);
  g_test_add_func ("/request/pieces-of-a-pipe-are-joined", test_pieces_of_a_pipe_are_joined);
  g_test_add_func ("/request/unreadable-descriptor-is-an-error", test_unreadable_descriptor_is_an_error);
  return g_test_run ();
}
