/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-window: the workers of this machine, in a window. */
#include <glib/gi18n.h>
#include <libintl.h>
#include <locale.h>

#include "config.h"
#include "hive-application.h"

int
main (int argc, char **argv)
{
  g_autoptr (HiveApplication) application = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_application_name ("rbee-hive");

  application = hive_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
