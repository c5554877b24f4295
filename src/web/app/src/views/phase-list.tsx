// SPDX-License-Identifier: LGPL-2.1-or-later
import type { JobPhase } from "@rbee/hive-react";
import type { Job } from "@rbee/hive-sdk";

import { _ } from "../i18n.ts";
import { Icon } from "../parts/icons.tsx";
import { Elapsed, isActive } from "../parts/job-words.tsx";
import { listPhases, phaseTitle, type Phase, type PhaseState } from "../parts/phases.ts";

function PhaseMark({ state }: { state: PhaseState }) {
  if (state === "done") return <Icon name="check" />;
  if (state === "failed") return <Icon name="cross" />;
  if (state === "cancelled") return <Icon name="dash" />;
  return <span className={state === "active" ? "dot busy" : "dot"} />;
}

function phaseWord(state: PhaseState): string {
  switch (state) {
    case "waiting":
      return _("to come");
    case "active":
      return _("under way");
    case "done":
      return _("done");
    case "failed":
      return _("failed");
    case "cancelled":
      return _("cancelled");
    case "skipped":
      return _("not reached");
  }
}

/** @began: as its log has it. */
function PhaseRow({
  phase,
  operation,
  began,
  show,
}: {
  phase: Phase;
  operation: string;
  began: JobPhase | undefined;
  show: (line: number) => void;
}) {
  const content = (
    <>
      <span className="phase-mark">
        <PhaseMark state={phase.state} />
      </span>
      <span className="phase-title">{phaseTitle(phase.name, operation)}</span>
      <span className="unseen">{phaseWord(phase.state)}</span>
      {began?.network && (
        <span className="phase-network" title={_("It has the network")}>
          <Icon name="globe" />
          <span className="unseen">{_("It has the network")}</span>
        </span>
      )}
      <span className="phase-time">
        {phase.state !== "waiting" && phase.state !== "skipped" && <Elapsed from={phase.started} to={phase.ended} />}
      </span>
    </>
  );

  return (
    <li className={`phase ${phase.state}`} aria-current={phase.state === "active" ? "step" : undefined}>
      {began === undefined ? (
        <span className="phase-row">{content}</span>
      ) : (
        <button type="button" className="phase-row" onClick={() => show(began.line)} title={_("Show it in the log")}>
          {content}
        </button>
      )}
    </li>
  );
}

export function PhaseList({ job, phases, show }: { job: Job; phases: readonly JobPhase[]; show: (line: number) => void }) {
  const starts = phases.map(({ name, startedAt }) => ({ phase: name, time: startedAt ?? NaN }));
  const ended = isActive(job.state) ? NaN : job.finished_at ? job.finished_at / 1000 : starts.at(-1)?.time ? starts.at(-1)!.time / 1000 : 0;

  return (
    <section className="panel phases" aria-label={_("Phases")}>
      <ol>
        {listPhases(job.operation, starts, job.state, ended).map((phase) => (
          <PhaseRow
            key={phase.name}
            phase={phase}
            operation={job.operation}
            began={phases.find(({ name }) => name === phase.name)}
            show={show}
          />
        ))}
      </ol>
    </section>
  );
}
