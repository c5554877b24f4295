// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import axe from "axe-core";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { expect } from "vitest";

import { test as base, type Stage } from "./stage.ts";

export { expect };
export type { Page, Stage };

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

/** Milliseconds until what will come has come, on a machine that others load. */
export const WAIT = 120_000;

/** Where tests leave their pictures. */
export const SCREENSHOTS = process.env.RBEE_SCREENSHOTS ?? join(import.meta.dirname, "../../build/screenshots");

interface Fixtures {
  chromium: Browser;
  /** More browsers: each has its own session, as another person's. */
  newPage: (options?: BrowserContextOptions) => Promise<Page>;
  page: Page;
}

export const test = base.extend<Fixtures>({
  chromium: [
    async ({}, use) => {
      const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
      const browser = await chromium.launch({ executablePath: CHROMIUM!, args: [...args, "--disable-dev-shm-usage"] });
      await use(browser);
      await browser.close();
    },
    { scope: "file" },
  ],
  newPage: async ({ chromium: browser, task }, use) => {
    const complaints: string[] = [];
    const contexts: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", ...options });
      context.setDefaultTimeout(WAIT);
      contexts.push(context);
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(String(error.stack ?? error)));
      page.on("console", (message) => {
        if (/Content Security Policy|Minified React error|unique "key"/.test(message.text())) complaints.push(message.text());
      });
      return page;
    });
    if (task.result?.state === "fail") await describe(contexts, task.name);
    for (const context of contexts) await context.close();
    expect(complaints, "what the pages complained of").toEqual([]);
  },
  page: async ({ newPage }, use) => use(await newPage()),
});

/** What stood on the pages of a test that failed. */
async function describe(contexts: BrowserContext[], name: string): Promise<void> {
  for (const page of contexts.flatMap((context) => context.pages())) {
    console.log(`${page.url()} said:\n${(await page.locator("body").innerText()).slice(0, 2000)}`);
    await screenshot(page, `failed-${name.replace(/\W+/g, "-")}`);
  }
}

/** Skips a file where there is no browser. */
export const withBrowser = CHROMIUM ? test.describe : test.describe.skip;

/** Opens the page, logged in by a link of its own, at a path of the page. */
export async function enter(page: Page, stage: Stage, path = "/"): Promise<void> {
  const link = new URL(await stage.link());
  await page.goto(`${link.origin}${path}${link.hash}`);
}

/** Fails for what axe-core finds serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    return axe.run(document, { resultTypes: ["violations"] });
  });
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect
    .soft(
      serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`),
      page.url(),
    )
    .toEqual([]);
}

/** A picture for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}
