/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"

#include <errno.h>
#include <string.h>

/* In the order of HiveError, with the prefix once. */
static const char *const error_names[] = {
  HIVE_ERROR_PREFIX "Failed",
  HIVE_ERROR_PREFIX "WorkerNotFound",
  HIVE_ERROR_PREFIX "CatalogUnavailable",
  HIVE_ERROR_PREFIX "CatalogInvalid",
  HIVE_ERROR_PREFIX "PlatformIncompatible",
  HIVE_ERROR_PREFIX "RecipeInvalid",
  HIVE_ERROR_PREFIX "MissingDependencies",
  HIVE_ERROR_PREFIX "SourceUnavailable",
  HIVE_ERROR_PREFIX "ChecksumMismatch",
  HIVE_ERROR_PREFIX "BuildFailed",
  HIVE_ERROR_PREFIX "PackageFailed",
  HIVE_ERROR_PREFIX "PackageInvalid",
  HIVE_ERROR_PREFIX "FileConflict",
  HIVE_ERROR_PREFIX "NoSpace",
  HIVE_ERROR_PREFIX "TimedOut",
  HIVE_ERROR_PREFIX "Interrupted",
  HIVE_ERROR_PREFIX "NotInstalled",
  HIVE_ERROR_PREFIX "NotCancellable",
  HIVE_ERROR_PREFIX "JobNotFound",
  HIVE_ERROR_PREFIX "LimitsExceeded",
  HIVE_ERROR_PREFIX "Busy",
  HIVE_ERROR_PREFIX "SandboxUnavailable",
  HIVE_ERROR_PREFIX "AddressInUse",
  HIVE_ERROR_PREFIX "DeviceUnavailable",
  HIVE_ERROR_PREFIX "StartFailed",
  HIVE_ERROR_PREFIX "NotRunning",
  HIVE_ERROR_PREFIX "InvalidArgument",
  HIVE_ERROR_PREFIX "ModelNotFound",
  HIVE_ERROR_PREFIX "ModelInvalid",
  HIVE_ERROR_PREFIX "ModelUnsupported",
  HIVE_ERROR_PREFIX "InUse",
};

G_STATIC_ASSERT (G_N_ELEMENTS (error_names) == HIVE_ERROR_IN_USE + 1);

GQuark
hive_error_quark (void)
{
  return g_quark_from_static_string ("rbee-hive-error");
}

const char *
hive_error_dbus_name (int code)
{
  return error_names[code >= 0 && code < (int)G_N_ELEMENTS (error_names) ? code : HIVE_ERROR_FAILED];
}

const char *
hive_error_name (int code)
{
  return hive_error_dbus_name (code) + strlen (HIVE_ERROR_PREFIX);
}

bool
hive_error_from_name (const char *name, int *ret_code)
{
  if (g_str_has_prefix (name, HIVE_ERROR_PREFIX))
    name += strlen (HIVE_ERROR_PREFIX);

  for (int code = 0; code < (int)G_N_ELEMENTS (error_names); code++)
    if (g_str_equal (name, hive_error_name (code)))
      {
        *ret_code = code;
        return true;
      }

  return false;
}

bool
hive_error_refuse (GError **error, HiveError code, const char *format, ...)
{
  GError *made;
  va_list arguments;

  va_start (arguments, format);
  made = g_error_new_valist (HIVE_ERROR, code, format, arguments);
  va_end (arguments);
  g_propagate_error (error, made);
  return false;
}

bool
hive_error_set_errno (GError **error, int errnum, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_set_error (error, HIVE_ERROR, errnum == ENOSPC || errnum == EDQUOT ? HIVE_ERROR_NO_SPACE : HIVE_ERROR_FAILED,
               "%s: %s", what, g_strerror (errnum));
  return false;
}
