// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Instance } from "@rbee/hive-sdk";

import { _ } from "../i18n.ts";

function stateWord(state: string): string {
  switch (state) {
    case "listening":
      return _("Waits for a request");
    case "starting":
      return _("Starting");
    case "ready":
      return _("Ready");
    case "stopping":
      return _("Stopping");
    case "failed":
      return _("Failed");
    default:
      return state;
  }
}

const TONES: Partial<Record<string, string>> = { starting: "active", stopping: "active", ready: "done", failed: "failed" };

export function InstancePill({ state }: { state: string }) {
  const tone = TONES[state] ?? "";

  return (
    <span className={`pill ${tone}`}>
      <span className={tone === "active" ? "dot busy" : "dot"} />
      {stateWord(state)}
    </span>
  );
}

const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/;
const ANY = /^(0\.0\.0\.0|\[::\])$/;

/** Where the worker's own page is for a browser that has ours from the host @here; "": it has none, or none that this browser reaches. */
export function workerPage({ address, web_ui }: Pick<Instance, "address" | "web_ui">, here: string): string {
  if (!web_ui || !address.startsWith("http://")) return "";
  const url = new URL(web_ui, address);
  if (ANY.test(url.hostname)) url.hostname = here;
  // This machine's loopback is another one to a browser that sits elsewhere.
  else if (LOOPBACK.test(url.hostname) && !LOOPBACK.test(here)) return "";
  return url.href;
}

/** What an error of an instance says: a sentence, and what its program printed last. */
export function failureOf(message: string): { sentence: string; printed: string } {
  const end = message.indexOf("\n");
  return end < 0 ? { sentence: message, printed: "" } : { sentence: message.slice(0, end), printed: message.slice(end + 1).trim() };
}
