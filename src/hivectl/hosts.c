/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "client.h"
#include "file.h"
#include "json-reader.h"
#include "json.h"
#include "table.h"
#include "terminal.h"
#include "text.h"

#define LINE_MAX_SIZE   (64 << 10) /* a longer line is shown in pieces */
#define OUTPUT_MAX_SIZE (16 << 20) /* of a machine, where it has to be kept for --json */

typedef struct Hosts Hosts;

typedef struct
{
  Hosts *hosts;
  const char *name;
  pid_t pid;
  GString *output, *errors; /* what came and is not shown yet; with --json all of it */
  sd_event_source *output_source, *errors_source;
  ExitStatus status;
} Host;

struct Hosts
{
  sd_event *event;
  const Options *options;
  Host *each;
  guint count, open; /* pipes that may still say something */
  unsigned width;    /* of the longest name */
};

char **
hosts_split (const char *host, GError **error)
{
  g_auto (GStrv) names = g_strsplit (host, ",", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  guint count = g_strv_length (names);

  if (count > HOSTS_MAX)
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--host takes at most %d machines, and %u are named"),
                   HOSTS_MAX, count);
      return NULL;
    }
  for (guint i = 0; i < count; i++)
    if (!*g_strstrip (names[i]))
      {
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--host=%s has a name that is empty"), host);
        return NULL;
      }
    else if (!g_hash_table_add (seen, names[i]))
      {
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--host names %s twice"), names[i]);
        return NULL;
      }
  return g_steal_pointer (&names);
}

/* A line, or with --plain a row, of one machine. One write: lines of several programs on one terminal stay whole. */
static void
host_show_line (const Host *host, int fd, const char *line, size_t length)
{
  g_autoptr (GString) shown = g_string_new (NULL);
  const Options *options = host->hosts->options;

  if (options->plain && fd == STDOUT_FILENO)
    g_string_append_printf (shown, "%s\t", host->name);
  else
    g_string_append_printf (shown, "%s%s%s%*s  ", fd == STDOUT_FILENO ? terminal_style (TERMINAL_BOLD) : "", host->name,
                            fd == STDOUT_FILENO ? terminal_style (TERMINAL_PLAIN) : "",
                            (int)(host->hosts->width - text_width (host->name)), "");
  g_string_append_len (shown, line, length);
  g_string_append_c (shown, '\n');
  if (fd == STDOUT_FILENO)
    terminal_write (shown->str, shown->len);
  else
    (void)file_write_all (fd, shown->str, shown->len);
}

/* Shows the whole lines of @text and leaves the rest of it there; at the end (@all) the rest too. */
static void
host_show (const Host *host, int fd, GString *text, bool all)
{
  const char *line = text->str, *end;

  for (; (end = strchr (line, '\n')); line = end + 1)
    host_show_line (host, fd, line, end - line);
  g_string_erase (text, 0, line - text->str);
  if (text->len && (all || text->len > LINE_MAX_SIZE))
    {
      host_show_line (host, fd, text->str, text->len);
      g_string_truncate (text, 0);
    }
}

static void
host_take (Host *host, int fd, GString *text, const char *data, size_t length)
{
  const Options *options = host->hosts->options;

  /* No hive sends a NUL byte; it would hide what comes after it. */
  for (size_t i = 0; i < length; i++)
    g_string_append_c (text, data[i] ? data[i] : '?');
  if (!options->json)
    host_show (host, fd, text, false);
  else if (text->len > OUTPUT_MAX_SIZE)
    g_string_truncate (text, OUTPUT_MAX_SIZE);
}

static int
host_on_data (sd_event_source *source, int fd, uint32_t events, void *userdata)
{
  Host *host = userdata;
  bool is_output = source == host->output_source;
  int shown = is_output ? STDOUT_FILENO : STDERR_FILENO;
  GString *text = is_output ? host->output : host->errors;
  char data[16 << 10];
  ssize_t n = read (fd, data, sizeof data);

  if (n > 0)
    host_take (host, shown, text, data, n);
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    {
      if (!host->hosts->options->json)
        host_show (host, shown, text, true);
      sd_event_source_set_enabled (source, SD_EVENT_OFF);
      if (--host->hosts->open == 0)
        sd_event_exit (host->hosts->event, 0);
    }
  return 0;
}

/* In the child: nobody is there to answer a question, neither hivectl's nor ssh's (ssh-askpass may not ask either). */
static void G_GNUC_NORETURN
host_execute (const Host *host, int output, int errors, HostsRun run, void *userdata)
{
  int nothing = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  if (nothing < 0 || dup2 (nothing, STDIN_FILENO) < 0 || dup2 (output, STDOUT_FILENO) < 0 ||
      dup2 (errors, STDERR_FILENO) < 0)
    _exit (EXIT_STATUS_FAILED);
  signal (SIGINT, SIG_DFL);
  g_setenv ("SSH_ASKPASS", "/bin/false", TRUE);
  g_setenv ("SSH_ASKPASS_REQUIRE", "force", TRUE);
  exit (run (host->name, userdata));
}

static bool
host_start (Host *host, HostsRun run, void *userdata, GError **error)
{
  int output[2] = { -1, -1 }, errors[2] = { -1, -1 };
  int r = 0;

  host->pid = -1;
  if (pipe2 (output, O_CLOEXEC) < 0 || pipe2 (errors, O_CLOEXEC) < 0 || (host->pid = fork ()) < 0)
    r = -errno;
  if (host->pid == 0)
    host_execute (host, output[1], errors[1], run, userdata);
  if (output[1] >= 0)
    close (output[1]);
  if (errors[1] >= 0)
    close (errors[1]);
  if (r == 0)
    r = sd_event_add_io (host->hosts->event, &host->output_source, output[0], EPOLLIN, host_on_data, host);
  if (r >= 0)
    r = sd_event_add_io (host->hosts->event, &host->errors_source, errors[0], EPOLLIN, host_on_data, host);
  if (r >= 0)
    {
      sd_event_source_set_io_fd_own (host->output_source, true);
      sd_event_source_set_io_fd_own (host->errors_source, true);
      host->hosts->open += 2;
      return true;
    }
  g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("Cannot start what asks %s: %s"), host->name,
               g_strerror (-r));
  return false;
}

static void
host_end (Host *host)
{
  int status = 0;

  while (host->pid > 0 && waitpid (host->pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED (status))
    host->status = WEXITSTATUS (status);
  else
    host->status = WTERMSIG (status) == SIGINT ? EXIT_STATUS_INTERRUPTED : EXIT_STATUS_FAILED;
}

static const char *
hosts_status_text (ExitStatus status)
{
  switch (status)
    {
    case EXIT_STATUS_OK:
      return _ ("done");
    case EXIT_STATUS_NOT_FOUND:
      return _ ("there is no such worker or job");
    case EXIT_STATUS_REFUSED:
      return _ ("the hive refuses");
    case EXIT_STATUS_NO_HIVE:
      return _ ("no hive answers");
    case EXIT_STATUS_CANCELLED:
      return _ ("cancelled");
    case EXIT_STATUS_DAMAGED:
      return _ ("files were changed or are missing");
    case EXIT_STATUS_INTERRUPTED:
      return _ ("runs on");
    default:
      return _ ("failed");
    }
}

static void
hosts_print_table (const Hosts *hosts)
{
  g_autoptr (Table) table = table_new ((const char *const[]){ _ ("HOST"), _ ("STATUS"), _ ("RESULT"), NULL });

  for (guint i = 0; i < hosts->count; i++)
    {
      g_autofree char *status = g_strdup_printf ("%d", hosts->each[i].status);

      table_add (table,
                 (const char *const[]){ hosts->each[i].name, status, hosts_status_text (hosts->each[i].status) });
    }
  terminal_write ("\n", 1);
  table_print (table);
}

/* What the machine's hivectl printed as JSON, as that; anything else as text. */
static JsonNode *
host_output_node (const Host *host)
{
  g_autoptr (GError) ignored = NULL;
  JsonNode *node = host->output->len ? json_read (host->output->str, host->output->len, &ignored) : NULL;

  if (node)
    return node;
  node = json_node_new (host->output->len ? JSON_NODE_VALUE : JSON_NODE_NULL);
  if (host->output->len)
    {
      g_autofree char *text = g_utf8_make_valid (host->output->str, host->output->len);

      json_node_set_string (node, text);
    }
  return node;
}

static void
hosts_print_json (const Hosts *hosts)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_ARRAY);
  g_autofree char *text = NULL;

  json_node_take_array (root, json_array_new ());
  for (guint i = 0; i < hosts->count; i++)
    {
      JsonObject *object = json_object_new ();
      g_autofree char *message = g_utf8_make_valid (g_strchomp (hosts->each[i].errors->str), -1);

      json_object_set_string_member (object, "host", hosts->each[i].name);
      json_object_set_int_member (object, "status", hosts->each[i].status);
      json_object_set_member (object, "output", host_output_node (&hosts->each[i]));
      json_object_set_string_member (object, "message", message);
      json_array_add_object_element (json_node_get_array (root), object);
    }
  text = json_node_to_text (root, true);
  terminal_write (text, strlen (text));
}

static ExitStatus
hosts_tell (const Hosts *hosts)
{
  ExitStatus worst = EXIT_STATUS_OK;

  for (guint i = 0; i < hosts->count; i++)
    worst = MAX (worst, hosts->each[i].status);
  if (hosts->options->json)
    hosts_print_json (hosts);
  else if (!hosts->options->plain && !hosts->options->quiet)
    hosts_print_table (hosts);
  return worst;
}

ExitStatus
hosts_run (char *const *names, const Options *options, HostsRun run, void *userdata, GError **error)
{
  Hosts hosts = { .options = options, .count = g_strv_length ((char **)names) };
  ExitStatus worst = EXIT_STATUS_FAILED;

  hosts.each = g_new0 (Host, hosts.count);
  client_must (sd_event_new (&hosts.event));
  for (guint i = 0; i < hosts.count; i++)
    hosts.width = MAX (hosts.width, text_width (names[i]));
  /* Ctrl-C reaches every one of them; we say how they ended. */
  signal (SIGINT, SIG_IGN);
  for (guint i = 0; i < hosts.count && !*error; i++)
    {
      hosts.each[i] =
          (Host){ .hosts = &hosts, .name = names[i], .output = g_string_new (NULL), .errors = g_string_new (NULL) };
      host_start (&hosts.each[i], run, userdata, error);
    }
  if (hosts.open)
    client_must (sd_event_loop (hosts.event));
  for (guint i = 0; i < hosts.count && hosts.each[i].hosts; i++)
    host_end (&hosts.each[i]);
  if (!*error)
    worst = hosts_tell (&hosts);
  for (guint i = 0; i < hosts.count && hosts.each[i].hosts; i++)
    {
      sd_event_source_unref (hosts.each[i].output_source);
      sd_event_source_unref (hosts.each[i].errors_source);
      g_string_free (hosts.each[i].output, TRUE);
      g_string_free (hosts.each[i].errors, TRUE);
    }
  g_free (hosts.each);
  sd_event_unref (hosts.event);
  return worst;
}
