/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What hive-probe knows about a machine, and the three things it does with it: measure, write, serve. */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PROBE_VERSION "0.1.0"

typedef struct
{
  char processor[96];    /* "AMD EPYC 7763", or the architecture where the kernel names no model */
  char architecture[24]; /* as uname -m says it */
  char kernel[96];
  char instruction_sets[256]; /* separated by one space; those that matter to inference */
  char kernel_used[16];       /* the matrix kernel that ran: avx512f, avx2, neon, generic */
  unsigned cores;             /* that this process may run on, not merely those that exist */
  double memory_bytes;
  double bandwidth; /* bytes a second, read and written, all cores copying at once */
  double flops;     /* single precision operations a second, all cores multiplying at once */
  double seconds;   /* that measuring took */
} Probe;

/* Measures this machine. False, with a reason in `why`, when there is no memory for it or the product came out wrong.
 */
bool probe_measure (Probe *probe, const char **why);

/* Writes the probe for a person, at most 80 columns wide. */
void probe_print (const Probe *probe, FILE *file);

/* Writes the probe as one line of JSON with a newline. Returns its length, or 0 when `size` is too small. */
size_t probe_format_json (const Probe *probe, char *text, size_t size);

/* Serves the probe on 127.0.0.1 until SIGINT or SIGTERM; port 0 takes any free one. Returns an exit status. */
int probe_serve (const Probe *probe, unsigned port);
