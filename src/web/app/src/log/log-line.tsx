// SPDX-License-Identifier: LGPL-2.1-or-later
import { memo, type ReactNode } from "react";

import { parseAnsi, type Segment } from "./ansi.ts";
import { LogSign, splitSign } from "./sign.tsx";

/** What a search looks for, in a line. */
function marked(text: string, sought: string): ReactNode {
  if (!sought) return text;
  const parts: ReactNode[] = [];
  const folded = text.toLowerCase();
  let from = 0;
  for (let at = folded.indexOf(sought); at >= 0; at = folded.indexOf(sought, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + sought.length)}</mark>);
    from = at + sought.length;
  }
  parts.push(text.slice(from));
  return parts;
}

function LogSegment({ segment, sought }: { segment: Segment; sought: string }) {
  const text = marked(segment.text, sought);
  if (!segment.classes && !segment.color) return text;
  return (
    <span className={segment.classes} {...(segment.color && { style: { color: segment.color } })}>
      {text}
    </span>
  );
}

/** @sought: in lower case. */
export const LogLine = memo(function LogLine({
  number,
  text,
  sought,
  current,
}: {
  number: number;
  text: string;
  sought: string;
  current: boolean;
}) {
  const { sign, rest } = splitSign(text);
  return (
    <div className={current ? "log-line current" : "log-line"} data-line={number}>
      <span className="log-number" aria-hidden="true">
        {number + 1}
      </span>
      <span className={`log-text ${lineTone(text)}`}>
        {sign && <LogSign sign={sign} />}
        {parseAnsi(rest).map((segment, index) => (
          <LogSegment key={index} segment={segment} sought={sought} />
        ))}
      </span>
    </div>
  );
});

/** The hive's own words begin with a sign. */
function lineTone(text: string): string {
  if (text.startsWith("✓") || text.startsWith("✅")) return "said-good";
  if (text.startsWith("❌")) return "said-bad";
  if (text.startsWith("⚠")) return "said-warn";
  return "";
}
