/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-ready URL: ends when a worker is ready, as an ExecStartPost= of its unit, in the worker's own network.
 * systemd says how long that may take (TimeoutStartSec=), and names the worker's process in MAINPID. */
#include <curl/curl.h>
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"

#define TURN        50   /* ms between two questions */
#define ANSWER_TIME 5000 /* ms for one answer */

static size_t
ready_swallow (char *data, size_t size, size_t count, void *userdata)
{
  return size * count;
}

/* The worker's process, to be polled for its end; -1: it is gone, or nobody said which it is. */
static int
ready_open_worker (void)
{
  const char *text = g_getenv ("MAINPID");
  guint64 pid;

  if (!text || !g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &pid, NULL))
    {
      errno = EINVAL;
      return -1;
    }
  return (int)syscall (SYS_pidfd_open, (pid_t)pid, 0);
}

static CURL *
ready_open_url (const char *url)
{
  CURL *curl = curl_easy_init ();

  if (!curl || curl_easy_setopt (curl, CURLOPT_URL, url) != CURLE_OK ||
      curl_easy_setopt (curl, CURLOPT_PROXY, "") != CURLE_OK ||
      curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
      curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, ready_swallow) != CURLE_OK ||
      curl_easy_setopt (curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_TIME) != CURLE_OK)
    return NULL;
  return curl;
}

/* One question. What does not answer yet is not ready. */
static bool
ready_ask (CURL *curl)
{
  long status = 0;

  return curl_easy_perform (curl) == CURLE_OK &&
         curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
}

static int
ready_wait (CURL *curl, int worker)
{
  struct pollfd end = { .fd = worker, .events = POLLIN };

  while (!ready_ask (curl))
    if (poll (&end, worker >= 0 ? 1 : 0, TURN) > 0)
      {
        g_printerr ("The worker ended before it was ready\n");
        return EXIT_FAILURE;
      }
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  CURL *curl;
  int worker;

  if (argc == 2 && g_str_equal (argv[1], "--version"))
    {
      g_print ("rbee-hive-ready %s\n", PROJECT_VERSION);
      return EXIT_SUCCESS;
    }
  if (argc != 2)
    {
      g_printerr ("Usage: rbee-hive-ready URL\n");
      return 2;
    }
  worker = ready_open_worker ();
  if (worker < 0 && errno == ESRCH)
    {
      g_printerr ("The worker ended at once\n");
      return EXIT_FAILURE;
    }
  curl = ready_open_url (argv[1]);
  if (!curl)
    {
      g_printerr ("%s cannot be asked\n", argv[1]);
      return EXIT_FAILURE;
    }
  return ready_wait (curl, worker);
}
