// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EventSourceMessage } from "eventsource-parser";

import { follow } from "./follow.ts";
import type { Transport } from "./transport.ts";
import type { Connection, HiveEvent, JobChange } from "./types.ts";

export interface EventsHandlers {
  onEvent: (event: HiveEvent) => void;
  onConnection?: (connection: Connection) => void;
}

/** Follows all jobs until @signal says stop; rejects then too. After each connection the whole list comes first. */
export function watchEvents(transport: Transport, handlers: EventsHandlers, signal: AbortSignal): Promise<void> {
  return follow(transport, {
    path: () => "/v1/events",
    onEvent: (message) => {
      const event = parse(message);
      if (event) handlers.onEvent(event);
    },
    ended: () => false,
    signal,
    ...(handlers.onConnection && { onConnection: handlers.onConnection }),
  });
}

function parse({ event: type, data }: EventSourceMessage): HiveEvent | undefined {
  switch (type) {
    case "state":
    case "progress":
      return { type, job: JSON.parse(data) as JobChange };
    case "jobs":
    case "removed":
    case "worker":
    case "instances":
    case "models":
    case "hive":
      return { type, ...(JSON.parse(data) as object) } as HiveEvent;
    default: // of a later bridge
      return undefined;
  }
}
