// SPDX-License-Identifier: LGPL-2.1-or-later
/** What is installed: whether it still is what it was, its updates, and the way back. */
import { writeFile } from "node:fs/promises";

import { enter, expect, test, withBrowser } from "./fixtures.ts";

const script = (name: string) => `install -Dm755 /dev/stdin "$pkgdir/usr/local/bin/${name}" <<<'#!/bin/sh'`;

withBrowser("what is installed", () => {
  test("a worker's files are verified, and what was changed is named", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await stage.installs("some");
    await enter(page, stage, "/installed");
    const verify = page.getByRole("button", { name: "Verify some" });
    await verify.click();
    await page.getByText("Its 1 file is as it was installed").waitFor();
    await writeFile(await stage.installedPath("/usr/local/bin/some"), "mine");
    await verify.click();
    await page.getByText("1 file is not as it was installed").waitFor();
    await page.getByRole("listitem").filter({ hasText: "/usr/local/bin/some: changed" }).first().waitFor();
  });

  test("an update is looked for, installed, and taken back", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await stage.installs("some");
    await stage.add("some", { version: "2.0" }, { version: "2.0" });
    await enter(page, stage, "/installed");
    await page.getByRole("button", { name: "Look for updates" }).click();
    await page.getByText("1 update", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Update to 2.0-1" }).click();
    await page.getByText("some is installed").waitFor();
    await page.getByRole("link", { name: "See what is installed" }).click();
    await page.getByRole("heading", { name: "some 2.0-1" }).waitFor();
    await page.getByRole("button", { name: "Back to 1.0-1" }).click();
    await page.getByText("some is installed").waitFor();
    await page.getByRole("link", { name: "See what is installed" }).click();
    await page.getByRole("heading", { name: "some 1.0-1" }).waitFor();
  });

  test("a worker has its name, and leads to the job that installed it", async ({ stage, page }) => {
    await stage.add("some", {}, { name: "Some Worker" });
    await stage.start();
    await stage.installs("some");
    await enter(page, stage, "/installed");
    await page.getByRole("heading", { name: "Some Worker 1.0-1" }).waitFor();
    await page.getByRole("link", { name: "job 1 and its log" }).click();
    await page.getByRole("heading", { name: "Install Some Worker" }).waitFor();
    await page.getByText("Some Worker is installed").waitFor();
  });

  test("a worker has its name in buttons, dialogs and jobs, and is found by its id", async ({ stage, page }) => {
    await stage.add("llama.cpp_CLI", { package: script("llama.cpp_CLI"), extra: "pkgname=llama" }, { name: "The Llama" });
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install The Llama" }).click();
    await page.getByText("The Llama is installed").waitFor();
    await page.getByRole("link", { name: "See what is installed" }).click();
    await page.getByRole("button", { name: "Verify The Llama" }).click();
    await page.getByText("Its 1 file is as it was installed").waitFor();
    await page.getByRole("button", { name: "Remove The Llama" }).click();
    await page.getByRole("alertdialog", { name: "Remove The Llama?" }).getByRole("button", { name: "Remove" }).click();
    await page.getByText("The Llama is removed").waitFor();
    for (let job = 3; job < 10; job++)
      expect(await stage.wait(await stage.install("llama.cpp_CLI", { reinstall: true }))).toEqual(["done", "", ""]);
    await page.getByRole("navigation").getByRole("link", { name: "Jobs" }).click();
    await page.getByRole("searchbox", { name: "Search the jobs" }).fill("cpp_CLI remove");
    await expect.poll(() => page.getByRole("main").getByRole("listitem").count()).toBe(1);
    await page.getByRole("link", { name: /Remove The Llama/ }).waitFor();
  });

  test("what was to come from a folder of ready builds is not asked for again", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    const job = await stage.failsFrom("some");
    await enter(page, stage, `/jobs/${job}`);
    await page.getByRole("button", { name: "Show the end of the log" }).waitFor();
    expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
  });

  test("a recipe of one's own is not what a catalog has by its name", async ({ stage, page }) => {
    await stage.add("some", {}, { name: "The Catalog's" });
    await stage.start();
    await stage.installs("some");
    await stage.installsOwn("some", { version: "2.0" });
    await stage.installsOwn("some", { version: "3.0", build: "exit 3" }, 1);
    await enter(page, stage);
    await page.getByRole("heading", { name: "The Catalog's" }).waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Installed" }).click();
    await page.getByRole("heading", { name: "some 2.0-1" }).waitFor();
    await page.getByRole("button", { name: "Remove some" }).waitFor();
    await page.getByRole("link", { name: "job 2 and its log" }).click();
    await page.getByRole("heading", { name: "Install some" }).waitFor();
    await page.getByText("some is installed").waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Jobs" }).click();
    await page.getByRole("link", { name: /Install The Catalog's/ }).waitFor();
    await page
      .getByRole("link", { name: /Install some/ })
      .filter({ hasText: "Failed" })
      .click();
    await page.getByRole("alert").getByText("Build phase failed").waitFor();
    await page.getByRole("button", { name: "Show the end of the log" }).waitFor();
    expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Read the recipe" }).count()).toBe(0);
  });

  test("all updates are installed by one click", async ({ stage, page }) => {
    for (const name of ["one", "two"]) await stage.add(name);
    await stage.start();
    for (const name of ["one", "two"]) await stage.installs(name);
    for (const name of ["one", "two"]) await stage.add(name, { version: "2.0" }, { version: "2.0" });
    await enter(page, stage, "/installed");
    await page.getByRole("button", { name: "Look for updates" }).click();
    await page.getByRole("button", { name: "Update all" }).click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    for (const job of ["3", "4"]) expect(await stage.wait(job)).toEqual(["done", "", ""]);
    await page.getByRole("link", { name: "Installed" }).click();
    for (const name of ["one", "two"]) await page.getByRole("heading", { name: `${name} 2.0-1` }).waitFor();
  });
});
