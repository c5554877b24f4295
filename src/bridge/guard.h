/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bridge.h"
#include "request.h"

/* Keeps other people's web pages out: what Host a request names (a foreign page can make its own name point to this
 * machine), and from which page it comes. */
Guard *guard_new (const Configuration *configuration, const Listener *listener);
void guard_free (Guard *guard);

/* NULL: it may go on, and @request->cross_origin is set where another origin may ask. */
Problem *guard_check (const Guard *guard, Request *request);
