// SPDX-License-Identifier: LGPL-2.1-or-later
import { Link } from "wouter";

import { useHiveOperations } from "@rbee/hive-react";
import type { CatalogWorker, Job, RecipeChoice, Worker } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { Bar, useForwardProgress } from "../parts/bar.tsx";
import { formatList } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { stateWord } from "../parts/job-words.tsx";
import { InstallMissing } from "../parts/install-missing.tsx";
import { Command } from "../parts/notice.tsx";
import { phaseTitle } from "../parts/phases.ts";
import { backendName } from "../parts/device.ts";
import { useStartJob } from "../parts/start-job.ts";
import { choiceQuery, InstallChoice, isForeign } from "./install-choice.tsx";

/** A cell of the hive, in its backend's colour: for eyes that look for a worker again. */
function Cell({ backend, letter }: { backend: string; letter: string }) {
  return (
    <svg className={`cell ${backend}`} viewBox="0 0 40 40" aria-hidden="true" focusable="false">
      <path d="M18 2.7a4 4 0 0 1 4 0l11.6 6.7a4 4 0 0 1 2 3.5v14.2a4 4 0 0 1-2 3.5L22 37.3a4 4 0 0 1-4 0L6.4 30.6a4 4 0 0 1-2-3.5V12.9a4 4 0 0 1 2-3.5z" />
      <text x="20" y="26" textAnchor="middle">
        {letter}
      </text>
    </svg>
  );
}

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

function CardActions({ worker, update, choice }: { worker: CatalogWorker; update: string; choice: RecipeChoice }) {
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
            className={worker.missing.length > 0 && !isForeign(worker, choice) ? "button" : "button primary"}
            onClick={() => void start((id) => installWorker(id, choice))}
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
            {isVersion(worker.installed_version, worker.version)
              ? _("Installed")
              : format(_("Installed: {version}"), { version: worker.installed_version })}
          </Link>
        )}
        <Link
          className="button quiet"
          href={`/catalog/${worker.id}/recipe${choiceQuery(choice)}`}
          state={{ inside: true }}
          aria-label={format(_("Read the recipe of {worker}"), { worker: worker.name })}
        >
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

function Lacking({ worker, choice, canInstall }: { worker: CatalogWorker; choice: RecipeChoice; canInstall: boolean }) {
  if (worker.missing.length === 0) return null;
  return (
    <div className="card-note warn">
      <p>
        <Icon name="warning" />
        <span>{format(_("This machine lacks {names}"), { names: formatList(worker.missing) })}</span>
      </p>
      {worker.install_command && <Command>{worker.install_command}</Command>}
      {worker.install_command && canInstall && <InstallMissing worker={worker.id} options={choice} name={worker.name} />}
    </div>
  );
}

/** Whether "1.0-1" is the catalog's 1.0. */
const isVersion = (installed: string, listed: string) => installed === listed || installed.startsWith(`${listed}-`);

function Tags({ worker, several }: { worker: CatalogWorker; several: boolean }) {
  const backends = worker.backends.length > 0 ? worker.backends : [worker.backend];

  return (
    <ul className="tags" aria-label={_("Properties")}>
      {backends.map((backend) => (
        <li
          key={backend}
          className={backend === worker.backend ? "tag strong" : "tag"}
          title={backend === worker.backend ? worker.backend_reason : undefined}
        >
          {backendName(backend)}
        </li>
      ))}
      {worker.supported_formats.map((name) => (
        <li key={name} className="tag">
          {name}
        </li>
      ))}
      {worker.license && <li className="tag">{worker.license}</li>}
      {several && <li className="tag">{format(_("from {catalog}"), { catalog: worker.catalog })}</li>}
    </ul>
  );
}

export interface WorkerCardProps {
  worker: CatalogWorker;
  installed: Worker | undefined;
  job: Job | undefined;
  choice: RecipeChoice;
  onChoice: (choice: RecipeChoice) => void;
  /** There are several catalogs. */
  several: boolean;
}

export function WorkerCard({ worker, installed, job, choice, onChoice, several }: WorkerCardProps) {
  const canInstall = worker.compatible && !worker.installed_version && !job;

  return (
    <li className={worker.compatible ? "panel card" : "panel card unfit"}>
      <div className="card-head">
        <Cell backend={worker.backend} letter={worker.name.charAt(0).toLocaleUpperCase("en")} />
        <h3>{worker.name}</h3>
        <span className="card-version">{worker.version}</span>
      </div>
      <p className="card-description">{worker.description}</p>
      <Tags worker={worker} several={several} />
      {!worker.compatible && (
        <p className="card-note">
          <Icon name="info" />
          <span>{worker.incompatible_because || madeFor(worker)}</span>
        </p>
      )}
      {worker.compatible && (
        <>
          {canInstall && <InstallChoice worker={worker} choice={choice} onChoice={onChoice} />}
          {!isForeign(worker, choice) && <Lacking worker={worker} choice={choice} canInstall={canInstall} />}
          {!isForeign(worker, choice) && <Unknown worker={worker} />}
        </>
      )}
      <div className="card-foot">
        {job ? <CardJob job={job} /> : <CardActions worker={worker} update={installed?.update_version ?? ""} choice={choice} />}
      </div>
    </li>
  );
}

function madeFor(worker: CatalogWorker): string {
  return format(_("It is made for {platforms} on {architectures}"), {
    platforms: formatList(worker.platforms),
    architectures: formatList(worker.architectures),
  });
}
