/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* The properties of a job's object (WorkerId) with the names they have in ListJobs (worker_id). */
JsonObject *job_json_from_properties (JsonObject *properties);

/* Names the options of each job of ListJobs as a request for one does (install_dependencies). */
void job_json_mend_list (JsonNode *jobs);
