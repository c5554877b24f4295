// SPDX-License-Identifier: LGPL-2.1-or-later
/** A real llama-server with a real model, which tests/system/test_real_model.py has installed and imported, started by the page. */
import { expect, test, withBrowser } from "./fixtures.ts";
import { enter, freePort, instance, start } from "./machine.ts";

const WORKER = "llama-cpp-server-cpu";
const LOADING = 240_000;

withBrowser("a model that answers", () => {
  test("what the dialog starts answers a question to who has the key that the page shows", { timeout: 2 * LOADING }, async ({ page }) => {
    const port = await freePort();
    await enter(page, "/installed");
    await start(page, WORKER, { model: "gemma", port });
    const row = instance(page, WORKER);
    await row.getByRole("status").getByText("Ready").waitFor({ timeout: LOADING });
    await row.getByRole("button", { name: `Show the key of ${WORKER}` }).click();
    const key = await row.getByText(/^[0-9a-f]{64}$/).textContent();
    const answer = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ prompt: "The capital of France is", max_tokens: 6, temperature: 0 }),
    });
    const { choices, usage } = await answer.json();
    expect(usage.completion_tokens).toBe(6);
    expect(choices[0].text).toContain("capital");
    const [tab] = await Promise.all([page.waitForEvent("popup"), row.getByRole("link", { name: `Open the page of ${WORKER}` }).click()]);
    await expect.poll(() => tab.title(), { timeout: LOADING }).toContain("llama");
    await row.getByRole("button", { name: `Stop ${WORKER}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
  });
});
