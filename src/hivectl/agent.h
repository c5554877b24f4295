/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* polkit's agent for terminals, pkttyagent: asks here for a password as long as it is there, for this process alone,
 * unless somebody's desktop asks already. */
typedef struct Agent Agent;

/* Returns when polkit knows it. NULL where it is of no use: standard input is not a terminal, root is not asked, or
 * there is no pkttyagent. There can be one at a time. */
Agent *agent_new (void);

/* Ends it; the terminal is left as it was. So do the signals that end this process meanwhile. */
void agent_free (Agent *agent);
