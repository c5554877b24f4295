/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bridge.h"
#include "request.h"

/* Keeps other people's web pages out: what Host a request names (a foreign page can make its own name point to this
 * machine), and from which page it comes. */
OriginCheck *origin_check_new (const Configuration *configuration, const Listener *listener);
void origin_check_free (OriginCheck *check);

/* NULL: it may go on, and @request->cross_origin is set where another origin may ask. */
Problem *origin_check_request (const OriginCheck *check, Request *request);
