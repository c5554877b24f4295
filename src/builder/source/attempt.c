/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attempt.h"

#include <string.h>

#include "sandbox.h"

#define ATTEMPTS_MAX 4

static const char *const signs[] = {
  /* git */
  "early EOF", "unexpected disconnect", "hung up unexpectedly", "RPC failed", "Recv failure", "transfer closed",
  "Operation too slow", "The requested URL returned error: 408", "The requested URL returned error: 429",
  "The requested URL returned error: 5",
  /* svn: a body that was cut, a connection that was, and that of svnserve */
  "E120106:", "E120108:", "E210002:", "Unexpected HTTP status 408", "Unexpected HTTP status 429",
  "Unexpected HTTP status 5", "Unexpected server error 5",
  /* hg */
  "incomplete response", "bad HTTP status line", "stream ended unexpectedly", "HTTP Error 408", "HTTP Error 429",
  "HTTP Error 5",
  /* all */
  "Connection reset"
};

static bool
attempt_may_help (const char *said)
{
  for (size_t i = 0; i < G_N_ELEMENTS (signs); i++)
    if (strstr (said, signs[i]))
      return true;
  return false;
}

bool
attempt_again (Builder *builder, const Source *source, unsigned number, const char *said, const char *why,
               GError **error)
{
  unsigned seconds = 1u << number;

  if (!attempt_may_help (said) || number >= ATTEMPTS_MAX)
    return false;
  log_writer_note (builder->log, "sources", "↻ Trying %s again in %u s: %s", source->name, seconds, why);
  return sandbox_wait (seconds, error);
}
