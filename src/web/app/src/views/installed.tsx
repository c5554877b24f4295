// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState } from "react";
import { Link, useLocation } from "wouter";

import { useHiveOperations, useInstalledWorkers, useJobs, useUpdates, useVerify } from "@rbee/hive-react";
import type { FileProblem, Job, Worker } from "@rbee/hive-sdk";

import { _, format, hiveWords, ngettext } from "../i18n.ts";
import { Awaited } from "../parts/awaited.tsx";
import { Fact } from "../parts/fact.tsx";
import { formatDate, formatSize } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { isActive, isOfWorker } from "../parts/job-words.tsx";
import { Notice, PageState } from "../parts/notice.tsx";
import { useStartJob } from "../parts/start-job.ts";
import { troubleWords } from "../parts/use-action.ts";
import { useTitle } from "../parts/view.ts";
import { useWorkerNames } from "../parts/worker-name.ts";
import "./installed.css";
import { StartButton } from "./start-button.tsx";

const Confirm = lazy(() => import("../parts/confirm.tsx"));

function problemWord(problem: string): string {
  switch (problem) {
    case "missing":
      return _("missing");
    case "changed":
      return _("changed");
    case "unreadable":
      return _("cannot be read");
    default:
      return problem;
  }
}

function Verified({ problems, files }: { problems: FileProblem[]; files: number }) {
  if (problems.length === 0)
    return (
      <Notice
        tone="good"
        title={format(ngettext("Its {count} file is as it was installed", "All {count} files are as they were installed", files), {
          count: files,
        })}
      />
    );
  return (
    <Notice
      tone="warn"
      title={format(ngettext("{count} file is not as it was installed", "{count} files are not as they were installed", problems.length), {
        count: problems.length,
      })}
    >
      <ul>
        {problems.map(({ path, problem }) => (
          <li key={path}>
            <code>{path}</code>: {problemWord(problem)}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** @job: the one that installed it, where it is still known. */
function Facts({ worker, job }: { worker: Worker; job: Job | undefined }) {
  return (
    <dl className="facts">
      <Fact name={_("Path")}>
        <code>{worker.binary}</code>
      </Fact>
      <Fact name={_("Size")}>{formatSize(worker.size)}</Fact>
      <Fact name={_("Installed")}>
        {formatDate(worker.installed_at)}
        {job && (
          <>
            {" · "}
            <Link href={`/jobs/${job.id}`}>{format(_("job {id} and its log"), { id: job.id })}</Link>
          </>
        )}
      </Fact>
      {worker.backend && <Fact name={_("Backend")}>{worker.backend.toLocaleUpperCase("en")}</Fact>}
      <Fact name={_("Licence")}>{worker.license}</Fact>
    </dl>
  );
}

interface WorkerActionsProps {
  worker: Worker;
  name: string;
  verify: () => void;
  verifying: boolean;
}

function WorkerActions({ worker, name, verify, verifying }: WorkerActionsProps) {
  const { removeWorker, upgradeWorker, rollbackWorker } = useHiveOperations();
  const [asked, setAsked] = useState(false);
  const { busy, trouble, start } = useStartJob(worker.id);

  return (
    <>
      <div className="actions">
        <StartButton worker={worker} />
        {worker.update_version && (
          <button type="button" className="button primary" onClick={() => void start(upgradeWorker)} disabled={busy}>
            {format(_("Update to {version}"), { version: worker.update_version })}
          </button>
        )}
        <button
          type="button"
          className="button"
          onClick={verify}
          disabled={verifying}
          aria-label={format(_("Verify {worker}"), { worker: name })}
        >
          {verifying ? _("Verifying…") : _("Verify")}
        </button>
        {worker.rollback_version && (
          <button type="button" className="button" onClick={() => void start(rollbackWorker)} disabled={busy}>
            {format(_("Back to {version}"), { version: worker.rollback_version })}
          </button>
        )}
        <button
          type="button"
          className="button danger"
          onClick={() => setAsked(true)}
          disabled={busy}
          aria-label={format(_("Remove {worker}"), { worker: name })}
        >
          {_("Remove")}
        </button>
      </div>
      {trouble && <Notice tone="bad" title={trouble} urgent />}
      {asked && (
        <Suspense>
          <Confirm
            title={format(_("Remove {worker}?"), { worker: name })}
            text={format(
              ngettext(
                "Its {count} file is taken from this machine, unless it was changed since.",
                "Its {count} files are taken from this machine, but those that were changed since.",
                worker.files.length,
              ),
              { count: worker.files.length },
            )}
            no={_("Keep it")}
            yes={_("Remove")}
            onYes={() => {
              setAsked(false);
              void start(removeWorker);
            }}
            onClose={() => setAsked(false)}
          />
        </Suspense>
      )}
    </>
  );
}

function InstalledWorker({ worker }: { worker: Worker }) {
  const { data: problems, error, refetch, isFetching } = useVerify(worker.id);
  const { jobs } = useJobs();
  const name = useWorkerNames().ofWorker(worker);
  const own = jobs?.filter((job) => job.worker_id === worker.id && isOfWorker(job));
  const job = own?.find(({ state }) => isActive(state));

  return (
    <li className="panel installed">
      <div className="installed-head">
        <div>
          <h2>
            {name} <span className="installed-version">{worker.version}</span>
          </h2>
          {name !== worker.id && <code className="muted">{worker.id}</code>}
          <p className="muted">{worker.description}</p>
        </div>
        {job ? (
          <Link className="button" href={`/jobs/${job.id}`}>
            {_("A job is under way")}
            <Icon name="right" />
          </Link>
        ) : (
          <WorkerActions worker={worker} name={name} verify={() => void refetch()} verifying={isFetching} />
        )}
      </div>
      <Facts worker={worker} job={own?.find(({ operation, state }) => operation !== "worker_remove" && state === "done")} />
      {problems && <Verified problems={problems} files={worker.files.length} />}
      {error && <Notice tone="bad" title={hiveWords(error.message)} urgent />}
      <details className="files">
        <summary>{format(ngettext("{count} file", "{count} files", worker.files.length), { count: worker.files.length })}</summary>
        <ul>
          {worker.files.map((file) => (
            <li key={file}>
              <code>{file}</code>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

/** Asks for newer versions, and tells what came of it where it is not seen below. */
function Updates() {
  const { data: updates, error, refetch, isFetching } = useUpdates();
  const { upgradeWorker } = useHiveOperations();
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();
  const { ofId } = useWorkerNames();
  const failed = updates?.filter(({ error }) => error) ?? [];
  const available = updates?.filter(({ available }) => available) ?? [];
  const found = available.length;
  const upgradeAll = async () => {
    const asked = await Promise.allSettled(available.map(({ id }) => upgradeWorker(id)));
    const refused = asked.flatMap((answer) => (answer.status === "rejected" ? [troubleWords(answer.reason as Error)] : []));
    if (refused.length > 0) setTrouble([...new Set(refused)].join(" "));
    else go("/jobs");
  };

  return (
    <div className="updates">
      <p className="muted" role="status">
        {updates &&
          !isFetching &&
          (found > 0 ? format(ngettext("{count} update", "{count} updates", found), { count: found }) : _("All are up to date"))}
      </p>
      <button type="button" className="button" onClick={() => void refetch()} disabled={isFetching}>
        {isFetching ? _("Looking for updates…") : _("Look for updates")}
      </button>
      {found > 1 && !isFetching && (
        <button type="button" className="button primary" onClick={() => void upgradeAll()}>
          {_("Update all")}
        </button>
      )}
      {trouble && <Notice tone="bad" title={trouble} urgent />}
      {error && <Notice tone="bad" title={hiveWords(error.message)} urgent />}
      {failed.map(({ id, error }) => (
        <Notice key={id} tone="warn" title={format(_("Whether {worker} has an update is not known"), { worker: ofId(id) })}>
          <p>{hiveWords(error)}</p>
        </Notice>
      ))}
    </div>
  );
}

export default function Installed() {
  const { data: workers, error } = useInstalledWorkers();

  useTitle(_("Installed"));
  if (workers?.length === 0)
    return (
      <PageState icon="installed" title={_("Nothing is installed yet")}>
        <p>{_("What you install from the catalog is shown here.")}</p>
        <div className="actions">
          <Link className="button primary" href="/">
            {_("Open the catalog")}
          </Link>
        </div>
      </PageState>
    );
  return (
    <>
      <div className="head">
        <h1>{_("Installed")}</h1>
        {workers && <Updates />}
      </div>
      <Awaited isThere={workers !== undefined} error={error} />
      <ul className="stack">
        {workers?.map((worker) => (
          <InstalledWorker key={worker.id} worker={worker} />
        ))}
      </ul>
    </>
  );
}
