// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState } from "react";

import { useHiveOperations } from "@rbee/hive-react";
import type { Job } from "@rbee/hive-sdk";

import { _ } from "../i18n.ts";

const Confirm = lazy(() => import("../parts/confirm.tsx"));

export function CancelJob({ job }: { job: Job }) {
  const { cancel } = useHiveOperations();
  const [asked, setAsked] = useState(false);
  const [cancelling, setCancelling] = useState(false);
  const [trouble, setTrouble] = useState("");
  const run = async () => {
    setAsked(false);
    setCancelling(true);
    try {
      await cancel(job.id);
    } catch (error) {
      setTrouble((error as Error).message);
      setCancelling(false);
    }
  };

  return (
    <>
      <button type="button" className="button" onClick={() => setAsked(true)} disabled={cancelling || job.state === "committing"}>
        {cancelling ? _("Cancelling…") : _("Cancel")}
      </button>
      {trouble && <p role="alert">{trouble}</p>}
      {asked && (
        <Suspense>
          <Confirm
            title={_("Cancel this job?")}
            text={
              job.options?.install_dependencies
                ? _("What it has built so far is thrown away. Packages of the system that it has installed stay.")
                : _("What it has done so far is thrown away. Nothing is changed on this machine.")
            }
            no={_("Let it run")}
            yes={_("Cancel the job")}
            onYes={() => void run()}
            onClose={() => setAsked(false)}
          />
        </Suspense>
      )}
    </>
  );
}
