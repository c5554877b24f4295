// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type ReactNode } from "react";

import { _, format } from "../i18n.ts";
import { copyText } from "./copy.ts";
import { Icon, type IconName } from "./icons.tsx";

export type Tone = "bad" | "warn" | "good" | "plain";

const ICONS: Record<Tone, IconName> = { bad: "warning", warn: "warning", good: "check", plain: "info" };

/** @urgent: read out as soon as it is there. */
export function Notice({ tone, title, urgent, children }: { tone: Tone; title: ReactNode; urgent?: boolean; children?: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={urgent ? "alert" : undefined}>
      <Icon name={ICONS[tone]} />
      <p className="notice-title">{title}</p>
      {children}
    </div>
  );
}

/** What is to be typed on the hive's machine: a command, or the lines of a file. */
export function Command({ children, label }: { children: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(children);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };

  return (
    <div className="command">
      <code tabIndex={0}>{children}</code>
      <button
        type="button"
        className="button square"
        onClick={() => void copy()}
        aria-label={label ?? format(_("Copy the command {command}"), { command: children })}
      >
        <Icon name={copied ? "check" : "copy"} />
      </button>
      <span className="unseen" role="status">
        {copied && _("Copied")}
      </span>
    </div>
  );
}

/** In place of a view. */
export function PageState({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="page-state">
      <div className="emblem">
        <Icon name={icon} />
      </div>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
