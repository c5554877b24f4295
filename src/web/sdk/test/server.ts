// SPDX-License-Identifier: LGPL-2.1-or-later
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { test as base } from "vitest";

import { HiveClient } from "../src/index.ts";

export type Answer = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

/** An HTTP server that answers each request by the next of its answers: what a bridge does not do on demand. */
export class Server {
  readonly requests: IncomingMessage[] = [];
  readonly answers: Answer[] = [];
  readonly #server = createServer((request, response) => {
    this.requests.push(request);
    const answer = this.answers.shift();
    if (answer) void answer(response, request);
    else response.destroy();
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get client(): HiveClient {
    return new HiveClient(this.url, "here", { token: "secret" });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Sends events and ends. */
export function stream(...parts: (string | Uint8Array)[]): Answer {
  return (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const part of parts) response.write(part);
    response.end();
  };
}

/** Sends events and breaks off, in the middle if it must be. */
export function broken(text: string): Answer {
  return (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(text, () => setTimeout(() => response.destroy(), 20));
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  };
}

export function problem(status: number, error: string, headers: Record<string, string> = {}): Answer {
  return json(status, { type: "about:blank", title: "No", status, detail: `no: ${error}`, error: `org.rbee.Hive.Error.${error}` }, headers);
}

/** A line of a log, which ends at @cursor. */
export function line(cursor: number, text: string): string {
  return `id: ${cursor}\ndata: ${text}\n\n`;
}

export const test = base.extend<{ server: Server }>({
  server: async ({}, use) => {
    const server = new Server();
    await server.listen();
    await use(server);
    await server.close();
  },
});
