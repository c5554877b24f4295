/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* A network as sandbox_allow_network() gives, made while other things are done: it takes longer than the rest of a
 * sandbox. A process holds it, which ends with this one. */
typedef struct NetworkHolder NetworkHolder;

/* Begins to make one; NULL: it cannot be begun. There is one at a time. */
NetworkHolder *network_holder_new (const Configuration *configuration);
void network_holder_free (NetworkHolder *holder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NetworkHolder, network_holder_free)

/* Waits until it is there. False: it is not, for a reason that a sandbox with a network of its own will tell. */
bool network_holder_wait (NetworkHolder *holder);

pid_t network_holder_pid (const NetworkHolder *holder);
