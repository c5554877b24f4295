// SPDX-License-Identifier: LGPL-2.1-or-later
/** Figures, for tests/bench/page. */
import type { CDPSession } from "playwright-core";

import { enter, test, WAIT, type Page } from "./fixtures.ts";

const VISITS = 10;
const LINES = 1_000_000;
const RATE = 20_000;

/** So many lines of 80 bytes, a twentieth of a second's at a time, as close to RATE as a shell keeps it. */
const TORRENT = {
  build: `
    local begun=$(date +%s%N) i late
    for ((i = 0; i < ${LINES}; i += ${RATE / 20})); do
      seq -f 'line %7.0f of a build that says as much in a line as compilers do on the whole' $((i + 1)) $((i + ${RATE / 20}))
      late=$((begun / 1000 + (i + ${RATE / 20}) * ${1e6 / RATE} - $(date +%s%N) / 1000))
      ((late <= 0)) || sleep "$((late / 1000000)).$(printf %06d $((late % 1000000)))"
    done`,
};

function figure(name: string, value: string): void {
  console.log(`FIGURE ${name}: ${value}`);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const range = (values: number[], unit: string) =>
  `${Math.round(median(values))} ${unit} (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`;

/** Bytes on the wire, by kind. */
async function countBytes(session: CDPSession): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  const kinds = new Map<string, string>();
  await session.send("Network.enable");
  session.on("Network.responseReceived", ({ requestId, type, response }) =>
    kinds.set(requestId, response.url.includes("/v1/") ? "API" : type),
  );
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId) ?? "?";
    bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength;
  });
  return bytes;
}

test("a first visit", async ({ stage, newPage }) => {
  await stage.ship();
  await stage.start();
  const paints: number[] = [];
  const ready: number[] = [];
  let bytes: Record<string, number> = {};
  for (let visit = 0; visit < VISITS; visit++) {
    const page = await newPage();
    bytes = await countBytes(await page.context().newCDPSession(page));
    // It can be used when there is something to click on.
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (![...document.querySelectorAll("button")].some((button) => button.textContent === "Install")) return;
        performance.mark("usable");
        observer.disconnect();
      }).observe(document, { childList: true, subtree: true });
    });
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Hive Probe" }).waitFor();
    await page.waitForLoadState("load");
    const [paint, usable] = await page.evaluate(() =>
      ["first-contentful-paint", "usable"].map((name) => performance.getEntriesByName(name)[0]?.startTime ?? NaN),
    );
    paints.push(paint!);
    ready.push(usable!);
    await page.context().close();
  }
  const kilobytes = (kind: string) => `${((bytes[kind] ?? 0) / 1024).toFixed(1)} KB`;
  figure(
    "first visit, compressed, with headers",
    `JavaScript ${kilobytes("Script")}, styles ${kilobytes("Stylesheet")}, HTML ${kilobytes("Document")}`,
  );
  figure("first paint", range(paints, "ms"));
  figure("catalog shown, first button usable", range(ready, "ms"));
});

/** Frames of each second, and the longest pause between two. */
async function countFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const told = { frames: [] as number[], longest: 0 };
    Object.assign(globalThis, { told });
    let count = 0;
    let second = performance.now();
    let last = second;
    const tick = (now: number) => {
      told.longest = Math.max(told.longest, now - last);
      last = now;
      count++;
      if (now - second >= 1000) {
        told.frames.push((count * 1000) / (now - second));
        count = 0;
        second = now;
      }
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
}

async function heap(session: CDPSession): Promise<string> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  return `${((usedSize + (backingStorageSize ?? 0)) / 1e6).toFixed(0)} MB`;
}

test("a million lines", async ({ stage, page }) => {
  await stage.add("torrent", TORRENT);
  await stage.configure("Log", { MaxLogSize: "1G" });
  await stage.start();
  await enter(page, stage, "/jobs");
  const session = await page.context().newCDPSession(page);
  figure("heap before the job", await heap(session));
  const job = await stage.install("torrent");
  await page.goto(`${stage.url}/jobs/${job}`);
  await page
    .getByText(/^line +\d/)
    .first()
    .waitFor();
  await countFrames(page);
  const begun = Date.now();
  await page.getByText("torrent is installed").waitFor({ timeout: 5 * WAIT });
  const seconds = (Date.now() - begun) / 1000;
  const { frames, longest } = await page.evaluate(() => (globalThis as unknown as { told: { frames: number[]; longest: number } }).told);
  figure("a million lines", `in ${seconds.toFixed(0)} s, ${Math.round(LINES / seconds)} a second`);
  figure("frames a second meanwhile", range(frames, ""));
  figure("longest time without a frame", `${Math.round(longest)} ms`);
  figure("heap after a million lines of 80 bytes", await heap(session));
}, 600_000);
