/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* hive.conf and hive.conf.d/ *.conf beside it, read in the order of their names: a later file's key wins.
 * Sizes are bytes with an optional K, M, G or T (powers of 1024); times are seconds. */
typedef struct
{
  char *path; /* the file that was asked for; the programs pass it on to each other */

  /* [Hive] */
  char *state_directory;   /* StateDirectory=/var/lib/rbee-hive */
  char *cache_directory;   /* CacheDirectory=/var/cache/rbee-hive */
  char *libexec_directory; /* LibexecDirectory=: the builder, the commit program, the bash files */
  char *install_root;      /* InstallRoot=/ : stands in front of every installed path */
  char **install_prefixes; /* InstallPrefixes=/usr/local;/opt : where a package's files may lie */

  /* [Catalog] */
  char *catalog_url;             /* URL=file://…/catalog, without a trailing slash */
  unsigned catalog_timeout;      /* Timeout=30, for one whole request */
  uint64_t catalog_max_size;     /* MaxSize=4M, of one answer */
  unsigned max_queries_per_user; /* MaxQueriesPerUser=8 */

  /* [Jobs] */
  unsigned max_parallel;        /* MaxParallel=2 */
  unsigned max_queued;          /* MaxQueued=100 */
  unsigned max_queued_per_user; /* MaxQueuedPerUser=20, those that run among them */
  uid_t first_uid;              /* UserRange=61000-61183 : uids for jobs when root runs the direct launcher */
  uid_t last_uid;

  /* [Log] */
  uint64_t max_log_size;  /* MaxLogSize=64M */
  unsigned max_open_logs; /* MaxOpenLogs=256, a user and minute */
  bool owner_reads_log;   /* LogAccess=everybody: or owner, and then root besides */

  /* [History] */
  unsigned history_max_jobs; /* MaxJobs=1000 */
  unsigned history_max_age;  /* MaxAge=365, in days; 0: any */
  uint64_t history_max_size; /* MaxTotalSize=2G, of all logs */

  /* [Build] */
  char **network_steps;        /* NetworkSteps=prepare : which of prepare, build, check have a network */
  unsigned evaluation_timeout; /* EvaluationTimeout=10 */
  unsigned step_timeout;       /* StepTimeout=7200, for each function of a recipe */
  unsigned download_timeout;   /* DownloadTimeout=3600, for one source */
  uint64_t max_download_size;  /* MaxDownloadSize=20G, for one source */
  uint64_t max_tree_size;      /* MaxTreeSize=20G, of what package() makes */
} Configuration;

/* Reads @path (NULL: the installed default). A missing file gives the defaults only when @path is NULL;
 * an unknown group or key, or a value out of its range, is InvalidArgument and names file and key. */
Configuration *configuration_load (const char *path, GError **error);
void configuration_free (Configuration *configuration);

/* True when the recipe's function @step (prepare, build, check) may use the network. */
bool configuration_step_has_network (const Configuration *configuration, const char *step);

/* InstallRoot and @path joined ("/usr/local/bin/x" under "/" stays as it is). */
char *configuration_installed_path (const Configuration *configuration, const char *path);

/* A path below StateDirectory or CacheDirectory. */
char *configuration_state_path (const Configuration *configuration, const char *first, ...) G_GNUC_NULL_TERMINATED;
char *configuration_cache_path (const Configuration *configuration, const char *first, ...) G_GNUC_NULL_TERMINATED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Configuration, configuration_free)
