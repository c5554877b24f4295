// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState } from "react";
import { useLocation } from "wouter";

/** Starts a job of a worker and goes to its page; `trouble` is why that failed, "" while it has not. */
export function useStartJob(worker: string) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();
  const start = async (operation: (id: string) => Promise<string>) => {
    setBusy(true);
    setTrouble("");
    try {
      go(`/jobs/${await operation(worker)}`);
    } catch (error) {
      setTrouble((error as Error).message);
      setBusy(false);
    }
  };

  return { busy, trouble, start };
}
