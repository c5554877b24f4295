/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transfer-progress.h"

#include <glib.h>
#include <stdio.h>

#define INTERVAL (G_USEC_PER_SEC / 5)

void
transfer_progress_tell (TransferProgress *progress, uint64_t done, uint64_t whole)
{
  int64_t now = g_get_monotonic_time ();

  if (whole == 0 || now < progress->next)
    return;
  fprintf (stderr, "%d%%\n", (int)(done * 100.0 / whole));
  progress->next = now + INTERVAL;
}
