// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { createConfig, lint } from "@redocly/openapi-core";
import spectral, { type RulesetDefinition } from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";
import createClient from "openapi-fetch";
import { describe, expect, test } from "vitest";

import { test as onStage } from "../../../../tests/browser/stage.ts";
import type { paths } from "../src/generated/openapi.ts";

const DOCUMENT = join(import.meta.dirname, "../../../bridge/openapi.json");

describe("openapi.json", () => {
  test("gives redocly's recommended rules nothing to say", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    const problems = await lint({ ref: DOCUMENT, config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  test("gives spectral's rules for OpenAPI nothing to say", async () => {
    const linter = new spectral.Spectral();
    linter.setRuleset({ extends: [rulesets.oas as RulesetDefinition] });
    const problems = await linter.run(JSON.parse(readFileSync(DOCUMENT, "utf8")) as Record<string, unknown>);
    expect(problems.map(({ code, message, path }) => [code, message, path.join(".")])).toEqual([]);
  });
});

describe("a client that was generated", () => {
  onStage("installs a worker, reads its log, and takes a refusal", async ({ stage }) => {
    await stage.add("some-worker");
    const baseUrl = await stage.start();
    const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${await stage.token()}` } });
    const started = await client.POST("/v1/jobs", { body: { operation: "worker_install", worker_id: "some-worker" } });
    expect(started.data).toEqual({ job_id: "1", sse_url: "/v1/jobs/1/stream" });
    const params = { path: { id: "1" } };
    const stream = await client.GET("/v1/jobs/{id}/stream", { params, parseAs: "text" });
    expect(stream.data).toMatch(/^data: \[DONE\]$/m);
    const log = await client.GET("/v1/jobs/{id}/log", { params, parseAs: "text" });
    expect(log.data).toMatch(/\n\[DONE\]\n$/);
    expect((await client.GET("/v1/workers")).data?.workers.map(({ id }) => id)).toEqual(["some-worker"]);
    expect((await client.GET("/v1/jobs", { params: { query: { before: "1", max: 1 } } })).data).toEqual({ jobs: [] });
    const refused = await client.GET("/v1/catalog/{id}", { params: { path: { id: "some-worker" }, query: { backend: "nope" } } });
    expect(refused.error).toMatchObject({ status: 400, error: "org.rbee.Hive.Error.InvalidArgument" });
  });
});
