/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-course.h"

#include <glib.h>
#include <stdbool.h>

/* A phase, and how much of a job it usually takes, in hundredths: of an install, a removal, a rollback. */
static const struct
{
  const char *phase;
  int install, remove, rollback;
  bool optional; /* only some recipes have it */
} phases[] = {
  { "metadata", 1, 0, 0, false }, { "platform", 1, 0, 0, false },     { "pkgbuild", 1, 0, 0, false },
  { "parse", 2, 0, 0, false },    { "dependencies", 2, 0, 0, false }, { "install-dependencies", 5, 0, 0, true },
  { "sources", 13, 0, 0, false }, { "prepare", 3, 0, 0, true },       { "pkgver", 1, 0, 0, true },
  { "build", 55, 0, 0, false },   { "check", 4, 0, 0, true },         { "package", 6, 0, 0, false },
  { "install", 4, 0, 90, false }, { "remove", 0, 90, 0, false },      { "capabilities", 1, 10, 10, false },
  { "cleanup", 1, 0, 0, true },
};

/* What a phase takes of a job; 0: there is none in it. */
static int
job_course_weight (const char *operation, gsize i)
{
  if (g_strcmp0 (operation, "worker_remove") == 0)
    return phases[i].remove;
  if (g_strcmp0 (operation, "worker_rollback") == 0)
    return phases[i].rollback;
  return g_strcmp0 (operation, "worker_install") == 0 ? phases[i].install : 0;
}

const char *
job_course_next_phase (const char *operation, const char *phase)
{
  bool passed = phase == NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      if (passed && !phases[i].optional && job_course_weight (operation, i) > 0)
        return phases[i].phase;
      passed |= g_strcmp0 (phase, phases[i].phase) == 0;
    }
  return NULL;
}

double
job_course_progress (const char *operation, const char *state, const char *phase, double progress)
{
  int before = 0;

  if (g_strcmp0 (state, "done") == 0)
    return 1;
  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      int weight = job_course_weight (operation, i);

      if (g_strcmp0 (phase, phases[i].phase) == 0)
        return MIN (0.99, (before + MAX (0, progress) * weight) / 100);
      before += weight;
    }
  return before > 0 ? 0 : CLAMP (progress, 0, 0.99); /* a job without such phases */
}
