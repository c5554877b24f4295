/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-words.h"

#include <glib.h>
#include <glib/gi18n.h>

char *
job_words_title (const char *operation, const char *worker, const char *name)
{
  static const struct
  {
    const char *operation, *title;
  } titles[] = {
    { "worker_install", N_ ("Install %s") },    { "worker_remove", N_ ("Remove %s") },
    { "worker_rollback", N_ ("Roll back %s") }, { "worker_push", N_ ("Push %s to a store") },
    { "model_download", N_ ("Fetch %s") },      { "model_import", N_ ("Import %s") },
  };
  GString *title = g_string_new ("%s");
  const char *of = name ? name : worker;

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_strcmp0 (operation, titles[i].operation) == 0)
      g_string_assign (title, _ (titles[i].title));
  g_string_replace (title, "%s", of ? of : "", 1);
  return g_string_free (title, FALSE);
}

const char *
job_words_state (const char *state)
{
  static const struct
  {
    const char *state, *word;
  } words[] = {
    { "queued", N_ ("Waiting") }, { "running", N_ ("Running") }, { "committing", N_ ("Installing") },
    { "done", N_ ("Done") },      { "failed", N_ ("Failed") },   { "cancelled", N_ ("Cancelled") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (state, words[i].state) == 0)
      return _ (words[i].word);
  return state ? state : "";
}

const char *
job_words_phase (const char *operation, const char *phase)
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

bool
job_words_is_active (const char *state)
{
  return g_strcmp0 (state, "queued") == 0 || g_strcmp0 (state, "running") == 0 || g_strcmp0 (state, "committing") == 0;
}
