/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "configuration.h"

/* The sockets on which the bridge is asked: those that systemd passed, else those of Listen=. */
typedef struct
{
  GArray *fds;       /* int; owned */
  GPtrArray *paths;  /* of Unix sockets of our own, to be removed again */
  bool from_systemd; /* systemd listens on after us, and starts us again */
  char *url;         /* where a browser of this machine finds us ("http://127.0.0.1:7835"); NULL: nowhere */
  GPtrArray *hosts;  /* the addresses we listen on, as a Host may name them: "127.0.0.1", "[::1]" */
} Listener;

/* InvalidArgument for sockets that Authentication=none does not allow; Failed for those that cannot be had. */
Listener *listener_new (const Configuration *configuration, GError **error);
void listener_free (Listener *listener);

/* Closes the sockets: nobody new comes. */
void listener_close (Listener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listener, listener_free)
