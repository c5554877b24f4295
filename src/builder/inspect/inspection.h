/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"

/* `--check FILE`: what a PKGBUILD outside any catalog says and breaks, for people who write recipes. */
typedef enum
{
  INSPECTION_TEXT,
  INSPECTION_JSON,
  INSPECTION_SRCINFO,
} InspectionForm;

/* Reads @file, in its own folder and as the caller, and prints what there is to say of it to standard output, what it
 * printed and errors to standard error. Returns the exit status: 0, or 1 when it cannot be read or breaks a rule. */
int inspection_run (const Configuration *configuration, const char *file, InspectionForm form);
