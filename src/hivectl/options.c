/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client.h"
#include "config.h"

#define OPTION_COMMON 0

/* GOption writes to addresses known in advance. */
static Options parsed;

static const struct
{
  OptionSet set; /* OPTION_COMMON: of every verb */
  GOptionEntry entry;
} table[] = {
  { OPTION_VARIANT | OPTION_BACKEND,
    { "backend", 0, 0, G_OPTION_ARG_STRING, &parsed.backend, N_ ("The variant of a worker that has several"),
      N_ ("BACKEND") } },
  { OPTION_VARIANT,
    { "source", 0, 0, G_OPTION_ARG_STRING, &parsed.source, N_ ("Take what was built, or build it"), "binary|git" } },
  { OPTION_LOCAL,
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &parsed.output, N_ ("Leave the packages' trees there, each in NAME"),
      N_ ("FOLDER") } },
  { OPTION_LOCAL,
    { "local-sources", 0, 0, G_OPTION_ARG_NONE, &parsed.local_sources, N_ ("Take sources from all of this machine too"),
      NULL } },
  { OPTION_RECIPE,
    { "check", 0, 0, G_OPTION_ARG_NONE, &parsed.check, N_ ("Check a PKGBUILD of your own; say what it is"), NULL } },
  { OPTION_SETTINGS,
    { "check", 0, 0, G_OPTION_ARG_NONE, &parsed.check, N_ ("Try a file, and say what is wrong with it"), NULL } },
  { OPTION_RECIPE,
    { "srcinfo", 0, 0, G_OPTION_ARG_NONE, &parsed.srcinfo, N_ ("With --check: print it as a .SRCINFO file"), NULL } },
  { OPTION_LOCAL | OPTION_RECIPE | OPTION_CONFIG,
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &parsed.config, N_ ("Read another hive.conf than the installed one"),
      N_ ("FILE") } },
  { OPTION_BUILD | OPTION_LOCAL,
    { "check", 0, 0, G_OPTION_ARG_NONE, &parsed.check, N_ ("Run the recipe's tests too"), NULL } },
  { OPTION_BUILD,
    { "reinstall", 0, 0, G_OPTION_ARG_NONE, &parsed.reinstall, N_ ("Build again what is installed already"), NULL } },
  { OPTION_BUILD | OPTION_LOCAL,
    { "network", 0, 0, G_OPTION_ARG_STRING, &parsed.network, N_ ("Whether prepare() and build() have a network"),
      "allow|forbid" } },
  { OPTION_BUILD,
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &parsed.from, N_ ("Take it from this folder of ready builds"),
      N_ ("FOLDER") } },
  { OPTION_STORE,
    { "store", 0, 0, G_OPTION_ARG_STRING, &parsed.store, N_ ("Which store, where there are several"), N_ ("NAME") } },
  { OPTION_BUILD,
    { "cpu", 0, 0, G_OPTION_ARG_STRING, &parsed.cpu, N_ ("For which processors (see CPU= in hive.conf)"), "CPU" } },
  { OPTION_BUILD,
    { "install-dependencies", 0, 0, G_OPTION_ARG_NONE, &parsed.install_dependencies,
      N_ ("Install the system packages that are missing too"), NULL } },
  { OPTION_WEB, { "open", 0, 0, G_OPTION_ARG_NONE, &parsed.open, N_ ("Open the page in a browser"), NULL } },
  { OPTION_WEB, { "token", 0, 0, G_OPTION_ARG_NONE, &parsed.token, N_ ("Print a token for a script instead"), NULL } },
  { OPTION_WEB,
    { "rotate", 0, 0, G_OPTION_ARG_NONE, &parsed.rotate, N_ ("Make every token void that was ever given"), NULL } },
  { OPTION_WEB,
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &parsed.socket, N_ ("The bridge's socket, where it is another one"),
      N_ ("PATH") } },
  { OPTION_ALL,
    { "all", 'a', 0, G_OPTION_ARG_NONE, &parsed.all, N_ ("All there are, not only the newest or the named"), NULL } },
  { OPTION_PLAIN,
    { "plain", 0, 0, G_OPTION_ARG_NONE, &parsed.plain, N_ ("Print rows alone, tabs between their columns"), NULL } },
  { OPTION_LINES,
    { "lines", 'n', 0, G_OPTION_ARG_STRING, &parsed.lines, N_ ("Show only the last lines of what is there"),
      N_ ("NUMBER|all") } },
  { OPTION_FOLLOW,
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &parsed.follow, N_ ("Show what comes, until the job ends"), NULL } },
  { OPTION_WATCH,
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &parsed.follow, N_ ("Keep it up to date, until no job is active"), NULL } },
  { OPTION_RUN, { "model", 0, 0, G_OPTION_ARG_STRING, &parsed.model, N_ ("The model it runs with"), N_ ("MODEL") } },
  { OPTION_RUN,
    { "name", 0, 0, G_OPTION_ARG_STRING, &parsed.name, N_ ("Name of the instance, if not the worker's"),
      N_ ("NAME") } },
  { OPTION_RUN,
    { "device", 0, 0, G_OPTION_ARG_STRING, &parsed.device, N_ ("The device it computes with"), N_ ("DEVICE") } },
  { OPTION_RUN,
    { "listen", 0, 0, G_OPTION_ARG_STRING, &parsed.listen, N_ ("Where it is reached: a socket, or an address"),
      "unix|[ADDRESS:]PORT" } },
  { OPTION_RUN,
    { "context", 0, 0, G_OPTION_ARG_STRING, &parsed.context, N_ ("How many tokens a context has"), N_ ("TOKENS") } },
  { OPTION_RUN,
    { "idle-stop", 0, 0, G_OPTION_ARG_STRING, &parsed.idle_stop, N_ ("End it when nobody asked for so long"),
      N_ ("TIME") } },
  { OPTION_RUN,
    { "start-timeout", 0, 0, G_OPTION_ARG_STRING, &parsed.start_timeout, N_ ("How long it may take to be ready"),
      N_ ("TIME") } },
  { OPTION_RUN,
    { "memory-max", 0, 0, G_OPTION_ARG_STRING, &parsed.memory_max, N_ ("How much memory it may take"), N_ ("SIZE") } },
  { OPTION_RUN, { "boot", 0, 0, G_OPTION_ARG_NONE, &parsed.boot, N_ ("Run it after each boot too"), NULL } },
  { OPTION_RUN,
    { "allow-cpu", 0, 0, G_OPTION_ARG_NONE, &parsed.allow_cpu, N_ ("Run a worker for cards without one too"), NULL } },
  { OPTION_RESTART,
    { "restart", 0, 0, G_OPTION_ARG_NONE, &parsed.restart, N_ ("Restart what runs the version before"), NULL } },
  { OPTION_NO_WAIT,
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &parsed.no_wait, N_ ("Print the job's id and return"), NULL } },
  { OPTION_QUIET, { "quiet", 'q', 0, G_OPTION_ARG_NONE, &parsed.quiet, N_ ("Show nothing but errors"), NULL } },
  { OPTION_COMMON,
    { "host", 'H', 0, G_OPTION_ARG_STRING, &parsed.host, N_ ("Ask the hives of other machines, by ssh"),
      N_ ("HOST[,…]") } },
  { OPTION_COMMON,
    { "no-ask-password", 0, 0, G_OPTION_ARG_NONE, &parsed.no_ask_password,
      N_ ("Fail where a password would be asked for"), NULL } },
  { OPTION_COMMON,
    { "no-pager", 0, 0, G_OPTION_ARG_NONE, &parsed.no_pager, N_ ("Show long output whole, without less"), NULL } },
  { OPTION_COMMON, { "json", 0, 0, G_OPTION_ARG_NONE, &parsed.json, N_ ("Print JSON"), NULL } },
  { OPTION_COMMON,
    { "color", 0, 0, G_OPTION_ARG_STRING, &parsed.color, N_ ("When to use colours (auto: on a terminal)"),
      "auto|always|never" } },
  { OPTION_COMMON, { "version", 0, 0, G_OPTION_ARG_NONE, &parsed.version, N_ ("Print the version"), NULL } },
  { OPTION_COMMON, { "help", 'h', 0, G_OPTION_ARG_NONE, &parsed.help, N_ ("Print this help"), NULL } },
};

#define OPTION_ANY ((OptionSet)~0)

/* A context of the options in @set and those of every verb. */
static GOptionContext *
options_context (OptionSet set, const char *arguments)
{
  GOptionContext *context = g_option_context_new (arguments);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].set == OPTION_COMMON || table[i].set & set)
      g_option_context_add_main_entries (context, (GOptionEntry[]){ table[i].entry, {} }, GETTEXT_PACKAGE);
  return context;
}

/* GOption would pass over the value in --json=yes. */
static bool
options_check_values (char **arguments, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    for (char **argument = arguments; *argument; argument++)
      {
        g_autofree char *start = g_strdup_printf ("--%s=", table[i].entry.long_name);

        if (table[i].entry.arg != G_OPTION_ARG_NONE || !g_str_has_prefix (*argument, start))
          continue;
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--%s takes no value"), table[i].entry.long_name);
        return false;
      }
  return true;
}

/* GOption expects the program's name first and gives it back. */
static bool
options_take (char ***arguments, GError **error)
{
  g_autoptr (GOptionContext) context = options_context (OPTION_ANY, NULL);
  g_autoptr (GError) failure = NULL;
  guint length = g_strv_length (*arguments);
  char **whole = g_new0 (char *, length + 2);
  bool fine;

  whole[0] = g_strdup (g_get_prgname ());
  memcpy (whole + 1, *arguments, length * sizeof *whole);
  g_free (*arguments);
  fine = g_option_context_parse_strv (context, &whole, &failure);
  *arguments = whole;
  g_free (whole[0]);
  length = g_strv_length (whole + 1);
  memmove (whole, whole + 1, (length + 1) * sizeof *whole);
  if (!fine)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE, failure->message);
  return fine;
}

bool
options_parse (Options *options, char ***arguments, GError **error)
{
  bool fine = options_check_values (*arguments, error) && options_take (arguments, error);

  *options = parsed;
  if (!fine)
    return false;
  if (!options->color)
    options->color = g_strdup ("auto");
  if (!g_strv_contains ((const char *const[]){ "auto", "always", "never", NULL }, options->color))
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--color is auto, always or never, not '%s'"),
                   options->color);
      return false;
    }
  if (options->network && !g_strv_contains ((const char *const[]){ "allow", "forbid", NULL }, options->network))
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--network is allow or forbid, not '%s'"),
                   options->network);
      return false;
    }
  if (options->lines && !g_str_equal (options->lines, "all") && options_lines (options) < 0)
    {
      g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("--lines is a number or all, not '%s'"), options->lines);
      return false;
    }
  if (options->json && options->plain)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("Give --json or --plain, not both"));
  return !(options->json && options->plain);
}

static bool
option_is_given (const GOptionEntry *entry)
{
  return entry->arg == G_OPTION_ARG_NONE ? *(gboolean *)entry->arg_data : *(char **)entry->arg_data != NULL;
}

/* Whether a verb with @set takes it: one name may be an entry for some verbs and another one for others. */
static bool
option_is_taken (const GOptionEntry *entry, OptionSet set)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].entry.arg_data == entry->arg_data && (table[i].set == OPTION_COMMON || table[i].set & set))
      return true;
  return false;
}

bool
options_check (const Options *options, OptionSet set, const char *verb, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (!option_is_taken (&table[i].entry, set) && option_is_given (&table[i].entry))
      {
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("%s has no option --%s"), verb,
                     table[i].entry.long_name);
        return false;
      }
  return true;
}

int
options_lines (const Options *options)
{
  guint64 lines;

  return options->lines && g_ascii_string_to_unsigned (options->lines, 10, 0, G_MAXINT32, &lines, NULL) ? (int)lines :
                                                                                                          -1;
}

void
options_clear (Options *options)
{
  g_free (options->host);
  g_free (options->color);
  g_free (options->backend);
  g_free (options->source);
  g_free (options->socket);
  g_free (options->output);
  g_free (options->config);
  g_free (options->network);
  g_free (options->cpu);
  g_free (options->from);
  g_free (options->store);
  g_free (options->lines);
  g_free (options->model);
  g_free (options->name);
  g_free (options->device);
  g_free (options->listen);
  g_free (options->context);
  g_free (options->idle_stop);
  g_free (options->start_timeout);
  g_free (options->memory_max);
  *options = (Options){ 0 };
}

char *
options_help (OptionSet set, const char *command, const char *arguments, const char *summary, const char *description)
{
  g_autoptr (GOptionContext) context = options_context (set, arguments);
  g_autofree char *name = g_strdup (g_get_prgname ());
  char *help;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_set_prgname (command);
  help = g_option_context_get_help (context, TRUE, NULL);
  g_set_prgname (name);
  return help;
}
