// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from "react";

import { _ } from "../i18n.ts";
import { copyText } from "./copy.ts";
import { Icon } from "./icons.tsx";

/** A word of the hive's machine that people take elsewhere: an address, a key. @label: what the button copies. */
export function Copyable({ children, label }: { children: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(children);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };

  return (
    <span className="copyable">
      <code>{children}</code>
      <button type="button" className="button quiet square" onClick={() => void copy()} aria-label={label} title={label}>
        <Icon name={copied ? "check" : "copy"} />
      </button>
      <span className="unseen" role="status">
        {copied && _("Copied")}
      </span>
    </span>
  );
}
