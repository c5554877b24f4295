// SPDX-License-Identifier: LGPL-2.1-or-later
/** What the page says when it has nothing to show, and how it goes on. */
import { enter, expect, expectAccessible, screenshot, test, withBrowser } from "./fixtures.ts";

/** For pictures: what would fade in is there. */
const STILL = { reducedMotion: "reduce" } as const;

withBrowser("states", () => {
  test("without a token the page says where to get one, and takes a link", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await page.goto(`${stage.url}/jobs`);
    await page.getByRole("heading", { name: "This page needs a key" }).waitFor();
    await page.getByText("hivectl web", { exact: true }).waitFor();
    await screenshot(page, "state-no-token");
    await expectAccessible(page);
    const link = page.getByRole("textbox", { name: "Paste the link here" });
    await link.fill("what is this");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("alert").getByText("That is no link").waitFor();
    await link.fill(await stage.link());
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: "There are no jobs yet" }).waitFor();
    expect(page.url()).toBe(`${stage.url}/jobs`);
    await screenshot(page, "state-no-jobs");
    await expectAccessible(page);
  });

  test("a link that was used says so", async ({ stage, newPage }) => {
    await stage.start();
    const link = await stage.link();
    const [first, second] = [await newPage(), await newPage()];
    await first.goto(link);
    await first.getByRole("navigation").waitFor();
    await second.goto(link);
    await second.getByRole("alert").getByText("That did not open it").waitFor();
  });

  test("a link does not replace a session unasked", async ({ stage, newPage }) => {
    await stage.start();
    const page = await newPage();
    await page.goto(await stage.link());
    await page.getByRole("navigation").waitFor();
    const token = () => page.evaluate(() => sessionStorage.getItem("token"));
    const own = await token();
    for (const accepted of [false, true]) {
      const asked: string[] = [];
      page.once("dialog", (dialog) => {
        asked.push(dialog.message());
        void (accepted ? dialog.accept() : dialog.dismiss());
      });
      await page.goto("about:blank");
      await page.goto(await stage.link());
      await page.getByRole("navigation").waitFor();
      expect(asked).toEqual(["Leave your session for the one of this link?"]);
      expect((await token()) === own).toBe(!accepted);
      expect(page.url()).not.toContain("code=");
    }
  });

  test("a new tab is logged in by one that is open, and nothing is kept for a later browser or another origin", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("heading", { name: "Some" }).waitFor();
    const token = await page.evaluate(() => sessionStorage.getItem("token"));
    const tab = await page.context().newPage();
    await tab.goto(`${stage.url}/jobs`);
    await tab.getByRole("heading", { name: "There are no jobs yet" }).waitFor();
    expect(await tab.evaluate(() => sessionStorage.getItem("token"))).toBe(token);
    expect(await tab.evaluate(() => JSON.stringify(localStorage) + document.cookie)).not.toContain(token!);
    // The same machine by another name is another origin.
    const other = await page.context().newPage();
    await other.goto(`${stage.url.replace("127.0.0.1", "localhost")}/health`);
    const heard = await other.evaluate(async () => {
      const channel = new BroadcastChannel("session");
      const words: unknown[] = [];
      channel.onmessage = ({ data }) => words.push(data);
      channel.postMessage({ ask: true });
      await new Promise((resolve) => setTimeout(resolve, 500));
      return words;
    });
    expect(new URL(other.url()).origin).not.toBe(stage.url);
    expect(heard).toEqual([]);
    await page.close();
    await tab.close();
    const later = await other.context().newPage();
    await later.goto(stage.url);
    await later.getByRole("heading", { name: "This page needs a key" }).waitFor();
  });

  test("a link in a new tab does not replace the session of the others unasked", async ({ stage, page }) => {
    await stage.start();
    await enter(page, stage);
    await page.getByRole("navigation").waitFor();
    const tab = await page.context().newPage();
    const asked: string[] = [];
    tab.once("dialog", (dialog) => {
      asked.push(dialog.message());
      void dialog.dismiss();
    });
    await tab.goto(await stage.link());
    await tab.getByRole("navigation").waitFor();
    expect(asked).toEqual(["Leave your session for the one of this link?"]);
    const tokens = await Promise.all([page, tab].map((page) => page.evaluate(() => sessionStorage.getItem("token"))));
    expect(tokens[0]).toBe(tokens[1]);
  });

  test("the machine is looked at again when that is asked for", async ({ stage, page }) => {
    await stage.start();
    await enter(page, stage, "/machine");
    await page.getByText("CPU-0").waitFor();
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith("/v1/capabilities/refresh")),
      page.getByRole("button", { name: "Look again" }).click(),
    ]);
    expect(answer.status()).toBe(200);
    await page.getByRole("status").getByText("This machine was looked at again").waitFor();
  });

  test("a hive that is down is named, and the page goes on when it is back", async ({ stage, newPage }) => {
    const page = await newPage(STILL);
    await stage.add("some");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("heading", { name: "Some" }).waitFor();
    await stage.stopHive();
    await page.getByText("The hive does not answer. Trying again…").waitFor();
    await page.getByRole("heading", { name: "Some" }).waitFor();
    await screenshot(page, "state-hive-gone");
    await page.reload();
    await page.getByRole("heading", { name: "The hive does not answer" }).waitFor();
    await screenshot(page, "state-hive-down");
    await expectAccessible(page);
    await stage.startHive();
    await page.getByRole("button", { name: "Install Some" }).waitFor();
  });

  test("a part of the page that cannot be loaded says so, and comes when the page is loaded again", async ({ stage, newPage }) => {
    const page = await newPage(STILL);
    await stage.add("some");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("heading", { name: "Some" }).waitFor();
    await page.route(/\/assets\/machine-/, (route) => route.abort());
    await page.getByRole("link", { name: "Machine" }).click();
    await page.getByRole("heading", { name: "A part of the page could not be loaded" }).waitFor();
    await expectAccessible(page);
    await page.unroute(/\/assets\/machine-/);
    await page.getByRole("button", { name: "Load the page again" }).click();
    await page.getByRole("heading", { name: "Machine" }).waitFor();
  });

  test("a bridge that is away is told over the page, until it is back", async ({ stage, newPage }) => {
    const page = await newPage(STILL);
    await stage.add("some");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("heading", { name: "Some" }).waitFor();
    await stage.stopBridge({ kill: true });
    await page.getByText("The connection is gone. Trying again…").waitFor();
    await screenshot(page, "state-reconnecting");
    await expectAccessible(page);
    await stage.startBridge();
    await page.getByText("The connection is gone. Trying again…").waitFor({ state: "detached" });
  });

  test("a catalog that is down is named, with a way to try again", async ({ stage, page }) => {
    await stage.configure("Catalog", { URL: "file:///nonexistent/catalog" });
    await stage.start();
    await enter(page, stage);
    const trouble = page.getByRole("alert");
    await trouble.getByText("/nonexistent/catalog").waitFor();
    await trouble.getByRole("button", { name: "Try again" }).click();
    await trouble.getByText("/nonexistent/catalog").waitFor();
    await screenshot(page, "state-catalog-down");
    await expectAccessible(page);
  });

  test("an empty catalog says so, and a machine with nothing installed too", async ({ stage, page }) => {
    await stage.start();
    await enter(page, stage);
    await page.getByRole("heading", { name: "The catalog is empty" }).waitFor();
    await screenshot(page, "state-catalog-empty");
    await page.getByRole("link", { name: "Installed" }).click();
    await page.getByRole("heading", { name: "Nothing is installed yet" }).waitFor();
    await screenshot(page, "state-nothing-installed");
    await expectAccessible(page);
    await page.goto(`${stage.url}/jobs/17`);
    await page.getByRole("heading", { name: "There is no job 17" }).waitFor();
  });

  test("workers of other machines are shown last, with what they are made for, and cannot be installed", async ({ stage, page }) => {
    await stage.add("apple", undefined, { platforms: ["macos"], architectures: ["aarch64"] });
    await stage.start();
    await enter(page, stage);
    await page.getByText("None of these workers is made for this machine").waitFor();
    await page.getByText(/macos/).first().waitFor();
    expect(await page.getByRole("button", { name: /Install/ }).count()).toBe(0);
    await screenshot(page, "state-unsupported");
    await expectAccessible(page);
    await page.getByRole("link", { name: "Read the recipe of Apple" }).click();
    await page.getByRole("dialog").getByText("pkgname").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });
});

withBrowser("everybody", () => {
  test("an install goes by the keyboard alone", async ({ stage, page }) => {
    await stage.add("some", { build: "sleep 86399" });
    await stage.start();
    await enter(page, stage);
    const install = page.getByRole("button", { name: "Install Some" });
    await install.waitFor();
    for (let i = 0; i < 20 && !(await install.evaluate((button) => button === document.activeElement)); i++)
      await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/jobs/1");
    const cancel = page.getByRole("button", { name: "Cancel" });
    await cancel.waitFor();
    for (let i = 0; i < 20 && !(await cancel.evaluate((button) => button === document.activeElement)); i++)
      await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Let it run" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("The job was cancelled").waitFor();
  });

  test("a screen reader is told of phases, never of the log", async ({ stage, page }) => {
    await stage.add("talks", { build: "while sleep 0.1; do echo at work; done" });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.install("talks")}`);
    await page.getByRole("status").getByText("Build").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.getByRole("status").getByText("Cancelled").waitFor();
    expect(await page.getByRole("status").getByText("at work").count()).toBe(0);
    expect(await page.getByRole("log").getAttribute("aria-live")).toBe("off");
  });

  test("the colours are those of the system until others are chosen, which are kept", async ({ stage, newPage }) => {
    await stage.start();
    const page = await newPage({ colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await enter(page, stage);
    await page.getByRole("button", { name: "Light colours" }).waitFor();
    const dark = await ground();
    await page.getByRole("button", { name: "Light colours" }).click();
    await page.getByRole("button", { name: "Dark colours" }).waitFor();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.reload();
    await page.getByRole("button", { name: "Dark colours" }).waitFor();
    expect(await ground()).toBe(light);
    await page.getByRole("button", { name: "Dark colours" }).click();
    await page.getByRole("button", { name: "Light colours" }).waitFor();
    expect(await ground()).toBe(dark);
  });
});
