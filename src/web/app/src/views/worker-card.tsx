// SPDX-License-Identifier: LGPL-2.1-or-later
import { Link } from "wouter";

import { useHiveOperations } from "@rbee/hive-react";
import type { CatalogWorker, Job, Worker } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { Bar, useForwardProgress } from "../parts/bar.tsx";
import { formatList } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { stateWord } from "../parts/job-words.tsx";
import { Command } from "../parts/notice.tsx";
import { phaseTitle } from "../parts/phases.ts";
import { useStartJob } from "../parts/start-job.ts";

/** An install that is under way. */
function CardJob({ job }: { job: Job }) {
  const progress = useForwardProgress(job);

  return (
    <Link className="card-job" href={`/jobs/${job.id}`}>
      <span className="card-job-words">
        <span>{job.state === "queued" ? stateWord(job.state) : phaseTitle(job.phase ?? "")}</span>
        <span className="card-job-watch">
          {_("Watch it")} <Icon name="right" />
        </span>
      </span>
      <Bar progress={progress} state={job.state} label={_("Progress")} />
    </Link>
  );
}

function CardActions({ worker, update }: { worker: CatalogWorker; update: string }) {
  const { installWorker, upgradeWorker } = useHiveOperations();
  const { busy, trouble, start } = useStartJob(worker.id);

  return (
    <>
      {trouble && (
        <p className="card-trouble" role="alert">
          {trouble}
        </p>
      )}
      <div className="card-actions">
        {!worker.installed_version && worker.compatible && (
          <button
            type="button"
            className={worker.missing.length > 0 ? "button" : "button primary"}
            onClick={() => void start(installWorker)}
            disabled={busy}
            aria-label={format(_("Install {worker}"), { worker: worker.name })}
          >
            {_("Install")}
          </button>
        )}
        {update && (
          <button type="button" className="button primary" onClick={() => void start(upgradeWorker)} disabled={busy}>
            {format(_("Update to {version}"), { version: update })}
          </button>
        )}
        {worker.installed_version && !update && (
          <Link className="pill done" href="/installed">
            <Icon name="check" />
            {_("Installed")}
          </Link>
        )}
        <Link className="button quiet" href={`/catalog/${worker.id}/recipe`} aria-label={format(_("Read the recipe of {worker}"), { worker: worker.name })}>
          <Icon name="recipe" />
          {_("Read the recipe")}
        </Link>
      </div>
    </>
  );
}

function Unknown({ worker }: { worker: CatalogWorker }) {
  if (worker.unknown.length === 0) return null;
  return (
    <p className="card-note">
      <Icon name="info" />
      <span>{format(_("Nobody here knows how to look for {names}"), { names: formatList(worker.unknown) })}</span>
    </p>
  );
}

function Lacking({ worker }: { worker: CatalogWorker }) {
  if (worker.missing.length === 0) return null;
  return (
    <div className="card-note warn">
      <p>
        <Icon name="warning" />
        <span>{format(_("This machine lacks {names}"), { names: formatList(worker.missing) })}</span>
      </p>
      {worker.install_command && <Command>{worker.install_command}</Command>}
    </div>
  );
}

function Tags({ worker }: { worker: CatalogWorker }) {
  const backends = worker.backend ? [worker.backend] : worker.backends;

  return (
    <ul className="tags" aria-label={_("Properties")}>
      {backends.map((backend) => (
        <li key={backend} className="tag strong" title={worker.backend_reason}>
          {backend.toLocaleUpperCase("en")}
        </li>
      ))}
      {worker.supported_formats.map((name) => (
        <li key={name} className="tag">
          {name}
        </li>
      ))}
      {worker.license && <li className="tag">{worker.license}</li>}
    </ul>
  );
}

export function WorkerCard({ worker, installed, job }: { worker: CatalogWorker; installed: Worker | undefined; job: Job | undefined }) {
  return (
    <li className={worker.compatible ? "panel card" : "panel card unfit"}>
      <div className="card-head">
        <h3>{worker.name}</h3>
        <span className="card-version">{worker.version}</span>
      </div>
      <p className="card-description">{worker.description}</p>
      <Tags worker={worker} />
      {!worker.compatible && (
        <p className="card-note">
          <Icon name="info" />
          <span>{worker.incompatible_because || madeFor(worker)}</span>
        </p>
      )}
      {worker.compatible && (
        <>
          <Lacking worker={worker} />
          <Unknown worker={worker} />
        </>
      )}
      <div className="card-foot">{job ? <CardJob job={job} /> : <CardActions worker={worker} update={installed?.update_version ?? ""} />}</div>
    </li>
  );
}

function madeFor(worker: CatalogWorker): string {
  return format(_("It is made for {platforms} on {architectures}"), {
    platforms: formatList(worker.platforms),
    architectures: formatList(worker.architectures),
  });
}
