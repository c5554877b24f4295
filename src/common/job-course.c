/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-course.h"

#include <glib.h>
#include <stdbool.h>

enum
{
  INSTALL,
  REMOVE,
  ROLLBACK,
  PUSH,
  MODEL,
  COURSES
};

/* A phase, and how much of a job of each course it usually takes, in hundredths. The page's table is the same. */
static const struct
{
  const char *phase;
  int weights[COURSES];
  bool optional; /* only some have it */
} phases[] = {
  { "metadata", { 1, 0, 0, 0, 2 }, false },       { "platform", { 1, 0, 0, 0, 0 }, false },
  { "pkgbuild", { 1, 0, 0, 0, 0 }, false },       { "parse", { 2, 0, 0, 0, 0 }, false },
  { "dependencies", { 2, 0, 0, 0, 0 }, false },   { "install-dependencies", { 5, 0, 0, 0, 0 }, true },
  { "store", { 3, 0, 0, 0, 0 }, true },           { "sources", { 13, 0, 0, 0, 95 }, false },
  { "prepare", { 3, 0, 0, 0, 0 }, true },         { "pkgver", { 1, 0, 0, 0, 0 }, true },
  { "build", { 52, 0, 0, 0, 0 }, false },         { "check", { 4, 0, 0, 0, 0 }, true },
  { "package", { 6, 0, 0, 0, 0 }, false },        { "install", { 4, 0, 90, 0, 3 }, false },
  { "remove", { 0, 90, 0, 0, 0 }, false },        { "push", { 0, 0, 0, 100, 0 }, false },
  { "capabilities", { 1, 10, 10, 0, 0 }, false }, { "cleanup", { 1, 0, 0, 0, 0 }, true },
};

/* What a phase takes of a job; 0: there is none in it. */
static int
job_course_weight (const char *operation, gsize i)
{
  static const struct
  {
    const char *operation;
    int course;
  } courses[] = {
    { "worker_install", INSTALL }, { "worker_remove", REMOVE }, { "worker_rollback", ROLLBACK },
    { "worker_push", PUSH },       { "model_download", MODEL }, { "model_import", MODEL },
  };

  for (gsize course = 0; course < G_N_ELEMENTS (courses); course++)
    if (g_strcmp0 (operation, courses[course].operation) == 0)
      return phases[i].weights[courses[course].course];
  return 0;
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
  return 0;
}
