// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from "react";
import { Link, useLocation } from "wouter";

import { useHiveOperations, useInstalledWorkers, type JobView } from "@rbee/hive-react";
import { shortErrorName, type Job, type Worker } from "@rbee/hive-sdk";

import { _, format, hiveWords } from "../i18n.ts";
import { stripAnsi } from "../log/ansi.ts";
import { advice } from "../parts/advice.ts";
import { Icon } from "../parts/icons.tsx";
import { InstallMissing } from "../parts/install-missing.tsx";
import { Command, Notice } from "../parts/notice.tsx";
import { troubleWords } from "../parts/use-action.ts";
import { isOfOwnRecipe, useWorkerNames } from "../parts/worker-name.ts";
import { choiceQuery } from "./install-choice.tsx";
import { StartButton, useRunsWorkers } from "./start-button.tsx";

/** Whether the page can ask for the same: of a model, a push, a recipe of one's own and a folder of ready builds it lacks what was handed over. */
const canAskAgain = (job: Job): boolean =>
  !job.operation.startsWith("model_") && job.operation !== "worker_push" && !isOfOwnRecipe(job) && job.options?.from === undefined;

/** The same once more, as a job of its own. */
function Again({ job, children }: { job: Job; children: string }) {
  const { installWorker, removeWorker, rollbackWorker } = useHiveOperations();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();
  const install = (id: string) => installWorker(id, job.options);
  const operation = { worker_remove: removeWorker, worker_rollback: rollbackWorker }[job.operation] ?? install;
  const again = async () => {
    setBusy(true);
    try {
      go(`/jobs/${await operation(job.worker_id)}`);
    } catch (error) {
      setTrouble(troubleWords(error as Error));
    } finally {
      setBusy(false);
    }
  };

  if (!canAskAgain(job)) return null;
  return (
    <>
      <button type="button" className="button primary" onClick={() => void again()} disabled={busy}>
        {children}
      </button>
      {trouble && <p role="alert">{trouble}</p>}
    </>
  );
}

/** Errors whose reason a recipe tells, not the hive. */
const SAID_BY_RECIPE = new Set(["BuildFailed", "PackageFailed"]);
const SHOWN = 4;
/** Lines at the end of a log that are looked at. */
const LAST = 40;

/** What the recipe said last, before the hive's own words: often the reason. */
function lastWords(view: JobView): string[] {
  const lines = view.log.slice(view.length - LAST, view.length).map(stripAnsi);
  const end = lines.findLastIndex((line) => line.startsWith("❌"));
  const start = lines.findLastIndex((line, index) => index < end && /^(\S+  ?Starting|✓) /u.test(line)) + 1;
  return lines
    .slice(start, Math.max(0, end))
    .filter((line) => line.trim())
    .slice(-SHOWN);
}

const INSTALL_WITH = "Install with: ";

/** The command that installs what was missing, as the log has it. */
function installCommand(view: JobView): string {
  const line = view.log.slice(view.length - LAST, view.length).findLast((text) => text.startsWith(INSTALL_WITH));
  return line?.slice(INSTALL_WITH.length) ?? "";
}

function Failed({ job, view, showEnd }: { job: Job; view: JobView; showEnd: () => void }) {
  const { ofJob } = useWorkerNames();
  const name = shortErrorName(job.error_name ?? "");
  const command = view.ended ? installCommand(view) : "";
  const words = view.ended && SAID_BY_RECIPE.has(name) ? lastWords(view) : [];
  const reason = job.error_message || view.error?.message || _("The job failed");
  const what =
    job.operation.startsWith("model_") && name === "ChecksumMismatch"
      ? _("What was fetched is not what was promised. Don't use it.")
      : advice(name, reason);

  return (
    <Notice tone="bad" title={hiveWords(reason)} urgent>
      {what && <p>{what}</p>}
      {words.length > 0 && <pre className="last-words">{words.join("\n")}</pre>}
      {command && <Command>{command}</Command>}
      <div className="actions">
        {command && name === "MissingDependencies" && canAskAgain(job) && !job.options?.install_dependencies && (
          <InstallMissing worker={job.worker_id} options={job.options ?? {}} name={ofJob(job)} />
        )}
        <Again job={job}>{_("Try again")}</Again>
        <button type="button" className="button" onClick={showEnd}>
          {_("Show the end of the log")}
        </button>
        {job.operation === "worker_install" && !isOfOwnRecipe(job) && (
          <Link
            className="button quiet"
            href={`/catalog/${job.worker_id}/recipe${choiceQuery(job.options ?? {})}`}
            state={{ inside: true }}
          >
            <Icon name="recipe" />
            {_("Read the recipe")}
          </Link>
        )}
      </div>
    </Notice>
  );
}

function installedWords(worker: Worker | undefined, runs: boolean): string {
  if (!worker) return _("It was removed again, or replaced, since.");
  if (worker.run && !runs) return _("This hive was started without systemd, which runs workers. Run it on this machine:");
  return worker.run ? _("It answers requests once it is started.") : _("Run it on this machine:");
}

function Done({ job }: { job: Job }) {
  const { ofJob } = useWorkerNames();
  const workers = useInstalledWorkers();
  const worker = workers.data?.find(({ id }) => id === job.worker_id);
  const runs = useRunsWorkers();

  if (job.operation === "worker_remove")
    return (
      <Notice tone="good" title={format(_("{worker} is removed"), { worker: ofJob(job) })}>
        <p>
          <Link href="/">{_("Back to the catalog")}</Link>
        </p>
      </Notice>
    );
  if (job.operation === "worker_push") return <Notice tone="good" title={format(_("{worker} is in the store"), { worker: ofJob(job) })} />;
  if (job.operation.startsWith("model_"))
    return (
      <Notice tone="good" title={format(_("The model {worker} is there"), { worker: job.worker_id })}>
        <p>
          <Link href="/models">{_("See the models")}</Link>
        </p>
      </Notice>
    );
  return (
    <Notice tone="good" title={format(_("{worker} is installed"), { worker: ofJob(job) })}>
      <p>{installedWords(worker, runs)}</p>
      {worker && !(worker.run && runs) && <Command>{worker.binary}</Command>}
      <div className="actions">
        {worker && <StartButton worker={worker} />}
        <Link className="button" href="/installed">
          {_("See what is installed")}
        </Link>
      </div>
    </Notice>
  );
}

/** How a job ended, in one sentence, and what to do next. */
export function JobOutcome({ job, view, showEnd }: { job: Job; view: JobView; showEnd: () => void }) {
  switch (job.state) {
    case "failed":
      return <Failed job={job} view={view} showEnd={showEnd} />;
    case "done":
      return <Done job={job} />;
    case "cancelled":
      return (
        <Notice tone="plain" title={_("The job was cancelled")}>
          <p>
            {view.phases.some(({ name }) => name === "install-dependencies")
              ? _("Packages of the system that it had installed stay. Nothing else was changed on this machine.")
              : _("Nothing was changed on this machine.")}
          </p>
          <div className="actions">
            <Again job={job}>{_("Start again")}</Again>
          </div>
        </Notice>
      );
    default:
      return null;
  }
}
