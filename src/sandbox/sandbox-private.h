/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "folder-watch.h"
#include "sandbox.h"

/* What the parts of sandbox.h share: sandbox-view.c says what a sandbox sees, sandbox.c runs it, sandbox-streams.c
 * takes what it says, children.c ends what it leaves, sandbox-outcome.c says what came of it, and sandbox-probe.c
 * whether one can be had at all. */

/* Descriptors that bubblewrap is to have start here, so that none sits where standard streams or the collecting pipe
 * go. */
#define FD_BASE 20

/* What bubblewrap's own words begin with. */
#define BWRAP_PREFIX "bwrap: "

typedef struct
{
  int fd; /* our end; -1 after its end */
  Output *output;
  uint64_t total;
  GString *tail;
} SandboxStream;

typedef enum
{
  STOP_NONE,
  STOP_CANCELLED,
  STOP_TIMED_OUT,
  STOP_TOO_MUCH,
  STOP_TOO_LARGE,
  STOP_NO_SPACE,
} Stop;

typedef enum
{
  NETWORK_NONE,
  NETWORK_FILTERED,
  NETWORK_SHARED,
} SandboxNetwork;

struct Sandbox
{
  const Configuration *configuration;
  GPtrArray *binds;       /* bubblewrap's options, in order */
  GPtrArray *environment; /* "--setenv", name, value, … */
  GArray *passed;         /* descriptors that bubblewrap is to have */
  char *directory;
  char *tmp;   /* what /tmp is; NULL: memory */
  char *hosts; /* all that /etc/hosts has and that names can be looked up in; NULL: this machine's, and its servers */
  SandboxNetwork network;
  pid_t network_holder; /* whose network NETWORK_FILTERED is; 0: one of its own */
  GPtrArray *allowed;   /* what NETWORK_FILTERED has besides public addresses */
  bool evaluation;
  unsigned timeout; /* seconds; 0: none */

  SandboxStream out, err;
  GString *held;   /* standard error as long as it may be bubblewrap's own; NULL: it is not */
  GString *status; /* what --json-status-fd said */
  int status_fd;
  int stdout_fd;      /* -1: a pipe of ours */
  int collect_inside; /* -1: nothing is collected */
  int collect_fd;
  size_t collect_max;
  GString *collected;
  int give_inside; /* -1: nothing is given */
  char *given;

  FolderWatch watch;
  pid_t pid;
  Stop stop;
  int64_t deadline; /* monotonic, µs; 0: none */
};

/* Moves @fd out of the way of what the child puts below FD_BASE, keeps it until the sandbox is freed, and says its
 * number. */
char *sandbox_pass (Sandbox *sandbox, int fd, GError **error);

/* What stands before bubblewrap on the command line, to give it a network. */
void sandbox_network_add_command (const Sandbox *sandbox, GStrvBuilder *command);

/* In a child: this process ignores SIGPIPE, and who started it maybe others (nohup); programs and their tests count on
 * none. */
void sandbox_reset_signals (void);

/* The resolv.conf of one with a network of its own, from this machine's. */
char *sandbox_network_resolver (const char *resolver);

/* Whether rbee-hive-network said that, as its only word; and SandboxUnavailable by it. */
bool sandbox_network_is_trouble (const char *said);
void sandbox_network_set_error (GError **error, const char *said, char **ret_hint);

/* All of bubblewrap's options as --args wants them, NUL-terminated each. */
GString *sandbox_options (Sandbox *sandbox, const char *status_number, GError **error);

/* Passes @data on to where @stream goes. */
void sandbox_stream_feed (SandboxStream *stream, const char *data, size_t length);

/* One read of whichever of the four pipes @fd is. True when more may be there. */
bool sandbox_read (Sandbox *sandbox, int *fd);

/* All that is in the pipes. */
void sandbox_drain (Sandbox *sandbox);

/* Looks whether what is watched has grown too large, when its time has come. */
void sandbox_check_folder (Sandbox *sandbox);

/* What came of it, when the last process is gone and the pipes are empty. */
bool sandbox_conclude (Sandbox *sandbox, int wait_status, int *ret_status, GError **error);
