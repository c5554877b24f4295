/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "launcher.h"

/* A program of the hive whose standard output is an answer: read without blocking, of limited size and time. */
typedef struct Capture Capture;

/* Called once, after which the capture may be freed. @failure: it could not be had (too large, too late, crashed). Else
 * @text is what it printed (terminated) and @code its exit status. */
typedef void (*CaptureHandler) (const char *text, size_t size, int code, const GError *failure, void *userdata);

typedef struct
{
  char *const *arguments;
  const char *input; /* what it reads on standard input; NULL: nothing */
  LaunchRole role;
  const char *tokens;      /* see Launch */
  const char *description; /* what systemctl shows */
  size_t max_size;
  uint64_t timeout; /* µs */
} CaptureSpec;

Capture *capture_start (Launcher *launcher, sd_event *event, const CaptureSpec *spec, CaptureHandler handler,
                        void *userdata, GError **error);
/* Ends the program when it still runs; the handler isn't called any more. */
void capture_free (Capture *capture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Capture, capture_free)
