/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "http-status.h"

#define PROBLEM_TYPE "application/problem+json"

/* Why a request is refused, as RFC 9457 has it. */
typedef struct
{
  HttpStatus status;
  const char *error;   /* a D-Bus error name; borrowed, static */
  const char *setting; /* the key of hive.conf that refused; NULL: none did. Borrowed, static */
  char *detail;
  unsigned retry_after; /* seconds; 0: trying again will not help */
} Problem;

#define PROBLEM_DENIED  SD_BUS_ERROR_ACCESS_DENIED
#define PROBLEM_INVALID "org.rbee.Hive.Error.InvalidArgument"
#define PROBLEM_LIMITS  "org.rbee.Hive.Error.LimitsExceeded"
#define PROBLEM_MISSING "org.freedesktop.DBus.Error.FileNotFound"

Problem *problem_new (HttpStatus status, const char *error, const char *setting, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* The hive is not there, or not yet. */
Problem *problem_new_unreachable (const char *why);

/* What a call of the hive ended in. */
Problem *problem_from_bus (const sd_bus_error *error);

/* An error of our own domain. */
Problem *problem_from_gerror (const GError *error);

void problem_free (Problem *problem);

/* The document, in JSON. */
char *problem_to_json (const Problem *problem);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Problem, problem_free)
