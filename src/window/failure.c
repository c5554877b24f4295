/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failure.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

#include "advice.h"
#include "sentence.h"

/* The hive's words for a question that polkit says was dismissed. The error's name is that of each refusal. */
#define DISMISSED ": the question for a password was dismissed ("

static bool
failure_is_absence (const char *name)
{
  return g_str_equal (name, "org.freedesktop.DBus.Error.ServiceUnknown") ||
         g_str_equal (name, "org.freedesktop.DBus.Error.NameHasNoOwner");
}

char *
failure_sentence (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_autoptr (GError) bare = g_error_copy (error);
  g_autofree char *said = NULL;
  const char *advice = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return NULL;
  if (!name)
    return g_strdup (error->message);
  g_dbus_error_strip_remote_error (bare);
  if (g_str_equal (name, "org.freedesktop.DBus.Error.AccessDenied") && strstr (bare->message, DISMISSED))
    return NULL;
  if (failure_is_absence (name))
    return g_strdup (
        _ ("The hive does not run on this machine, and nothing can start it. Is the package rbee-hive installed?"));
  if (g_str_equal (name, "org.freedesktop.DBus.Error.NoReply"))
    return g_strdup (_ ("The hive was stopped meanwhile. Try again when it is back."));
  if (g_str_has_prefix (name, "org.freedesktop.DBus.Error.Spawn."))
    return g_strdup_printf (_ ("The hive cannot be started: %s"), bare->message);
  if (g_str_has_prefix (name, "org.rbee.Hive.Error.") || g_str_has_suffix (name, ".AccessDenied"))
    advice = advice_find (strrchr (name, '.') + 1, bare->message);
  said = sentence_translate (bare->message);
  return advice ? g_strdup_printf ("%s\n%s", said, advice) : g_steal_pointer (&said);
}

void
failure_present (GtkWidget *widget, const char *about, const GError *error)
{
  g_autofree char *sentence = failure_sentence (error);
  GtkWidget *dialog;

  if (!sentence)
    return;
  dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (widget)), about, sentence);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}
