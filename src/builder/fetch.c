/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch.h"

#include "error.h"
#include "file.h"
#include "step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OUTCOME_MAX 4096
#define INSIDE_CA   "/etc/rbee-hive-ca.pem"
#define GRACE       10 /* seconds: libcurl says better than the sandbox what took too long */

char *
fetch_redact (const char *url)
{
  const char *authority = strstr (url, "://");
  const char *at;

  if (!authority)
    return g_strdup (url);
  authority += strlen ("://");
  at = memrchr (authority, '@', strcspn (authority, "/?#"));
  return at ? g_strdup_printf ("%.*s%s", (int)(authority - url), url, at + 1) : g_strdup (url);
}

void
fetch_allow_network (Sandbox *sandbox)
{
  static const char *const proxies[] = { "http_proxy",  "https_proxy", "all_proxy", "no_proxy",
                                         "HTTPS_PROXY", "ALL_PROXY",   "NO_PROXY" };

  sandbox_allow_network (sandbox);
  for (size_t i = 0; i < G_N_ELEMENTS (proxies); i++)
    if (g_getenv (proxies[i]))
      sandbox_setenv (sandbox, proxies[i], g_getenv (proxies[i]));
}

void
fetch_state_clear (FetchState *state)
{
  g_clear_pointer (&state->etag, g_free);
  g_clear_pointer (&state->modified, g_free);
}

static void
fetch_setenv (Sandbox *sandbox, const char *name, const char *value)
{
  if (value)
    sandbox_setenv (sandbox, name, value);
}

static void
fetch_set_server (const Fetch *fetch, Sandbox *sandbox)
{
  fetch_setenv (sandbox, FETCH_PROXY, fetch->proxy);
  fetch_setenv (sandbox, FETCH_TOKEN, fetch->token);
  fetch_setenv (sandbox, FETCH_SECURE, fetch->secure ? "1" : NULL);
  fetch_setenv (sandbox, FETCH_CA_FILE, fetch->ca_file ? INSIDE_CA : NULL);
  fetch_setenv (sandbox, FETCH_ETAG, fetch->known ? fetch->known->etag : NULL);
  fetch_setenv (sandbox, FETCH_MODIFIED, fetch->known ? fetch->known->modified : NULL);
  if (fetch->ca_file)
    sandbox_bind_read_only (sandbox, fetch->ca_file, INSIDE_CA);
}

static void
fetch_read_state (const Fetch *fetch, const char *text)
{
  const char *newline = strchr (text, '\n');

  if (!fetch->ret_state || !newline)
    return;
  if (newline > text)
    fetch->ret_state->etag = g_utf8_make_valid (text, newline - text);
  if (newline[1])
    fetch->ret_state->modified = g_utf8_make_valid (newline + 1, -1);
}

/* What the program said last. It is hostile if libcurl was taken over, so only its form is believed. */
static FetchResult
fetch_read_outcome (const Fetch *fetch, const char *outcome, char **ret_why)
{
  g_autofree char *url = fetch_redact (fetch->url);
  int result = FETCH_FAILED, errnum = 0, at = 0;

  if (sscanf (outcome, "%d %d %n", &result, &errnum, &at) != 2 || result < 0 || result > FETCH_OK)
    {
      *ret_why = g_strdup_printf ("%s can't be fetched: rbee-hive-fetch ended unexpectedly", url);
      return FETCH_FAILED;
    }
  if (result == FETCH_OK)
    fetch_read_state (fetch, outcome + at);
  else
    *ret_why = g_utf8_make_valid (outcome + at, -1);
  errno = errnum;
  return result;
}

FetchResult
fetch_file (const Fetch *fetch, int fd, char **ret_why)
{
  g_autoptr (Output) progress = fetch->log ? output_new (fetch->log, fetch->phase, LOG_STREAM_PROGRESS) : NULL;
  g_autofree char *program = step_script ("rbee-hive-fetch");
  g_autofree char *max_size = g_strdup_printf ("%" G_GUINT64_FORMAT, fetch->max_size);
  g_autofree char *timeout = g_strdup_printf ("%u", fetch->timeout);
  const char *arguments[] = { program, fetch->url, max_size, timeout, NULL };
  g_autoptr (Sandbox) sandbox = sandbox_new (fetch->configuration);
  g_autoptr (GError) error = NULL;
  int status;

  if (fetch->ca_file && access (fetch->ca_file, R_OK) < 0)
    {
      *ret_why = g_strdup_printf ("%s can't be read: %s (CAFile= in hive.conf)", fetch->ca_file, g_strerror (errno));
      return FETCH_FAILED;
    }
  step_bind_scripts (fetch->configuration, sandbox);
  fetch_allow_network (sandbox);
  fetch_set_server (fetch, sandbox);
  sandbox_set_timeout (sandbox, fetch->timeout + GRACE);
  sandbox_set_output (sandbox, NULL, progress);
  sandbox_set_stdout (sandbox, fd);
  sandbox_collect (sandbox, FETCH_OUTCOME_FD, OUTCOME_MAX);
  if (sandbox_run (sandbox, arguments, &status, &error))
    return fetch_read_outcome (fetch, sandbox_collected (sandbox, NULL), ret_why);

  *ret_why = g_strdup (error->message);
  return error->code == HIVE_ERROR_SANDBOX_UNAVAILABLE ? FETCH_NO_SANDBOX : FETCH_FAILED;
}

FetchResult
fetch_memory (const Fetch *fetch, GString **ret_content, char **ret_why)
{
  g_auto (Fd) fd = memfd_create ("fetch", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  FetchResult result = fetch_file (fetch, fd, ret_why);
  size_t size;
  char *text;

  if (result != FETCH_OK)
    return result;
  text = lseek (fd, 0, SEEK_SET) < 0 ? NULL : file_read_fd (fd, fetch->max_size, fetch->url, &size, &error);
  if (!text)
    {
      *ret_why = g_strdup (error ? error->message : g_strerror (errno));
      return FETCH_FAILED;
    }
  *ret_content = g_string_new_len (text, size);
  g_free (text);
  return FETCH_OK;
}

bool
fetch_set_source_error (FetchResult result, const char *why, const char *target, GError **error)
{
  if (result == FETCH_NOT_STORED)
    return hive_error_set_errno (error, errno, "Can't write %s", target);
  if (result == FETCH_NO_SANDBOX)
    g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 "A source is too large: %s (MaxDownloadSize= in hive.conf)", why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, "A source can't be fetched: %s", why);
  return false;
}
