/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* rbee-hive-network [--pasta=PATH] [--allow=ADDRESS[/BITS]|private]… [--port=PORT]… PROGRAM [ARGUMENT…] | --hold
 * rbee-hive-network --join=PID PROGRAM [ARGUMENT…]
 *
 * Runs PROGRAM in a network namespace of its own from which it reaches public addresses and what is allowed: neither
 * this machine, by whichever of its addresses, nor private networks, nor what clouds tell their machines. Ports of this
 * machine's loopback are reached where they are named, on the loopback inside.
 *
 * What it cannot do it says in one line that begins with NETWORK_PREFIX, and PROGRAM is not run.
 *
 * With --hold it writes a NUL byte when the network is there, and holds it until its input ends; --join runs PROGRAM in
 * the network that process PID holds. */
#define NETWORK_PROGRAM "rbee-hive-network"
#define NETWORK_PREFIX  NETWORK_PROGRAM ": "
#define NETWORK_HOLD    "--hold"
#define NETWORK_JOIN    "--join="

/* Where name servers are to be asked: pasta passes on what comes here, to this machine's own. */
#define NETWORK_DNS4 "240.0.0.53"
#define NETWORK_DNS6 "100::53"
