/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job-phases.h"

#include <string.h>

#include "job-course.h"
#include "job-words.h"
#include "phase-title.h"

static bool
job_phases_has (GPtrArray *begun, const char *phase)
{
  return g_ptr_array_find_with_equal_func (begun, phase, g_str_equal, NULL);
}

/* What is over, and what is still to come, are paler, but not to somebody who asked for contrast. */
#define OVER(contrast)    ((contrast) ? "alpha=\"100%\"" : "alpha=\"70%\"")
#define TO_COME(contrast) ((contrast) ? "alpha=\"100%\"" : "alpha=\"45%\"")

/* A phase is not broken at the end of a line. @mark: what stands before it. */
static void
job_phases_append (GString *line, const char *operation, const char *phase, const char *mark, const char *attributes)
{
  g_autofree char *title = g_markup_escape_text (phase_title (operation, phase), -1);
  g_auto (GStrv) words = g_strsplit (title, " ", -1);
  g_autofree char *whole = g_strjoinv ("\u00a0", words);

  g_string_append_printf (line, "%s<span %s>%s%s</span>", line->len > 0 ? "  " : "", attributes, mark, whole);
}

static void
job_phases_append_last (GString *line, const char *operation, const char *phase, const char *state, bool contrast)
{
  if (job_words_is_active (state))
    job_phases_append (line, operation, phase, "●\u00a0", "weight=\"bold\"");
  else if (g_strcmp0 (state, "done") == 0)
    job_phases_append (line, operation, phase, "✓\u00a0", OVER (contrast));
  else
    job_phases_append (line, operation, phase, "✗\u00a0", "weight=\"bold\"");
}

char *
job_phases_markup (const char *operation, const char *state, GPtrArray *begun, bool contrast)
{
  GString *line = g_string_new (NULL);
  const char *last = begun->len > 0 ? begun->pdata[begun->len - 1] : NULL;
  const char *phase = last;

  for (guint i = 0; i + 1 < begun->len; i++)
    job_phases_append (line, operation, begun->pdata[i], "✓\u00a0", OVER (contrast));
  if (last)
    job_phases_append_last (line, operation, last, state, contrast);
  while (job_words_is_active (state) && (phase = job_course_next_phase (operation, phase)))
    if (!job_phases_has (begun, phase))
      job_phases_append (line, operation, phase, "", TO_COME (contrast));
  return g_string_free (line, FALSE);
}
