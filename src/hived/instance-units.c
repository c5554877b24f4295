/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "instance-units.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <string.h>

#include "error.h"
#include "instances.h"
#include "size.h"
#include "unit-append.h"

#define SLICE        "rbee-worker.slice"
#define SOCKET_GROUP "rbee"
#define NVIDIA_NODES "rbee-hive-nvidia.service"
#define STOP_TIMEOUT (10 * G_USEC_PER_SEC) /* between SIGTERM and SIGKILL */

/* A crash loop ends: so many starts within so long a time, and a pause between them. */
#define START_BURST    5
#define START_INTERVAL (60 * G_USEC_PER_SEC)
#define RESTART_PAUSE  (500 * 1000)

static const char *const *const unit_names[] = {
  [INSTANCE_SOCKET] = (const char *const[]){ "rbee-proxy-", ".socket" },
  [INSTANCE_PROXY] = (const char *const[]){ "rbee-proxy-", ".service" },
  [INSTANCE_WORKER] = (const char *const[]){ "rbee-worker-", ".service" },
};

char *
instance_unit_name (const char *name, InstanceUnitKind kind)
{
  return g_strconcat (unit_names[kind][0], name, unit_names[kind][1], NULL);
}

/* Where systemd keeps its programs: below /usr, or beside it on systems that have not merged the two. */
static const char *
proxy_program (void)
{
  static const char *const places[] = { "/usr/lib/systemd/systemd-socket-proxyd",
                                        "/lib/systemd/systemd-socket-proxyd" };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (g_file_test (places[i], G_FILE_TEST_IS_EXECUTABLE))
      return places[i];
  return places[0];
}

/* What both services live without, and what a transient service is. */
static int
append_common (sd_bus_message *message, const char *description)
{
  static const char *const denied[] = {
    "DynamicUser",          "PrivateNetwork",        "PrivateUsers",    "PrivateIPC",
    "ProtectClock",         "ProtectControlGroups",  "ProtectHostname", "ProtectKernelLogs",
    "ProtectKernelModules", "ProtectKernelTunables", "LockPersonality", "RestrictRealtime",
  };
  static const char *const native[] = { "native", NULL };
  static const char *const calls[] = { "@system-service", NULL };
  static const char *const denied_calls[] = { "io_uring_setup", "io_uring_enter", "io_uring_register",
                                              "@keyring",       "@privileged",    NULL };
  const UnitText texts[] = {
    { "Description", description }, { "Slice", SLICE },           { "Type", "exec" },
    { "ProtectSystem", "strict" },  { "ProtectHome", "yes" },     { "ProtectProc", "invisible" },
    { "KeyringMode", "private" },   { "DevicePolicy", "closed" },
  };
  const UnitNumber numbers[] = {
    { "CapabilityBoundingSet", 0 },
    { "RestrictNamespaces", 0 }, /* in rbee-*-.service.d too, where a reload finds it */
    { "TimeoutStopUSec", STOP_TIMEOUT },
    { "LimitCORE", 0 },
  };
  int r;

  if ((r = unit_append_texts (message, texts, G_N_ELEMENTS (texts))) < 0 ||
      (r = unit_append_true (message, denied, G_N_ELEMENTS (denied))) < 0 ||
      (r = unit_append_numbers (message, numbers, G_N_ELEMENTS (numbers))) < 0 ||
      (r = unit_append_list (message, "SystemCallArchitectures", (char **)native)) < 0 ||
      (r = unit_append_allowed (message, "SystemCallFilter", calls)) < 0 ||
      (r = unit_append_filter (message, "SystemCallFilter", false, denied_calls)) < 0)
    return r;
  return sd_bus_message_append (message, "(sv)", "SystemCallErrorNumber", "i", EPERM);
}

/* The Unix socket of one that has an address too is the hive's own: the worker is started by a connection, and the
 * daemon has no network. */
static int
append_socket (sd_bus_message *message, const Instance *instance)
{
  g_autofree char *description = g_strdup_printf ("Address of the worker %s", instance->options->name);
  g_autofree char *path = instance_socket_path (instance);
  bool is_unix = instance_options_are_unix (instance->options);
  bool is_shared = is_unix && getgrnam (SOCKET_GROUP);
  int r;

  if ((r = sd_bus_message_append (message, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s", description, "Slice",
                                  "s", SLICE, "Listen", "a(ss)", 1, "Stream", path, "SocketMode", "u",
                                  is_shared ? 0660 : 0600, "SocketGroup", "s", is_shared ? SOCKET_GROUP : "root",
                                  "DirectoryMode", "u", 0755, "RemoveOnStop", "b", true)) < 0 ||
      is_unix)
    return r;
  return sd_bus_message_append (message, "(sv)", "Listen", "a(ss)", 1, "Stream", instance->options->listen);
}

static int
append_proxy (sd_bus_message *message, const Instance *instance)
{
  static const char *const own[] = { "PrivateDevices", "MemoryDenyWriteExecute" };
  static const char *const families[] = { "AF_UNIX", "AF_INET", "AF_INET6", NULL };
  const InstanceOptions *options = instance->options;
  g_autofree char *description = g_strdup_printf ("Way to the worker %s", options->name);
  g_autofree char *idle = g_strdup_printf ("--exit-idle-time=%" G_GINT64_FORMAT "s", options->idle_stop);
  const char *worker = instance->units[INSTANCE_WORKER]->name, *socket = instance->units[INSTANCE_SOCKET]->name;
  const char *const command[] = { proxy_program (), options->idle_stop > 0 ? idle : "--exit-idle-time=infinity",
                                  "127.0.0.1:" INSTANCE_PORT, NULL };
  int r;

  if ((r = append_common (message, description)) < 0 || (r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0 ||
      (r = unit_append_allowed (message, "RestrictAddressFamilies", families)) < 0 ||
      (r = unit_append_command (message, "ExecStart", (char *const *)command)) < 0)
    return r;
  return sd_bus_message_append (message, "(sv)(sv)(sv)", "Requires", "as", 2, worker, socket, "After", "as", 2, worker,
                                socket, "JoinsNamespaceOf", "as", 1, worker);
}

/* The nodes of the cards that it may use. */
static int
append_nodes (sd_bus_message *message, char *const *cards)
{
  int r = 0;

  for (; r >= 0 && *cards; cards++)
    {
      g_auto (GStrv) nodes = g_strsplit (*cards, ",", -1);

      for (char **node = nodes; r >= 0 && *node; node++)
        r = sd_bus_message_append (message, "(sv)", "DeviceAllow", "a(ss)", 1, *node, "rw");
    }
  return r;
}

/* Where nothing says which nodes are whose, the cards are all of the kind that the worker is for. */
static int
append_devices (sd_bus_message *message, const char *backend, char *const *cards)
{
  static const char *const cuda[] = { "char-nvidia*", "/dev/dxg", "/dev/nvmap", "char-nvhost*", "char-nvgpu*", NULL };
  static const char *const drm[] = { "char-kfd", "char-drm", "/dev/dxg", NULL };
  const char *const *nodes = g_str_equal (backend, "cuda") ? cuda : drm;
  int r = 0;

  if (g_str_equal (backend, "cpu"))
    return sd_bus_message_append (message, "(sv)", "PrivateDevices", "b", true);
  if (nodes == cuda && (r = sd_bus_message_append (message, "(sv)(sv)", "Wants", "as", 1, NVIDIA_NODES, "After", "as",
                                                   1, NVIDIA_NODES)) < 0)
    return r;
  if (cards && (r = append_nodes (message, cards)) >= 0 && nodes == cuda)
    r = sd_bus_message_append (message, "(sv)", "DeviceAllow", "a(ss)", 1, "char-nvidia-caps", "rw"); /* of MIG */
  for (; r >= 0 && !cards && *nodes; nodes++)
    r = sd_bus_message_append (message, "(sv)", "DeviceAllow", "a(ss)", 1, *nodes, "rw");
  for (gsize i = 0; r >= 0 && i < 2; i++)
    {
      const char *group = i == 0 ? "render" : "video";

      if (getgrnam (group))
        r = sd_bus_message_append (message, "(sv)", "SupplementaryGroups", "as", 1, group);
    }
  return r;
}

static int
append_instance_journal_fields (sd_bus_message *message, const Instance *instance)
{
  g_autofree char *name = g_strconcat ("RBEE_INSTANCE=", instance->options->name, NULL);
  g_autofree char *worker = g_strconcat ("RBEE_WORKER=", instance->worker_id, NULL);
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sv")) < 0 ||
      (r = sd_bus_message_append (message, "s", "LogExtraFields")) < 0 ||
      (r = sd_bus_message_open_container (message, 'v', "aay")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "ay")) < 0 ||
      (r = sd_bus_message_append_array (message, 'y', name, strlen (name))) < 0 ||
      (r = sd_bus_message_append_array (message, 'y', worker, strlen (worker))) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

/* Of the hive's folders it sees its model alone. */
static int
append_folders (sd_bus_message *message, const Instance *instance)
{
  const Configuration *configuration = instance->hive->configuration;
  int r = sd_bus_message_append (message, "(sv)", "TemporaryFileSystem", "a(ss)", 2, configuration->state_directory,
                                 "ro", configuration->cache_directory, "ro");

  if (r < 0 || !instance->model)
    return r;
  return instance_model_append (instance->model, instance->options->name, configuration, message);
}

static int
append_instance_limits (sd_bus_message *message, const Instance *instance)
{
  const InstanceOptions *options = instance->options;
  uint64_t memory = UINT64_MAX;
  int r;

  if (options->memory_max)
    size_from_string (options->memory_max, &memory);
  if (options->memory_max && (r = sd_bus_message_append (message, "(sv)(sv)", "MemoryMax", "t", memory, "MemorySwapMax",
                                                         "t", UINT64_C (0))) < 0)
    return r;
  return sd_bus_message_append (message, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "TimeoutStartUSec", "t",
                                (uint64_t)options->start_timeout * G_USEC_PER_SEC, "StopWhenUnneeded", "b", true,
                                "Restart", "s", "on-failure", "RestartUSec", "t", (uint64_t)RESTART_PAUSE,
                                "StartLimitBurst", "u", START_BURST, "StartLimitIntervalUSec", "t",
                                (uint64_t)START_INTERVAL, "OOMPolicy", "s", "stop", "OnFailure", "as", 1,
                                "rbee-hived.service");
}

/* Where systemd puts the key for it: systemd.exec(5), LoadCredential=. */
static char *
worker_key_file (const Instance *instance)
{
  return g_strdup_printf ("/run/credentials/%s/key", instance->units[INSTANCE_WORKER]->name);
}

/* Which cards rbee-worker-.service.d looks for: that one is there before, and that the worker computes with it once it
 * is ready. */
static int
append_cards (sd_bus_message *message, const Instance *instance)
{
  g_autofree char *cards = instance->cards && !instance->options->allow_cpu ? g_strjoinv (" ", instance->cards) : NULL;
  g_autofree char *variable = g_strconcat ("RBEE_CARDS=", cards, NULL);

  return sd_bus_message_append (message, "(sv)", "Environment", "as", 1, variable);
}

/* What a model or a rule is named may have dollars. */
static int
append_words (sd_bus_message *message, const Instance *instance, char *const *command)
{
  return instances_systemd_version (instance->hive->instances) >= UNIT_LITERAL_SINCE ?
             unit_append_literal_command (message, "ExecStart", command) :
             unit_append_command (message, "ExecStart", command);
}

static int
append_worker_commands (sd_bus_message *message, const Instance *instance, const WorkerRecord *record)
{
  const InstanceOptions *options = instance->options;
  const Configuration *configuration = instance->hive->configuration;
  g_autofree char *key = instance_key_file (instance);
  g_autofree char *key_file = key ? worker_key_file (instance) : NULL;
  g_autofree char *context = options->context > 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, options->context) : NULL;
  g_autofree char *binary = configuration_installed_path (configuration, record->binary);
  g_autofree char *ready = g_build_filename (configuration->libexec_directory, "rbee-hive-ready", NULL);
  g_autofree char *url = g_strconcat ("http://127.0.0.1:" INSTANCE_PORT, instance->rule->health, NULL);
  g_autofree char *model = instance->model ? instance_model_inside (instance->model, configuration) : NULL;
  g_auto (GStrv) arguments = run_rule_arguments (instance->rule, &(RunValues){ .port = INSTANCE_PORT,
                                                                               .name = options->name,
                                                                               .backend = record->backend,
                                                                               .model = model,
                                                                               .reference = options->model,
                                                                               .context = context,
                                                                               .key_file = key_file });
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) command = NULL;
  int r;

  g_strv_builder_add (words, binary);
  g_strv_builder_addv (words, (const char **)arguments);
  command = g_strv_builder_end (words);
  if ((r = append_words (message, instance, command)) < 0 ||
      (r = unit_append_command (message, "ExecStartPost", (char *const[]){ ready, url, NULL })) < 0)
    return r;
  return key ? sd_bus_message_append (message, "(sv)", "LoadCredential", "a(ss)", 1, "key", key) : 0;
}

static int
append_worker (sd_bus_message *message, const Instance *instance, const WorkerRecord *record)
{
  static const char *const families[] = { "AF_INET", "AF_INET6",
                                          NULL }; /* and no bus or other socket of this machine */
  static const char *const own[] = { "MemoryDenyWriteExecute" };
  g_autofree char *description =
      g_strdup_printf ("Worker %s of rbee-hive (%s)", instance->options->name, instance->worker_id);
  const char *backend = record->backend && *record->backend ? record->backend : "cpu";
  int r;

  if ((r = append_common (message, description)) < 0 || (r = append_worker_commands (message, instance, record)) < 0 ||
      (r = unit_append_allowed (message, "RestrictAddressFamilies", families)) < 0 ||
      (r = append_instance_journal_fields (message, instance)) < 0 || (r = append_folders (message, instance)) < 0 ||
      (r = append_devices (message, backend, instance->cards)) < 0 ||
      (r = append_instance_limits (message, instance)) < 0)
    return r;
  if (!instance->rule->memory_execute && g_str_equal (backend, "cpu") &&
      (r = unit_append_true (message, own, G_N_ELEMENTS (own))) < 0)
    return r;
  if (instance->rule->environment && (r = unit_append_list (message, "Environment", instance->rule->environment)) < 0)
    return r;
  return append_cards (message, instance); /* the last word of a variable counts */
}

/* One of the units that come with the socket. */
static int
append_auxiliary (sd_bus_message *message, const Instance *instance, const WorkerRecord *record, InstanceUnitKind kind)
{
  int r;

  if ((r = sd_bus_message_open_container (message, 'r', "sa(sv)")) < 0 ||
      (r = sd_bus_message_append (message, "s", instance->units[kind]->name)) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(sv)")) < 0)
    return r;
  r = kind == INSTANCE_PROXY ? append_proxy (message, instance) : append_worker (message, instance, record);
  if (r < 0 || (r = sd_bus_message_close_container (message)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

static int
append_units (sd_bus_message *message, const Instance *instance, const WorkerRecord *record)
{
  int r;

  if ((r = sd_bus_message_append (message, "ss", instance->units[INSTANCE_SOCKET]->name, "fail")) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(sv)")) < 0 || (r = append_socket (message, instance)) < 0 ||
      (r = sd_bus_message_close_container (message)) < 0 ||
      (r = sd_bus_message_open_container (message, 'a', "(sa(sv))")) < 0 ||
      (r = append_auxiliary (message, instance, record, INSTANCE_PROXY)) < 0 ||
      (r = append_auxiliary (message, instance, record, INSTANCE_WORKER)) < 0)
    return r;
  return sd_bus_message_close_container (message);
}

sd_bus_message *
instance_units_call (const Instance *instance, const WorkerRecord *record, GError **error)
{
  sd_bus_message *message = NULL;
  int r;

  r = sd_bus_message_new_method_call (instance->hive->bus, &message, "org.freedesktop.systemd1",
                                      "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                      "StartTransientUnit");
  if (r >= 0)
    r = append_units (message, instance, record);
  if (r >= 0)
    return message;
  sd_bus_message_unref (message);
  hive_error_set_errno (error, -r, "Cannot make the units of %s", instance->options->name);
  return NULL;
}
