// SPDX-License-Identifier: LGPL-2.1-or-later
import { useHiveOperations, useWorkerCatalog } from "@rbee/hive-react";
import { useLocation } from "wouter";

import { _ } from "../i18n.ts";

export function Catalog() {
  const { data: workers, error } = useWorkerCatalog();
  const { installWorker, installingWorker, installError } = useHiveOperations();
  const [, go] = useLocation();
  const install = (id: string) => installWorker(id).then((job) => go(`/jobs/${job}`)).catch(() => {});

  return (
    <>
      <h1>{_("Catalog")}</h1>
      {error && <p role="alert">{error.message}</p>}
      {installError && <p role="alert">{installError.message}</p>}
      <ul>
        {workers?.map((worker) => (
          <li key={worker.id}>
            <h2>{worker.name}</h2>
            <p>{worker.description}</p>
            <button disabled={installingWorker === worker.id} onClick={() => void install(worker.id)}>
              {_("Install")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
