/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log-end.h"

#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log-record.h"

#define TAIL_SIZE (32 * 1024)

bool
log_end_read (int fd, JobState *ret_outcome, GError **ret_error)
{
  g_autofree char *text = g_malloc (TAIL_SIZE + 1);
  off_t size = lseek (fd, 0, SEEK_END);
  ssize_t n = pread (fd, text, TAIL_SIZE, MAX (0, size - TAIL_SIZE));
  g_auto (GStrv) lines = NULL;
  const char *whole;

  if (n <= 0)
    return false;
  text[n] = '\0';
  /* The rest of a record is the recipe's own text, and may look like a record. */
  whole = size > TAIL_SIZE ? strchr (text, '\n') : text;
  if (!whole)
    return false;
  lines = g_strsplit (whole, "\n", -1);
  for (char **line = lines; *line; line++)
    {
      g_autofree char *message = NULL;
      LogRecord record;
      int code;

      if (!log_record_parse (*line, strlen (*line), &record))
        continue;
      if (record.stream == LOG_STREAM_ERROR)
        {
          log_record_parse_error (&record, &code, &message);
          g_clear_error (ret_error);
          g_set_error_literal (ret_error, HIVE_ERROR, code, message);
        }
      if (record.stream == LOG_STREAM_END)
        {
          for (JobState state = JOB_DONE; state <= JOB_CANCELLED; state++)
            if (strlen (job_state_name (state)) == record.text_length &&
                strncmp (record.text, job_state_name (state), record.text_length) == 0)
              {
                *ret_outcome = state;
                return true;
              }
        }
    }
  return false;
}
