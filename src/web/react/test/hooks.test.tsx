// SPDX-License-Identifier: LGPL-2.1-or-later
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ServerResponse } from "node:http";
import type { ReactNode } from "react";
import { afterEach, describe, expect } from "vitest";

import { json, line, problem, stream, test, type Answer, type Server } from "../../sdk/test/server.ts";
import {
  HiveProvider,
  useCapabilities,
  useCatalogs,
  useHiveOperations,
  useInstalledWorkers,
  useInstances,
  useJob,
  useJobs,
  useLogSearch,
  useModels,
  useRecipe,
  useUpdates,
  useVerify,
  useWorkerCatalog,
} from "../src/index.ts";

afterEach(cleanup);

/** Answers by path, each by the next of its answers, the last again and again. */
function answerBy(server: Server, answers: Record<string, Answer[]>): void {
  const events: Answer = (response) => void response.writeHead(200).write(": hello\n\n");
  server.answers.shift = () => (response, request) => {
    const path = request.url!.split("?")[0]!;
    const list = answers[path] ?? (path === "/v1/events" ? [events] : []);
    const answer = list.length > 1 ? list.shift() : list[0];
    return answer ? answer(response, request) : problem(404, "JobNotFound")(response, request);
  };
}

function render<T>(server: Server, hook: () => T) {
  const { client } = server;
  const queries = new QueryClient();
  return renderHook(hook, {
    wrapper: ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={queries}>
        <HiveProvider client={client}>{children}</HiveProvider>
      </QueryClientProvider>
    ),
  });
}

const job = { id: "7", operation: "worker_install", worker_id: "some-worker", state: "running" };
const phase = (name: string, time: number) => `event: state\ndata: {"state":"running","phase":"${name}","time":${time}}\n\n`;

function requests(server: Server, path: string): string[] {
  return server.requests.map(({ url }) => url!).filter((url) => url.startsWith(path));
}

describe("useJob", () => {
  test("has the lines, the phases with their times and first lines, and how it ended", async ({ server }) => {
    const progress = `event: progress\ndata: {"phase":"build","text":"1/2","progress":0.5}\n\n`;
    const log =
      phase("metadata", 1000) +
      line(10, "one") +
      phase("build", 2000) +
      line(20, "two") +
      progress +
      line(30, "[ERROR] Build phase failed");
    answerBy(server, { "/v1/jobs/7": [json(200, job)], "/v1/jobs/7/stream": [stream(log)] });
    const { result } = render(server, () => useJob("7"));
    await waitFor(() => expect(result.current.ended).toBe(true));
    await waitFor(() => expect(result.current.job?.worker_id).toBe("some-worker"));
    expect(result.current).toMatchObject({
      state: "failed",
      length: 2,
      phase: "build",
      phases: [
        { name: "metadata", startedAt: 1000, line: 0 },
        { name: "build", startedAt: 2000, line: 1 },
      ],
      progress: { text: "1/2" },
    });
    expect(result.current.error?.message).toBe("Build phase failed");
    expect(result.current.log.slice(0, 2)).toEqual(["one", "two"]);
  });

  test("does not render for each line", async ({ server }) => {
    const count = 200_000;
    const log = Array.from({ length: count }, (_, i) => line(i + 1, `line ${i + 1}`)).join("");
    answerBy(server, { "/v1/jobs/7": [json(200, job)], "/v1/jobs/7/stream": [stream(log, line(count + 1, "[DONE]"))] });
    let renders = 0;
    const { result } = render(server, () => {
      renders++;
      return useJob("7");
    });
    await waitFor(() => expect(result.current.ended).toBe(true), { timeout: 60_000 });
    expect(result.current.length).toBe(count);
    expect(renders).toBeLessThan(count / 100);
  });

  test("is read only while it is shown, and goes on where it was", async ({ server }) => {
    let open: ServerResponse | undefined;
    const first: Answer = (response) => {
      open = response;
      response.writeHead(200).write(phase("build", 1) + line(10, "one"));
    };
    answerBy(server, {
      "/v1/jobs/7": [json(200, job)],
      "/v1/jobs/7/stream": [first, stream(phase("build", 2) + line(20, "two") + line(30, "[DONE]"))],
    });
    let shown = "7";
    const { result, rerender } = render(server, () => useJob(shown));
    await waitFor(() => expect(result.current.length).toBe(1));
    shown = "8";
    rerender();
    await waitFor(() => expect(open!.destroyed).toBe(true));
    shown = "7";
    rerender();
    await waitFor(() => expect(result.current.ended).toBe(true));
    expect(result.current.log.slice(0, 9)).toEqual(["one", "two"]);
    expect(result.current.phases).toEqual([{ name: "build", startedAt: 1, line: 0, network: false }]);
    expect(requests(server, "/v1/jobs/7/stream")).toEqual(["/v1/jobs/7/stream", "/v1/jobs/7/stream?cursor=10"]);
  });

  test("knows which phases have the network, as the log says it", async ({ server }) => {
    const log =
      phase("prepare", 1) +
      line(10, "🌐 Network is on for prepare() (NetworkSteps= in hive.conf)") +
      phase("build", 2) +
      line(20, "echo 🌐 Network is on for build()") +
      line(30, "[DONE]");
    answerBy(server, { "/v1/jobs/7": [json(200, job)], "/v1/jobs/7/stream": [stream(log)] });
    const { result } = render(server, () => useJob("7"));
    await waitFor(() => expect(result.current.ended).toBe(true));
    expect(result.current.phases.map(({ name, network }) => [name, network])).toEqual([
      ["prepare", true],
      ["build", false],
    ]);
  });

  test("asks for the job again while no hive answers: its stream alone does not say whose it is", async ({ server }) => {
    answerBy(server, {
      "/v1/jobs/7": [problem(503, "Busy"), json(200, job)],
      "/v1/jobs/7/stream": [stream(line(10, "one") + line(20, "[DONE]"))],
    });
    const { result } = render(server, () => useJob("7"));
    await waitFor(() => expect(result.current.job?.worker_id).toBe("some-worker"), { timeout: 5000 });
    expect(result.current.error).toBeUndefined();
  });

  test("has its lines as an array too, for who wants that", async ({ server }) => {
    answerBy(server, {
      "/v1/jobs/7": [json(200, job)],
      "/v1/jobs/7/stream": [stream(line(10, "one") + line(20, "two") + line(30, "[DONE]"))],
    });
    const { result } = render(server, () => useJob("7"));
    await waitFor(() => expect(result.current.ended).toBe(true));
    expect(result.current.lines).toEqual(["one", "two"]);
    expect(result.current.lines).toBe(result.current.lines);
  });

  test("says why a job cannot be shown", async ({ server }) => {
    answerBy(server, {});
    const { result } = render(server, () => useJob("9"));
    await waitFor(() => expect(result.current.error).toMatchObject({ status: 404 }));
    expect(result.current.ended).toBe(false);
  });
});

describe("useJobs", () => {
  test("follows all jobs, newest first, and whether the hive is there", async ({ server }) => {
    const events =
      `event: jobs\ndata: {"jobs":[${JSON.stringify({ ...job, id: "2" })},${JSON.stringify({ ...job, id: "10" })}]}\n\n` +
      `event: progress\ndata: {"id":"2","progress":0.5}\n\n` +
      `event: state\ndata: ${JSON.stringify({ ...job, id: "11", state: "queued" })}\n\n` +
      `event: state\ndata: {"id":"99","state":"running"}\n\n` +
      `event: removed\ndata: {"id":"10"}\n\nevent: hive\ndata: {"reachable":false}\n\n`;
    answerBy(server, { "/v1/events": [(response) => void response.writeHead(200).write(events)] });
    const { result } = render(server, () => useJobs());
    expect(result.current.jobs).toBeUndefined();
    await waitFor(() => expect(result.current.reachable).toBe(false));
    expect(result.current.jobs!.map(({ id, state, progress }) => [id, state, progress])).toEqual([
      ["11", "queued", undefined],
      ["2", "running", 0.5],
    ]);
  });

  test("asks what is installed anew when a worker was, and after it missed events", async ({ server }) => {
    let events: ServerResponse | undefined;
    const open: Answer = (response) => {
      events = response;
      response.writeHead(200).write('event: jobs\ndata: {"jobs":[]}\n\n');
    };
    answerBy(server, { "/v1/workers": [json(200, { workers: [] })], "/v1/events": [open] });
    const { result } = render(server, () => useInstalledWorkers());
    await waitFor(() => expect(result.current.data).toEqual([]));
    expect(requests(server, "/v1/workers").length).toBe(1);
    events!.write('event: worker\ndata: {"worker_id":"a","installed":true,"version":"1"}\n\n');
    await waitFor(() => expect(requests(server, "/v1/workers").length).toBe(2));
    events!.destroy();
    await waitFor(() => expect(requests(server, "/v1/workers").length).toBe(3));
  });
});

describe("useInstances and useModels", () => {
  test("have what runs as the events tell it, and ask for the models anew when they or their users are others", async ({ server }) => {
    let instances: object[] = [];
    let events: ServerResponse | undefined;
    const open: Answer = (response) => {
      events = response;
      response.writeHead(200).write('event: jobs\ndata: {"jobs":[]}\n\n');
    };
    answerBy(server, {
      "/v1/instances": [(response, request) => json(200, { instances })(response, request)],
      "/v1/models": [json(200, { models: [], skipped: [] })],
      "/v1/events": [open],
    });
    const { result } = render(server, () => ({ instances: useInstances().data, models: useModels().data }));
    await waitFor(() => expect(result.current).toEqual({ instances: [], models: { models: [], skipped: [] } }));
    const asked = requests(server, "/v1/models").length;
    instances = [{ name: "some", state: "ready" }];
    events!.write(`event: instances\ndata: ${JSON.stringify({ instances })}\n\n`);
    await waitFor(() => expect(result.current.instances).toEqual([{ name: "some", state: "ready" }]));
    await waitFor(() => expect(requests(server, "/v1/models").length).toBe(asked + 1));
    events!.write("event: models\ndata: {}\n\n");
    await waitFor(() => expect(requests(server, "/v1/models").length).toBe(asked + 2));
  });
});

describe("questions", () => {
  test("each hook has what its path answers", async ({ server }) => {
    const worker = { id: "some-worker" };
    answerBy(server, {
      "/v1/catalog": [json(200, { workers: [worker] })],
      "/v1/workers": [json(200, { workers: [worker] })],
      "/v1/capabilities": [json(200, { architecture: "x86_64" })],
      "/v1/catalog/some-worker/PKGBUILD": [(response) => void response.end("pkgname=some-worker")],
    });
    const { result } = render(server, () => ({
      catalog: useWorkerCatalog().data,
      installed: useInstalledWorkers().data,
      machine: useCapabilities().data,
      recipe: useRecipe("some-worker", { backend: "cuda", source: "git" }).data,
    }));
    await waitFor(() =>
      expect(result.current).toEqual({
        catalog: [worker],
        installed: [worker],
        machine: { architecture: "x86_64" },
        recipe: "pkgname=some-worker",
      }),
    );
    expect(requests(server, "/v1/catalog/")).toEqual(["/v1/catalog/some-worker/PKGBUILD?backend=cuda&source=git"]);
  });

  test("the catalogs are asked for after their workers, and again when those were", async ({ server }) => {
    answerBy(server, {
      "/v1/catalog": [json(200, { workers: [] })],
      "/v1/catalogs": [json(200, { catalogs: [{ name: "a" }] }), json(200, { catalogs: [{ name: "b" }] })],
    });
    const { result } = render(server, () => ({ ask: useWorkerCatalog().refetch, catalogs: useCatalogs().data }));
    await waitFor(() => expect(result.current.catalogs).toEqual([{ name: "a" }]));
    expect(requests(server, "/v1/catalog")).toEqual(["/v1/catalog", "/v1/catalogs"]);
    await act(() => result.current.ask());
    await waitFor(() => expect(result.current.catalogs).toEqual([{ name: "b" }]));
  });

  test("updates are looked for and files compared when that is asked for, and what is installed is asked anew then", async ({ server }) => {
    const update = { id: "some-worker", version: "1", available: "2", error: "" };
    answerBy(server, {
      "/v1/updates": [json(200, { updates: [update] })],
      "/v1/workers": [json(200, { workers: [] })],
      "/v1/workers/some-worker/problems": [json(200, { problems: [{ path: "/a", problem: "missing" }] })],
    });
    const { result } = render(server, () => {
      const [installed, updates, verify] = [useInstalledWorkers(), useUpdates(), useVerify("some-worker")];
      return { installed: installed.data, updates: updates.data, problems: verify.data, look: updates.refetch, verify: verify.refetch };
    });
    await waitFor(() => expect(result.current.installed).toEqual([]));
    expect(requests(server, "/v1/updates")).toEqual([]);
    await act(() => Promise.all([result.current.look(), result.current.verify()]));
    await waitFor(() => expect(result.current).toMatchObject({ updates: [update], problems: [{ path: "/a", problem: "missing" }] }));
    expect(requests(server, "/v1/workers").filter((url) => url === "/v1/workers").length).toBe(2);
  });
});

describe("useHiveOperations", () => {
  test("asks for an install once, and says what the hive said", async ({ server }) => {
    answerBy(server, { "/v1/jobs": [problem(409, "Busy")] });
    const { result } = render(server, () => useHiveOperations());
    await act(() => expect(result.current.installWorker("some-worker")).rejects.toMatchObject({ status: 409 }));
    await waitFor(() => expect(result.current.installError?.message).toBe("no: Busy"));
    expect(requests(server, "/v1/jobs").length).toBe(1);
    expect(result.current.installingWorker).toBeUndefined();
  });

  test("knows which worker is being asked for, and gives its job", async ({ server }) => {
    let answer = () => {};
    const later: Answer = (response) => {
      answer = () => response.writeHead(202).end('{"job_id":"7","sse_url":"/v1/jobs/7/stream"}');
    };
    answerBy(server, { "/v1/jobs": [later] });
    const { result } = render(server, () => useHiveOperations());
    let installing: Promise<string> | undefined;
    act(() => {
      installing = result.current.installWorker("some-worker", { backend: "cpu" });
    });
    await waitFor(() => expect(result.current.installingWorker).toBe("some-worker"));
    await waitFor(() => expect(requests(server, "/v1/jobs").length).toBe(1));
    answer();
    expect(await act(() => installing!)).toBe("7");
    await waitFor(() => expect(result.current.installingWorker).toBeUndefined());
  });

  test("asks for what was chosen, and for the newer version and the one before", async ({ server }) => {
    const bodies: unknown[] = [];
    const take: Answer = (response, request) => {
      let text = "";
      request.on("data", (data: Buffer) => (text += data.toString()));
      request.on("end", () => {
        bodies.push(JSON.parse(text));
        response.writeHead(202).end('{"job_id":"7","sse_url":""}');
      });
    };
    answerBy(server, { "/v1/jobs": [take] });
    const { result } = render(server, () => useHiveOperations());
    await act(() => result.current.installWorker("a", { backend: "cuda", source: "git", catalog: "corp" }));
    await act(() => result.current.upgradeWorker("a"));
    await act(() => result.current.rollbackWorker("a"));
    expect(bodies).toEqual([
      { operation: "worker_install", hive_id: "here", worker_id: "a", backend: "cuda", source: "git", catalog: "corp" },
      { operation: "worker_upgrade", hive_id: "here", worker_id: "a" },
      { operation: "worker_rollback", hive_id: "here", worker_id: "a" },
    ]);
  });

  test("removes and cancels", async ({ server }) => {
    answerBy(server, {
      "/v1/jobs": [json(202, { job_id: "8", sse_url: "" })],
      "/v1/jobs/8": [json(200, { job_id: "8", status: "cancelled" })],
    });
    const { result } = render(server, () => useHiveOperations());
    expect(await act(() => result.current.removeWorker("some-worker"))).toBe("8");
    await act(() => result.current.cancel("8"));
    expect(server.requests.filter(({ url }) => url !== "/v1/events").map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /v1/jobs",
      "DELETE /v1/jobs/8",
    ]);
  });
});

describe("useLogSearch", () => {
  test("finds lines piece by piece, and those that come later", async ({ server }) => {
    const log = Array.from({ length: 100_000 }, (_, i) => line(i + 1, i % 40_000 === 5 ? `a (Needle)` : "hay")).join("");
    answerBy(server, { "/v1/jobs/7": [json(200, job)], "/v1/jobs/7/stream": [stream(log, line(100_001, "[DONE]"))] });
    const { result } = render(server, () => {
      const view = useJob("7");
      return { view, search: useLogSearch(view.log, view.length, "(needle)") };
    });
    await waitFor(() => expect(result.current.view.ended && result.current.search.complete).toBe(true), { timeout: 60_000 });
    expect(result.current.search.found).toEqual([5, 40_005, 80_005]);
  });
});
