// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useRef, useState, type RefObject } from "react";

import type { JobLog } from "@rbee/hive-react";

import { _, format, ngettext } from "../i18n.ts";
import { copyText, download } from "../parts/copy.ts";
import { formatNumber } from "../parts/format.ts";
import { Icon, type IconName } from "../parts/icons.tsx";
import { stripAnsi } from "./ansi.ts";
import type { Finder } from "./use-finder.ts";
import type { LogRows } from "./use-log-rows.ts";

function Tool({ icon, label, onClick, disabled }: { icon: IconName; label: string; onClick: () => void; disabled?: boolean }) {
  return (
    <button type="button" className="button square quiet" aria-label={label} title={label} onClick={onClick} disabled={disabled}>
      <Icon name={icon} />
    </button>
  );
}

function foundWords({ text, found, complete, at }: Finder): string {
  if (!text) return "";
  if (found.length === 0) return complete ? _("Nothing found") : _("Searching…");
  const total = complete ? formatNumber(found.length) : `${formatNumber(found.length)}+`;
  return at < 0
    ? format(ngettext("{total} line", "{total} lines", found.length), { total })
    : format(_("{number} of {total}"), { number: formatNumber(at + 1), total });
}

function Search({ finder, search }: { finder: Finder; search: RefObject<HTMLInputElement | null> }) {
  return (
    <div className="log-search">
      <label className="field">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          placeholder={_("Search the log")}
          aria-label={_("Search the log")}
          value={finder.text}
          onChange={(event) => finder.setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") finder.step(event.shiftKey ? -1 : 1);
            else if (event.key === "Escape") finder.setText("");
          }}
        />
        <span className="log-found numbers" role="status">
          {foundWords(finder)}
        </span>
      </label>
      {finder.text && (
        <>
          <Tool icon="up" label={_("Previous")} onClick={() => finder.step(-1)} disabled={finder.found.length === 0} />
          <Tool icon="down" label={_("Next")} onClick={() => finder.step(1)} disabled={finder.found.length === 0} />
        </>
      )}
    </div>
  );
}

/** How many lines came since it was paused. */
function useMissed(following: boolean, length: number): number {
  const paused = useRef(length);
  useEffect(() => {
    paused.current = length;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- as it was then
  }, [following]);
  return following ? 0 : Math.max(0, length - paused.current);
}

export interface LogToolbarProps {
  log: JobLog;
  length: number;
  live: boolean;
  fileName: string;
  rows: LogRows;
  finder: Finder;
  search: RefObject<HTMLInputElement | null>;
}

export function LogToolbar({ log, length, live, fileName, rows, finder, search }: LogToolbarProps) {
  const [copied, setCopied] = useState(0);
  const missed = useMissed(rows.following, length);
  const text = () => Array.from(log.pieces(), stripAnsi);
  const copy = async () => {
    await copyText(text().join(""));
    setCopied(length);
    setTimeout(() => setCopied(0), 2000);
  };

  return (
    <div className="log-tools">
      <Search finder={finder} search={search} />
      <div className="log-buttons">
        {live && (
          <button type="button" className="button quiet log-follow" onClick={() => rows.follow(!rows.following)}>
            <Icon name={rows.following ? "pause" : "follow"} />
            <span>{rows.following ? _("Pause") : _("Follow")}</span>
            {missed > 0 && <span className="count">{formatNumber(missed)}</span>}
          </button>
        )}
        <Tool icon={copied ? "check" : "copy"} label={_("Copy the log")} onClick={() => void copy()} />
        <Tool icon="download" label={_("Download the log")} onClick={() => download(fileName, text())} />
        <span className="unseen" role="status">
          {copied > 0 && format(ngettext("{count} line copied", "{count} lines copied", copied), { count: formatNumber(copied) })}
        </span>
      </div>
    </div>
  );
}
