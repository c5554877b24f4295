// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useRef } from "react";
import { Link } from "wouter";

import { useJob, type JobView } from "@rbee/hive-react";
import { HiveError, type Job } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import type { LogHandle } from "../log/log-view.tsx";
import { Announcer } from "../parts/announcer.tsx";
import { Bar, useForwardProgress } from "../parts/bar.tsx";
import { formatPercent } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { Ago, isActive, JobElapsed, StatePill, stateWord, useJobTitle } from "../parts/job-words.tsx";
import { Notice, PageState } from "../parts/notice.tsx";
import { phaseTitle } from "../parts/phases.ts";
import { troubleWords } from "../parts/use-action.ts";
import { useTitle } from "../parts/view.ts";
import { CancelJob } from "./cancel-job.tsx";
import { choiceWords } from "./install-choice.tsx";
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

/** Why the job or its log is not shown: not allowed, for one. */
function JobTrouble({ error }: { error: Error }) {
  return (
    <Notice tone="warn" title={_("The log cannot be shown")} urgent>
      <p>{troubleWords(error)}</p>
    </Notice>
  );
}

const SIGNS: Partial<Record<string, string>> = { done: "✓", failed: "✗", cancelled: "–" };

/** For who looks at another tab meanwhile: how far it is, or how it ended. */
function JobTitle({ job }: { job: Job }) {
  const titleOf = useJobTitle();
  const progress = useForwardProgress(job);
  useTitle(`${SIGNS[job.state] ?? formatPercent(progress)} ${titleOf(job)}`);
  return null;
}

/** The job as of now: what its stream says is newer than what was asked for once. */
function jobOf(id: string, view: JobView): Job | undefined {
  if (!view.job) return undefined;
  return {
    ...view.job,
    id,
    state: view.state ?? view.job.state,
    phase: view.phase || view.job.phase || "",
    progress: view.progress?.progress ?? -1,
  };
}

function phaseWords(job: Job): string {
  if (job.state === "queued") return _("Waiting for other jobs to end");
  return isActive(job.state) ? phaseTitle(job.phase ?? "", job.operation) : stateWord(job.state);
}

/** While it is under way: how it ended is told otherwise. */
function JobProgress({ job, view }: { job: Job; view: JobView }) {
  const progress = useForwardProgress(job);
  const text = view.progress?.text;

  return (
    <div className="job-progress">
      <Bar progress={progress} state={job.state} label={_("Progress")} />
      <p className="muted numbers">
        <span>
          {phaseWords(job)}
          {text && ` · ${text}`}
          {view.phases.at(-1)?.network && ` · ${_("network on")}`}
        </span>
        <span>{formatPercent(progress)}</span>
      </p>
    </div>
  );
}

function JobHead({ job }: { job: Job }) {
  const titleOf = useJobTitle();

  return (
    <div className="job-head">
      <div>
        <p className="job-path">
          <Link href="/jobs">{_("Jobs")}</Link> <span aria-hidden="true">/</span> {job.id}
        </p>
        <h1>{titleOf(job)}</h1>
        <p className="job-facts muted">
          <StatePill state={job.state} />
          {choiceWords(job.options ?? {}).map((word) => (
            <span key={word} className="tag">
              {word}
            </span>
          ))}
          {!isActive(job.state) && job.created_at ? <Ago time={job.created_at} /> : null}
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
  if (!job)
    return view.error ? (
      <JobTrouble error={view.error} />
    ) : (
      <div className="skeleton job-waiting" role="status" aria-label={_("Loading")} />
    );
  return (
    <>
      <JobTitle job={job} />
      <JobHead job={job} />
      <JobOutcome job={job} view={view} showEnd={() => log.current?.show(view.length - 1)} />
      {isActive(job.state) && <JobProgress job={job} view={view} />}
      {view.error instanceof HiveError && <JobTrouble error={view.error} />}
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
