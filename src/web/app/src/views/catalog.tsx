// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState } from "react";
import { useLocation } from "wouter";

import { useCapabilities, useInstalledWorkers, useJobs, useWorkerCatalog } from "@rbee/hive-react";
import { HiveError, type CatalogWorker } from "@rbee/hive-sdk";

import { _ } from "../i18n.ts";
import { advice } from "../parts/advice.ts";
import { Icon } from "../parts/icons.tsx";
import { isActive } from "../parts/job-words.tsx";
import { MachineLine } from "../parts/machine-line.tsx";
import { Command, Notice, PageState } from "../parts/notice.tsx";
import "./catalog.css";
import { WorkerCard } from "./worker-card.tsx";

const Recipe = lazy(() => import("./recipe.tsx"));

/** With how many workers a search is of use. */
const MANY = 6;

const isReady = (worker: CatalogWorker) => worker.compatible && worker.missing.length === 0;
const isLacking = (worker: CatalogWorker) => worker.compatible && worker.missing.length > 0;

function matches(worker: CatalogWorker, text: string): boolean {
  const words = [worker.id, worker.name, worker.description, ...worker.backends, ...worker.supported_formats].join(" ").toLocaleLowerCase();
  return text.toLocaleLowerCase().split(/\s+/).every((word) => words.includes(word));
}

function CatalogTrouble({ error, again }: { error: Error; again: () => void }) {
  const name = error instanceof HiveError ? error.shortName : "";

  return (
    <Notice tone="bad" title={error.message} urgent>
      <p>{advice(name)}</p>
      <div className="actions">
        <button type="button" className="button primary" onClick={again}>
          {_("Try again")}
        </button>
      </div>
    </Notice>
  );
}

function Group({ title, text, workers }: { title?: string; text?: string; workers: CatalogWorker[] }) {
  const { jobs } = useJobs();
  const installed = useInstalledWorkers();

  if (workers.length === 0) return null;
  return (
    <section className={title ? "section" : undefined}>
      {title && <h2>{title}</h2>}
      {text && <p>{text}</p>}
      <ul className="cards">
        {workers.map((worker) => (
          <WorkerCard
            key={worker.id}
            worker={worker}
            installed={installed.data?.find(({ id }) => id === worker.id)}
            job={jobs?.find((job) => job.worker_id === worker.id && isActive(job.state))}
          />
        ))}
      </ul>
    </section>
  );
}

function Unsupported({ workers }: { workers: CatalogWorker[] }) {
  const { data: machine } = useCapabilities();

  if (machine && !machine.sandbox)
    return (
      <Notice tone="warn" title={_("This machine can't build anything yet")}>
        <p>{advice("SandboxUnavailable")}</p>
        <Command>hivectl status</Command>
      </Notice>
    );
  if (workers.length > 0 && !workers.some(({ compatible }) => compatible))
    return (
      <Notice tone="warn" title={_("None of these workers is made for this machine")}>
        <p>{_("Each says below what it is made for.")}</p>
      </Notice>
    );
  return null;
}

function Workers({ workers }: { workers: CatalogWorker[] }) {
  const ready = workers.filter(isReady);
  const rest = workers.length - ready.length;

  return (
    <>
      <Unsupported workers={workers} />
      <Group {...(rest > 0 && ready.length > 0 && { title: _("Ready to install") })} workers={ready} />
      <Group title={_("Something is missing first")} text={_("These fit this machine once what they need is there.")} workers={workers.filter(isLacking)} />
      <Group title={_("Not for this machine")} workers={workers.filter(({ compatible }) => !compatible)} />
    </>
  );
}

function Waiting() {
  return (
    <ul className="cards" role="status" aria-label={_("Loading")}>
      {[1, 2, 3, 4].map((key) => (
        <li key={key} className="skeleton card-waiting" />
      ))}
    </ul>
  );
}

export function Catalog({ recipe }: { recipe?: string }) {
  const { data: workers, error, refetch } = useWorkerCatalog();
  const [text, setText] = useState("");
  const [, go] = useLocation();
  const shown = workers?.filter((worker) => matches(worker, text));

  return (
    <>
      <div className="head">
        <div>
          <h1>{_("Catalog")}</h1>
          <MachineLine />
        </div>
        {workers && workers.length > MANY && (
          <label className="field catalog-search">
            <Icon name="search" />
            <input type="search" placeholder={_("Search the catalog")} aria-label={_("Search the catalog")} value={text} onChange={(event) => setText(event.target.value)} />
          </label>
        )}
      </div>
      {error && !workers && <CatalogTrouble error={error} again={() => void refetch()} />}
      {!workers && !error && <Waiting />}
      {workers?.length === 0 && (
        <PageState icon="empty" title={_("The catalog is empty")}>
          <p>{_("There is nothing to install from it yet. Its address is URL= in the section [Catalog] of hive.conf.")}</p>
        </PageState>
      )}
      {workers && workers.length > 0 && shown?.length === 0 && <p className="muted">{_("Nothing in the catalog matches that.")}</p>}
      {shown && <Workers workers={shown} />}
      {recipe && (
        <Suspense>
          <Recipe id={recipe} onClose={() => go("/")} />
        </Suspense>
      )}
    </>
  );
}
