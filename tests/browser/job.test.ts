// SPDX-License-Identifier: LGPL-2.1-or-later
/** A job's page: what it says of how the job goes and how it ended, and its log. */
import { readFile } from "node:fs/promises";

import { enter, expect, test, withBrowser, type Page } from "./fixtures.ts";

const card = (page: Page, name: string) => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });
const phase = (page: Page, title: string) => page.getByRole("region", { name: "Phases" }).getByRole("listitem").filter({ hasText: title });

withBrowser("a job's page", () => {
  test("a build that fails says why on top, and can be tried again", async ({ stage, page }) => {
    await stage.add("broken", { build: "echo 'cc: fatal error: no input files' >&2; exit 3" });
    await stage.start();
    await enter(page, stage);
    await card(page, "Broken").getByRole("button", { name: "Install" }).click();
    const reason = page.getByRole("alert");
    await reason.getByText("Build phase failed").waitFor();
    await reason.getByText("cc: fatal error: no input files").waitFor();
    await phase(page, "Build").getByText("failed").waitFor();
    await phase(page, "Package").getByText("not reached").waitFor();
    expect(await page.getByRole("progressbar").count()).toBe(0);
    await reason.getByRole("button", { name: "Try again" }).click();
    await page.waitForURL("**/jobs/2");
    await page.getByRole("alert").getByText("Build phase failed").waitFor();
    expect(await stage.jobs()).toHaveLength(2);
  });

  test("what a machine lacks is named before one clicks, and where the job failed, with what installs it", async ({ stage, page }) => {
    await stage.add("needy", { depends: ["cuda"] }, { depends: ["cuda"] });
    await stage.start();
    await enter(page, stage);
    await page.getByRole("heading", { name: "Something is missing first" }).waitFor();
    await card(page, "Needy").getByText("This machine lacks cuda").waitFor();
    const command = await card(page, "Needy").locator(".command code").textContent();
    expect(command).toContain("install");
    await card(page, "Needy").getByRole("button", { name: "Install Needy" }).click();
    const reason = page.getByRole("alert");
    await reason.getByText("Please install cuda before proceeding").waitFor();
    await reason.getByText("Install what is missing, then try again.").waitFor();
    await reason.getByText(command!, { exact: true }).waitFor();
    await phase(page, "Check what it needs").getByText("failed").waitFor();
  });

  test("what is missing is installed when that is asked for, as a phase of the job", async ({ stage, page }) => {
    await stage.add("needy", { depends: ["cuda"] }, { depends: ["cuda"] });
    await stage.start();
    await enter(page, stage);
    const install = page.getByRole("button", { name: "Install what is missing for Needy" });
    await page.route("**/v1/jobs", (route) =>
      route.fulfill({
        status: 403,
        contentType: "application/problem+json",
        body: JSON.stringify({ detail: "no", error: "org.freedesktop.DBus.Error.AccessDenied" }),
      }),
    );
    await install.click();
    await page
      .getByRole("alert")
      .getByText("This page may not install packages of the system. Run the command on this machine instead")
      .waitFor();
    await page.unroute("**/v1/jobs");
    await card(page, "Needy").getByRole("button", { name: "Install Needy" }).click();
    await page.getByRole("alert").getByText("Please install cuda before proceeding").waitFor();
    await page.getByRole("alert").getByRole("button", { name: "Install what is missing" }).click();
    await page.waitForURL("**/jobs/2");
    await phase(page, "Install what is missing").getByText("failed").waitFor();
    await page.getByRole("alert").getByText("There is no PackageKit here").waitFor();
    expect(await page.getByRole("alert").getByRole("button", { name: "Install what is missing" }).count()).toBe(0);
  });

  test("a step that has the network is marked, and one that has none is not", async ({ stage, page }) => {
    await stage.add("online", { build: "echo at work; sleep 86399" });
    await stage.start();
    const job = await stage.install("online", { network: "allow" });
    await enter(page, stage, `/jobs/${job}`);
    await page.getByText("at work").waitFor();
    await phase(page, "Build").getByText("It has the network").waitFor();
    await page.getByText("network on").waitFor();
    expect(await phase(page, "Read the recipe").getByText("It has the network").count()).toBe(0);
  });

  test("a step that has no network is not marked", async ({ stage, page }) => {
    await stage.add("offline", { build: "echo at work; sleep 86399" });
    await stage.start();
    const job = await stage.install("offline", { network: "forbid" });
    await enter(page, stage, `/jobs/${job}`);
    await page.getByText("at work").waitFor();
    expect(await page.getByText("It has the network").count()).toBe(0);
  });

  test("on a phone the phases stand above the log, and on a wide screen beside it", async ({ stage, page }) => {
    await stage.add("some", { build: "echo at work; sleep 86399" });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.install("some")}`);
    await page.getByText("at work").waitFor();
    const places = async () => {
      const [phases, log] = await Promise.all([
        page.getByRole("region", { name: "Phases" }).boundingBox(),
        page.getByRole("region", { name: "Log" }).boundingBox(),
      ]);
      return { above: phases!.y + phases!.height <= log!.y, wide: log!.width };
    };
    await page.setViewportSize({ width: 390, height: 844 });
    await expect.poll(async () => (await places()).above).toBe(true);
    await page.setViewportSize({ width: 2560, height: 1440 });
    await expect.poll(async () => (await places()).above).toBe(false);
    expect((await places()).wide).toBeGreaterThan(1700);
  });

  test("the signs of the log need no font with emojis, and stay for who copies a line", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.installs("some")}`);
    const end = page.locator(".log-text").filter({ hasText: "Worker installation complete!" });
    await end.locator("svg").waitFor();
    expect(await end.textContent()).toBe("✅ Worker installation complete!");
    await page.getByText("Worker installation complete!").waitFor();
    const shown = await page.getByRole("log").evaluate((log) => {
      const walk = document.createTreeWalker(log, NodeFilter.SHOW_TEXT);
      let text = "";
      while (walk.nextNode()) if (!walk.currentNode.parentElement!.closest(".unseen")) text += walk.currentNode.textContent;
      return text;
    });
    expect(shown).not.toMatch(/\p{Emoji_Presentation}|\uFE0F/u);
  });

  test("a job that was cancelled before it began is not said to have installed packages", async ({ stage, page }) => {
    await stage.add("needs", { build: "sleep 86399" });
    await stage.start();
    const job = await stage.install("needs", { install_dependencies: true });
    await enter(page, stage, `/jobs/${job}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.getByText("Nothing was changed on this machine.").waitFor();
  });

  test("a job that was cancelled after it had installed packages says that they stay", async ({ stage, page }) => {
    const log = [
      "install-dependencies note 📦 Installing what is missing: chrpath",
      "install-dependencies note ✓ Installed",
      "build out at work",
    ];
    const lines = [...log, "cleanup end cancelled"].map((line) => `2026-11-23T07:35:01.000000Z ${line}\n`);
    await stage.oldJob(7, lines.join(""), { state: "cancelled", options: { install_dependencies: true } });
    await stage.start();
    await enter(page, stage, "/jobs/7");
    await page.getByText("Packages of the system that it had installed stay. Nothing else was changed on this machine.").waitFor();
  });

  test("a job is cancelled in the middle, once one has said so twice", async ({ stage, page }) => {
    await stage.add("slow", { build: "echo at work; sleep 86399" });
    await stage.start();
    const job = await stage.install("slow");
    await enter(page, stage, `/jobs/${job}`);
    await page.getByText("at work").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Let it run" }).click();
    await page.getByRole("alertdialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.getByText("The job was cancelled").waitFor();
    expect(await stage.wait(job)).toEqual(["cancelled", "", ""]);
    await phase(page, "Build").getByText("cancelled").waitFor();
    await page.getByRole("button", { name: "Start again" }).waitFor();
  });

  test("several installs go on at once, and the catalog shows each", async ({ stage, page }) => {
    for (const name of ["one", "two"]) await stage.add(name, { build: `echo ${name} at work; sleep 86399` });
    await stage.start();
    await enter(page, stage);
    for (const name of ["One", "Two"]) {
      await card(page, name).getByRole("button", { name: "Install" }).click();
      await page.getByText(`${name.toLowerCase()} at work`).waitFor();
      await page.getByRole("link", { name: "Catalog" }).click();
    }
    for (const name of ["One", "Two"]) await card(page, name).getByRole("progressbar").waitFor();
    await page.getByRole("link", { name: "Jobs 2 under way" }).click();
    await expect.poll(() => page.getByRole("progressbar").count()).toBe(2);
    await page.getByRole("link", { name: /Install One/ }).click();
    await page.getByText("one at work").waitFor();
  });

  test("progress only goes forward, and nothing moves while lines come", async ({ stage, page }) => {
    const seconds = await stage.uniqueSeconds();
    const steps = [60, 20, 90].map(
      (step) => `echo '[${step}/100] Building CXX object'; sleep 0.5; for ((i = 0; i < 200; i++)); do echo line $i; done`,
    );
    steps.push(`sleep ${seconds} || true`);
    await stage.add("steps", { build: steps.join("\n") });
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Steps" }).waitFor();
    await page.evaluate(() => {
      const seen = window as unknown as { seen: number[]; moved: number };
      seen.seen = [];
      seen.moved = 0;
      new PerformanceObserver((list) => {
        // What ended has something else on top, and what was clicked may open something.
        if (document.querySelector("[role=progressbar]"))
          for (const entry of list.getEntries()) seen.moved += (entry as unknown as { value: number }).value;
      }).observe({ type: "layout-shift" });
      const look = () => {
        const bar = document.querySelector("[role=progressbar]");
        if (bar) seen.seen.push(Number(bar.getAttribute("aria-valuenow")));
        requestAnimationFrame(look);
      };
      look();
    });
    await page.getByRole("button", { name: "Install Steps" }).click();
    await expect.poll(() => page.evaluate(() => Math.max(...(window as unknown as { seen: number[] }).seen))).toBeGreaterThan(60);
    await stage.wake(seconds);
    await page.getByText("steps is installed").waitFor();
    const { seen, moved } = await page.evaluate(() => {
      const { seen, moved } = window as unknown as { seen: number[]; moved: number };
      return { seen, moved };
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(moved).toBeLessThan(0.01);
  });

  test("the phases have their times, and lead to their lines", async ({ stage, page }) => {
    await stage.add("talks", { build: "for ((i = 0; i < 400; i++)); do echo line $i; done; sleep 0.2" });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.installs("talks")}`);
    await page.getByText("talks is installed").waitFor();
    await page.getByText("Worker installation complete!").waitFor();
    await phase(page, "Build")
      .getByText(/^\d+(\.\d)?s$/)
      .waitFor();
    expect(await page.getByRole("region", { name: "Phases" }).innerText()).not.toMatch(/\dms/);
    await phase(page, "Read the recipe").getByRole("button").click();
    await page.getByText("Parsing PKGBUILD...").waitFor();
  });

  test("colours of a terminal are shown, and nothing else of its codes", async ({ stage, page }) => {
    await stage.add("colours", {
      build: "printf '\\e[1;31mred\\e[0m \\e[38;5;21mdeep blue\\e[0m \\e[38;2;1;2;3mnearly black\\e[0m plain\\n'",
    });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.installs("colours")}`);
    const line = page.getByRole("log").getByText("plain");
    await line.waitFor();
    expect(await line.textContent()).toBe("red deep blue nearly black plain");
    expect(await line.getByText("red").getAttribute("class")).toBe("fg-red bold");
    for (const text of ["deep blue", "nearly black"]) {
      const colour = await line.getByText(text).evaluate((element) => getComputedStyle(element).color);
      expect(Math.max(...colour.match(/\d+/g)!.map(Number))).toBeGreaterThan(110);
    }
  });
});

withBrowser("a job's log", () => {
  test("a long line is scrolled to sideways, and its width stays when it is gone", async ({ stage, page }) => {
    await stage.add("wide", {
      build: "printf -v wide '%300s' ''; echo \"${wide// /x}\"; for ((i = 0; i < 500; i++)); do echo line $i; done",
    });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.installs("wide")}`);
    const log = page.getByRole("log");
    await page.getByText("line 499", { exact: true }).waitFor();
    await log.evaluate((element) => (element.scrollTop = 0));
    await page.getByText("xxxx").waitFor();
    const width = await log.evaluate((element) => element.scrollWidth);
    expect(width).toBeGreaterThan(2000);
    await log.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await page.getByText("xxxx").waitFor({ state: "detached" });
    expect(await log.evaluate((element) => element.scrollWidth)).toBe(width);
  });

  const numbered = { build: "for ((i = 1; i <= 3000; i++)); do echo line $i of many; done; sleep 0.2; echo the end is near" };

  test("it is searched, from one line to the next", async ({ stage, page }) => {
    await stage.add("many", numbered);
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.installs("many")}`);
    await page.getByText("the end is near").waitFor();
    await page.getByRole("log").press("Control+f");
    await page.keyboard.type("LINE 1500");
    await page.getByText("1 line", { exact: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("1 of 1").waitFor();
    await page.locator(".log-line.current").getByText("line 1500 of many").waitFor();
    expect(await page.locator(".log-line.current mark").textContent()).toBe("line 1500");
    await page.getByRole("searchbox", { name: "Search the log" }).fill("nowhere to be found");
    await page.getByText("Nothing found").waitFor();
  });

  test("it is copied and downloaded whole, without colours", async ({ stage, newPage }) => {
    await stage.add("many", { build: `${numbered.build}; printf '\\e[32mgreen\\e[0m\\n'` });
    await stage.start();
    const job = await stage.installs("many");
    const page = await newPage({ permissions: ["clipboard-read", "clipboard-write"] });
    await enter(page, stage, `/jobs/${job}`);
    await page.getByText("green", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Copy the log" }).click();
    await page.getByText(/lines copied/).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain("line 1 of many\nline 2 of many\n");
    expect(copied).toContain("\ngreen\n");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the log" }).click()]);
    expect(download.suggestedFilename()).toBe(`many-job-${job}.log`);
    expect(await readFile(await download.path(), "utf8")).toBe(copied);
  });

  test("it follows its end until it is paused or scrolled, and again when told to", async ({ stage, page }) => {
    await stage.add("endless", { build: "for ((i = 1; ; i++)); do echo line $i; ((i < 200)) || sleep 0.02; done" });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.install("endless")}`);
    const log = page.getByRole("log");
    const fromEnd = () => log.evaluate((element) => element.scrollHeight - element.clientHeight - element.scrollTop);
    // Whichever of the later ones is on the page when one looks.
    await log
      .getByText(/^line (2[3-9]\d|[3-9]\d\d|\d{4,})$/)
      .first()
      .waitFor();
    await expect.poll(fromEnd).toBeLessThan(60);
    await page.getByRole("button", { name: "Pause" }).click();
    const [top] = await log.evaluate((element) => [element.scrollTop]);
    await expect.poll(fromEnd).toBeGreaterThan(200);
    expect(await log.evaluate((element) => element.scrollTop)).toBe(top);
    await page.getByRole("button", { name: /Follow \d+/ }).click();
    await expect.poll(fromEnd).toBeLessThan(60);
    await log.hover();
    await page.mouse.wheel(0, -900);
    await page.getByRole("button", { name: /Follow/ }).waitFor();
    await page.mouse.wheel(0, 100_000);
    await page.getByRole("button", { name: "Pause" }).waitFor();
  });
});

withBrowser("the list of jobs", () => {
  test("has room for the longest word of a state, which is German", async ({ stage, newPage }) => {
    for (const [index, state] of ["done", "failed", "cancelled"].entries()) await stage.oldJob(index + 1, "", { state });
    await stage.start();
    const page = await newPage({ locale: "de", viewport: { width: 1000, height: 700 } });
    await enter(page, stage, "/jobs");
    await expect.poll(() => page.locator(".job-row").count()).toBe(3);
    const rooms = await page.evaluate(() => {
      // It is there for a moment only.
      document.querySelector(".job-row .pill")!.lastChild!.textContent = "Wird installiert";
      return [...document.querySelectorAll(".job-row")].map((row) => {
        const [when, pill] = [".job-when", ".pill"].map((part) => row.querySelector(part)!.getBoundingClientRect());
        return { free: pill!.left - when!.right >= 8, inside: pill!.right <= row.getBoundingClientRect().right };
      });
    });
    expect(rooms).toEqual(Array(3).fill({ free: true, inside: true }));
  });

  test("is searched by what its rows show", async ({ stage, page }) => {
    for (let number = 1; number <= 12; number++)
      await stage.oldJob(number, "", { worker_id: number % 2 ? "odd-worker" : "even-worker", state: number === 6 ? "failed" : "done" });
    await stage.start();
    await enter(page, stage, "/jobs");
    const rows = page.getByRole("main").getByRole("listitem");
    await expect.poll(() => rows.count()).toBe(12);
    const search = page.getByRole("searchbox", { name: "Search the jobs" });
    await search.fill("even failed");
    await expect.poll(() => rows.count()).toBe(1);
    await search.fill("no such job");
    await page.getByText("No job matches").waitFor();
  });
});
