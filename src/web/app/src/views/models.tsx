// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";

import { useHive, useJobs, useModels } from "@rbee/hive-react";
import { OperationBuilder, type Job, type Model, type Models as ModelList } from "@rbee/hive-sdk";

import { _, format, hiveWords, ngettext } from "../i18n.ts";
import { Awaited } from "../parts/awaited.tsx";
import { Bar, useForwardProgress } from "../parts/bar.tsx";
import { Fact } from "../parts/fact.tsx";
import { formatDate, formatList, formatNumber, formatSize } from "../parts/format.ts";
import { isActive, StatePill, useJobTitle } from "../parts/job-words.tsx";
import { Command, Notice, PageState } from "../parts/notice.tsx";
import { useAction } from "../parts/use-action.ts";
import { useTitle } from "../parts/view.ts";
import "./installed.css";
import "./models.css";

const Confirm = lazy(() => import("../parts/confirm.tsx"));

/** Fetches a model by a reference, as a job. */
function Pull() {
  const { client } = useHive();
  const [reference, setReference] = useState("");
  const { busy, trouble, act } = useAction();
  const [, go] = useLocation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void act(
      () => client.submit(OperationBuilder.modelDownload(client.hiveId, reference.trim())),
      ({ job_id }) => go(`/jobs/${job_id}`),
    );
  };

  return (
    <form className="pull" onSubmit={submit}>
      <label htmlFor="reference">{_("Fetch a model")}</label>
      <div className="pull-row">
        <div className="field">
          <input
            id="reference"
            required
            spellCheck={false}
            autoCapitalize="none"
            placeholder="hf:OWNER/REPO:FILE.gguf"
            aria-describedby="reference-help"
            value={reference}
            onChange={(event) => setReference(event.target.value)}
          />
        </div>
        <button type="submit" className="button primary" disabled={busy}>
          {_("Fetch")}
        </button>
      </div>
      <p id="reference-help" className="muted">
        {format(_("{hub} of a hub, or {address}: what comes is checked by its sum."), {
          hub: "hf:OWNER/REPO[:FILE.gguf]",
          address: "https://…/FILE.gguf#sha256=…",
        })}
      </p>
      {trouble && <Notice tone="bad" title={trouble} urgent />}
    </form>
  );
}

/** A browser cannot hand the hive a file of its machine, nor need it travel. */
function Import() {
  return (
    <details className="files">
      <summary>{_("Import a file of this machine")}</summary>
      <Command>hivectl model import FILE.gguf</Command>
    </details>
  );
}

function ModelJob({ job }: { job: Job }) {
  const titleOf = useJobTitle();

  return (
    <li>
      <Link className="model-job" href={`/jobs/${job.id}`}>
        <span className="model-job-name">{titleOf(job)}</span>
        <StatePill state={job.state} />
        <Bar progress={useForwardProgress(job)} state={job.state} label={_("Progress")} />
      </Link>
    </li>
  );
}

function UnderWay() {
  const jobs = useJobs().jobs?.filter(({ operation, state }) => operation.startsWith("model_") && isActive(state)) ?? [];

  if (jobs.length === 0) return null;
  return (
    <ul className="panel model-jobs" aria-label={_("Under way")}>
      {jobs.map((job) => (
        <ModelJob key={job.id} job={job} />
      ))}
    </ul>
  );
}

function Remove({ model }: { model: Model }) {
  const { client } = useHive();
  const { busy, trouble, act } = useAction();
  const [asked, setAsked] = useState(false);

  return (
    <>
      <button
        type="button"
        className="button danger"
        disabled={busy}
        onClick={() => setAsked(true)}
        aria-label={format(_("Remove {worker}"), { worker: model.name })}
      >
        {_("Remove")}
      </button>
      {trouble && <Notice tone="bad" title={trouble} urgent />}
      {asked && (
        <Suspense>
          <Confirm
            title={format(_("Remove {worker}?"), { worker: model.name })}
            text={format(
              ngettext(
                "Its {count} file, of {size}, is taken from this machine.",
                "Its {count} files, of {size}, are taken from this machine.",
                model.files.length,
              ),
              { count: model.files.length, size: formatSize(model.size) },
            )}
            no={_("Keep it")}
            yes={_("Remove")}
            onYes={() => {
              setAsked(false);
              void act(() => client.removeModel(model.name));
            }}
            onClose={() => setAsked(false)}
          />
        </Suspense>
      )}
    </>
  );
}

function ModelPanel({ model }: { model: Model }) {
  const { name, path, size, source } = model;
  const tags = [model.format, model.architecture, model.quantization].filter(Boolean);

  return (
    <li className="panel installed">
      <div className="installed-head">
        <div>
          <h2>{name}</h2>
          <ul className="tags" aria-label={_("Properties")}>
            {tags.map((tag) => (
              <li key={tag} className="tag">
                {tag}
              </li>
            ))}
          </ul>
        </div>
        {model.removable && <Remove model={model} />}
      </div>
      <dl className="facts">
        <Fact name={_("Size")}>{formatSize(size)}</Fact>
        <Fact name={_("Context")}>
          {model.context_length > 0 &&
            format(ngettext("{count} token", "{count} tokens", model.context_length), { count: formatNumber(model.context_length) })}
        </Fact>
        <Fact name={model.fits ? _("Fits") : _("Does not fit")}>{hiveWords(model.fits_why)}</Fact>
        <Fact name={_("Used by")}>{model.used_by.length > 0 && <Link href="/running">{formatList(model.used_by)}</Link>}</Fact>
        <Fact name={_("Path")}>
          <code>{path}</code>
        </Fact>
        <Fact name={_("From")}>{source && <code>{source}</code>}</Fact>
        <Fact name={_("Added")}>{model.added_at > 0 && formatDate(model.added_at)}</Fact>
      </dl>
    </li>
  );
}

/** What lies in the models' folders and nobody can use, and why. */
function Skipped({ skipped }: { skipped: ModelList["skipped"] }) {
  if (skipped.length === 0) return null;
  return (
    <details className="files skipped">
      <summary>
        {format(ngettext("{count} file was passed over", "{count} files were passed over", skipped.length), { count: skipped.length })}
      </summary>
      <ul>
        {skipped.map(({ path, why }) => (
          <li key={path}>
            <code>{path}</code> {hiveWords(why)}
          </li>
        ))}
      </ul>
    </details>
  );
}

export default function Models() {
  const { data, error } = useModels();
  const none = data?.models.length === 0;

  useTitle(_("Models"));
  return (
    <>
      <div className="head">
        <h1>{_("Models")}</h1>
      </div>
      <Pull />
      <Import />
      <UnderWay />
      <Awaited isThere={data !== undefined} error={error} />
      {none && (
        <PageState icon="models" title={_("There is no model yet")}>
          <p>{_("Fetch one above, or name the folders that have some: Folders= in the section [Models] of hive.conf.")}</p>
        </PageState>
      )}
      <ul className="stack models">
        {data?.models.map((model) => (
          <ModelPanel key={model.path} model={model} />
        ))}
      </ul>
      {data && <Skipped skipped={data.skipped} />}
    </>
  );
}
