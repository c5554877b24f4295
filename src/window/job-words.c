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

bool
job_words_is_active (const char *state)
{
  return g_strcmp0 (state, "queued") == 0 || g_strcmp0 (state, "running") == 0 || g_strcmp0 (state, "committing") == 0;
}
