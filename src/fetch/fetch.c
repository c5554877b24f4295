/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fetch.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access.h"
#include "error.h"
#include "file.h"
#include "scripts.h"

#define OUTCOME_MAX   (16 * 1024)
#define OUTCOME_LINES 8
#define INSIDE_CA     "/etc/rbee-hive-ca.pem"
#define ATTEMPTS_MAX  4
#define GRACE         10 /* seconds: libcurl says better than the sandbox what took too long */

char *
fetch_redact (const char *url)
{
  const char *authority = strstr (url, "://");
  const char *at, *rest;
  size_t length;

  if (!authority)
    return g_strdup (url);
  authority += strlen ("://");
  at = memrchr (authority, '@', strcspn (authority, "/?#"));
  rest = at ? at + 1 : authority;
  length = strcspn (rest, "?");
  return g_strdup_printf ("%.*s%.*s%s", (int)(authority - url), url, (int)length, rest, rest[length] ? "?…" : "");
}

const char *const fetch_proxies[] = { "http_proxy",  "https_proxy", "all_proxy", "no_proxy",
                                      "HTTPS_PROXY", "ALL_PROXY",   "NO_PROXY",  NULL };

void
fetch_allow_proxies (Sandbox *sandbox)
{
  for (const char *const *name = fetch_proxies; *name; name++)
    if (g_getenv (*name))
      {
        sandbox_setenv (sandbox, *name, g_getenv (*name));
        if (g_ascii_strncasecmp (*name, "no_", 3) != 0)
          access_allow_proxy (sandbox, g_getenv (*name));
      }
}

void
fetch_allow_network (Sandbox *sandbox, const Configuration *configuration, const CatalogConfiguration *catalog)
{
  if (catalog_configuration_is_own (catalog))
    sandbox_share_network (sandbox);
  else
    {
      sandbox_allow_network (sandbox);
      access_allow_catalog (sandbox, catalog);
      access_allow_mirrors (sandbox, configuration);
    }
  fetch_allow_proxies (sandbox);
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

static char *
line_or_null (const char *line)
{
  return *line ? g_strdup (line) : NULL;
}

/* What the program said last. It is hostile if libcurl was taken over, so only its form is believed. */
static FetchResult
fetch_read_outcome (const Fetch *fetch, const char *outcome, unsigned *ret_wait, char ***ret_lines, char **ret_why)
{
  g_autofree char *url = fetch_redact (fetch->url);
  g_autofree char *valid = g_utf8_make_valid (outcome, -1);
  g_auto (GStrv) lines = g_strsplit (valid, "\n", OUTCOME_LINES);
  int result = FETCH_FAILED, errnum = 0;

  if (g_strv_length (lines) != OUTCOME_LINES || sscanf (lines[0], "%d %d %u", &result, &errnum, ret_wait) != 3 ||
      result < 0 || result > FETCH_OK)
    {
      *ret_why = g_strdup_printf (N_ ("%s cannot be fetched: rbee-hive-fetch ended unexpectedly"), url);
      return FETCH_FAILED;
    }
  if (result == FETCH_NOT_MODIFIED && !fetch->known)
    {
      *ret_why =
          g_strdup_printf (N_ ("%s: the server says that nothing has changed (304), though it was not asked that"),
                           url);
      return FETCH_FAILED;
    }
  if (result != FETCH_OK)
    *ret_why = g_strdup (lines[OUTCOME_LINES - 1]);
  if (result == FETCH_OK && fetch->ret_encoding)
    *fetch->ret_encoding = g_strdup (lines[6]);
  if (result == FETCH_OK && fetch->ret_state)
    *fetch->ret_state = (FetchState){ .etag = line_or_null (lines[4]), .modified = line_or_null (lines[5]) };
  *ret_lines = g_steal_pointer (&lines);
  errno = errnum;
  return result;
}

/* Runs the program once with @options; @fd is its standard output. */
static FetchResult
fetch_try (const Fetch *fetch, int fd, const char *const *options, unsigned *ret_wait, char ***ret_lines,
           char **ret_why)
{
  g_autoptr (Output) progress =
      fetch->log && fetch->progress ? output_new (fetch->log, fetch->phase, LOG_STREAM_PROGRESS) : NULL;
  g_autofree char *program = scripts_path ("rbee-hive-fetch");
  g_autofree char *max_size = g_strdup_printf ("%" G_GUINT64_FORMAT, fetch->max_size);
  g_autofree char *timeout = g_strdup_printf ("%u", fetch->timeout);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (Sandbox) sandbox = sandbox_new (fetch->configuration);
  g_autoptr (GError) error = NULL;
  int status;

  if (fetch->ca_file && access (fetch->ca_file, R_OK) < 0)
    {
      *ret_why = g_strdup_printf (N_ ("builds cannot read %s: %s"), fetch->ca_file, g_strerror (errno));
      return FETCH_UNTRUSTED;
    }
  g_ptr_array_add (arguments, program);
  if (!fetch->mirrored && !catalog_configuration_is_own (fetch->catalog))
    g_ptr_array_add (arguments, (char *)"--foreign");
  if (fetch->decode)
    g_ptr_array_add (arguments, (char *)"--decode");
  for (; options && *options; options++)
    g_ptr_array_add (arguments, (char *)*options);
  for (const char *const *last = (const char *const[]){ "--", fetch->url, max_size, timeout, NULL }; *last; last++)
    g_ptr_array_add (arguments, (char *)*last);
  g_ptr_array_add (arguments, NULL);

  scripts_bind (fetch->configuration, sandbox);
  fetch_allow_network (sandbox, fetch->configuration, fetch->catalog);
  if (fetch->proxy)
    access_allow_proxy (sandbox, fetch->proxy);
  fetch_set_server (fetch, sandbox);
  sandbox_set_timeout (sandbox, fetch->timeout + GRACE);
  sandbox_set_output (sandbox, NULL, progress);
  if (fetch->folder)
    sandbox_limit_folder (sandbox, fetch->folder, UINT64_MAX, UINT_MAX);
  if (fd >= 0)
    sandbox_set_stdout (sandbox, fd);
  sandbox_collect (sandbox, FETCH_OUTCOME_FD, OUTCOME_MAX);
  if (sandbox_run (sandbox, (const char *const *)arguments->pdata, &status, &error))
    return fetch_read_outcome (fetch, sandbox_collected (sandbox, NULL), ret_wait, ret_lines, ret_why);

  *ret_why = g_strdup (error->message);
  return error->code == HIVE_ERROR_SANDBOX_UNAVAILABLE ? FETCH_NO_SANDBOX :
         error->code == HIVE_ERROR_NO_SPACE            ? FETCH_NO_SPACE :
                                                         FETCH_FAILED;
}

/* Empties @fd from @start on: what a server says of being busy may have come into it. */
static bool
fetch_again (const Fetch *fetch, int fd, off_t start, unsigned attempt, unsigned wait, int64_t deadline, char **why)
{
  unsigned seconds = MAX (wait, 1u << attempt);
  g_autofree char *before = g_steal_pointer (why);

  if (g_get_monotonic_time () + (int64_t)seconds * G_USEC_PER_SEC > deadline)
    {
      *why = g_strdup_printf (N_ ("%s, and asks to be left alone for %u s"), before, seconds);
      return false;
    }
  log_writer_note (fetch->log, fetch->phase, "↻ Trying again in %u s: %s", seconds, before);
  if (!sandbox_wait (seconds, NULL) || (fd >= 0 && (ftruncate (fd, start) < 0 || lseek (fd, start, SEEK_SET) < 0)))
    {
      *why = g_steal_pointer (&before);
      return false;
    }
  return true;
}

/* Until a server that is busy has time. */
static FetchResult
fetch_run (const Fetch *fetch, int fd, const char *const *options, char ***ret_lines, char **ret_why)
{
  int64_t deadline = g_get_monotonic_time () + (int64_t)fetch->timeout * G_USEC_PER_SEC;
  off_t start = fd < 0 ? 0 : MAX (lseek (fd, 0, options ? SEEK_END : SEEK_CUR), 0);

  for (unsigned attempt = 0;; attempt++)
    {
      g_auto (GStrv) lines = NULL;
      unsigned wait = 0;
      FetchResult result = fetch_try (fetch, fd, options, &wait, &lines, ret_why);

      if (result != FETCH_BUSY || !fetch->log || attempt + 1 == ATTEMPTS_MAX ||
          !fetch_again (fetch, fd, start, attempt, wait, deadline, ret_why))
        {
          *ret_lines = g_steal_pointer (&lines);
          return result == FETCH_BUSY ? FETCH_FAILED : result;
        }
    }
}

FetchResult
fetch_file (const Fetch *fetch, int fd, char **ret_why)
{
  g_auto (GStrv) lines = NULL;

  return fetch_run (fetch, fd, NULL, &lines, ret_why);
}

FetchResult
fetch_resume (const Fetch *fetch, int fd, char **validator, char **ret_why)
{
  g_autofree char *option = g_strconcat ("--resume=", *validator, NULL);
  const char *options[] = { option, NULL };
  g_auto (GStrv) lines = NULL;
  FetchResult result = fetch_run (fetch, fd, options, &lines, ret_why);

  g_free (*validator);
  *validator = g_strdup (lines ? lines[1] : "");
  return result;
}

FetchResult
fetch_locate (const Fetch *fetch, char **ret_url, char **ret_address, char **ret_why)
{
  const char *options[] = { "--locate", NULL };
  g_auto (GStrv) lines = NULL;
  FetchResult result = fetch_run (fetch, -1, options, &lines, ret_why);

  if (result != FETCH_OK)
    return result;
  if (*lines[3] && !g_hostname_is_ip_address (lines[3]))
    {
      *ret_why = g_strdup (N_ ("rbee-hive-fetch named no address"));
      return FETCH_FAILED;
    }
  *ret_url = g_strdup (lines[2]);
  *ret_address = g_strdup (lines[3]);
  return FETCH_OK;
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
    return hive_error_set_errno (error, errno, "Cannot write %s", target);
  if (result == FETCH_NO_SANDBOX || result == FETCH_NO_SPACE)
    g_set_error_literal (error, HIVE_ERROR,
                         result == FETCH_NO_SPACE ? HIVE_ERROR_NO_SPACE : HIVE_ERROR_SANDBOX_UNAVAILABLE, why);
  else if (result == FETCH_TOO_LARGE)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_LIMITS_EXCEEDED,
                 N_ ("A source is too large: %s (MaxDownloadSize= in hive.conf)"), why);
  else if (result == FETCH_UNTRUSTED)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                 "A source cannot be fetched: %s; for one of your own, add who vouches for it to this machine's "
                 "certificates (update-ca-certificates or trust anchor)",
                 why);
  else
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE, N_ ("A source cannot be fetched: %s"), why);
  return false;
}
