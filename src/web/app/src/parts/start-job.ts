// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from "react";
import { useLocation } from "wouter";

import { HiveError } from "@rbee/hive-sdk";

import { hiveWords } from "../i18n.ts";
import { advice } from "./advice.ts";

/** What was refused, and what to do. */
export function troubleWords(error: Error): string {
  return [hiveWords(error.message), error instanceof HiveError && advice(error.shortName, error.message)].filter(Boolean).join(" ");
}

/** Starts a job of a worker and goes to its page; `error` is why that failed, `trouble` the same in words. */
export function useStartJob(worker: string) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const [, go] = useLocation();
  const start = async (operation: (id: string) => Promise<string>) => {
    setBusy(true);
    setError(undefined);
    try {
      go(`/jobs/${await operation(worker)}`);
    } catch (refusal) {
      setError(refusal as Error);
      setBusy(false);
    }
  };

  return { busy, error, trouble: error ? troubleWords(error) : "", start };
}
