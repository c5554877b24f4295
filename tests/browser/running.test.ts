// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * What can be said of workers that run where no systemd runs any: that nothing does, and why not. How one is started, and
 * what really runs, is in running.machine.ts.
 */
import { enter, expect, expectAccessible, test, withBrowser } from "./fixtures.ts";

withBrowser("workers that could run", () => {
  test("where nothing runs workers that is said in place of a button, and the program is named", async ({ stage, page }) => {
    await stage.ship();
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Hive Probe" }).click();
    await page.getByText("This hive was started without systemd, which runs workers").waitFor();
    await page.locator(".command", { hasText: "/usr/local/bin/hive-probe" }).waitFor();
    await expectAccessible(page);
    await page.getByRole("navigation").getByRole("link", { name: "Running" }).click();
    await page.getByRole("heading", { name: "No worker runs" }).waitFor();
    await page.getByText("This hive was started without systemd, which runs workers").waitFor();
    await expectAccessible(page);
    await page.getByRole("navigation").getByRole("link", { name: "Installed" }).click();
    await page.getByRole("button", { name: "Remove Hive Probe" }).waitFor();
    expect(await page.getByRole("button", { name: "Start Hive Probe" }).count()).toBe(0);
  });
});
