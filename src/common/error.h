/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The one error domain. A code is a D-Bus error name: a failure is made once and shown everywhere
 * (as a GError, a D-Bus error, a log record of stream `error`, an exit status, later an HTTP status). */
#define HIVE_ERROR        (hive_error_quark ())
#define HIVE_ERROR_PREFIX "org.rbee.Hive.Error."

typedef enum
{
  HIVE_ERROR_FAILED, /* this machine failed (I/O, permission): the message names the file */
  HIVE_ERROR_WORKER_NOT_FOUND,
  HIVE_ERROR_CATALOG_UNAVAILABLE,
  HIVE_ERROR_CATALOG_INVALID,
  HIVE_ERROR_PLATFORM_INCOMPATIBLE,
  HIVE_ERROR_RECIPE_INVALID,
  HIVE_ERROR_MISSING_DEPENDENCIES,
  HIVE_ERROR_SOURCE_UNAVAILABLE,
  HIVE_ERROR_CHECKSUM_MISMATCH,
  HIVE_ERROR_BUILD_FAILED,
  HIVE_ERROR_PACKAGE_FAILED,
  HIVE_ERROR_PACKAGE_INVALID,
  HIVE_ERROR_FILE_CONFLICT,
  HIVE_ERROR_NO_SPACE,
  HIVE_ERROR_TIMED_OUT,
  HIVE_ERROR_INTERRUPTED,
  HIVE_ERROR_NOT_INSTALLED,
  HIVE_ERROR_NOT_CANCELLABLE,
  HIVE_ERROR_JOB_NOT_FOUND,
  HIVE_ERROR_LIMITS_EXCEEDED,
  HIVE_ERROR_BUSY,
  HIVE_ERROR_SANDBOX_UNAVAILABLE,
  HIVE_ERROR_ADDRESS_IN_USE,
  HIVE_ERROR_DEVICE_UNAVAILABLE,
  HIVE_ERROR_START_FAILED,
  HIVE_ERROR_NOT_RUNNING,
  HIVE_ERROR_INVALID_ARGUMENT,
  HIVE_ERROR_MODEL_NOT_FOUND,
  HIVE_ERROR_MODEL_INVALID,
  HIVE_ERROR_MODEL_UNSUPPORTED,
  HIVE_ERROR_IN_USE,
} HiveError;

GQuark hive_error_quark (void);

/* The short name of a code ("WorkerNotFound"), as it stands in logs and job.json. */
const char *hive_error_name (int code);

/* The D-Bus name of a code ("org.rbee.Hive.Error.WorkerNotFound"). */
const char *hive_error_dbus_name (int code);

/* Reads a short or a D-Bus name; false and no code when it is none of ours. */
bool hive_error_from_name (const char *name, int *ret_code);

/* Sets @error from a code and a formatted text. Returns false, so that callers can return it. */
bool hive_error_refuse (GError **error, HiveError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Sets @error from a positive errno: NoSpace for ENOSPC and EDQUOT, else Failed; the message is the
 * formatted text, a colon and the system's word. Returns false, so that callers can return it. */
bool hive_error_set_errno (GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF (3, 4);
