/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "catalog-configuration.h"
#include "configuration-text.h"
#include "store-configuration.h"
#include "toolchain.h"

/* hive.conf and hive.conf.d/ *.conf beside it, read in the order of their names: a later file's key wins.
 * Sizes and times are as systemd has them. */
extern const char configuration_default[]; /* the one of this installation */

typedef struct
{
  char *path; /* the file that was asked for, which the programs pass on to each other; NULL: the default */
  ConfigurationText *said; /* what the files say, key by key */

  /* [Hive] */
  char *state_directory;   /* StateDirectory=/var/lib/rbee-hive */
  char *cache_directory;   /* CacheDirectory=/var/cache/rbee-hive */
  char *libexec_directory; /* LibexecDirectory=: the builder, the commit program, the bash files */
  char *install_root;      /* InstallRoot=/ : stands in front of every installed path */
  char **install_prefixes; /* InstallPrefixes=/usr/local;/opt : where a package's files may lie */
  unsigned keep_versions;  /* KeepVersions=1, of each worker, to go back to */
  unsigned idle_timeout;   /* IdleTimeout=60, before a daemon that systemd started ends for want of work; 0: never */

  /* [Install] */
  char **install_allow; /* Allow=: paths and patterns that packages may have besides the list of the commit program */

  /* [Catalog] */
  GPtrArray *catalogs;           /* of CatalogConfiguration: this one and each [Catalog NAME], the first in precedence
                                    first */
  unsigned max_queries_per_user; /* MaxQueriesPerUser=8 */

  /* [Jobs] */
  unsigned max_parallel;        /* MaxParallel=2 */
  unsigned max_queued;          /* MaxQueued=100 */
  unsigned max_queued_per_user; /* MaxQueuedPerUser=20, those that run among them */
  uid_t first_uid;              /* UserRange=61000-61183 : uids for jobs when root runs the direct launcher */
  uid_t last_uid;
  uint64_t memory_max;   /* MemoryMax=80%, of all of a job's processes; also a size */
  unsigned tasks_max;    /* TasksMax=4096, processes and threads of a job */
  unsigned cpu_weight;   /* CPUWeight=50, of 1 to 10000 */
  unsigned io_weight;    /* IOWeight=50, of 1 to 10000 */
  int nice;              /* Nice=5 */
  unsigned runtime_max;  /* RuntimeMax=43200, for a whole job until its result is installed */
  bool inhibit_shutdown; /* InhibitShutdown=delay: or no */

  /* [Log] */
  uint64_t max_log_size;  /* MaxLogSize=64M */
  unsigned max_open_logs; /* MaxOpenLogs=256, a user and minute */
  bool owner_reads_log;   /* LogAccess=everybody: or owner, and then root besides */

  /* [History] */
  unsigned history_max_jobs; /* MaxJobs=1000 */
  unsigned history_max_age;  /* MaxAge=365, in days; 0: any */
  uint64_t history_max_size; /* MaxTotalSize=2G, of all logs */

  /* [Build] */
  char *dependency_rules;       /* DependencyRules=…/dependencies.conf : how dependencies are found */
  char *cpu;                    /* CPU=native : for which processors is built (cpu-level.h) */
  char **network_steps;         /* NetworkSteps=prepare;build : which of prepare, build, check have a network */
  uint64_t memory_per_compiler; /* MemoryPerCompiler=2G : a build runs no more at once than the memory is for */
  unsigned evaluation_timeout;  /* EvaluationTimeout=30 */
  unsigned step_timeout;        /* StepTimeout=7200, for each function of a recipe */
  unsigned download_timeout;    /* DownloadTimeout=3600, for one source */
  uint64_t max_download_size;   /* MaxDownloadSize=20G, for one source */
  uint64_t max_source_size;     /* MaxSourceSize=40G, of all sources unpacked */
  unsigned max_source_files;    /* MaxSourceFiles=1000000, in them */
  uint64_t max_tree_size;       /* MaxTreeSize=20G, of what package() makes */
  uint64_t max_work_size;       /* MaxWorkSize=100G, of a job's work tree */
  unsigned max_work_files;      /* MaxWorkFiles=5000000, in it */
  uint64_t max_cache_size;      /* MaxCacheSize=20G, of sources and tool caches that are kept; 0: none are */
  unsigned max_cache_files;     /* MaxCacheFiles=2000000, in them */
  uint64_t keep_free;           /* KeepFree=2G, on CacheDirectory's file system; 0: nothing */

  /* [Run] */
  char *run_rules; /* Rules=…/run.conf : how installed workers are run */

  /* [Mirror NAME]… */
  GPtrArray *mirrors; /* of Mirror */

  /* [Store NAME]…, [Key NAME]… and [Push] */
  GPtrArray *stores;       /* of Store */
  GPtrArray *trusted_keys; /* of TrustedKey */
  char *signing_key;       /* SigningKey=: a path, or a name of systemd's, of a minisign secret key; NULL: none */

  /* [Recipe] */
  char **recipe_environment; /* Environment=: NAME=VALUE, `;` between them, for recipes and their functions */

  /* [Toolchain NAME]… */
  GPtrArray *toolchains; /* of Toolchain */

  /* [Models] */
  char **model_folders; /* Folders=: whose models are used where they lie */
  char *hub_url;        /* HubURL=https://huggingface.co : where hf:OWNER/REPOSITORY is */
  char *hub_token;      /* TokenCredential=: for the hub; a path, or a name of systemd's; NULL: none */

  /* [Network] */
  char **network_allow; /* Allow=: what is not public, and open to fetchers and steps with the network */

  /* [Bridge] */
  char **listen;                        /* Listen=: ADDRESS:PORT or the path of a socket, `;` between them */
  char *public_origin;                  /* PublicOrigin=: of a proxy in front; NULL: none */
  char **allowed_hosts;                 /* AllowedHosts=: names beside those it listens on */
  char **allowed_origins;               /* AllowedOrigins=: pages of other sites that may ask */
  bool trust_everybody;                 /* Authentication=token: or none, and then nobody needs one */
  char *key_file;                       /* KeyFile=: what tokens are signed with */
  char *web_directory;                  /* WebDirectory=: the web page */
  unsigned max_connections;             /* MaxConnections=512, that are no streams */
  unsigned max_connections_per_address; /* MaxConnectionsPerAddress=64, of other machines */
  unsigned max_streams;                 /* MaxStreams=8192 */
  uint64_t max_body_size;               /* MaxBodySize=64K, of a request */
  unsigned request_timeout;             /* RequestTimeout=15, for sending one */
  unsigned bridge_idle_timeout;         /* IdleTimeout=60, then it ends where systemd starts it again; 0: never */
} Configuration;

/* Reads @path (NULL: the installed default). A missing file gives the defaults only when @path is NULL;
 * an unknown group or key, or a value out of its range, is InvalidArgument and names file and key. */
Configuration *configuration_load (const char *path, GError **error);
void configuration_free (Configuration *configuration);

/* The file that was read: the one that was asked for, or the default. */
const char *configuration_file (const Configuration *configuration);

/* A key as it is in force. */
typedef struct
{
  const char *section, *key, *value;
  const char *fallback; /* its default; NULL: it has none */
  const char *file;     /* that says it, and on which line; NULL: the default holds */
  unsigned line;
} Setting;

/* All of them, by sections, the known ones first: a Setting each. It goes with @configuration. */
GArray *configuration_settings (const Configuration *configuration);

/* The catalog of that name, or NULL and InvalidArgument. */
const CatalogConfiguration *configuration_catalog (const Configuration *configuration, const char *name,
                                                   GError **error);

/* InstallRoot and @path joined ("/usr/local/bin/x" under "/" stays as it is). */
char *configuration_installed_path (const Configuration *configuration, const char *path);

/* A path below StateDirectory or CacheDirectory. */
char *configuration_state_path (const Configuration *configuration, const char *first, ...) G_GNUC_NULL_TERMINATED;
char *configuration_cache_path (const Configuration *configuration, const char *first, ...) G_GNUC_NULL_TERMINATED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Configuration, configuration_free)
