// SPDX-License-Identifier: LGPL-2.1-or-later
import { createParser, type EventSourceMessage } from "eventsource-parser";

import { HiveError, HiveUnreachableError } from "./errors.ts";
import type { Transport } from "./transport.ts";
import type { Connection } from "./types.ts";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;
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
  for (;;) {
    let asked = 0;
    try {
      await readOnce(transport, options, () => {
        wait = FIRST_WAIT;
      });
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

/** One connection, given up when it is silent for too long. */
async function readOnce(transport: Transport, options: FollowOptions, onHeard: () => void): Promise<void> {
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  let silence: ReturnType<typeof setTimeout> | undefined;
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => own.abort(), SILENCE);
  };

  listen();
  try {
    const answer = await transport.send(options.path(), { headers: { Accept: "text/event-stream" }, signal });
    if (answer.body && answer.status !== 204) {
      options.onConnection?.("connected");
      await readEvents(answer.body.getReader(), options, () => {
        listen();
        onHeard();
      });
    } else options.onNothing?.();
  } catch (error) {
    if (own.signal.aborted) throw new HiveUnreachableError("The bridge fell silent", { cause: error });
    throw error;
  } finally {
    clearTimeout(silence);
    own.abort();
  }
}

async function readEvents(reader: ReadableStreamDefaultReader<Uint8Array>, options: FollowOptions, onHeard: () => void): Promise<void> {
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: (event) => {
      if (!options.ended()) options.onEvent(event);
    },
  });
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new HiveUnreachableError("The bridge went away", { cause });
    });
    if (done) return;
    onHeard();
    parser.feed(decoder.decode(value, { stream: true }));
    options.onBatch?.();
    if (options.ended()) return;
  }
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
