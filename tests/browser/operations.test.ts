// SPDX-License-Identifier: LGPL-2.1-or-later
import { enter, expect, test, withBrowser } from "./fixtures.ts";

withBrowser("operations", () => {
  test("hive-probe is installed by clicking, shown under Installed, and removed", async ({ stage, page }) => {
    await stage.ship();
    await stage.start();
    await enter(page, stage);
    await page.getByRole("listitem").filter({ hasText: "Hive probe" }).getByRole("button", { name: "Install" }).click();
    await page.waitForURL("**/jobs/1");
    expect(await stage.wait("1")).toEqual(["done", "", ""]);
    await page.getByRole("link", { name: "Installed" }).click();
    await page.getByRole("button", { name: "Remove" }).click();
    expect(await stage.wait("2")).toEqual(["done", "", ""]);
    await page.getByText("hive-probe").waitFor({ state: "detached" });
    expect(await stage.workers()).toEqual([]);
  });
});
