// SPDX-License-Identifier: LGPL-2.1-or-later
/** Models: fetched, listed as their files say, removed. */
import { enter, expect, expectAccessible, test, withBrowser } from "./fixtures.ts";

withBrowser("models", () => {
  test("a model is fetched by its reference, listed with what its file says, and removed", async ({ stage, page }) => {
    await stage.hub("owner/repo", ["tiny-Q4_K_M.gguf"]);
    await stage.start();
    await enter(page, stage, "/models");
    await page.getByRole("heading", { name: "There is no model yet" }).waitFor();
    await expectAccessible(page);
    await page.getByRole("textbox", { name: "Fetch a model" }).fill("hf:owner/repo:tiny-Q4_K_M.gguf");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/jobs/1");
    await page.getByText("The model tiny-Q4_K_M is there").waitFor();
    await page.getByRole("link", { name: "See the models" }).click();
    const model = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "tiny-Q4_K_M" }) });
    for (const words of ["gguf", "llama", "2,048 tokens", "hf:owner/repo:tiny-Q4_K_M.gguf"])
      await model.getByText(words, { exact: true }).waitFor();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Remove tiny-Q4_K_M" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("heading", { name: "There is no model yet" }).waitFor();
  });

  test("a model that somebody else fetches appears by itself", async ({ stage, page }) => {
    await stage.hub("owner/repo", ["tiny.gguf"]);
    await stage.start();
    await enter(page, stage, "/models");
    await page.getByRole("heading", { name: "There is no model yet" }).waitFor();
    expect(await stage.wait(await stage.pull("hf:owner/repo:tiny.gguf"))).toEqual(["done", "", ""]);
    await page.getByRole("heading", { name: "tiny" }).waitFor();
  });

  test("what is no reference is refused where it was typed", async ({ stage, page }) => {
    await stage.start();
    await enter(page, stage, "/models");
    await page.getByRole("textbox", { name: "Fetch a model" }).fill("tiny");
    await page.getByRole("button", { name: "Fetch" }).click();
    await page.getByRole("alert").getByText("hf:").waitFor();
    expect(await stage.jobs()).toEqual([]);
  });

  test("of a repository with several models the job lists them", async ({ stage, page }) => {
    await stage.hub("owner/repo", ["a-Q4.gguf", "a-Q8.gguf"]);
    await stage.start();
    await enter(page, stage, "/models");
    await page.getByRole("textbox", { name: "Fetch a model" }).fill("hf:owner/repo");
    await page.getByRole("button", { name: "Fetch" }).click();
    await page.getByRole("alert").getByText("a-Q4.gguf, a-Q8.gguf").waitFor();
  });

  test("models of a folder are the folder's, and what is passed over is named with its reason", async ({ stage, page }) => {
    await stage.modelFolder(["mine.gguf", "old.bin"]);
    await stage.start();
    await enter(page, stage, "/models");
    await page.getByRole("heading", { name: "mine" }).waitFor();
    expect(await page.getByRole("button", { name: "Remove mine" }).count()).toBe(0);
    await page.getByText("1 file was passed over").click();
    await page.getByRole("listitem").filter({ hasText: "old.bin" }).last().waitFor();
  });
});
