/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hive-application.h"

#include <glib/gi18n.h>

#include "config.h"
#include "hive-window.h"

struct _HiveApplication
{
  AdwApplication parent;

  HiveModel *model;
};

G_DEFINE_FINAL_TYPE (HiveApplication, hive_application, ADW_TYPE_APPLICATION)

/* There is one window; a second start brings it to the front. */
static HiveWindow *
hive_application_get_window (HiveApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  if (!window)
    window = GTK_WINDOW (hive_window_new (GTK_APPLICATION (self), self->model));
  gtk_window_present (window);
  return HIVE_WINDOW (window);
}

static void
hive_application_show_job (GSimpleAction *action, GVariant *parameter, void *userdata)
{
  hive_window_show_job (hive_application_get_window (userdata), g_variant_get_string (parameter, NULL));
}

static void
hive_application_show_worker (GSimpleAction *action, GVariant *parameter, void *userdata)
{
  hive_window_show_worker (hive_application_get_window (userdata), g_variant_get_string (parameter, NULL));
}

static void
hive_application_start_worker (GSimpleAction *action, GVariant *parameter, void *userdata)
{
  hive_window_start_worker (hive_application_get_window (userdata), g_variant_get_string (parameter, NULL));
}

static void
hive_application_show_about (GSimpleAction *action, GVariant *parameter, void *userdata)
{
  GtkWindow *window = gtk_application_get_active_window (userdata);

  adw_show_about_window (window, "application-name", "rbee-hive", "application-icon", "org.rbee.Hive", "version",
                         PROJECT_VERSION, "comments", _ ("Installs AI workers on this machine"), "license-type",
                         GTK_LICENSE_LGPL_2_1, "developer-name", _ ("The people of rbee-hive"), NULL);
}

static void
hive_application_close (GSimpleAction *action, GVariant *parameter, void *userdata)
{
  g_application_quit (userdata);
}

static const GActionEntry actions[] = {
  { .name = "show-job", .activate = hive_application_show_job, .parameter_type = "s" },
  { .name = "show-worker", .activate = hive_application_show_worker, .parameter_type = "s" },
  { .name = "start-worker", .activate = hive_application_start_worker, .parameter_type = "s" },
  { .name = "about", .activate = hive_application_show_about },
  { .name = "quit", .activate = hive_application_close },
};

static void
hive_application_startup (GApplication *application)
{
  HiveApplication *self = HIVE_APPLICATION (application);
  GtkApplication *gtk = GTK_APPLICATION (application);

  G_APPLICATION_CLASS (hive_application_parent_class)->startup (application);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  gtk_application_set_accels_for_action (gtk, "app.quit", (const char *[]){ "<Control>q", NULL });
  gtk_application_set_accels_for_action (gtk, "win.search", (const char *[]){ "<Control>f", NULL });
  gtk_application_set_accels_for_action (gtk, "win.back", (const char *[]){ "<Alt>Left", NULL });
  gtk_application_set_accels_for_action (gtk, "win.reload", (const char *[]){ "F5", "<Control>r", NULL });
  gtk_application_set_accels_for_action (gtk, "window.close", (const char *[]){ "<Control>w", NULL });
  self->model = hive_model_new ();
}

static void
hive_application_activate (GApplication *application)
{
  hive_application_get_window (HIVE_APPLICATION (application));
}

static void
hive_application_finalize (GObject *object)
{
  g_clear_object (&HIVE_APPLICATION (object)->model);
  G_OBJECT_CLASS (hive_application_parent_class)->finalize (object);
}

static void
hive_application_class_init (HiveApplicationClass *class)
{
  G_OBJECT_CLASS (class)->finalize = hive_application_finalize;
  G_APPLICATION_CLASS (class)->startup = hive_application_startup;
  G_APPLICATION_CLASS (class)->activate = hive_application_activate;
}

static void
hive_application_init (HiveApplication *self)
{
}

HiveApplication *
hive_application_new (void)
{
  /* The resources' path decides where style.css is looked for. */
  return g_object_new (HIVE_TYPE_APPLICATION, "application-id", "org.rbee.Hive", "resource-base-path", "/org/rbee/Hive",
                       NULL);
}
