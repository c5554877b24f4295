// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState } from "react";
import { useLocation, useSearch } from "wouter";

import { useCapabilities, useCatalogs, useInstalledWorkers, useJobs, useWorkerCatalog } from "@rbee/hive-react";
import { HiveError, type CatalogWorker, type RecipeChoice } from "@rbee/hive-sdk";

import { _, hiveWords } from "../i18n.ts";
import { advice } from "../parts/advice.ts";
import { Icon } from "../parts/icons.tsx";
import { isActive, isOfWorker } from "../parts/job-words.tsx";
import { MachineLine } from "../parts/machine-line.tsx";
import { Command, Notice, PageState } from "../parts/notice.tsx";
import { useTitle } from "../parts/view.ts";
import { CatalogNotices } from "./catalog-notices.tsx";
import "./catalog.css";
import { choiceOfQuery } from "./install-choice.tsx";
import { WorkerCard } from "./worker-card.tsx";

const Recipe = lazy(() => import("./recipe.tsx"));

/** With how many workers a search is of use. */
const MANY = 6;

const isReady = (worker: CatalogWorker) => worker.compatible && worker.missing.length === 0;
const isLacking = (worker: CatalogWorker) => worker.compatible && worker.missing.length > 0;

function matches(worker: CatalogWorker, text: string): boolean {
  const words = [worker.id, worker.name, worker.description, ...worker.backends, ...worker.supported_formats].join(" ").toLocaleLowerCase();
  return text
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}

function CatalogTrouble({ error, again }: { error: Error; again: () => void }) {
  const name = error instanceof HiveError ? error.shortName : "";

  return (
    <Notice tone="bad" title={hiveWords(error.message)} urgent>
      <p>{advice(name, error.message)}</p>
      <div className="actions">
        <button type="button" className="button primary" onClick={again}>
          {_("Try again")}
        </button>
      </div>
    </Notice>
  );
}

interface Choosing {
  choiceOf: (worker: string) => RecipeChoice;
  choose: (worker: string, choice: RecipeChoice) => void;
}

function Group({
  title,
  text,
  workers,
  choosing,
  several,
}: {
  title?: string;
  text?: string;
  workers: CatalogWorker[];
  choosing: Choosing;
  several: boolean;
}) {
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
            job={jobs?.find((job) => job.worker_id === worker.id && isOfWorker(job) && isActive(job.state))}
            choice={choosing.choiceOf(worker.id)}
            onChoice={(choice) => choosing.choose(worker.id, choice)}
            several={several}
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
      <Notice tone="warn" title={_("This machine cannot build anything yet")}>
        <p>{advice("SandboxUnavailable", "")}</p>
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

function Workers({ workers, choosing }: { workers: CatalogWorker[]; choosing: Choosing }) {
  const several = (useCatalogs().data?.length ?? 0) > 1;
  const common = { choosing, several };
  const ready = workers.filter(isReady);
  const rest = workers.length - ready.length;

  return (
    <>
      <Unsupported workers={workers} />
      <Group {...(rest > 0 && ready.length > 0 && { title: _("Ready to install") })} workers={ready} {...common} />
      <Group
        {...common}
        title={_("Something is missing first")}
        text={_("These fit this machine once what they need is there.")}
        workers={workers.filter(isLacking)}
      />
      <Group {...common} title={_("Not for this machine")} workers={workers.filter(({ compatible }) => !compatible)} />
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

/** What was chosen for whom, as long as the page is open. */
function useChoices(): Choosing {
  const [choices, setChoices] = useState<Record<string, RecipeChoice>>({});
  return {
    choiceOf: (worker) => choices[worker] ?? {},
    choose: (worker, choice) => setChoices((all) => ({ ...all, [worker]: choice })),
  };
}

/** A recipe that lies over the catalog, with what its address or its card chose. */
function OpenRecipe({ id, worker, choosing }: { id: string; worker: CatalogWorker | undefined; choosing: Choosing }) {
  const [, go] = useLocation();
  const query = useSearch();
  // Who came by a link goes back to where it was; who came by the address has nothing to go back to.
  const close = () => (history.state?.inside ? history.back() : go("/", { replace: true }));

  return (
    <Suspense>
      <Recipe
        id={id}
        worker={worker}
        choice={query ? choiceOfQuery(query) : choosing.choiceOf(id)}
        onChoice={(choice) => {
          choosing.choose(id, choice);
          go(`/catalog/${id}/recipe`, { replace: true, state: history.state as unknown });
        }}
        onClose={close}
      />
    </Suspense>
  );
}

export function Catalog({ recipe }: { recipe?: string }) {
  const { data: workers, error, refetch } = useWorkerCatalog();
  const catalogs = useCatalogs();
  const [text, setText] = useState("");
  const choosing = useChoices();
  // Both at once: a notice that came later would move what one is about to click.
  const told = !catalogs.isLoading;
  const shown = told ? workers?.filter((worker) => matches(worker, text)) : undefined;

  useTitle(_("Catalog"));

  return (
    <>
      <div className="head">
        <div>
          <h1>{_("Catalog")}</h1>
          <MachineLine />
        </div>
        {workers && workers.length > MANY && (
          <label className="field head-search">
            <Icon name="search" />
            <input
              type="search"
              placeholder={_("Search the catalog")}
              aria-label={_("Search the catalog")}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
        )}
      </div>
      {error && !workers && <CatalogTrouble error={error} again={() => void refetch()} />}
      {((!workers && !error) || (workers && !told)) && <Waiting />}
      {workers && catalogs.data && <CatalogNotices catalogs={catalogs.data} again={() => void refetch()} />}
      {shown && workers?.length === 0 && (
        <PageState icon="empty" title={_("The catalog is empty")}>
          <p>{_("There is nothing to install from it yet. Its address is URL= in the section [Catalog] of hive.conf.")}</p>
        </PageState>
      )}
      {workers && workers.length > 0 && shown?.length === 0 && <p className="muted">{_("Nothing in the catalog matches that.")}</p>}
      {shown && <Workers workers={shown} choosing={choosing} />}
      {recipe && <OpenRecipe id={recipe} worker={workers?.find(({ id }) => id === recipe)} choosing={choosing} />}
    </>
  );
}
