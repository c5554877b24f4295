// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMemo } from "react";

import { useKnownCatalog } from "@rbee/hive-react";

/** What a catalog calls a worker, by its id: where none has it or has answered yet, what the hive noted, or the id. */
export function useWorkerNames(): (id: string, noted?: string) => string {
  const known = useKnownCatalog();
  const names = useMemo(() => new Map(known?.map(({ id, name }) => [id, name])), [known]);
  return (id, noted) => names.get(id) || noted || id;
}
