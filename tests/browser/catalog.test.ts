// SPDX-License-Identifier: LGPL-2.1-or-later
/** The catalog: which variant is taken, what is said of catalogs that don't answer, and how one gets about. */
import { enter, expect, expectAccessible, screenshot, test, withBrowser, type Page } from "./fixtures.ts";

const card = (page: Page, name: string) => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });

withBrowser("what is installed of a worker", () => {
  test("is the hive's choice, with its reason, until somebody chooses", async ({ stage, page }) => {
    await stage.addVariants("talker", ["cpu", "cuda"]);
    await stage.card();
    await stage.start();
    await enter(page, stage);
    const [backend, source] = ["Backend of Talker", "Source of Talker"].map((name) => page.getByRole("combobox", { name }));
    await card(page, "Talker").getByText("CUDA: NVIDIA GeForce RTX 3090 (GPU-0)").waitFor();
    expect(await backend!.locator("option:checked").textContent()).toBe("Automatic: CUDA");
    expect(await source!.locator("option:checked").textContent()).toBe("Automatic: Prebuilt");
    await backend!.selectOption("CPU");
    await source!.selectOption("Built from source");
    await page.getByText("The hive would take CUDA.").waitFor();
    await page.getByRole("button", { name: "Install Talker" }).click();
    await page.getByText("talker is installed").waitFor();
    await page.getByText("This is cpu by git").waitFor();
    for (const word of ["CPU", "Built from source"]) await page.locator(".job-facts").getByText(word, { exact: true }).waitFor();
    expect(await stage.lines("1")).toContain("This is cpu by git");
  });

  test("is what was chosen when a failed one is tried again", async ({ stage, page }) => {
    await stage.addVariants("talker", ["cpu", "cuda"], ["binary", "git"], {}, "exit 3");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("combobox", { name: "Source of Talker" }).selectOption("Built from source");
    await page.getByRole("button", { name: "Install Talker" }).click();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.waitForURL("**/jobs/2");
    expect((await stage.wait("2"))[1]).toBe("BuildFailed");
    expect(await stage.lines("2")).toContain("This is cpu by git");
  });

  test("is what its recipe shows, which is chosen there as well", async ({ stage, page }) => {
    await stage.addVariants("talker", ["cpu", "cuda"]);
    await stage.start();
    await enter(page, stage);
    const link = page.getByRole("link", { name: "Read the recipe of Talker" });
    await page.getByRole("combobox", { name: "Source of Talker" }).selectOption("Built from source");
    await link.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("# cpu git").waitFor();
    await dialog.getByRole("combobox", { name: "Backend of Talker" }).selectOption("CUDA");
    await dialog.getByText("# cuda git").waitFor();
    await screenshot(page, "state-recipe-choice");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(new URL(page.url()).pathname).toBe("/");
    expect(await link.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await page.getByRole("combobox", { name: "Backend of Talker" }).inputValue()).toBe("cuda");
    await page.goto(`${stage.url}/catalog/talker/recipe?backend=cuda&source=binary`);
    await dialog.getByText("# cuda binary").waitFor();
  });

  test("has no choice where there is but one", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Some" }).waitFor();
    expect(await page.locator(".card").getByRole("combobox").count()).toBe(0);
  });
});

withBrowser("a catalog that", () => {
  test("cannot be reached is named beside the workers of the others", async ({ stage, page }) => {
    await stage.add("some");
    await stage.configure("Catalog corp", { URL: "file:///nonexistent/corp" });
    await stage.start();
    await enter(page, stage);
    await page.getByText("The catalog corp cannot be reached: its workers are not shown").waitFor();
    await page.getByText(/nonexistent/).waitFor();
    await card(page, "Some").getByText("from default").waitFor();
    await page.getByRole("button", { name: "Ask again: catalog corp" }).click();
    await page.getByText("The catalog corp cannot be reached: its workers are not shown").waitFor();
  });

  test("fails now is shown as it was, and how old that is", async ({ stage, page }) => {
    await stage.addServer("corp", ["theirs"]);
    await stage.start();
    await enter(page, stage);
    await card(page, "Theirs").waitFor();
    expect(await page.getByText("The catalog corp").count()).toBe(0);
    await stage.breakServer();
    await stage.stopHive();
    await stage.startHive();
    await page.reload();
    await page.getByText(/The catalog corp cannot be reached: what is shown of it is as it was/).waitFor();
    await card(page, "Theirs").waitFor();
    await screenshot(page, "state-catalog-stale");
    await expectAccessible(page);
  });

  test("has entries that are not valid says which and why", async ({ stage, page }) => {
    await stage.add("some");
    await stage.add("bad", undefined, { binary_name: "../../etc/passwd" });
    await stage.start();
    await enter(page, stage);
    await page.getByText("1 worker of the catalog default is left out: its entry is not valid").waitFor();
    await page.getByText("Why", { exact: true }).click();
    await page.getByText(/bad: .*binary_name/).waitFor();
    await card(page, "Some").waitFor();
  });
});

withBrowser("getting about", () => {
  test("a new view begins at its top, for the keyboard too, and going back leads where one was", async ({ stage, page }) => {
    for (let i = 10; i < 40; i++) await stage.add(`worker-${i}`);
    await stage.start();
    await enter(page, stage);
    const last = page.getByRole("button", { name: "Install Worker-39" });
    await last.scrollIntoViewIfNeeded();
    const before = await page.evaluate(() => scrollY);
    expect(before).toBeGreaterThan(400);
    await last.click();
    await page.getByText("worker-39 is installed").waitFor();
    expect(await page.evaluate(() => scrollY)).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.goBack();
    await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(before - 200);
  });

  test("a recipe that is opened from a job leads back to the job", async ({ stage, page }) => {
    await stage.add("broken", { build: "exit 3" });
    await stage.start();
    await enter(page, stage, `/jobs/${await stage.install("broken")}`);
    await page.getByRole("link", { name: "Read the recipe" }).click();
    await page.getByRole("dialog").getByText("pkgname").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL("**/jobs/1");
    await page.getByRole("button", { name: "Try again" }).waitFor();
  });

  test("the tab says how the job goes and how it ended", async ({ stage, page }) => {
    await stage.add("slow", { build: "until false; do sleep 0.1; done" });
    await stage.start();
    await enter(page, stage);
    await expect.poll(() => page.title()).toBe("Catalog · rbee-hive");
    await page.getByRole("button", { name: "Install Slow" }).click();
    await expect.poll(() => page.title()).toMatch(/^\d+% Install Slow · rbee-hive$/);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await expect.poll(() => page.title()).toBe("– Install Slow · rbee-hive");
    await page.getByRole("link", { name: "Installed" }).click();
    await expect.poll(() => page.title()).toBe("Installed · rbee-hive");
  });

  test("a job whose log one may not read says so", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    const job = await stage.installs("some");
    await page.route("**/stream*", (route) =>
      route.fulfill({
        status: 403,
        contentType: "application/problem+json",
        body: JSON.stringify({ detail: "Not yours", error: "org.freedesktop.DBus.Error.AccessDenied" }),
      }),
    );
    await enter(page, stage, `/jobs/${job}`);
    const trouble = page.getByRole("alert").filter({ hasText: "The log cannot be shown" });
    await trouble.getByText("Not yours Ask whoever administers this machine.").waitFor();
  });
});
