// SPDX-License-Identifier: LGPL-2.1-or-later
import { useJobs } from "@rbee/hive-react";
import { Link } from "wouter";

import { _ } from "../i18n.ts";

export function Jobs() {
  const { jobs } = useJobs();

  return (
    <>
      <h1>{_("Jobs")}</h1>
      <ul>
        {jobs?.map((job) => (
          <li key={job.id}>
            <Link href={`/jobs/${job.id}`}>
              {job.id} {job.worker_id} {job.state}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
