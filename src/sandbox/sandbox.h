/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "log-writer.h"
#include "network-holder.h"
#include "output.h"

/* A program in fresh namespaces (bubblewrap): all unshared, no user namespaces inside, a clean environment, and of this
 * machine only /usr, /opt and the few files of /etc that programs need. Each function adds one right. */
typedef struct Sandbox Sandbox;

/* Its PATH. */
#define SANDBOX_SYSTEM_PATH                                                                                            \
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/bin/site_perl:/usr/bin/vendor_perl:"              \
  "/usr/bin/core_perl:/usr/local/cuda/bin:/opt/cuda/bin"

Sandbox *sandbox_new (const Configuration *configuration);
void sandbox_free (Sandbox *sandbox);

void sandbox_bind (Sandbox *sandbox, const char *outside, const char *inside); /* read-write */
void sandbox_bind_read_only (Sandbox *sandbox, const char *outside, const char *inside);
/* A file inside that exists nowhere else. */
bool sandbox_bind_text (Sandbox *sandbox, const char *text, const char *inside, GError **error);
/* A copy of what can be read from @fd, which is taken: inside it may be changed, outside that changes nothing. */
bool sandbox_copy (Sandbox *sandbox, int fd, bool executable, const char *inside, GError **error);
void sandbox_link (Sandbox *sandbox, const char *target, const char *inside);
void sandbox_make_folder (Sandbox *sandbox, const char *inside); /* on one that may be written */
/* An empty folder in memory, to write on. */
void sandbox_add_folder (Sandbox *sandbox, const char *inside);
/* Its /tmp is the empty folder @outside instead of one in memory. A sandbox before must not have written there: a link
 * where something is bound later would lead out. */
void sandbox_set_tmp (Sandbox *sandbox, const char *outside);
void sandbox_setenv (Sandbox *sandbox, const char *name, const char *value);
void sandbox_setenv_all (Sandbox *sandbox, char *const *variables); /* NAME=VALUE each */
void sandbox_chdir (Sandbox *sandbox, const char *inside);

/* With resolv.conf, hosts and CA certificates, and a network of its own (network.h) that has public addresses and what
 * [Network] in hive.conf allows. Of two words on one sandbox the last counts. */
void sandbox_allow_network (Sandbox *sandbox);

/* The same, but the network that @holder holds already. */
void sandbox_join_network (Sandbox *sandbox, const NetworkHolder *holder);

/* What this machine plainly lacks for that, with what to do; NULL: nothing that can be seen without trying. */
const char *sandbox_network_lack (void);

/* And one more of them, "10.1.0.0/16", or a port of this machine's loopback, "127.0.0.1:8080". */
void sandbox_allow_address (Sandbox *sandbox, const char *address);

/* With this machine's own network, but without Unix sockets, of which some have no name in any file. For what this
 * machine's administrator chose, and no recipe's function. */
void sandbox_share_network (Sandbox *sandbox);

/* With the network, @host is the one name that can be looked up, and stands for @address. */
void sandbox_pin_host (Sandbox *sandbox, const char *host, const char *address);
void sandbox_set_timeout (Sandbox *sandbox, unsigned seconds);

/* Ends it with LimitsExceeded when what is below the folder @path (outside) has grown over these: seen a few times a
 * second, so that what it writes meanwhile comes on top. */
void sandbox_limit_folder (Sandbox *sandbox, const char *path, uint64_t max_size, unsigned max_files);
/* The same of a work tree, by MaxWorkSize= and MaxWorkFiles=, which the message names. Of either's file system
 * KeepFree= is left to others, else NoSpace. */
void sandbox_limit_work (Sandbox *sandbox, const char *path);
void sandbox_limit_evaluation (Sandbox *sandbox); /* memory, processes, file size */

/* What the program prints goes to these (NULL: discarded, up to a limit of 1 MiB kept for sandbox_diagnostics). */
void sandbox_set_output (Sandbox *sandbox, Output *out, Output *err);

/* Standard output is @fd (borrowed) itself. */
void sandbox_set_stdout (Sandbox *sandbox, int fd);

/* A private pipe: what the program writes to descriptor @inside_fd is collected, at most @max_size bytes (more:
 * LimitsExceeded). */
void sandbox_collect (Sandbox *sandbox, int inside_fd, size_t max_size);

/* The program finds @text (at most 4 KiB) to read on descriptor @inside_fd: once, and in no file. */
void sandbox_give (Sandbox *sandbox, int inside_fd, const char *text);

/* Runs @argv and waits until the last process inside is gone. Returns true and the exit status (0 to 255; 128+N: ended
 * by signal N), or sets SandboxUnavailable (no bubblewrap, namespaces denied: why and what to do), TimedOut or
 * LimitsExceeded. A sandbox runs once. */
bool sandbox_run (Sandbox *sandbox, const char *const *argv, int *ret_status, GError **error);

/* What sandbox_collect() gathered; owned by the sandbox. */
const char *sandbox_collected (Sandbox *sandbox, size_t *ret_length);

/* The end of what an undirected program printed to standard error: for messages; cleaned; owned by the sandbox. */
const char *sandbox_diagnostics (Sandbox *sandbox);

/* Whether sandboxes work on this machine, or (@network) those with a network of their own; otherwise
 * SandboxUnavailable: the message says why and what to do. */
bool sandbox_probe (const Configuration *configuration, bool network, char **ret_hint, GError **error);

/* Asks every running sandbox of this process to end (async-signal-safe): for the builder's SIGTERM. After it
 * sandbox_run() fails with Interrupted. */
void sandbox_cancel_all (void);
bool sandbox_was_cancelled (void);

/* The same for whatever else takes long: true, or false and Interrupted once the job was cancelled. */
bool sandbox_check_cancelled (GError **error);

/* Lets @seconds pass; the same. */
bool sandbox_wait (unsigned seconds, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sandbox, sandbox_free)
