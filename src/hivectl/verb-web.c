/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "bridge-client.h"
#include "configuration.h"
#include "file.h"
#include "json.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

/* The first socket in Listen=, which is also that of rbee-hive-bridge.socket. */
static char *
web_find_socket (const Options *options, GError **error)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) failure = NULL;

  if (options->socket)
    return g_strdup (options->socket);
  configuration = configuration_load (NULL, &failure);
  if (!configuration)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
      return NULL;
    }
  for (char **entry = configuration->listen; *entry; entry++)
    if (**entry == '/')
      return g_strdup (*entry);
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("%s names no Unix socket of the bridge: add one to Listen="),
               configuration->path);
  return NULL;
}

/* A page that leads to @url, for us alone: what stands in a command line everybody here may read. */
static char *
web_write_page (const char *url, GError **error)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "rbee-hive-web.html", NULL);
  g_autofree char *escaped = g_markup_escape_text (url, -1);
  g_autofree char *page =
      g_strdup_printf ("<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=%s\">\n",
                       escaped);
  g_auto (Fd) fd = -1;
  int r;

  unlink (path);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  r = fd < 0 ? -errno : file_write_all (fd, page, strlen (page));
  if (r >= 0)
    return g_steal_pointer (&path);
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot write %s: %s"), path, g_strerror (-r));
  return NULL;
}

static bool
web_open (const char *url, GError **error)
{
  g_autofree char *page = web_write_page (url, error);
  char *command[] = { (char *)"xdg-open", page, NULL };
  g_autoptr (GError) failure = NULL;

  if (!page)
    return false;
  if (g_spawn_async (NULL, command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &failure))
    return true;
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot open a browser: %s"), failure->message);
  return false;
}

/* Asks for @path; prints the answer's @key, or all of it as JSON. NULL: @error. */
static char *
web_ask (const Options *options, const char *socket, const char *path, const char *key, GError **error)
{
  JsonObject *answer = bridge_client_post (socket, path, error);
  g_autofree char *value = NULL;

  if (!answer)
    return NULL;
  value = g_strdup (json_get_string (answer, key, ""));
  if (options->json)
    variant_print_line (answer);
  else
    json_object_unref (answer);
  return g_steal_pointer (&value);
}

static ExitStatus
web_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autofree char *socket = NULL;
  g_autofree char *answer = NULL;

  if (client_is_remote (client))
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                   _ ("The bridge of another machine is asked there: ssh %s hivectl web"), client_host (client));
      return EXIT_STATUS_USAGE;
    }
  if (options->token + options->rotate + options->open > 1)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE,
                           _ ("--open, --token and --rotate are three different things"));
      return EXIT_STATUS_USAGE;
    }
  socket = web_find_socket (options, error);
  if (!socket)
    return EXIT_STATUS_FAILED;
  answer = web_ask (options, socket,
                    options->rotate ? "/v1/keys" :
                    options->token  ? "/v1/tokens" :
                                      "/v1/codes",
                    options->token ? "token" : "url", error);
  if (!answer || (options->open && !web_open (answer, error)))
    return EXIT_STATUS_FAILED;
  if (options->rotate && !options->json)
    terminal_printf (_ ("Every token is void now.\n"));
  else if (!options->open && !options->json)
    terminal_printf ("%s\n", answer);
  return EXIT_STATUS_OK;
}

const Verb web_verb = {
  .name = "web",
  .summary = N_ ("Print a link that opens the web page"),
  .details = N_ ("The link is good once and for five minutes; the page keeps what it gets for it\n"
                 "as long as its tab is open. It asks the bridge, rbee-hive-bridge(8), over its\n"
                 "Unix socket, which only root and the members of group rbee may use."),
  .example = "hivectl web --open",
  .options = OPTION_WEB,
  .run = web_run,
};
