// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * What can be said of workers that run where no systemd runs any: that nothing does, how one is started, and why not. What
 * really runs is in running.machine.ts.
 */
import { enter, expect, expectAccessible, test, withBrowser } from "./fixtures.ts";

withBrowser("workers that could run", () => {
  test("where nothing is installed the page leads to the catalog", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await enter(page, stage, "/running");
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
    await expectAccessible(page);
    await page.getByRole("link", { name: "Open the catalog" }).click();
    await page.getByRole("button", { name: "Install Some" }).waitFor();
  });

  test("after an install that can be started there is a button that does, and a refusal is told in its dialog", async ({ stage, page }) => {
    await stage.ship();
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Hive Probe" }).click();
    await page.getByText("It answers requests once it is started").waitFor();
    await page.getByRole("button", { name: "Start Hive Probe" }).click();
    const dialog = page.getByRole("dialog", { name: "Start Hive Probe" });
    expect(await dialog.getByRole("textbox", { name: "Name" }).inputValue()).toBe("hive-probe");
    expect(await dialog.getByRole("combobox", { name: "Model" }).count()).toBe(0);
    await expectAccessible(page);
    await dialog.getByRole("button", { name: "Start", exact: true }).click();
    await dialog.getByRole("alert").waitFor();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("navigation").getByRole("link", { name: "Running" }).click();
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
    await page.getByRole("button", { name: "Start Hive Probe" }).waitFor();
  });

  test("a worker that nothing says how to run has no button that starts it", async ({ stage, page }) => {
    await stage.add("some");
    await stage.start();
    await stage.installs("some");
    await enter(page, stage, "/installed");
    await page.getByRole("button", { name: "Remove some" }).waitFor();
    expect(await page.getByRole("button", { name: "Start some" }).count()).toBe(0);
  });

  test("of models those are offered that the worker reads, with whether they fit; one by one, by the keyboard alone", async ({
    stage,
    page,
  }) => {
    await stage.add("llama-cpp-server-cpu");
    await stage.modelFolder(["tiny.gguf", "other.safetensors"]);
    await stage.start();
    await stage.installs("llama-cpp-server-cpu");
    await enter(page, stage, "/installed");
    await page.getByRole("button", { name: "Start llama-cpp-server-cpu" }).press("Enter");
    const model = page.getByRole("dialog").getByRole("combobox", { name: "Model" });
    await expect.poll(() => model.locator("option").allTextContents()).toEqual(["Choose one…", expect.stringContaining("tiny")]);
    await model.selectOption({ index: 1 });
    await page.getByRole("status").getByText("tokens of context").waitFor();
    await page.getByRole("radio", { name: "A port of this machine's loopback" }).press("Space");
    expect(await page.getByRole("spinbutton", { name: "Port" }).inputValue()).toBe("8080");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Start Llama-Cpp-Server-Cpu");
  });

  test("without a model that it reads the dialog leads to where one is fetched", async ({ stage, page }) => {
    await stage.add("llama-cpp-server-cpu");
    await stage.start();
    await stage.installs("llama-cpp-server-cpu");
    await enter(page, stage, "/installed");
    await page.getByRole("button", { name: "Start llama-cpp-server-cpu" }).click();
    await page.getByRole("link", { name: "Fetch one first" }).click();
    await page.getByRole("textbox", { name: "Fetch a model" }).waitFor();
  });
});
