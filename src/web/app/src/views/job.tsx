// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useRef } from "react";
import { Link } from "wouter";

import { useJob, type JobView } from "@rbee/hive-react";
import { HiveError, type Job } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { stripAnsi } from "../log/ansi.ts";
import type { LogHandle } from "../log/log-view.tsx";
import { Announcer } from "../parts/announcer.tsx";
import { Bar, useForwardProgress } from "../parts/bar.tsx";
import { formatAgo, formatDate, formatPercent } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { isActive, JobElapsed, jobTitle, StatePill, stateWord } from "../parts/job-words.tsx";
import { PageState } from "../parts/notice.tsx";
import { lineProgress, phaseTitle } from "../parts/phases.ts";
import { CancelJob } from "./cancel-job.tsx";
import "./job.css";
import { JobOutcome } from "./job-outcome.tsx";
import { PhaseList } from "./phase-list.tsx";

const LogView = lazy(() => import("../log/log-view.tsx"));

function NoSuchJob({ id }: { id: string }) {
  return (
    <PageState icon="jobs" title={format(_("There is no job {id}"), { id })}>
      <p>{_("The hive keeps the newest jobs. Older ones are taken away after a while.")}</p>
      <div className="actions">
        <Link className="button" href="/jobs">
          {_("See all jobs")}
        </Link>
      </div>
    </PageState>
  );
}

const LOOKED_AT = 8;

/** How far the phase is: as the hive says, else as the last lines do. */
function progressOf(view: JobView): { text: string; progress: number } | undefined {
  if (view.progress) return view.progress;
  return view.log.slice(view.length - LOOKED_AT, view.length).map(stripAnsi).map(lineProgress).findLast(Boolean);
}

/** The job as of now: what its stream says is newer than what was asked for once. */
function jobOf(id: string, view: JobView): Job | undefined {
  if (!view.job) return undefined;
  return { ...view.job, id, state: view.state ?? view.job.state, phase: view.phase || view.job.phase || "", progress: progressOf(view)?.progress ?? -1 };
}

function phaseWords(job: Job): string {
  if (job.state === "queued") return _("Waiting for other jobs to end");
  return isActive(job.state) ? phaseTitle(job.phase ?? "") : stateWord(job.state);
}

/** While it is under way: how it ended is told otherwise. */
function JobProgress({ job, view }: { job: Job; view: JobView }) {
  const progress = useForwardProgress(job);
  const { text } = progressOf(view) ?? {};

  return (
    <div className="job-progress">
      <Bar progress={progress} state={job.state} label={_("Progress")} />
      <p className="muted numbers">
        <span>
          {phaseWords(job)}
          {text && ` · ${text}`}
        </span>
        <span>{formatPercent(progress)}</span>
      </p>
    </div>
  );
}

function JobHead({ job }: { job: Job }) {
  return (
    <div className="job-head">
      <div>
        <p className="job-path">
          <Link href="/jobs">{_("Jobs")}</Link> <span aria-hidden="true">/</span> {job.id}
        </p>
        <h1>{jobTitle(job.operation, job.worker_id)}</h1>
        <p className="job-facts muted">
          <StatePill state={job.state} />
          {!isActive(job.state) && job.created_at ? <time title={formatDate(job.created_at)}>{formatAgo(job.created_at)}</time> : null}
          {job.started_at ? (
            <span>
              <Icon name="clock" /> <JobElapsed job={job} />
            </span>
          ) : null}
        </p>
      </div>
      <div className="actions">{isActive(job.state) && <CancelJob job={job} />}</div>
    </div>
  );
}

export default function JobPage({ id }: { id: string }) {
  const view = useJob(id);
  const log = useRef<LogHandle>(null);
  const job = jobOf(id, view);

  if (view.error instanceof HiveError && view.error.status === 404) return <NoSuchJob id={id} />;
  if (!job) return <div className="skeleton job-waiting" role="status" aria-label={_("Loading")} />;
  return (
    <>
      <JobHead job={job} />
      <JobOutcome job={job} view={view} showEnd={() => log.current?.show(view.length - 1)} />
      {isActive(job.state) && <JobProgress job={job} view={view} />}
      <Announcer>{phaseWords(job)}</Announcer>
      <div className="job-body">
        <PhaseList job={job} phases={view.phases} show={(line) => log.current?.show(line)} />
        <Suspense fallback={<div className="log-place" />}>
          <div className="log-place">
            <LogView ref={log} log={view.log} length={view.length} live={!view.ended} fileName={`${job.worker_id}-job-${id}.log`} />
          </div>
        </Suspense>
      </div>
    </>
  );
}
