/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Who asks, and the routes by which one comes to a token. */

/* By the Unix socket, a token, or (@ticket) a ticket in the query. NULL: it may go on, as request->uid. */
Problem *session_check (Request *request, bool ticket);

/* On the Unix socket alone: a one-time code, a token for a script, a new key. */
void session_post_code (Request *request);
void session_post_key (Request *request);

/* A code becomes a token; on the Unix socket none is needed. */
void session_post_token (Request *request);

/* A ticket for one stream. */
void session_post_ticket (Request *request);
