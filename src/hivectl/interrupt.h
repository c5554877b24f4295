/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

/* Ctrl-C while a job is followed: a question on the terminal, where there is one. */
typedef struct Interrupt Interrupt;

typedef enum
{
  INTERRUPT_ASKS,   /* the question is about to be shown: nobody else writes now */
  INTERRUPT_GO_ON,  /* as before */
  INTERRUPT_CANCEL, /* the job is to be cancelled */
  INTERRUPT_LEAVE,  /* the job runs on, and that was chosen */
  INTERRUPT_QUIT,   /* the job runs on: nobody could be asked, or a second Ctrl-C was the answer */
} InterruptAnswer;

typedef void (*InterruptHandler) (InterruptAnswer answer, void *userdata);

/* SIGINT is the handler's from now on. NULL when memory or descriptors ran out. */
Interrupt *interrupt_new (sd_event *event, const char *job, InterruptHandler handler, void *userdata);
void interrupt_free (Interrupt *interrupt);

/* Whether the question is on the terminal. */
bool interrupt_is_asking (const Interrupt *interrupt);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Interrupt, interrupt_free)
