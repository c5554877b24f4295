// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from "react";

import { HiveError } from "@rbee/hive-sdk";

import { hiveWords } from "../i18n.ts";
import { advice } from "./advice.ts";

/** What was refused, and what to do. */
export function troubleWords(error: Error): string {
  return [hiveWords(error.message), error instanceof HiveError && advice(error.shortName, error.message)].filter(Boolean).join(" ");
}

/** What a button asks the hive for: whether an answer is waited for; `error` is why it was refused, `trouble` the same in words. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const act = async <T>(ask: () => Promise<T>, then?: (answer: T) => void) => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await ask();
      then?.(answer);
    } catch (refusal) {
      setError(refusal as Error);
    } finally {
      setBusy(false);
    }
  };

  return { busy, error, trouble: error ? troubleWords(error) : "", act };
}
