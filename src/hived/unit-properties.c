/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-properties.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cache-store.h"
#include "credentials.h"
#include "file.h"
#include "launcher-backend.h"
#include "unit-append.h"

#define NETWORK_DEVICE "/dev/net/tun"
#define STOP_TIMEOUT   (10 * G_USEC_PER_SEC) /* between SIGTERM and SIGKILL */
#define PROBE_TIMEOUT  (60 * G_USEC_PER_SEC)
#define READER_TIMEOUT (900 * G_USEC_PER_SEC)

/* What all roles live without. */
static const char *const denied[] = {
  "NoNewPrivileges", "PrivateTmp", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups",
  "ProtectClock",    "PrivateIPC", "RestrictRealtime",     "RemoveIPC",
};
static const UnitText denied_texts[] = {
  { "ProtectSystem", "strict" },
  { "DevicePolicy", "closed" },
  { "ProtectProc", "invisible" },
  { "KeyringMode", "private" },
};

static const char *const only_native[] = { "native", NULL };

/* In @system-service: io_uring opens sockets past RestrictAddressFamilies=, and no role has keys. */
static const char *const denied_calls[] = { "io_uring_setup", "io_uring_enter", "io_uring_register", "@keyring", NULL };

/* A builder makes sandboxes: ProtectKernelTunables= and ProcSubset=pid would keep bubblewrap from mounting /proc, the
 * filter of RestrictSUIDSGID= (and so of DynamicUser=) from openat2(2), and it wants netlink and mount(2). Recipes
 * inherit what is here, so MemoryDenyWriteExecute= (compilers at run time), LockPersonality= (setarch) and UMask=
 * (sources would be unpacked, and installed, for nobody else to read) are left out. */
static const char *const builder_families[] = { "AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", NULL };
static const char *const builder_calls[] = { "@system-service", "@mount", "sethostname", NULL };
#define BUILDER_NAMESPACES                                                                                             \
  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* What builds nothing has no use for, either. */
static const char *const quiet_denied[] = {
  "PrivateNetwork", "ProtectHostname", "ProtectKernelTunables", "RestrictSUIDSGID", "LockPersonality",
};
static const char *const quiet_families[] = { "AF_UNIX", NULL };
static const char *const quiet_calls[] = { "@system-service", NULL };

/* A probe opens cards by their makers' libraries, which may make memory executable (AMD's does): no
 * MemoryDenyWriteExecute=. */
static const char *const probe_devices[] = { "char-nvidia*", "char-kfd",     "char-drm",   "/dev/dxg", /* WSL2 */
                                             "/dev/nvmap",   "char-nvhost*", "char-nvgpu*" /* Jetson */ };
static const char *const probe_groups[] = { "render", "video" }; /* whose cards are where they aren't everybody's */

/* A commit touches files and nothing else. */
static const char *const commit_denied[] = { "PrivateDevices", "MemoryDenyWriteExecute" };
#define COMMIT_CAPABILITIES (1 << CAP_CHOWN | 1 << CAP_DAC_OVERRIDE | 1 << CAP_FOWNER)

static int
append_descriptors (sd_bus_message *message, const Launch *launch)
{
  g_auto (Fd) null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int input = launch->input >= 0 ? launch->input : null;
  int output = launch->output >= 0 ? launch->output : null;

  if (input < 0 || output < 0)
    return -EBADF;
  return sd_bus_message_append (message, "(sv)(sv)", "StandardInputFileDescriptor", "h", input,
                                "StandardOutputFileDescriptor", "h", output);
}

/* "RBEE_JOB=17": systemd.journal-fields(7) of every line that the unit logs. */
static int
append_journal_fields (sd_bus_message *message, const Launch *launch)
{
  g_autofree char *job = g_strconcat ("RBEE_JOB=", launch->job_id, NULL);
  g_autofree char *worker = g_strconcat ("RBEE_WORKER=", launch->worker_id, NULL);
  int r;

  if (!launch->job_id)
    return 0;
  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", "LogExtraFields")) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "aay")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "ay")) < 0 ||
      (r = sd_bus_message_append_array (message, 'y', job, strlen (job))) < 0 ||
      (r = sd_bus_message_append_array (message, 'y', worker, strlen (worker))) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

/* What is found again stays, whatever came of it, until the hive has noted that; the rest goes with its end or with the
 * daemon's connection. */
static int
append_lifetime (sd_bus_message *message, const Launch *launch)
{
  if (launch->name)
    return sd_bus_message_append (message, "(sv)(sv)", "RemainAfterExit", "b", true, "OnFailure", "as", 1,
                                  "rbee-hived.service");
  return sd_bus_message_append (message, "(sv)(sv)", "AddRef", "b", true, "CollectMode", "s", "inactive-or-failed");
}

/* The hive's folders are empty. ProtectSystem=strict leaves /run as it is, where /run/lock is everybody's. */
static int
append_no_folders (sd_bus_message *message, const Configuration *configuration)
{
  return sd_bus_message_append (message, "(sv)(sv)", "TemporaryFileSystem", "a(ss)", 2, configuration->state_directory,
                                "ro", configuration->cache_directory, "ro", "ReadOnlyPaths", "as", 1, "/run");
}

/* @path is to be seen after all, where it is there. */
static int
append_seen (sd_bus_message *message, const char *path)
{
  return sd_bus_message_append (message, "(sv)", "BindReadOnlyPaths", "a(ssbt)", 1, path, path, true, (uint64_t)MS_REC);
}

/* The device of which a sandbox's own network is made. Where it is missing, the builder says so. */
static int
append_network_device (sd_bus_message *message)
{
  return sd_bus_message_append (message, "(sv)(sv)", "BindPaths", "a(ssbt)", 1, NETWORK_DEVICE, NETWORK_DEVICE, true,
                                UINT64_C (0), "DeviceAllow", "a(ss)", 1, NETWORK_DEVICE, "rw");
}

/* All of the hive's folders vanish from a builder's view but its own work tree and, to read, the caches and what is
 * known of the devices; catalogs of files stay readable, wherever they are, and so do toolchains, be they in a home. */
static int
append_builder_paths (sd_bus_message *message, const Launch *launch, const Configuration *configuration)
{
  g_autofree char *capabilities = configuration_state_path (configuration, "capabilities.json", NULL);
  int r;

  r = append_no_folders (message, configuration);
  if (r >= 0)
    r = append_seen (message, capabilities);
  if (r >= 0 && launch->work)
    r = sd_bus_message_append (message, "(sv)", "BindPaths", "a(ssbt)", 1, launch->work, launch->work, false,
                               (uint64_t)MS_REC);
  for (CacheKind kind = CACHE_SOURCES; r >= 0 && launch->work && kind <= CACHE_TOOLS; kind++)
    {
      g_autofree char *cache = configuration_cache_path (configuration, cache_kind_name (kind), NULL);

      r = append_seen (message, cache);
    }
  for (guint i = 0; r >= 0 && i < configuration->catalogs->len; i++)
    {
      const CatalogConfiguration *catalog = configuration->catalogs->pdata[i];
      const char *path = catalog->url + strlen ("file://");

      if (catalog_configuration_is_folder (catalog))
        r = append_seen (message, path);
    }
  if (r >= 0 && launch->seen)
    r = append_seen (message, launch->seen);
  for (guint i = 0; r >= 0 && launch->work && i < configuration->stores->len; i++)
    if (store_folder (((Store *)configuration->stores->pdata[i])->url))
      r = append_seen (message, store_folder (((Store *)configuration->stores->pdata[i])->url));
  for (guint i = 0; r >= 0 && i < configuration->toolchains->len; i++)
    for (char **path = ((Toolchain *)configuration->toolchains->pdata[i])->paths; r >= 0 && *path; path++)
      r = append_seen (message, *path);
  return r;
}

/* The result of the last one counts. */
typedef struct
{
  sd_bus_message *message;
  int r;
} Appending;

static void
append_credential (const char *name, const char *source, void *userdata)
{
  Appending *appending = userdata;

  if (appending->r >= 0)
    appending->r = sd_bus_message_append (appending->message, "(sv)", "LoadCredential", "a(ss)", 1, name, source);
}

static int
append_credentials (sd_bus_message *message, const Launch *launch, const Configuration *configuration)
{
  Appending appending = { .message = message };

  credentials_foreach (configuration, launch->tokens, append_credential, &appending);
  return appending.r;
}

static int
append_limits (sd_bus_message *message, const Configuration *configuration)
{
  const UnitNumber limits[] = {
    { "MemoryMax", configuration->memory_max },
    { "TasksMax", configuration->tasks_max },
    { "CPUWeight", configuration->cpu_weight },
    { "IOWeight", configuration->io_weight },
    { "RuntimeMaxUSec", (uint64_t)configuration->runtime_max * G_USEC_PER_SEC },
    { "TimeoutStopUSec", STOP_TIMEOUT },
    { "LimitCORE", 0 },
  };
  int r = unit_append_numbers (message, limits, G_N_ELEMENTS (limits));

  /* Where memory is short a build goes first, and as a whole. */
  return r < 0 ? r :
                 sd_bus_message_append (message, "(sv)(sv)(sv)", "Nice", "i", (int32_t)configuration->nice,
                                        "OOMScoreAdjust", "i", 500, "OOMPolicy", "s", "kill");
}

/* systemd 257 makes the empty folder that ProtectHome=tmpfs has for root's home one that only root enters (mode 0700),
 * and what is to be seen in it, as a toolchain, would be out of reach. */
static int
append_homes (sd_bus_message *message)
{
  return sd_bus_message_append (message, "(sv)(sv)", "ProtectHome", "s", "tmpfs", "TemporaryFileSystem", "a(ss)", 1,
                                "/root", "ro,mode=0755");
}

static int
append_builder (sd_bus_message *message, const Launch *launch, const char *user, const Configuration *configuration)
{
  const UnitText texts[] = { { "User", user }, { "KillMode", "mixed" } };
  const char *const own[] = { "PrivateUsers", "PrivateDevices" };
  const UnitNumber numbers[] = {
    { "CapabilityBoundingSet", 0 },
    { "RestrictNamespaces", BUILDER_NAMESPACES },
  };
  int r;

  if ((r = unit_append_texts (message, texts, G_N_ELEMENTS (texts))) < 0 ||
      (r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0 ||
      (r = unit_append_numbers (message, numbers, G_N_ELEMENTS (numbers))) < 0 ||
      (r = unit_append_allowed (message, "RestrictAddressFamilies", builder_families)) < 0 ||
      (r = unit_append_allowed (message, "SystemCallFilter", builder_calls)) < 0 || (r = append_homes (message)) < 0 ||
      (r = append_builder_paths (message, launch, configuration)) < 0 || (r = append_network_device (message)) < 0 ||
      (r = append_credentials (message, launch, configuration)) < 0)
    return r;
  return append_limits (message, configuration);
}

static int
append_quiet (sd_bus_message *message)
{
  int r;

  if ((r = unit_append_true (message, quiet_denied, G_N_ELEMENTS (quiet_denied))) < 0 ||
      (r = unit_append_allowed (message, "RestrictAddressFamilies", quiet_families)) < 0)
    return r;
  return unit_append_allowed (message, "SystemCallFilter", quiet_calls);
}

static int
append_probe_devices (sd_bus_message *message)
{
  g_autoptr (GStrvBuilder) groups = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;
  int r;

  for (gsize i = 0; i < G_N_ELEMENTS (probe_groups); i++)
    if (getgrnam (probe_groups[i]))
      g_strv_builder_add (groups, probe_groups[i]);
  list = g_strv_builder_end (groups);

  if ((r = unit_append_list (message, "SupplementaryGroups", list)) < 0 ||
      (r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", "DeviceAllow")) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "a(ss)")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(ss)")) < 0)
    return r;
  for (gsize i = 0; i < G_N_ELEMENTS (probe_devices); i++)
    if ((r = sd_bus_message_append (message, "(ss)", probe_devices[i], "rw")) < 0)
      return r;
  if ((r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

/* What answers a question, has a user of its own and no network; of the hive's folders it sees nothing. */
static int
append_quiet_user (sd_bus_message *message, const char *home, uint64_t time, const Configuration *configuration)
{
  const UnitText texts[] = { { "ProtectHome", home } };
  const char *const own[] = { "DynamicUser", "PrivateUsers" };
  const UnitNumber numbers[] = {
    { "CapabilityBoundingSet", 0 },
    { "RestrictNamespaces", 0 },
    { "MemoryMax", UINT64_C (1) << 30 },
    { "TasksMax", 64 },
    { "RuntimeMaxUSec", time },
    { "TimeoutStopUSec", STOP_TIMEOUT },
    { "LimitCORE", 0 },
  };
  int r;

  if ((r = unit_append_texts (message, texts, G_N_ELEMENTS (texts))) < 0 ||
      (r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0 ||
      (r = unit_append_numbers (message, numbers, G_N_ELEMENTS (numbers))) < 0 || (r = append_quiet (message)) < 0)
    return r;
  return append_no_folders (message, configuration);
}

static int
append_probe (sd_bus_message *message, const Configuration *configuration)
{
  int r = append_quiet_user (message, "yes", PROBE_TIMEOUT, configuration);

  return r < 0 ? r : append_probe_devices (message);
}

/* Models, wherever they lie, be it in a home. */
static int
append_reader (sd_bus_message *message, const Configuration *configuration)
{
  static const char *const own[] = { "PrivateDevices", "MemoryDenyWriteExecute" };
  g_autofree char *models = configuration_state_path (configuration, "models", NULL);
  g_autofree char *records = configuration_state_path (configuration, "model-records", NULL);
  int r;

  if ((r = append_quiet_user (message, "tmpfs", READER_TIMEOUT, configuration)) < 0 ||
      (r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0 || (r = append_seen (message, models)) < 0 ||
      (r = append_seen (message, records)) < 0)
    return r;
  for (char **folder = configuration->model_folders; r >= 0 && *folder; folder++)
    r = append_seen (message, *folder);
  return r;
}

static int
append_journal (sd_bus_message *message, const Configuration *configuration)
{
  static const char *const own[] = { "PrivateDevices", "MemoryDenyWriteExecute" };
  int r;

  if ((r = append_quiet_user (message, "yes", PROBE_TIMEOUT, configuration)) < 0 ||
      (r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0)
    return r;
  return sd_bus_message_append (message, "(sv)", "SupplementaryGroups", "as", 1, "systemd-journal");
}

/* The folders that a commit may write to. One that is not there is nobody's mistake yet. */
static int
append_writable (sd_bus_message *message, const Configuration *configuration)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  g_strv_builder_add_many (paths, configuration->state_directory, configuration->cache_directory, NULL);
  for (char **prefix = configuration->install_prefixes; *prefix; prefix++)
    {
      g_autofree char *path = configuration_installed_path (configuration, *prefix);
      g_autofree char *optional = g_strconcat ("-", path, NULL);

      g_strv_builder_add (paths, optional);
    }
  list = g_strv_builder_end (paths);
  return unit_append_list (message, "ReadWritePaths", list);
}

static int
append_commit (sd_bus_message *message, const Configuration *configuration)
{
  const UnitText texts[] = { { "ProtectHome", "read-only" } };
  const UnitNumber numbers[] = {
    { "CapabilityBoundingSet", COMMIT_CAPABILITIES },
    { "RestrictNamespaces", 0 },
    { "TimeoutStopUSec", 90 * G_USEC_PER_SEC },
  };
  int r;

  if ((r = unit_append_texts (message, texts, G_N_ELEMENTS (texts))) < 0 ||
      (r = unit_append_true (message, commit_denied, G_N_ELEMENTS (commit_denied))) < 0 ||
      (r = unit_append_numbers (message, numbers, G_N_ELEMENTS (numbers))) < 0 || (r = append_quiet (message)) < 0 ||
      (r = append_writable (message, configuration)) < 0)
    return r;
  /* Who stops it waits for it: a transaction is short. SIGCONT is a signal that nothing comes of. */
  return sd_bus_message_append (message, "(sv)", "KillSignal", "i", SIGCONT);
}

/* The store's folder is where it was, be it in a home or a /tmp, where nothing else is to be seen; and what is
 * installed. */
static int
append_push_paths (sd_bus_message *message, const Launch *launch, const Configuration *configuration)
{
  char *writable[] = { configuration->cache_directory, NULL };
  int r = append_homes (message);

  for (char **prefix = configuration->install_prefixes; r >= 0 && *prefix; prefix++)
    {
      g_autofree char *path = configuration_installed_path (configuration, *prefix);

      r = append_seen (message, path);
    }
  if (r >= 0 && launch->writes)
    r = sd_bus_message_append (message, "(sv)", "BindPaths", "a(ssbt)", 1, launch->writes, launch->writes, true,
                               (uint64_t)MS_REC);
  if (r >= 0)
    r = sd_bus_message_append (message, "(sv)", "ReadOnlyPaths", "as", 1, "/run");
  return r < 0 ? r : unit_append_list (message, "ReadWritePaths", writable);
}

/* It reads what is installed, whoever may; of files it writes its own folder and that of a store, whosever that is: a
 * person's stick, say. */
static int
append_push (sd_bus_message *message, const Launch *launch, const Configuration *configuration)
{
  static const char *const own[] = { "PrivateDevices", "MemoryDenyWriteExecute" };
  const UnitNumber numbers[] = {
    { "CapabilityBoundingSet", 1 << (launch->writes ? CAP_DAC_OVERRIDE : CAP_DAC_READ_SEARCH) },
    { "RestrictNamespaces", 0 },
    { "RuntimeMaxUSec", (uint64_t)configuration->runtime_max * G_USEC_PER_SEC },
    { "TimeoutStopUSec", STOP_TIMEOUT },
  };
  int r;

  if ((r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0 ||
      (r = unit_append_numbers (message, numbers, G_N_ELEMENTS (numbers))) < 0 || (r = append_quiet (message)) < 0 ||
      (r = append_credentials (message, launch, configuration)) < 0)
    return r;
  return append_push_paths (message, launch, configuration);
}

static int
append_role (sd_bus_message *message, const Launch *launch, const char *user, const Configuration *configuration)
{
  switch (launch->role)
    {
    case LAUNCH_BUILDER:
      return append_builder (message, launch, user, configuration);
    case LAUNCH_PROBE:
      return append_probe (message, configuration);
    case LAUNCH_READER:
      return append_reader (message, configuration);
    case LAUNCH_JOURNAL:
      return append_journal (message, configuration);
    case LAUNCH_PUSH:
      return append_push (message, launch, configuration);
    case LAUNCH_COMMIT:
    default:
      return append_commit (message, configuration);
    }
}

int
unit_properties_append (sd_bus_message *message, const Launch *launch, const char *user,
                        const Configuration *configuration)
{
  g_auto (GStrv) environment = launcher_environment ();
  const UnitText texts[] = {
    { "Description", launch->description },
    { "Slice", "rbee-hive.slice" },
    { "Type", "exec" },
    { "StandardError", "journal" },
  };
  int r;

  if ((r = sd_bus_message_open_container (message, 'a', "(sv)")) < 0 ||
      (r = unit_append_texts (message, texts, G_N_ELEMENTS (texts))) < 0 ||
      (r = unit_append_command (message, "ExecStart", launch->arguments)) < 0 ||
      (r = append_descriptors (message, launch)) < 0 ||
      (r = unit_append_list (message, "Environment", environment)) < 0 ||
      (r = append_journal_fields (message, launch)) < 0 || (r = append_lifetime (message, launch)) < 0 ||
      (r = unit_append_true (message, denied, G_N_ELEMENTS (denied))) < 0 ||
      (r = unit_append_texts (message, denied_texts, G_N_ELEMENTS (denied_texts))) < 0 ||
      (r = unit_append_list (message, "SystemCallArchitectures", (char **)only_native)) < 0 ||
      (r = sd_bus_message_append (message, "(sv)", "SystemCallErrorNumber", "i", EPERM)) < 0 ||
      (r = append_role (message, launch, user, configuration)) < 0 ||
      (r = unit_append_filter (message, "SystemCallFilter", false, denied_calls)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}
