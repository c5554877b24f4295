// SPDX-License-Identifier: LGPL-2.1-or-later
export { HiveClient, type HiveClientOptions, type SubmitOptions } from "./client.ts";
export { HiveError, HiveUnreachableError, JobCancelledError, JobFailedError, shortErrorName } from "./errors.ts";
export type { EventsHandlers } from "./events.ts";
export { OperationBuilder } from "./operation.ts";
export type * from "./types.ts";
export type { WatchHandlers, WatchOptions } from "./watch.ts";
