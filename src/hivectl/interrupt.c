/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "interrupt.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "file.h"

struct Interrupt
{
  sd_event *event;
  char *job;
  InterruptHandler handler;
  void *userdata;
  sigset_t before; /* the signal mask as it was */
  sd_event_source *signal;
  int tty; /* -1: nothing is asked */
  sd_event_source *reading;
};

static void
interrupt_close_tty (Interrupt *interrupt)
{
  interrupt->reading = sd_event_source_disable_unref (interrupt->reading);
  fd_clear (&interrupt->tty);
}

/* The terminal hands over whole lines: one letter and Enter. A key that is not an answer is asked again. */
static int
interrupt_on_answer (sd_event_source *source, int fd, uint32_t events, void *userdata)
{
  Interrupt *interrupt = userdata;
  char line[64];
  ssize_t length = read (fd, line, sizeof line);
  char letter = length > 0 ? g_ascii_tolower (line[0]) : 'l';

  if (letter != 'c' && letter != 'l' && letter != '\n')
    {
      static const char again[] = "[c/l/Enter] ";

      (void)file_write_all (fd, again, sizeof again - 1);
      return 0;
    }
  interrupt_close_tty (interrupt);
  interrupt->handler (letter == 'c' ? INTERRUPT_CANCEL :
                      letter == 'l' ? INTERRUPT_LEAVE :
                                      INTERRUPT_GO_ON,
                      interrupt->userdata);
  return 0;
}

static bool
interrupt_ask (Interrupt *interrupt)
{
  g_autofree char *question =
      g_strdup_printf (/* Translators: c and l stay the keys, whatever the words are. */
                       _ ("Cancel job %s or leave it running? [c]ancel, [l]eave, Enter to go on following: "),
                       interrupt->job);

  if (!isatty (STDIN_FILENO))
    return false;
  interrupt->tty = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (interrupt->tty < 0)
    return false;
  if (sd_event_add_io (interrupt->event, &interrupt->reading, interrupt->tty, EPOLLIN, interrupt_on_answer, interrupt) <
      0)
    {
      interrupt_close_tty (interrupt);
      return false;
    }
  interrupt->handler (INTERRUPT_ASKS, interrupt->userdata);
  /* What was typed before is not an answer. The terminal has shown ^C: the question begins a line. */
  tcflush (interrupt->tty, TCIFLUSH);
  (void)file_write_all (interrupt->tty, "\n", 1);
  (void)file_write_all (interrupt->tty, question, strlen (question));
  return true;
}

static int
interrupt_on_signal (sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
  Interrupt *interrupt = userdata;

  if (interrupt->tty >= 0)
    {
      (void)file_write_all (interrupt->tty, "\n", 1);
      interrupt_close_tty (interrupt);
    }
  else if (interrupt_ask (interrupt))
    return 0;
  interrupt->handler (INTERRUPT_QUIT, interrupt->userdata);
  return 0;
}

Interrupt *
interrupt_new (sd_event *event, const char *job, InterruptHandler handler, void *userdata)
{
  g_autoptr (Interrupt) interrupt = g_new0 (Interrupt, 1);
  sigset_t signals;

  interrupt->event = sd_event_ref (event);
  interrupt->job = g_strdup (job);
  interrupt->handler = handler;
  interrupt->userdata = userdata;
  interrupt->tty = -1;

  sigemptyset (&signals);
  sigaddset (&signals, SIGINT);
  sigprocmask (SIG_BLOCK, &signals, &interrupt->before);
  if (sd_event_add_signal (event, &interrupt->signal, SIGINT, interrupt_on_signal, interrupt) < 0)
    return NULL;
  return g_steal_pointer (&interrupt);
}

void
interrupt_free (Interrupt *interrupt)
{
  interrupt_close_tty (interrupt);
  sd_event_source_disable_unref (interrupt->signal);
  sigprocmask (SIG_SETMASK, &interrupt->before, NULL);
  sd_event_unref (interrupt->event);
  g_free (interrupt->job);
  g_free (interrupt);
}

bool
interrupt_is_asking (const Interrupt *interrupt)
{
  return interrupt->tty >= 0;
}
