/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "feed.h"
#include "request.h"

/* A request on its way to being a reader of @feed, whose log the hive is asked for when it is not there: answers the
 * request, or takes its socket. */
void feed_open (Feed *feed, Request *request, bool as_text);
