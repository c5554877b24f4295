/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "bridge-client.h"
#include "config.h"
#include "configuration.h"
#include "file.h"
#include "json.h"
#include "terminal.h"
#include "variant.h"
#include "verb.h"

/* The hive.conf of the bridge: the one that is named, or that of the hive that answers. Another bus than the system's
 * has its own hive, and the installed file is not its. */
static bool
web_find_configuration (Client *client, const Options *options, char **ret_file, GError **error)
{
  const char *bus = g_getenv ("DBUS_SYSTEM_BUS_ADDRESS");

  *ret_file =
      options->config ? g_strdup (options->config) : client_configuration_file (client, bus && *bus ? error : NULL);
  if (!options->config && g_strcmp0 (*ret_file, configuration_default) == 0)
    g_clear_pointer (ret_file, g_free);
  return !*error;
}

/* The first socket in Listen=, which is also that of rbee-hive-bridge.socket. */
static char *
web_find_socket (const Options *options, const char *file, GError **error)
{
  g_autoptr (Configuration) configuration = NULL;
  g_autoptr (GError) failure = NULL;

  if (options->socket)
    return g_strdup (options->socket);
  configuration = configuration_load (file, &failure);
  if (!configuration)
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_FAILED, failure->message);
      return NULL;
    }
  for (char **entry = configuration->listen; *entry; entry++)
    if (**entry == '/')
      return g_strdup (*entry);
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("%s names no Unix socket of the bridge: add one to Listen="),
               file ? file : configuration_default);
  return NULL;
}

/* systemd starts only the bridge that is installed. */
static char *
web_advice (const Options *options, const char *file)
{
  g_autofree char *program = NULL;

  if (options->socket)
    return g_strdup (_ ("Does a bridge run that listens there? See Listen= in its hive.conf, and\n"
                        "'systemctl status rbee-hive-bridge.socket'."));
  if (!file)
    return g_strdup (_ ("Does it run? See 'systemctl status rbee-hive-bridge.socket'."));
  program = g_build_filename (LIBEXECDIR, "rbee-hive-bridge", NULL);
  return g_strdup_printf (_ ("Does it run? It is started as: %s --config %s"), program, file);
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
web_ask (const Options *options, const BridgeAddress *bridge, const char *path, const char *key, GError **error)
{
  JsonObject *answer = bridge_client_post (bridge, path, error);
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
  g_autofree char *file = NULL;
  g_autofree char *socket = NULL;
  g_autofree char *advice = NULL;
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
  if (!options->socket && !web_find_configuration (client, options, &file, error))
    return EXIT_STATUS_FAILED;
  socket = web_find_socket (options, file, error);
  if (!socket)
    return EXIT_STATUS_FAILED;
  advice = web_advice (options, file);
  answer = web_ask (options, &(BridgeAddress){ socket, advice },
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
                 "Unix socket, which only root and the members of group rbee may use: the first\n"
                 "one in Listen= of the hive.conf of the hive that answers, or of --config."),
  .example = "hivectl web --open",
  .options = OPTION_WEB | OPTION_CONFIG,
  .run = web_run,
};
