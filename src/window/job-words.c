/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-words.h"

#include <glib.h>
#include <glib/gi18n.h>

/* A phase, and how much of a job it usually takes, in hundredths: of an install, a removal, a rollback. */
static const struct
{
  const char *phase, *title;
  int install, remove, rollback;
  bool optional; /* only some recipes have it */
} phases[] = {
  { "metadata", N_ ("Look it up"), 1, 0, 0, false },
  { "platform", N_ ("Check this machine"), 1, 0, 0, false },
  { "pkgbuild", N_ ("Fetch the recipe"), 1, 0, 0, false },
  { "parse", N_ ("Read the recipe"), 2, 0, 0, false },
  { "dependencies", N_ ("Check what it needs"), 2, 0, 0, false },
  { "install-dependencies", N_ ("Install what is missing"), 5, 0, 0, true },
  { "sources", N_ ("Fetch the sources"), 13, 0, 0, false },
  { "prepare", N_ ("Prepare the sources"), 3, 0, 0, true },
  { "pkgver", N_ ("Find out the version"), 1, 0, 0, true },
  { "build", N_ ("Build"), 55, 0, 0, false },
  { "check", N_ ("Test"), 4, 0, 0, true },
  { "package", N_ ("Package"), 6, 0, 0, false },
  { "install", N_ ("Install"), 4, 0, 90, false },
  { "remove", N_ ("Remove"), 0, 90, 0, false },
  { "capabilities", N_ ("Update the inventory"), 1, 10, 10, false },
  { "cleanup", N_ ("Clean up"), 1, 0, 0, true },
};

/* What a phase takes of a job; 0: there is none in it. */
static int
job_words_weight (const char *operation, gsize i)
{
  if (g_strcmp0 (operation, "worker_remove") == 0)
    return phases[i].remove;
  if (g_strcmp0 (operation, "worker_rollback") == 0)
    return phases[i].rollback;
  return g_strcmp0 (operation, "worker_install") == 0 ? phases[i].install : 0;
}

char *
job_words_title (const char *operation, const char *name)
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

  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_strcmp0 (operation, titles[i].operation) == 0)
      g_string_assign (title, _ (titles[i].title));
  g_string_replace (title, "%s", name ? name : "", 1);
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
job_words_phase (const char *phase)
{
  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    if (g_strcmp0 (phase, phases[i].phase) == 0)
      return _ (phases[i].title);
  return phase ? phase : "";
}

const char *
job_words_next_phase (const char *operation, const char *phase)
{
  bool passed = phase == NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      if (passed && !phases[i].optional && job_words_weight (operation, i) > 0)
        return phases[i].phase;
      passed |= g_strcmp0 (phase, phases[i].phase) == 0;
    }
  return NULL;
}

bool
job_words_is_active (const char *state)
{
  return g_strcmp0 (state, "queued") == 0 || g_strcmp0 (state, "running") == 0 || g_strcmp0 (state, "committing") == 0;
}

double
job_words_progress (const char *operation, const char *state, const char *phase, double progress)
{
  int before = 0;

  if (g_strcmp0 (state, "done") == 0)
    return 1;
  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      int weight = job_words_weight (operation, i);

      if (g_strcmp0 (phase, phases[i].phase) == 0)
        return MIN (0.99, (before + MAX (0, progress) * weight) / 100);
      before += weight;
    }
  return before > 0 ? 0 : CLAMP (progress, 0, 0.99); /* a job without such phases */
}
