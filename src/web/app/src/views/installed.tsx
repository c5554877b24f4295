// SPDX-License-Identifier: LGPL-2.1-or-later
import { useHiveOperations, useInstalledWorkers } from "@rbee/hive-react";

import { _ } from "../i18n.ts";

export function Installed() {
  const { data: workers } = useInstalledWorkers();
  const { removeWorker } = useHiveOperations();

  return (
    <>
      <h1>{_("Installed")}</h1>
      <ul>
        {workers?.map((worker) => (
          <li key={worker.id}>
            {worker.id} {worker.version} <button onClick={() => void removeWorker(worker.id).catch(() => {})}>{_("Remove")}</button>
          </li>
        ))}
      </ul>
    </>
  );
}
