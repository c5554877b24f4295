// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * Workers that really run, on a machine that tests/system/test_page.py boots: tester, keyless and reader are installed there,
 * whose faults their instances' names say (tests/system/tester.py); talker, which takes a model and a key; picky, which
 * reads none of the models there; and silent, of which nobody says how it is run.
 */
import { afterEach } from "vitest";

import { expect, expectAccessible, screenshot, test, withBrowser } from "./fixtures.ts";
import { enter, freePort, hive, instance, start } from "./machine.ts";

withBrowser("workers that run", () => {
  afterEach(async () => {
    for (const { name } of await hive.instances()) await hive.stopInstance(name);
  });

  test("a worker is started by the dialog, becomes ready before one's eyes, has its page, and is stopped", async ({ page }) => {
    await enter(page, "/running");
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
    await start(page, "keyless", { name: "loads", port: await freePort() });
    const row = instance(page, "loads");
    await row.getByRole("status").getByText("Ready").waitFor();
    const [tab] = await Promise.all([page.waitForEvent("popup"), row.getByRole("link", { name: "Open the page of loads" }).click()]);
    await tab.getByText('"name": "loads"').waitFor();
    const { main_pid: before } = (await hive.instances())[0]!;
    await row.getByRole("button", { name: "Restart loads" }).click();
    await expect
      .poll(async () => (await hive.instances())[0])
      .toMatchObject({ state: "ready", main_pid: expect.not.toBeOneOf([0, before]) });
    await row.getByRole("button", { name: "Stop loads" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
    expect(await hive.instances()).toEqual([]);
  });

  test("after an install that can be started there is a button that does", async ({ page }) => {
    const job = (await hive.jobs()).find(
      ({ operation, worker_id, state }) => operation === "worker_install" && worker_id === "keyless" && state === "done",
    )!;
    await enter(page, `/jobs/${job.id}`);
    await page.getByText("It answers requests once it is started").waitFor();
    await start(page, "keyless", { name: "begun" });
    await instance(page, "begun").getByRole("status").getByText("Ready").waitFor();
  });

  test("a worker that nothing says how to run has no button that starts it", async ({ page }) => {
    await enter(page, "/installed");
    await page.getByRole("button", { name: "Remove silent" }).waitFor();
    await page.getByRole("button", { name: "Start Tester", exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Start silent" }).count()).toBe(0);
  });

  test("of models those are offered that the worker reads, with whether they fit; one by one, by the keyboard alone", async ({ page }) => {
    await enter(page, "/installed");
    await page.getByRole("button", { name: "Start Talker", exact: true }).press("Enter");
    const model = page.getByRole("dialog").getByRole("combobox", { name: "Model" });
    await expect
      .poll(async () => (await model.locator("option").allTextContents()).sort())
      .toEqual(["Choose one…", expect.stringContaining("own"), expect.stringContaining("tiny")]);
    await model.selectOption({ index: 1 });
    await page.getByRole("status").getByText("tokens of context").waitFor();
    await page.getByRole("radio", { name: "A port of this machine's loopback" }).press("Space");
    expect(await page.getByRole("spinbutton", { name: "Port" }).inputValue()).toBe("8080");
    await screenshot(page, "start");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Start Talker");
  });

  test("without a model that it reads the dialog leads to where one is fetched", async ({ page }) => {
    await enter(page, "/installed");
    await page.getByRole("button", { name: "Start Picky", exact: true }).click();
    await page.getByRole("link", { name: "Fetch one first" }).click();
    await page.getByRole("textbox", { name: "Fetch a model" }).waitFor();
  });

  test("what another client does to a worker is seen at once", async ({ page }) => {
    await enter(page, "/running");
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
    await hive.startWorker("tester", { name: "seen" });
    await instance(page, "seen").getByRole("status").getByText("Ready").waitFor();
    await hive.stopInstance("seen");
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
  });

  test("a worker that fails says why and what it printed last, and is taken from the list", async ({ page }) => {
    await enter(page, "/installed");
    await start(page, "tester", { name: "exits" });
    const row = instance(page, "exits");
    await row.getByRole("alert").getByText("status 3").waitFor();
    await row.getByText("No such tensor").waitFor();
    await row.getByRole("button", { name: "Remove exits" }).click();
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
  });

  test("at a port the key is shown when it is asked for, and lets in", async ({ page }) => {
    const port = await freePort();
    await enter(page, "/installed");
    await start(page, "tester", { port });
    const row = instance(page, "tester");
    await row.getByRole("status").getByText("Ready").waitFor();
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(401);
    await row.getByRole("button", { name: "Show the key of tester" }).click();
    const key = await row.getByText(/^[0-9a-f]{64}$/).textContent();
    expect((await fetch(`http://127.0.0.1:${port}/`, { headers: { Authorization: `Bearer ${key}` } })).status).toBe(200);
  });

  test("start at boot is switched on and off", async ({ page }) => {
    await hive.startWorker("tester");
    await enter(page, "/running");
    const boot = page.getByRole("checkbox", { name: "Start tester at boot" });
    for (const on of [true, false]) {
      await boot.click();
      await expect.poll(async () => (await hive.instances())[0]!.boot).toBe(on);
      await expect.poll(() => boot.isChecked()).toBe(on);
    }
  });

  test("a name and a port that are taken are refused in the dialog, which proposes others", async ({ page }) => {
    const port = await freePort();
    await hive.startWorker("tester", { listen: port });
    await enter(page, "/installed");
    await start(page, "tester", { name: "tester" });
    const refusal = page.getByRole("dialog").getByRole("alert");
    await refusal.getByText("There is an instance tester already").waitFor();
    await page.keyboard.press("Escape");
    await start(page, "tester", { port });
    await refusal.getByText("The instance tester listens on").waitFor();
    await refusal.getByText("Choose another port").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Start Tester", exact: true }).click();
    expect(await page.getByRole("textbox", { name: "Name" }).inputValue()).toBe("tester-2");
  });

  test("a model that is used is named with who uses it, and is not removed", async ({ page }) => {
    await enter(page, "/installed");
    await start(page, "reader", { model: "own-Q4_K_M" });
    await instance(page, "reader").getByRole("status").getByText("Ready").waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Models" }).click();
    const model = instance(page, "own-Q4_K_M");
    await model.getByRole("link", { name: "reader" }).waitFor();
    await model.getByRole("button", { name: "Remove own-Q4_K_M" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await model.getByRole("alert").getByText("The instance reader runs with the model own-Q4_K_M: stop it first").waitFor();
  });

  test("each view of them has its picture, and axe-core finds nothing serious on it", async ({ newPage }) => {
    await hive.startWorker("keyless", { name: "chat", listen: await freePort(), boot: true });
    await hive.startWorker("reader", { model: "own-Q4_K_M", idle_stop: 3600 });
    await hive.startWorker("tester", { name: "never-ready" });
    await hive.startWorker("tester", { name: "exits" });
    await expect
      .poll(async () => (await hive.instances()).map(({ state }) => state).sort())
      .toEqual(["failed", "ready", "ready", "starting"]);
    for (const [width, height] of [
      [1280, 860],
      [2560, 1300],
      [360, 780],
    ] as const) {
      const page = await newPage({ viewport: { width, height }, reducedMotion: "reduce" });
      await enter(page, "/running");
      await page.getByText("No such tensor").waitFor();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await screenshot(page, `instances-${colorScheme}-${width}`);
        await expectAccessible(page);
      }
      const [whole, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      expect(whole).toBeLessThanOrEqual(seen!);
    }
  });
});
