// SPDX-License-Identifier: LGPL-2.1-or-later
import { useMemo } from "react";

import { useKnownCatalog } from "@rbee/hive-react";

/** What a catalog calls a worker, by its id: that, where none has it or has answered yet. */
export function useWorkerNames(): (id: string) => string {
  const known = useKnownCatalog();
  const names = useMemo(() => new Map(known?.map(({ id, name }) => [id, name])), [known]);
  return (id) => names.get(id) || id;
}
