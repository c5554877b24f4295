// SPDX-License-Identifier: LGPL-2.1-or-later
import { enter, expect, test, withBrowser } from "./fixtures.ts";

withBrowser("operations", () => {
  test("hive-probe is installed by clicking, shown under Installed, and removed", async ({ stage, page }) => {
    await stage.ship();
    await stage.start();
    await enter(page, stage);
    await page.getByRole("button", { name: "Install Hive Probe" }).click();
    await page.waitForURL("**/jobs/1");
    expect(await stage.wait("1")).toEqual(["done", "", ""]);
    await page.getByRole("navigation").getByRole("link", { name: "Installed" }).click();
    await page.getByRole("button", { name: "Remove hive-probe" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.waitForURL("**/jobs/2");
    expect(await stage.wait("2")).toEqual(["done", "", ""]);
    expect(await stage.workers()).toEqual([]);
  });
});
