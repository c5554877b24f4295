// SPDX-License-Identifier: LGPL-2.1-or-later
import { createParser, type EventSourceMessage } from "eventsource-parser";

import { HiveError, HiveUnreachableError } from "./errors.ts";
import type { Transport } from "./transport.ts";
import type { Connection } from "./types.ts";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;
/** The bridge sends a comment every 15 s: who is silent for longer is gone without a word. */
const SILENCE = 45_000;

export interface FollowOptions {
  /** Where to read, asked before each connection. */
  path: () => string;
  onEvent: (event: EventSourceMessage) => void;
  /** After all events of what one read brought. */
  onBatch?: () => void;
  onConnection?: (connection: Connection) => void;
  /** An answer without events, which ends it: 204. */
  onNothing?: () => void;
  /** Whether it is over, so that the end of a stream is no accident. */
  ended: () => boolean;
  signal: AbortSignal;
}

/** Reads a stream of events to its end, however often the bridge goes and comes. Rejects for what no waiting mends. */
export async function follow(transport: Transport, options: FollowOptions): Promise<void> {
  let wait = FIRST_WAIT;
  options.onConnection?.("connecting");
  while (!options.ended()) {
    let asked = 0;
    try {
      if (await readOnce(transport, options)) wait = FIRST_WAIT;
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      if (error instanceof HiveError) asked = (error.retryAfter ?? 0) * 1000;
    }
    if (options.ended()) return;
    options.signal.throwIfAborted();
    options.onConnection?.("reconnecting");
    await sleep(Math.max(asked, wait * (0.5 + Math.random() / 2)), options.signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof HiveUnreachableError || (error instanceof HiveError && (error.status >= 500 || error.status === 429));
}

/** One connection; whether it brought anything. */
async function readOnce(transport: Transport, options: FollowOptions): Promise<boolean> {
  const given = new AbortController();
  const signal = AbortSignal.any([options.signal, given.signal]);
  let silence: ReturnType<typeof setTimeout> | undefined;
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => given.abort(), SILENCE);
  };
  let any = false;

  listen();
  try {
    const answer = await transport.send(options.path(), { headers: { Accept: "text/event-stream" }, signal });
    if (answer.status === 204 || !answer.body) {
      options.onNothing?.();
      return true;
    }
    options.onConnection?.("connected");
    const parser = createParser({
      onEvent: (event) => {
        any = true;
        if (!options.ended()) options.onEvent(event);
      },
    });
    const decoder = new TextDecoder();
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      listen();
      parser.feed(decoder.decode(value, { stream: true }));
      options.onBatch?.();
      if (options.ended()) {
        given.abort();
        break;
      }
    }
  } catch (error) {
    if (options.ended()) return any;
    if (error instanceof HiveError || error instanceof HiveUnreachableError) throw error;
    options.signal.throwIfAborted();
    if (!(error instanceof TypeError || given.signal.aborted)) throw error;
    if (!any) throw new HiveUnreachableError("The bridge went away", { cause: error });
  } finally {
    clearTimeout(silence);
  }
  return any;
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
