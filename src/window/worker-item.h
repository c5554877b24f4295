/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "hive-dbus.h"

/* A worker as the window shows it: what the catalog says, what is installed, and the job that it has. Signal `changed`.
 */
#define WORKER_TYPE_ITEM (worker_item_get_type ())
G_DECLARE_FINAL_TYPE (WorkerItem, worker_item, WORKER, ITEM, GObject)

typedef enum
{
  SECTION_INSTALLED,
  SECTION_READY,
  SECTION_LACKING, /* this machine lacks something that can be installed */
  SECTION_UNFIT,   /* not for this machine */
  N_SECTIONS,
} WorkerSection;

WorkerItem *worker_item_new (const char *id);

/* @entry: of ListCatalog; each may be NULL, and is referenced. */
void worker_item_update (WorkerItem *item, GVariant *entry, DbusHiveWorker *installed, DbusHiveJob *job);

WorkerSection worker_item_section (WorkerItem *item);
const char *worker_item_id (WorkerItem *item);
const char *worker_item_name (WorkerItem *item);
const char *worker_item_description (WorkerItem *item);

/* That is installed, else that of the catalog. */
const char *worker_item_version (WorkerItem *item);

/* Its version, license, backends and formats, in a line. */
char *worker_item_facts (WorkerItem *item);

/* Newer than the installed one; "": none is known. */
const char *worker_item_update_version (WorkerItem *item);

/* How it is started: `run` of ListWorkers. NULL: it is not installed, or nobody says how. */
GVariant *worker_item_run (WorkerItem *item);

/* NULL: it is in no catalog; it is not installed; it has no job that goes on. */
GVariant *worker_item_entry (WorkerItem *item);
DbusHiveWorker *worker_item_installed (WorkerItem *item);
DbusHiveJob *worker_item_job (WorkerItem *item);

/* Of the catalog's entry; "" and an empty list where there is none. */
const char *worker_item_text (WorkerItem *item, const char *key);
GStrv worker_item_list (WorkerItem *item, const char *key);

/* Whether the person who looks for @words would find it; NULL: everybody would. */
bool worker_item_matches (WorkerItem *item, const char *words);
