// SPDX-License-Identifier: LGPL-2.1-or-later
import { HiveError, HiveUnreachableError } from "./errors.ts";
import type { Problem } from "./types.ts";

export interface TransportOptions {
  /** A bearer token, or who knows the one of the moment. */
  token?: string | (() => string | null | undefined);
  /** In place of the global one. */
  fetch?: typeof fetch;
  /** The token is missing or no longer good. */
  onUnauthorized?: (error: HiveError) => void;
}

/** Requests to one bridge. */
export class Transport {
  readonly #base: string;
  readonly #options: TransportOptions;

  constructor(baseUrl: string, options: TransportOptions) {
    this.#base = baseUrl.replace(/\/+$/, "");
    this.#options = options;
  }

  /** An answer of 2xx; HiveError for any other, HiveUnreachableError for none. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const { token, onUnauthorized } = this.#options;
    const given = typeof token === "function" ? token() : token;
    if (given) headers.set("Authorization", `Bearer ${given}`);

    let answer: Response;
    try {
      answer = await (this.#options.fetch ?? fetch)(this.#base + path, { cache: "no-store", ...init, headers });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new HiveUnreachableError("The hive's bridge does not answer", { cause });
    }
    if (answer.ok) return answer;
    const error = await readProblem(answer);
    if (error.status === 401) onUnauthorized?.(error);
    throw error;
  }

  async json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await read(await this.send(path, init), (answer) => answer.json())) as T;
  }

  async text(path: string, init?: RequestInit): Promise<string> {
    return read(await this.send(path, init), (answer) => answer.text());
  }

  post<T>(path: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
    return this.json<T>(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
      signal: signal ?? null,
    });
  }
}

async function read<T>(answer: Response, take: (answer: Response) => Promise<T>): Promise<T> {
  try {
    return await take(answer);
  } catch (cause) {
    throw new HiveUnreachableError("The bridge's answer ended in the middle", { cause });
  }
}

async function readProblem(answer: Response): Promise<HiveError> {
  const wait = Number(answer.headers.get("Retry-After"));
  let problem: Partial<Problem> = {};
  try {
    problem = (await answer.json()) as Problem;
  } catch {
    // not ours: a proxy's
  }
  return new HiveError(answer.status, problem, wait > 0 ? wait : undefined);
}
