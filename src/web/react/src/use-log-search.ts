// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useState } from "react";

import type { JobLog } from "./job-log.ts";

const SLICE = 32 * 1024;

export interface LogSearch {
  /** The numbers of the lines that hold it, in order. */
  found: readonly number[];
  /** All lines were looked at. */
  complete: boolean;
}

const NOTHING: LogSearch = { found: [], complete: true };

/** The lines of a log in which @text is found, whatever its case, without holding up the page. @length is the view's. */
export function useLogSearch(log: JobLog, length: number, text: string): LogSearch {
  const [search, setSearch] = useState<{ log: JobLog; text: string; from: number; found: number[] }>({ log, text: "", from: 0, found: [] });
  const current = search.log === log && search.text === text && search.from <= length ? search : { log, text, from: 0, found: [] };

  useEffect(() => {
    if (!text || current.from >= length) return;
    const timer = setTimeout(() => {
      const to = Math.min(current.from + SLICE, length);
      const more = log.find(text, current.from, to);
      setSearch({ log, text, from: to, found: more.length > 0 ? current.found.concat(more) : current.found });
    });
    return () => clearTimeout(timer);
  });
  return text ? { found: current.found, complete: current.from >= length } : NOTHING;
}
