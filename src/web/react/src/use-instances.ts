// SPDX-License-Identifier: LGPL-2.1-or-later
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import type { Instance, Models } from "@rbee/hive-sdk";

import { useQuestion } from "./questions.ts";

/** How often their memory is asked for, which no event tells: milliseconds, while somebody looks. */
const EVERY = 5000;

/** The workers that run, or wait for requests. */
export function useInstances(): UseQueryResult<Instance[]> {
  return useQuery({ ...useQuestion(["instances"], (client, signal) => client.instances(signal)), refetchInterval: EVERY });
}

/** The models of this machine. */
export function useModels(): UseQueryResult<Models> {
  return useQuery(useQuestion(["models"], (client, signal) => client.models(signal)));
}
