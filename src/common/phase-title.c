/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "phase-title.h"

#include <glib.h>
#include <glib/gi18n.h>
#include <stdbool.h>

const char *
phase_title (const char *operation, const char *phase)
{
  static const struct
  {
    const char *phase, *title, *of_model;
  } titles[] = {
    { "metadata", N_ ("Look it up") },
    { "platform", N_ ("Check this machine") },
    { "pkgbuild", N_ ("Fetch the recipe") },
    { "parse", N_ ("Read the recipe") },
    { "dependencies", N_ ("Check what it needs") },
    { "install-dependencies", N_ ("Install what is missing") },
    { "store", N_ ("Look for a ready build") },
    { "sources", N_ ("Fetch the sources"), N_ ("Fetch its files") },
    { "prepare", N_ ("Prepare the sources") },
    { "pkgver", N_ ("Find out the version") },
    { "build", N_ ("Build") },
    { "check", N_ ("Test") },
    { "package", N_ ("Package") },
    { "install", N_ ("Install"), N_ ("Put it where models are") },
    { "remove", N_ ("Remove") },
    { "push", N_ ("Push to the store") },
    { "capabilities", N_ ("Update the inventory") },
    { "cleanup", N_ ("Clean up") },
  };
  bool model = operation && g_str_has_prefix (operation, "model_");

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_strcmp0 (phase, titles[i].phase) == 0)
      return model && titles[i].of_model ? _ (titles[i].of_model) : _ (titles[i].title);
  return phase ? phase : "";
}
