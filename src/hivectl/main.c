/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hivectl: the command line of org.rbee.Hive. */
#include <glib/gi18n.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "config.h"
#include "hosts.h"
#include "pager.h"
#include "terminal.h"
#include "text.h"
#include "verb.h"

static const Verb *const verbs[] = {
  &catalog_verb,  &show_verb,      &recipe_verb,   &install_verb, &remove_verb, &list_verb,         &verify_verb,
  &outdated_verb, &upgrade_verb,   &rollback_verb, &push_verb,    &export_verb, &stores_verb,       &jobs_verb,
  &log_verb,      &wait_verb,      &cancel_verb,   &status_verb,  &config_verb, &capabilities_verb, &web_verb,
  &build_verb,    &toolchain_verb, &models_verb,   &model_verb,   &start_verb,  &stop_verb,         &restart_verb,
  &ps_verb,       &logs_verb,      &open_verb,     &key_verb,
};

#define VERB_COLUMN 24

static const Verb *
main_find_verb (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i]->name, name))
      return verbs[i];
  return NULL;
}

/* "Verbs:" and a line each. */
static char *
main_list_verbs (void)
{
  GString *list = g_string_new (_ ("Verbs:"));

  g_string_append_c (list, '\n');
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      const char *arguments = verbs[i]->arguments ? _ (verbs[i]->arguments) : "";
      g_autofree char *usage = g_strdup_printf ("%s %s", verbs[i]->name, arguments);

      g_string_append_printf (list, "  %s%*s%s\n", usage, MAX (1, VERB_COLUMN - (int)text_width (usage)), "",
                              _ (verbs[i]->summary));
    }
  g_string_truncate (list, list->len - 1);
  return g_string_free (list, FALSE);
}

static void
main_print_help (void)
{
  g_autofree char *list = main_list_verbs ();
  g_autofree char *summary =
      g_strdup_printf ("%s\n\n%s",
                       _ ("Installs AI workers by the hive of this machine or another, and shows what it does."), list);
  g_autofree char *help = options_help (0, "hivectl", _ ("VERB [ARGUMENT…]"), summary,
                                        _ ("Exit status:\n"
                                           "  0    all is well\n"
                                           "  1    a job failed, or what was asked for did\n"
                                           "  2    an option or argument is wrong\n"
                                           "  3    there is no such worker or job\n"
                                           "  4    the hive refuses: not allowed, or busy, or too late\n"
                                           "  5    no hive answers\n"
                                           "  6    the job was cancelled\n"
                                           "  7    verify found changed or missing files\n"
                                           "  130  Ctrl-C: what was followed runs on\n"
                                           "\n"
                                           "What else a verb can do: hivectl VERB --help"));
  g_autofree char *shown = text_for_locale (help);

  terminal_printf ("%s", shown);
}

static void
main_print_verb_help (const Verb *verb)
{
  g_autofree char *command = g_strdup_printf ("hivectl %s", verb->name);
  g_autofree char *summary =
      verb->details ? g_strdup_printf ("%s\n\n%s", _ (verb->summary), _ (verb->details)) : g_strdup (_ (verb->summary));
  g_autofree char *example = g_strdup_printf ("%s\n  %s", _ ("Example:"), verb->example);
  g_autofree char *help =
      options_help (verb->options, command, verb->arguments ? _ (verb->arguments) : NULL, summary, example);
  g_autofree char *shown = text_for_locale (help);

  terminal_printf ("%s", shown);
}

static ExitStatus
main_refuse_usage (const Verb *verb, const char *message)
{
  terminal_report (message);
  if (verb)
    g_printerr (_ ("Try 'hivectl %s --help'\n"), verb->name);
  else
    g_printerr (_ ("Try 'hivectl --help'\n"));
  return EXIT_STATUS_USAGE;
}

/* All the arguments of a verb, and no more of them than it takes. */
static bool
main_check_arguments (const Verb *verb, char **arguments, GError **error)
{
  guint count = g_strv_length (arguments);

  for (char **argument = arguments; *argument; argument++)
    if (!g_utf8_validate (*argument, -1, NULL))
      {
        g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("'%s' is not valid UTF-8"), *argument);
        return false;
      }
  if (count < verb->least)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("%s needs an argument: %s"), verb->name,
                 _ (verb->arguments));
  else if (count > verb->most)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_USAGE, _ ("%s has no use for the argument '%s'"), verb->name,
                 arguments[verb->most]);
  return count >= verb->least && count <= verb->most;
}

/* What main asks of one hive. */
typedef struct
{
  const Verb *verb;
  const Options *options;
  char **arguments;
} MainRequest;

/* @host: NULL for this machine. A HostsRun. */
static ExitStatus
main_ask (const char *host, void *userdata)
{
  const MainRequest *request = userdata;
  g_autoptr (Client) client = client_new (host, !request->options->no_ask_password);
  g_autoptr (GError) error = NULL;
  ExitStatus status = request->verb->run (client, request->options, request->arguments, &error);

  pager_close ();
  if (!error)
    return status;
  terminal_report (error->message);
  return error->code;
}

static ExitStatus
main_run (const Verb *verb, const Options *options, char **arguments)
{
  MainRequest request = { verb, options, arguments };
  g_auto (GStrv) hosts = NULL;
  g_autoptr (GError) error = NULL;
  ExitStatus status;

  if (!options_check (options, verb->options, verb->name, &error) || !main_check_arguments (verb, arguments, &error))
    return main_refuse_usage (verb, error->message);
  if (!options->host || !strchr (options->host, ','))
    {
      if (verb->paged && !options->follow && !options->no_pager)
        pager_allow ();
      return main_ask (options->host, &request);
    }
  if (!(hosts = hosts_split (options->host, &error)))
    return main_refuse_usage (verb, error->message);
  status = hosts_run (hosts, options, main_ask, &request, &error);
  if (error)
    terminal_report (error->message);
  return status;
}

/* No verb: what there is, shortly. */
static ExitStatus
main_refuse_nothing (void)
{
  g_autofree char *list = main_list_verbs ();
  g_autofree char *usage =
      g_strdup_printf (_ ("Usage: hivectl [OPTION…] VERB [ARGUMENT…]\n\n%s\n\nTry 'hivectl --help'\n"), list);
  g_autofree char *shown = text_for_locale (usage);

  g_printerr ("%s", shown);
  return EXIT_STATUS_USAGE;
}

static ExitStatus
main_dispatch (const Options *options, char **arguments)
{
  const Verb *verb = *arguments ? main_find_verb (*arguments) : NULL;
  g_autofree char *unknown = NULL;

  if (options->version)
    terminal_printf ("hivectl %s\n", PROJECT_VERSION);
  else if (*arguments && !verb)
    {
      unknown = g_strdup_printf (_ ("There is no verb '%s'"), *arguments);
      return main_refuse_usage (NULL, unknown);
    }
  else if (options->help && verb)
    main_print_verb_help (verb);
  else if (options->help)
    main_print_help ();
  else
    return verb ? main_run (verb, options, arguments + 1) : main_refuse_nothing ();
  return EXIT_STATUS_OK;
}

/* For the hint beneath a wrong option: the verb it was meant for, if one was named. */
static const Verb *
main_guess_verb (char **arguments)
{
  for (; *arguments; arguments++)
    if (main_find_verb (*arguments))
      return main_find_verb (*arguments);
  return NULL;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) arguments = g_strdupv (argv + MIN (argc, 1));
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("hivectl");
  /* Whoever reads our output may stop; that ends us without a word, also where the caller ignores the signal. */
  signal (SIGPIPE, SIG_DFL);

  if (!options_parse (&options, &arguments, &error))
    return main_refuse_usage (main_guess_verb (arguments), error->message);
  terminal_set_color (options.color);
  if (*arguments && g_str_equal (*arguments, "--"))
    return main_dispatch (&options, arguments + 1);
  return main_dispatch (&options, arguments);
}
