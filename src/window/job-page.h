/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

#include "hive-model.h"

/* A job: its phase, its progress, how it ended, and its log. */
#define JOB_TYPE_PAGE (job_page_get_type ())
G_DECLARE_FINAL_TYPE (JobPage, job_page, JOB, PAGE, GtkBox)

void job_page_set_model (JobPage *page, HiveModel *model);

/* The job of that id, whoever's; also one that ended long ago. Signal `titled` when its title is known. */
void job_page_show (JobPage *page, const char *id);

/* The id of the job that it shows, and what it is called; NULL: none, or not yet known. */
const char *job_page_id (JobPage *page);
char *job_page_title (JobPage *page);

/* Has the person type what to look for in the log. */
void job_page_search (JobPage *page);
