// SPDX-License-Identifier: LGPL-2.1-or-later
import { _, hiveWords } from "../i18n.ts";
import { Notice } from "./notice.tsx";

/** What stands in a list's place until it is there: that it comes, or why it does not. */
export function Awaited({ isThere, error }: { isThere: boolean; error: Error | null }) {
  if (isThere) return null;
  if (error) return <Notice tone="bad" title={hiveWords(error.message)} urgent />;
  return <div className="skeleton installed-waiting" role="status" aria-label={_("Loading")} />;
}
