/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "packagekit.h"

#include <glib/gi18n.h>

#include "bus-owner.h"
#include "error.h"

#define PACKAGEKIT_NAME        "org.freedesktop.PackageKit"
#define PACKAGEKIT_PATH        "/org/freedesktop/PackageKit"
#define PACKAGEKIT_TRANSACTION "org.freedesktop.PackageKit.Transaction"

/* pk-enum.h; flags and filters are sets of bits with these numbers. */
#define FLAG_ONLY_TRUSTED (UINT64_C (1) << 1)
#define FLAG_SIMULATE     (UINT64_C (1) << 2)
#define FILTER_NEWEST     (UINT64_C (1) << 16)
#define FILTER_ARCH       (UINT64_C (1) << 18)
#define FILTER_NOT_SOURCE (UINT64_C (1) << 21)
#define INFO_MASK         0xffffu /* above it: how urgent an update is */
#define EXIT_SUCCESS_ENUM 1u
#define EXIT_CANCELLED    3u

struct PackageKit
{
  sd_bus *bus;
  PackageKitRole role;
  char **what;
  PackageKitHandlers handlers;
  void *userdata;

  char *daemon;         /* unique name of who made it: anybody can send signals to the hive alone, see bus-owner.h */
  char *path;           /* its object; NULL until there is one */
  char *words;          /* of its ErrorCode, which comes before its end */
  bool cancelled, told; /* it is to stop, and was told so */
  bool busy;            /* its AllowCancel is false: packages are being changed */
  sd_bus_slot *call;    /* the one that is on its way */
  sd_bus_slot *signals, *properties, *owner;
};

static void
packagekit_finish (PackageKit *packagekit, GError *failure)
{
  g_autoptr (GError) error = failure;
  void (*finished) (const GError *, void *) = packagekit->handlers.finished;

  packagekit->handlers = (PackageKitHandlers){ 0 };
  if (finished)
    finished (error, packagekit->userdata);
}

static GError *
packagekit_error (const char *words)
{
  g_autofree char *line = g_strdelimit (g_strdup (words), "\n\t", ' ');

  return g_error_new (HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES, "PackageKit: %s", g_strstrip (line));
}

static GError *
packagekit_interrupted (const char *words)
{
  return g_error_new_literal (HIVE_ERROR, HIVE_ERROR_INTERRUPTED, words);
}

static GError *
packagekit_bus_error (const sd_bus_error *failure)
{
  if (sd_bus_error_has_names (failure, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                              "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.UnitMasked") ||
      g_str_has_prefix (failure->name, "org.freedesktop.DBus.Error.Spawn."))
    return g_error_new (HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES,
                        N_ ("There is no PackageKit here to install packages with: %s"), failure->message);
  return packagekit_error (failure->message);
}

static PackageKitInfo
packagekit_info (uint32_t info)
{
  static const PackageKitInfo infos[] = {
    [1] = PACKAGEKIT_INSTALLED, [2] = PACKAGEKIT_AVAILABLE,   [10] = PACKAGEKIT_DOWNLOADING,
    [11] = PACKAGEKIT_UPDATING, [12] = PACKAGEKIT_INSTALLING, [13] = PACKAGEKIT_REMOVING,
    [15] = PACKAGEKIT_REMOVING, [20] = PACKAGEKIT_REMOVING, /* obsoleting, downgrading */
  };

  info &= INFO_MASK;
  return info < G_N_ELEMENTS (infos) ? infos[info] : PACKAGEKIT_OTHER;
}

static int
packagekit_on_package (PackageKit *packagekit, sd_bus_message *signal)
{
  const char *id;
  uint32_t info;
  int r;

  r = sd_bus_message_read (signal, "us", &info, &id);
  if (r >= 0 && packagekit->handlers.package)
    packagekit->handlers.package (packagekit_info (info), id, packagekit->userdata);
  return r < 0 ? r : 0;
}

static int
packagekit_on_error (PackageKit *packagekit, sd_bus_message *signal)
{
  const char *words;
  int r;

  r = sd_bus_message_read (signal, "us", NULL, &words);
  if (r < 0)
    return r;
  g_free (packagekit->words);
  packagekit->words = g_strdup (words);
  return 0;
}

static int
packagekit_on_end (PackageKit *packagekit, sd_bus_message *signal)
{
  uint32_t how;
  int r;

  r = sd_bus_message_read (signal, "u", &how);
  if (r < 0)
    return r;
  if (how == EXIT_SUCCESS_ENUM)
    packagekit_finish (packagekit, NULL);
  else if (how == EXIT_CANCELLED)
    packagekit_finish (packagekit, packagekit_interrupted ("PackageKit was told to stop"));
  else
    packagekit_finish (packagekit,
                       packagekit_error (packagekit->words ? packagekit->words : "failed, and says not why"));
  return 0;
}

static bool
packagekit_sent (const PackageKit *packagekit, sd_bus_message *signal)
{
  return g_strcmp0 (sd_bus_message_get_sender (signal), packagekit->daemon) == 0;
}

static int
packagekit_on_signal (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  if (!packagekit_sent (userdata, signal))
    return 0;
  if (sd_bus_message_is_signal (signal, NULL, "Package"))
    return packagekit_on_package (userdata, signal);
  if (sd_bus_message_is_signal (signal, NULL, "ErrorCode"))
    return packagekit_on_error (userdata, signal);
  if (sd_bus_message_is_signal (signal, NULL, "Finished"))
    return packagekit_on_end (userdata, signal);
  return 0;
}

/* PackageKit takes Cancel whatever its AllowCancel is (1.2.6 does), and its backend for apt then kills dpkg in the
 * middle of a package. The caller must look at AllowCancel first. */
static void
packagekit_tell_to_stop (PackageKit *packagekit)
{
  if (!packagekit->cancelled || packagekit->told || packagekit->busy || !packagekit->path)
    return;
  packagekit->told = true;
  sd_bus_call_method_async (packagekit->bus, NULL, PACKAGEKIT_NAME, packagekit->path, PACKAGEKIT_TRANSACTION, "Cancel",
                            NULL, NULL, NULL);
}

static int
packagekit_on_percent (PackageKit *packagekit, sd_bus_message *signal)
{
  uint32_t percent;
  int r;

  r = sd_bus_message_read (signal, "v", "u", &percent);
  if (r >= 0 && percent <= 100 && packagekit->handlers.percent) /* 101: it isn't known */
    packagekit->handlers.percent (percent, packagekit->userdata);
  return r;
}

static int
packagekit_on_allow_cancel (PackageKit *packagekit, sd_bus_message *signal)
{
  int allowed, r;

  r = sd_bus_message_read (signal, "v", "b", &allowed);
  if (r < 0)
    return r;
  packagekit->busy = !allowed;
  packagekit_tell_to_stop (packagekit);
  return 0;
}

/* org.freedesktop.DBus.Properties: those that changed. */
static int
packagekit_on_properties (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  PackageKit *packagekit = userdata;
  const char *name;
  int r;

  if (!packagekit_sent (packagekit, signal))
    return 0;
  if ((r = sd_bus_message_skip (signal, "s")) < 0 || (r = sd_bus_message_enter_container (signal, 'a', "{sv}")) < 0)
    return r;
  while ((r = sd_bus_message_enter_container (signal, 'e', "sv")) > 0)
    {
      if ((r = sd_bus_message_read (signal, "s", &name)) < 0)
        return r;
      if (g_str_equal (name, "Percentage"))
        r = packagekit_on_percent (packagekit, signal);
      else if (g_str_equal (name, "AllowCancel"))
        r = packagekit_on_allow_cancel (packagekit, signal);
      else
        r = sd_bus_message_skip (signal, "v");
      if (r < 0 || (r = sd_bus_message_exit_container (signal)) < 0)
        return r;
    }
  return r;
}

/* It has no business to end before its transactions. */
static int
packagekit_on_owner (sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
  const char *owner;
  int r;

  if (!bus_sent (signal))
    return 0;
  r = sd_bus_message_read (signal, "sss", NULL, NULL, &owner);
  if (r >= 0 && !*owner)
    packagekit_finish (userdata, packagekit_interrupted ("PackageKit ended in the middle; install the worker again"));
  return r < 0 ? r : 0;
}

/* The reply to the method that began it says whether it was begun. */
static int
packagekit_on_begun (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  PackageKit *packagekit = userdata;

  packagekit->call = sd_bus_slot_unref (packagekit->call);
  if (sd_bus_message_is_method_error (reply, NULL))
    packagekit_finish (packagekit, packagekit_bus_error (sd_bus_message_get_error (reply)));
  return 0;
}

static int
packagekit_append (const PackageKit *packagekit, sd_bus_message *call)
{
  uint64_t flags = packagekit->role == PACKAGEKIT_RESOLVE  ? FILTER_NEWEST | FILTER_ARCH | FILTER_NOT_SOURCE :
                   packagekit->role == PACKAGEKIT_SIMULATE ? FLAG_ONLY_TRUSTED | FLAG_SIMULATE :
                                                             FLAG_ONLY_TRUSTED;
  int r;

  if (packagekit->role == PACKAGEKIT_REFRESH)
    return sd_bus_message_append (call, "b", 0);
  r = sd_bus_message_append (call, "t", flags);
  return r < 0 ? r : sd_bus_message_append_strv (call, packagekit->what);
}

static int
packagekit_begin (PackageKit *packagekit)
{
  static const char *const methods[] = {
    [PACKAGEKIT_RESOLVE] = "Resolve",
    [PACKAGEKIT_REFRESH] = "RefreshCache",
    [PACKAGEKIT_SIMULATE] = "InstallPackages",
    [PACKAGEKIT_INSTALL] = "InstallPackages",
  };
  sd_bus_message *call = NULL;
  int r;

  r = sd_bus_message_new_method_call (packagekit->bus, &call, PACKAGEKIT_NAME, packagekit->path, PACKAGEKIT_TRANSACTION,
                                      methods[packagekit->role]);
  if (r >= 0)
    r = packagekit_append (packagekit, call);
  if (r >= 0)
    r = sd_bus_call_async (packagekit->bus, &packagekit->call, call, packagekit_on_begun, packagekit, 0);
  sd_bus_message_unref (call);
  return r;
}

/* The bus takes these requests before it passes on the call that makes the signals: none is missed. */
static int
packagekit_listen (PackageKit *packagekit)
{
  sd_bus *bus = packagekit->bus;
  int r;

  if ((r = sd_bus_match_signal_async (bus, &packagekit->signals, PACKAGEKIT_NAME, packagekit->path,
                                      PACKAGEKIT_TRANSACTION, NULL, packagekit_on_signal, NULL, packagekit)) < 0 ||
      (r = sd_bus_match_signal_async (bus, &packagekit->properties, PACKAGEKIT_NAME, packagekit->path,
                                      "org.freedesktop.DBus.Properties", "PropertiesChanged", packagekit_on_properties,
                                      NULL, packagekit)) < 0)
    return r;
  return sd_bus_add_match_async (bus, &packagekit->owner,
                                 "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                 "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                 "arg0='" PACKAGEKIT_NAME "'",
                                 packagekit_on_owner, NULL, packagekit);
}

static int
packagekit_on_created (sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
  PackageKit *packagekit = userdata;
  const char *path;
  int r = 0;

  packagekit->call = sd_bus_slot_unref (packagekit->call);
  if (packagekit->cancelled)
    packagekit_finish (packagekit, packagekit_interrupted ("PackageKit was told to stop"));
  else if (sd_bus_message_is_method_error (reply, NULL))
    packagekit_finish (packagekit, packagekit_bus_error (sd_bus_message_get_error (reply)));
  else if ((r = sd_bus_message_read (reply, "o", &path)) >= 0)
    {
      packagekit->path = g_strdup (path);
      packagekit->daemon = g_strdup (sd_bus_message_get_sender (reply));
      r = packagekit_listen (packagekit);
      if (r >= 0)
        r = packagekit_begin (packagekit);
    }
  if (r < 0)
    packagekit_finish (packagekit, packagekit_error (g_strerror (-r)));
  return 0;
}

PackageKit *
packagekit_start (sd_bus *bus, PackageKitRole role, char *const *what, const PackageKitHandlers *handlers,
                  void *userdata, GError **error)
{
  g_autoptr (PackageKit) packagekit = g_new0 (PackageKit, 1);
  int r;

  *packagekit = (PackageKit){ .bus = sd_bus_ref (bus),
                              .role = role,
                              .what = g_strdupv ((char **)what),
                              .handlers = *handlers,
                              .userdata = userdata };
  r = sd_bus_call_method_async (bus, &packagekit->call, PACKAGEKIT_NAME, PACKAGEKIT_PATH, PACKAGEKIT_NAME,
                                "CreateTransaction", packagekit_on_created, packagekit, NULL);
  if (r >= 0)
    return g_steal_pointer (&packagekit);
  hive_error_set_errno (error, -r, "PackageKit cannot be called");
  return NULL;
}

void
packagekit_cancel (PackageKit *packagekit)
{
  packagekit->cancelled = true;
  packagekit_tell_to_stop (packagekit);
}

void
packagekit_free (PackageKit *packagekit)
{
  if (!packagekit)
    return;
  sd_bus_slot_unref (packagekit->call);
  sd_bus_slot_unref (packagekit->signals);
  sd_bus_slot_unref (packagekit->properties);
  sd_bus_slot_unref (packagekit->owner);
  sd_bus_unref (packagekit->bus);
  g_strfreev (packagekit->what);
  g_free (packagekit->daemon);
  g_free (packagekit->path);
  g_free (packagekit->words);
  g_free (packagekit);
}
