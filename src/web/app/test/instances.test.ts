// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from "vitest";

import type { Device, Model, Worker } from "@rbee/hive-sdk";

import { failureOf, workerPage } from "../src/parts/instance-words.tsx";
import { listPhases } from "../src/parts/phases.ts";
import { fittingDevices, fittingModels, proposal, startOptions } from "../src/parts/start-form.ts";

describe("a worker's own page", () => {
  test.for([
    ["at its port, for a browser of this machine", "http://127.0.0.1:8080", "/", "localhost", "http://127.0.0.1:8080/"],
    ["at its path", "http://[::1]:8080", "/ui", "[::1]", "http://[::1]:8080/ui"],
    ["at this machine's name, where it listens everywhere", "http://0.0.0.0:8080", "/", "big.example", "http://big.example:8080/"],
    ["at its address, where that is the machine's own", "http://192.0.2.7:8080", "/", "big.example", "http://192.0.2.7:8080/"],
    ["nowhere, when this machine's loopback is another one's", "http://127.0.0.1:8080", "/", "big.example", ""],
    ["nowhere, at a Unix socket", "unix:/run/some.sock", "/", "localhost", ""],
    ["nowhere, when it has none", "http://127.0.0.1:8080", "", "localhost", ""],
  ] as const)("is %s", ([, address, web_ui, here, page]) => {
    expect(workerPage({ address, web_ui }, here)).toBe(page);
  });
});

test("what failed is a sentence, and what it printed stands apart", () => {
  expect(failureOf("It ended. It printed last:\none\ntwo\n")).toEqual({ sentence: "It ended. It printed last:", printed: "one\ntwo" });
  expect(failureOf("It ended. It printed nothing")).toEqual({ sentence: "It ended. It printed nothing", printed: "" });
});

describe("the start dialog", () => {
  const worker = (changes: object) => ({ id: "some", backend: "cpu", ...changes }) as Worker;

  test("proposes a name that no instance has and that is one, and a port of which the same is true", () => {
    const of = (id: string, ...taken: [name: string, address: string][]) => {
      const { name, port } = proposal(
        id,
        taken.map(([name, address]) => ({ name, address })),
      );
      return [name, port];
    };
    expect(of("some")).toEqual(["some", "8080"]);
    expect(of("some", ["some", "unix:/run/some.sock"], ["some-2", "http://127.0.0.1:8080"], ["x", "http://[::1]:8081"])).toEqual([
      "some-3",
      "8082",
    ]);
    expect(of("Some_Worker.cpu")[0]).toBe("some-worker-cpu");
    expect(of("x".repeat(60), ["x".repeat(45), ""])[0]).toMatch(/^[a-z0-9-]{1,48}$/);
  });

  test("offers the models that the worker reads, and all where nothing says which", () => {
    const models = [{ format: "gguf" }, { format: "safetensors" }] as Model[];
    const of = (formats: string[]) => fittingModels(worker({ run: { formats } }), models).map(({ format }) => format);
    expect(of(["gguf"])).toEqual(["gguf"]);
    expect(of([])).toEqual(["gguf", "safetensors"]);
  });

  test("offers the devices that the worker is built for", () => {
    const devices = [
      { id: "GPU-0", device_type: "cuda" },
      { id: "CPU-0", device_type: "cpu" },
    ] as Device[];
    expect(fittingDevices(worker({ backend: "cuda" }), devices).map(({ id }) => id)).toEqual(["GPU-0"]);
    expect(fittingDevices(worker({ backend: "" }), devices).map(({ id }) => id)).toEqual(["CPU-0"]);
  });

  test("asks for what was chosen and no more", () => {
    const form = { name: "some", model: "", device: "", loopback: false, port: "8080", idleStop: 0, boot: false };
    expect(startOptions(form)).toEqual({ name: "some" });
    expect(startOptions({ ...form, model: "tiny", device: "GPU-0", loopback: true, idleStop: 300, boot: true })).toEqual({
      name: "some",
      model: "tiny",
      device: "GPU-0",
      listen: "8080",
      idle_stop: 300,
      boot: true,
    });
  });
});

test("a model's job has the phases of one", () => {
  expect(listPhases("model_download", [{ phase: "metadata", time: 1 }], "running", NaN).map(({ name, state }) => [name, state])).toEqual([
    ["metadata", "active"],
    ["sources", "waiting"],
    ["install", "waiting"],
  ]);
});
