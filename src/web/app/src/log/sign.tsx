// SPDX-License-Identifier: LGPL-2.1-or-later
import { Icon, type IconName } from "../parts/icons.tsx";

/** The signs that the hive's own lines begin with, as drawings: not every machine has a font with emojis. */
const DRAWINGS: Record<string, IconName> = {
  "✓": "check",
  "✅": "check",
  "❌": "cross",
  "✗": "cross",
  "⚠": "warning",
  "‼": "warning",
  "🌐": "globe",
  "⬇": "download",
  "📥": "download",
  "📤": "up",
  "⇄": "globe",
  "⚙": "machine",
  "🔐": "key",
  "↻": "again",
  "⏪": "left",
  "💾": "download",
  "📄": "recipe",
  "📝": "recipe",
  "📦": "installed",
  "🔍": "search",
  "🔎": "search",
  "🔧": "build",
  "🏗": "build",
  "🩹": "build",
  "🧪": "flask",
  "🧹": "bin",
  "🗑": "bin",
  "🛑": "stop",
};

const SIGN = /^(\p{Extended_Pictographic}|✓|✗|↻|⇄)\uFE0F?\s+/u;

/** The sign that a line begins with, if it is one of the hive's, and the line without it. */
export function splitSign(text: string): { sign: string; rest: string } {
  const [whole, sign] = SIGN.exec(text) ?? [];
  if (!whole || !sign || !DRAWINGS[sign]) return { sign: "", rest: text };
  return { sign, rest: text.slice(whole.length) };
}

/** The sign itself stays, for who copies the line. */
export function LogSign({ sign }: { sign: string }) {
  return (
    <span className="log-sign">
      <Icon name={DRAWINGS[sign]!} />
      <span className="unseen">{sign} </span>
    </span>
  );
}
