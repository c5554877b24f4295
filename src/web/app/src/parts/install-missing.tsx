// SPDX-License-Identifier: LGPL-2.1-or-later
import { useHiveOperations } from "@rbee/hive-react";
import { HiveError, type InstallOptions } from "@rbee/hive-sdk";

import { _, format } from "../i18n.ts";
import { useStartJob } from "./start-job.ts";

/** Installs a worker, and the system's packages that it misses first, where the page is allowed to. */
export function InstallMissing({ worker, options, name }: { worker: string; options: InstallOptions; name: string }) {
  const { installWorker } = useHiveOperations();
  const { busy, error, trouble, start } = useStartJob(worker);
  const refused = error instanceof HiveError && error.shortName === "AccessDenied";

  return (
    <>
      <button
        type="button"
        className="button"
        onClick={() => void start((id) => installWorker(id, { ...options, install_dependencies: true }))}
        disabled={busy}
        aria-label={format(_("Install what is missing for {worker}"), { worker: name })}
      >
        {_("Install what is missing")}
      </button>
      {trouble && (
        <p role="alert">
          {refused
            ? _("This page may not install packages of the system. Run the command on this machine instead, then try again.")
            : trouble}
        </p>
      )}
    </>
  );
}
