// SPDX-License-Identifier: LGPL-2.1-or-later
/** What people do with the page, from the click to the files. */
import { readFile } from "node:fs/promises";

import { enter, expect, test, withBrowser, type Page } from "./fixtures.ts";

/** All lines that the page has of the job it shows. */
async function download(page: Page): Promise<string[]> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the log" }).click()]);
  return (await readFile(await file.path(), "utf8")).split("\n").slice(0, -1);
}

/** Builds for some seconds, each line another. */
const COUNTING = { build: "for ((i = 1; i <= 2000; i++)); do echo line $i; ((i % 10)) || sleep 0.02; done" };

withBrowser("operations", () => {
  test("hive-probe is installed by clicking, shown under Installed, and removed", async ({ stage, page }) => {
    await stage.ship();
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Hive Probe" }).click();
    await page.waitForURL("**/jobs/1");
    await page.getByText("Hive Probe is installed").waitFor();
    expect([...(await download(page)), "[DONE]"]).toEqual(await stage.lines("1"));
    await page.getByRole("link", { name: "Catalog" }).click();
    await expect.poll(() => page.getByRole("button", { name: "Install Hive Probe" }).count()).toBe(0);
    await page.getByRole("navigation").getByRole("link", { name: "Installed" }).click();
    await page.getByRole("button", { name: "Remove Hive Probe" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.waitForURL("**/jobs/2");
    expect(await stage.wait("2")).toEqual(["done", "", ""]);
    expect(await stage.workers()).toEqual([]);
    await page.getByRole("navigation").getByRole("link", { name: "Installed" }).click();
    await page.getByRole("heading", { name: "Nothing is installed yet" }).waitFor();
  });

  test("two browsers follow one job, and both have all of it", async ({ stage, newPage }) => {
    await stage.add("counts", COUNTING);
    await stage.start();
    const [first, second] = [await newPage(), await newPage()];
    await enter(first, stage);
    await first.getByRole("button", { name: "Install Counts" }).click();
    await first.waitForURL("**/jobs/1");
    await stage.waitForLine("1", "line 500");
    await enter(second, stage, "/jobs");
    await second.getByRole("link", { name: /Counts/ }).click();
    for (const page of [first, second]) await page.getByText("counts is installed").waitFor();
    const lines = await stage.lines("1");
    for (const page of [first, second]) expect([...(await download(page)), "[DONE]"]).toEqual(lines);
  });

  test("a page that is loaded anew in the middle of a job has the whole log", async ({ stage, page }) => {
    await stage.add("counts", COUNTING);
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.install("counts")}`);
    await stage.waitForLine("1", "line 300");
    await page.reload();
    await stage.waitForLine("1", "line 600");
    await page.reload();
    await page.getByText("counts is installed").waitFor();
    expect([...(await download(page)), "[DONE]"]).toEqual(await stage.lines("1"));
  });

  test("a bridge that is killed in the middle of a job costs no line", async ({ stage, page }) => {
    await stage.add("counts", COUNTING);
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.install("counts")}`);
    await page
      .getByRole("log")
      .getByText(/^line \d+$/)
      .first()
      .waitFor();
    for (const mark of ["line 200", "line 800"]) {
      await stage.waitForLine("1", mark);
      await stage.stopBridge({ kill: true });
      await page.getByText("The connection is gone. Trying again…").waitFor();
      await stage.startBridge();
    }
    await page.getByText("counts is installed").waitFor();
    await page.getByText("The connection is gone. Trying again…").waitFor({ state: "detached" });
    expect([...(await download(page)), "[DONE]"]).toEqual(await stage.lines("1"));
  });

  test("a key that was made void ends in the page that says where to get one", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Some" }).waitFor();
    await stage.rotate();
    await page.getByRole("button", { name: "Install Some" }).click();
    await page.getByRole("heading", { name: "This page needs a key" }).waitFor();
    expect(await stage.jobs()).toEqual([]);
  });

  test("a million lines can be read at both ends, searched and scrolled", async ({ stage, page }) => {
    const count = 1_000_000;
    await stage.longJob(7, count);
    await stage.start();
    await enter(page, stage, "/jobs/7");
    const log = page.getByRole("log");
    const line = (number: number) => log.getByText(`line ${number} of a log`);
    const scroll = (share: number) => log.evaluate((element, to) => (element.scrollTop = to * element.scrollHeight), share);
    await line(count).waitFor();
    await scroll(0);
    await line(1).waitFor();
    await scroll(0.5);
    await line(count / 2).waitFor();
    expect(await log.getByText(/^line/).count()).toBeLessThan(1000);
    await page.getByRole("searchbox", { name: "Search the log" }).fill("line 777777 of");
    await page.getByText("1 line", { exact: true }).waitFor();
    await page.getByRole("searchbox", { name: "Search the log" }).press("Enter");
    await line(777_777).waitFor();
  });
});
