// SPDX-License-Identifier: LGPL-2.1-or-later
import { memo, useEffect, useImperativeHandle, useLayoutEffect, useRef, type Ref, type RefObject } from "react";

import type { JobLog } from "@rbee/hive-react";

import { _ } from "../i18n.ts";
import { LogLine } from "./log-line.tsx";
import { LogToolbar } from "./log-toolbar.tsx";
import "./log.css";
import { useFinder } from "./use-finder.ts";
import { BLOCK, useLogRows } from "./use-log-rows.ts";

/** A block that is full never changes. */
const LogBlock = memo(function LogBlock({
  log,
  line,
  count,
  top,
  sought,
  current,
}: {
  log: JobLog;
  line: number;
  count: number;
  top: number;
  sought: string;
  current: number;
}) {
  return (
    <div className="log-block" style={{ transform: `translateY(${top}px)` }}>
      {log.slice(line, line + count).map((text, index) => (
        <LogLine key={index} number={line + index} text={text} sought={sought} current={line + index === current} />
      ))}
    </div>
  );
});

/** Keeps it as wide as the widest line that was seen: a scroll bar that comes and goes would move the lines. */
function useWidest(paper: RefObject<HTMLElement | null>): void {
  const widest = useRef(0);
  useLayoutEffect(() => {
    const element = paper.current;
    if (!element || element.offsetWidth <= Math.max(widest.current, element.parentElement!.clientWidth)) return;
    widest.current = element.offsetWidth;
    element.style.minWidth = `max(100%, ${widest.current}px)`;
  });
}

export interface LogHandle {
  show: (line: number) => void;
}

export interface LogViewProps {
  log: JobLog;
  /** Its lines at this moment. */
  length: number;
  live: boolean;
  /** Of a file to keep it in. */
  fileName: string;
  ref?: Ref<LogHandle>;
}

/** A log of any length, of which what can be seen is in the page. */
export default function LogView({ log, length, live, fileName, ref }: LogViewProps) {
  const element = useRef<HTMLDivElement>(null);
  const paper = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const rows = useLogRows(element, length);
  const finder = useFinder(log, length, rows.show);
  const inBlock = (line: number) => (finder.current >= line && finder.current < line + BLOCK ? finder.current : -1);

  useWidest(paper);
  useImperativeHandle(ref, () => ({ show: rows.show }), [rows.show]);
  useEffect(() => {
    const log = element.current;
    // A browser's own search sees only what is in the page.
    const seek = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "f") {
        event.preventDefault();
        search.current?.select();
      }
    };
    log?.addEventListener("keydown", seek);
    return () => log?.removeEventListener("keydown", seek);
  }, []);

  return (
    <section className="log" aria-label={_("Log")}>
      <LogToolbar log={log} length={length} live={live} fileName={fileName} rows={rows} finder={finder} search={search} />
      <div className="log-lines" ref={element} tabIndex={0} role="log" aria-live="off" aria-label={_("Lines of the log")}>
        <div className="log-paper" ref={paper} style={{ height: rows.height }}>
          {rows.blocks.map(({ line, top }) => (
            <LogBlock
              key={line}
              log={log}
              line={line}
              count={Math.min(BLOCK, length - line)}
              top={top}
              sought={finder.sought}
              current={inBlock(line)}
            />
          ))}
        </div>
      </div>
    </section>
  );
}
