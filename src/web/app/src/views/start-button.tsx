// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState } from "react";

import { useCapabilities } from "@rbee/hive-react";
import type { Worker } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { useWorkerNames } from "../parts/worker-name.ts";

const StartDialog = lazy(() => import("./start-dialog.tsx"));

/** Whether this hive can start workers, as long as it has not said that it cannot. */
export const useRunsWorkers = (): boolean => useCapabilities().data?.runs_workers !== false;

/** Starts an installed worker, by a dialog; nothing where nobody knows how it is run, or nothing runs it. @named: among several it says which. */
export function StartButton({ worker, named = false }: { worker: Worker; named?: boolean }) {
  const [asked, setAsked] = useState(false);
  const words = format(_("Start {worker}"), { worker: useWorkerNames().ofWorker(worker) });
  const runs = useRunsWorkers();

  if (!worker.run || !runs) return null;
  return (
    <>
      <button type="button" className="button primary" onClick={() => setAsked(true)} aria-label={words}>
        {named ? words : _("Start")}
      </button>
      {asked && (
        <Suspense>
          <StartDialog worker={worker} onClose={() => setAsked(false)} />
        </Suspense>
      )}
    </>
  );
}
