// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from "react";
import { Link } from "wouter";

import { useJobs } from "@rbee/hive-react";
import type { Job } from "@rbee/hive-sdk";

import { _, hiveWords } from "../i18n.ts";
import { Bar, useForwardProgress } from "../parts/bar.tsx";
import { Icon } from "../parts/icons.tsx";
import { Ago, isActive, JobElapsed, StatePill, stateWord, useJobTitle } from "../parts/job-words.tsx";
import { PageState } from "../parts/notice.tsx";
import { phaseTitle } from "../parts/phases.ts";
import { useTitle } from "../parts/view.ts";
import "./jobs.css";

function RunningBar({ job }: { job: Job }) {
  return <Bar progress={useForwardProgress(job)} state={job.state} label={_("Progress")} />;
}

function JobRow({ job }: { job: Job }) {
  const titleOf = useJobTitle();
  const words =
    job.state === "failed"
      ? hiveWords(job.error_message ?? "")
      : isActive(job.state) && job.state !== "queued"
        ? phaseTitle(job.phase ?? "", job.operation)
        : "";

  return (
    <li>
      <Link className="job-row" href={`/jobs/${job.id}`}>
        <span className="job-number numbers">{job.id}</span>
        <span className="job-what">
          <span className="job-name">{titleOf(job)}</span>
          {words && <span className="job-words">{words}</span>}
        </span>
        <span className="job-when">
          {job.created_at ? <Ago time={job.created_at} /> : null}
          <JobElapsed job={job} />
        </span>
        <StatePill state={job.state} />
        {(job.state === "running" || job.state === "committing") && <RunningBar job={job} />}
      </Link>
    </li>
  );
}

function Group({ title, jobs }: { title: string; jobs: Job[] }) {
  if (jobs.length === 0) return null;
  return (
    <section className="section">
      <h2>{title}</h2>
      <ul className="panel job-rows">
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}

/** Fewer are seen at a glance. */
const MANY = 8;

/** Whether all of the words that were typed stand in what a row shows, or in its worker's id. */
function matches(job: Job, title: string, text: string): boolean {
  const shown = [job.id, title, job.worker_id, stateWord(job.state), hiveWords(job.error_message ?? "")].join(" ").toLocaleLowerCase();
  return text
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => shown.includes(word));
}

export default function Jobs() {
  const { jobs: all } = useJobs();
  const [text, setText] = useState("");
  const titleOf = useJobTitle();
  const jobs = text ? all?.filter((job) => matches(job, titleOf(job), text)) : all;
  useTitle(_("Jobs"));
  const running = jobs?.filter(({ state }) => state === "running" || state === "committing") ?? [];
  const queued = jobs?.filter(({ state }) => state === "queued").reverse() ?? [];

  if (all?.length === 0)
    return (
      <PageState icon="jobs" title={_("There are no jobs yet")}>
        <p>{_("Each install and each removal is a job. Its log stays here.")}</p>
      </PageState>
    );
  return (
    <>
      <div className="head">
        <h1>{_("Jobs")}</h1>
        {all && all.length > MANY && (
          <label className="field head-search">
            <Icon name="search" />
            <input
              type="search"
              placeholder={_("Search the jobs")}
              aria-label={_("Search the jobs")}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
        )}
      </div>
      {jobs?.length === 0 && <p role="status">{_("No job matches")}</p>}
      {!jobs && <div className="skeleton job-rows-waiting" role="status" aria-label={_("Loading")} />}
      <Group title={_("Running")} jobs={running} />
      <Group title={_("Waiting")} jobs={queued} />
      <Group title={_("History")} jobs={jobs?.filter(({ state }) => !isActive(state)) ?? []} />
    </>
  );
}
