// SPDX-License-Identifier: LGPL-2.1-or-later
import { useDeferredValue, useState } from "react";

import { useLogSearch, type JobLog, type LogSearch } from "@rbee/hive-react";

export interface Finder extends LogSearch {
  text: string;
  setText: (text: string) => void;
  /** What is marked, in lower case. */
  sought: string;
  /** Which of the found lines is looked at, from 0, and that line; -1: none. */
  at: number;
  current: number;
  step: (by: 1 | -1) => void;
}

/** A search that walks from one line found to the next, and around. */
export function useFinder(log: JobLog, length: number, show: (line: number) => void): Finder {
  const [text, setText] = useState("");
  const [at, setAt] = useState(-1);
  const sought = useDeferredValue(text);
  const search = useLogSearch(log, length, sought);

  const step = (by: 1 | -1) => {
    const count = search.found.length;
    if (count === 0) return;
    const next = at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count;
    setAt(next);
    show(search.found[next]!);
  };
  return {
    ...search,
    text,
    setText: (text) => {
      setText(text);
      setAt(-1);
    },
    sought: sought.toLowerCase(),
    at,
    current: search.found[at] ?? -1,
    step,
  };
}
