/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "job.h"

/* Which jobs an answer of ListJobs has, as its options say. */
typedef struct
{
  bool all;        /* every one on disk, not those alone that are objects */
  char *worker;    /* of this worker alone; NULL: of any */
  char *before_id; /* older than this job; NULL: than none */
  int64_t max;     /* 0: as many as an answer has at most */
  uint64_t before; /* what before_id stands for; 0: it is not given */
} JobList;

void job_list_clear (JobList *list);

/* Reads the a{sv} that comes next in @message. 0, or a negative errno and an InvalidArgument that names the option. */
int job_list_read (JobList *list, sd_bus_message *message, sd_bus_error *error);

/* Appends the aa{sv} of the jobs: the newest that @list wants, oldest first. However many there are, it takes bounded
 * time and an answer of bounded size. 0 or a negative errno. */
int job_list_append (const JobList *list, JobStore *store, sd_bus_message *reply);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (JobList, job_list_clear)
