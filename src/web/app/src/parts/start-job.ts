// SPDX-License-Identifier: LGPL-2.1-or-later
import { useLocation } from "wouter";

import { useAction } from "./use-action.ts";

/** Starts a job of a worker and goes to its page. */
export function useStartJob(worker: string) {
  const { act, ...asked } = useAction();
  const [, go] = useLocation();

  return {
    ...asked,
    start: (operation: (id: string) => Promise<string>) =>
      act(
        () => operation(worker),
        (job) => go(`/jobs/${job}`),
      ),
  };
}
