// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CatalogWorker, RecipeChoice } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { backendName } from "../parts/device.ts";
import "./install-choice.css";

function sourceName(source: string): string {
  return source === "binary" ? _("Prebuilt") : _("Built from source");
}

interface PickProps {
  label: string;
  worker: CatalogWorker;
  names: readonly string[];
  /** What the hive takes by itself. */
  automatic: string;
  chosen: string | undefined;
  say: (name: string) => string;
  choose: (name: string | undefined) => void;
}

function Pick({ label, worker, names, automatic, chosen, say, choose }: PickProps) {
  return (
    <label className="pick">
      <span>{label}</span>
      <select
        value={chosen ?? ""}
        onChange={(event) => choose(event.target.value || undefined)}
        aria-label={format(_("{label} of {worker}"), { label, worker: worker.name })}
      >
        <option value="">{format(_("Automatic: {name}"), { name: say(automatic) })}</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {say(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

export const hasChoice = (worker: CatalogWorker) => worker.backends.length > 1 || worker.sources.length > 1;

export interface InstallChoiceProps {
  worker: CatalogWorker;
  choice: RecipeChoice;
  onChoice: (choice: RecipeChoice) => void;
}

/** Which of a worker's variants, and its prebuilt files or its source: what the hive would take and why, until somebody chooses. */
export function InstallChoice({ worker, choice, onChoice }: InstallChoiceProps) {
  const { backend, source } = choice;

  if (!hasChoice(worker)) return null;
  return (
    <div className="choices">
      {worker.backends.length > 1 && (
        <Pick
          label={_("Backend")}
          worker={worker}
          names={worker.backends}
          automatic={worker.backend}
          chosen={backend}
          say={backendName}
          choose={(name) => onChoice(choiceOf({ ...choice, backend: name }))}
        />
      )}
      {worker.sources.length > 1 && (
        <Pick
          label={_("Source")}
          worker={worker}
          names={worker.sources}
          automatic={worker.sources[0]!}
          chosen={source}
          say={sourceName}
          choose={(name) => onChoice(choiceOf({ ...choice, source: name }))}
        />
      )}
      {worker.backends.length > 1 && (
        <p className="choices-why" role="status">
          {isForeign(worker, choice)
            ? format(_("What {backend} needs here is looked at when the job begins. The hive would take {automatic}."), {
                backend: backendName(backend!),
                automatic: backendName(worker.backend),
              })
            : format(_("{backend}: {reason}"), { backend: backendName(worker.backend), reason: worker.backend_reason })}
        </p>
      )}
    </div>
  );
}

/** Not the variant that the catalog speaks of: what that lacks says nothing of this one. */
export function isForeign(worker: CatalogWorker, { backend }: RecipeChoice): boolean {
  return backend !== undefined && backend !== worker.backend;
}

/** In few words, for a job that was asked for with it; none: the hive chose. */
export function choiceWords({ backend, source, catalog }: RecipeChoice): string[] {
  const words = [backend && backendName(backend), source && sourceName(source), catalog && format(_("from {catalog}"), { catalog })];
  return words.filter((word): word is string => Boolean(word));
}

/** What was chosen of these. */
function choiceOf({ backend, source, catalog }: Record<string, string | undefined>): RecipeChoice {
  return { ...(backend && { backend }), ...((source === "binary" || source === "git") && { source }), ...(catalog && { catalog }) };
}

/** A choice as the query of a recipe's address, and back. */
export function choiceQuery(choice: RecipeChoice): string {
  const query = new URLSearchParams(choiceOf({ ...choice }) as Record<string, string>).toString();
  return query && `?${query}`;
}

export function choiceOfQuery(query: string): RecipeChoice {
  return choiceOf(Object.fromEntries(new URLSearchParams(query)));
}
