// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect } from "vitest";

import { HiveClient, HiveError, HiveUnreachableError, OperationBuilder, type HiveEvent } from "../src/index.ts";
import { broken, json, problem, stream, test } from "./server.ts";

describe("client", () => {
  test("asks for a job once, whatever the answer", async ({ server }) => {
    const operation = OperationBuilder.workerInstall("here", "some-worker", { check: true });
    server.answers.push(problem(503, "Busy"), (response) => void response.destroy());
    await expect(server.client.submit(operation)).rejects.toBeInstanceOf(HiveError);
    await expect(server.client.submit(operation)).rejects.toBeInstanceOf(HiveUnreachableError);
    expect(server.requests.length).toBe(2);
  });

  test("sends the key by which an equal request gets the same job", async ({ server }) => {
    server.answers.push(json(202, { job_id: "7", sse_url: "/v1/jobs/7/stream" }));
    expect(await server.client.submit(OperationBuilder.workerInstall("here", "a"), { idempotencyKey: "once" })).toEqual({
      job_id: "7",
      sse_url: "/v1/jobs/7/stream",
    });
    expect(server.requests[0]!.headers).toMatchObject({ "idempotency-key": "once", "content-type": "application/json" });
  });

  test("builds the bodies that the document has", () => {
    expect([
      OperationBuilder.workerInstall("here", "a"),
      OperationBuilder.workerRemove("here", "a"),
      OperationBuilder.workerListInstalled("here"),
      OperationBuilder.workerCatalogList("here"),
    ]).toEqual([
      { operation: "worker_install", hive_id: "here", worker_id: "a" },
      { operation: "worker_remove", hive_id: "here", worker_id: "a" },
      { operation: "worker_list_installed", hive_id: "here" },
      { operation: "worker_catalog_list", hive_id: "here" },
    ]);
  });

  test("names the setting that refused", async ({ server }) => {
    server.answers.push(json(403, { detail: "not from there", error: "org.rbee.Hive.Error.X", setting: "AllowedOrigins" }));
    await expect(server.client.jobs()).rejects.toMatchObject({ status: 403, setting: "AllowedOrigins", message: "not from there" });
  });

  test("is content with an error that is no problem document: a proxy's", async ({ server }) => {
    server.answers.push((response) => void response.writeHead(502, { "Content-Type": "text/html" }).end("<h1>Bad Gateway</h1>"));
    await expect(server.client.jobs()).rejects.toMatchObject({ status: 502, message: "The bridge answered 502" });
  });

  test("says that a token is no longer good", async ({ server }) => {
    const refusals: HiveError[] = [];
    let token = "old";
    const client = new HiveClient(`${server.url}/`, "", { token: () => token, onUnauthorized: (error) => refusals.push(error) });
    server.answers.push(problem(401, "AccessDenied"), json(200, { jobs: [] }));
    await expect(client.jobs()).rejects.toMatchObject({ status: 401 });
    token = "new";
    expect(await client.jobs({ all: true, worker: "a" })).toEqual([]);
    expect(refusals.length).toBe(1);
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/v1/jobs", "Bearer old"],
      ["/v1/jobs?all=true&worker=a", "Bearer new"],
    ]);
  });

  test("is told of a stale token by a stream too", async ({ server }) => {
    server.answers.push(broken('event: hive\ndata: {"reachable":true}\n\n'), problem(401, "AccessDenied"));
    const following = server.client.watchEvents({ onEvent: () => {} }, new AbortController().signal);
    await expect(following).rejects.toMatchObject({ status: 401 });
  });

  test("follows all jobs until it is told to stop, and passes over events it does not know", async ({ server }) => {
    const stop = new AbortController();
    const events: HiveEvent[] = [];
    server.answers.push(
      stream('event: jobs\ndata: {"jobs":[]}\n\n', "event: novelty\ndata: ?\n\n", 'event: state\ndata: {"id":"7","state":"running"}\n\n'),
      stream('event: jobs\ndata: {"jobs":[]}\n\n', 'event: removed\ndata: {"id":"7"}\n\n'),
    );
    const onEvent = (event: HiveEvent) => {
      events.push(event);
      if (event.type === "removed") stop.abort();
    };
    await expect(server.client.watchEvents({ onEvent }, stop.signal)).rejects.toMatchObject({ name: "AbortError" });
    expect(events).toEqual([
      { type: "jobs", jobs: [] },
      { type: "state", job: { id: "7", state: "running" } },
      { type: "jobs", jobs: [] },
      { type: "removed", id: "7" },
    ]);
  });
});
