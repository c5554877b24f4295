/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <stdlib.h>

#include "json.h"
#include "terminal.h"
#include "text.h"
#include "variant.h"
#include "verb.h"
#include "worker-id.h"

/* What is verified, and what was found. */
typedef struct
{
  Client *client;
  const Options *options;
  const char *only;  /* NULL: all workers */
  bool found;        /* whether that one is installed */
  JsonArray *answer; /* for --json */
  ExitStatus status;
  GError **error;
} Verify;

static JsonNode *
verify_ask (Verify *verify, const char *id)
{
  char *path = NULL;
  sd_bus_message *call;

  client_must (sd_bus_path_encode (WORKER_PREFIX, id, &path));
  call = client_new_call (verify->client, path, WORKER_INTERFACE, "Verify", verify->error);
  free (path);
  return call ? client_read_as (JSON_NODE_ARRAY, client_send (verify->client, call, CLIENT_READ, verify->error),
                                verify->error) :
                NULL;
}

/* Of several workers, each line says whose it is. */
static void
verify_print_line (const Verify *verify, const char *id, TerminalStyle style, const char *word, const char *path)
{
  g_autofree char *clean = text_line (path);

  if (verify->options->quiet || verify->options->json)
    return;
  terminal_printf ("%s%s%s%s%s%s%s\n", verify->only ? "" : id, verify->only ? "" : ": ", terminal_style (style), word,
                   terminal_style (TERMINAL_PLAIN), *clean ? " " : "", clean);
}

/* @problem: [path, what], as Verify's a(ss) becomes. */
static void
verify_take_problem (Verify *verify, const char *id, JsonArray *problem, JsonArray *problems)
{
  const char *path = json_array_get_string_element (problem, 0);
  const char *what = json_array_get_string_element (problem, 1);
  JsonObject *object = json_object_new ();

  verify_print_line (verify, id, TERMINAL_RED, what, path);
  json_object_set_string_member (object, "path", path);
  json_object_set_string_member (object, "problem", what);
  json_array_add_object_element (problems, object);
}

static void
verify_worker (JsonObject *worker, void *userdata)
{
  Verify *verify = userdata;
  const char *id = json_get_string (worker, "id", "");
  g_autoptr (JsonNode) node = NULL;
  JsonObject *entry;
  JsonArray *found, *problems;

  if (*verify->error || (verify->only && !g_str_equal (verify->only, id)))
    return;
  verify->found = true;
  node = verify_ask (verify, id);
  if (!node)
    return;

  problems = json_array_new ();
  found = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (found); i++)
    verify_take_problem (verify, id, json_array_get_array_element (found, i), problems);
  if (json_array_get_length (found) > 0)
    verify->status = EXIT_STATUS_DAMAGED;
  else
    verify_print_line (verify, id, TERMINAL_GREEN, "OK", "");

  entry = json_object_new ();
  json_object_set_string_member (entry, "id", id);
  json_object_set_array_member (entry, "problems", problems);
  json_array_add_object_element (verify->answer, entry);
}

static void
verify_finish (Verify *verify)
{
  g_autoptr (JsonNode) node = json_node_init_array (json_node_alloc (), verify->answer);

  if (verify->only && !verify->found)
    g_set_error (verify->error, CLIENT_ERROR, EXIT_STATUS_NOT_FOUND, _ ("%s is not installed"), verify->only);
  else if (verify->options->json)
    variant_print (node);
  else if (!verify->found && !verify->options->quiet)
    terminal_printf ("%s\n", _ ("No worker is installed. See: hivectl catalog"));
}

static ExitStatus
verify_run (Client *client, const Options *options, char **arguments, GError **error)
{
  g_autoptr (JsonArray) answer = json_array_new ();
  g_autoptr (JsonNode) workers = NULL;
  g_autoptr (GError) invalid = NULL;
  Verify verify = { .client = client, .options = options, .only = arguments[0], .answer = answer, .error = error };

  if (verify.only && !worker_id_check (verify.only, &invalid))
    {
      g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE, invalid->message);
      return EXIT_STATUS_USAGE;
    }
  workers = client_list_workers (client, error);
  if (!workers)
    return EXIT_STATUS_FAILED;
  variant_foreach (workers, verify_worker, &verify);
  if (!*error)
    verify_finish (&verify);
  return verify.status;
}

const Verb verify_verb = {
  .name = "verify",
  .arguments = N_ ("[WORKER]"),
  .summary = N_ ("Compare installed files with what was installed"),
  .details = N_ ("Prints OK, or what is wrong with which file: changed, missing or unreadable. Of\n"
                 "all workers, unless one is named."),
  .example = "hivectl verify hive-probe",
  .options = OPTION_QUIET,
  .paged = true,
  .most = 1,
  .run = verify_run,
};
