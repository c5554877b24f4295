// SPDX-License-Identifier: LGPL-2.1-or-later
/** Each view as a picture, in light and dark, wide and narrow, and what axe-core finds on each. */
import { enter, expectAccessible, screenshot, test, withBrowser, type Page, type Stage } from "./fixtures.ts";

const LOOKS = [
  { name: "light-1280", options: { viewport: { width: 1280, height: 860 }, colorScheme: "light" } },
  { name: "dark-1280", options: { viewport: { width: 1280, height: 860 }, colorScheme: "dark" } },
  { name: "light-390", options: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: "light" } },
  { name: "dark-390", options: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: "dark" } },
] as const;

const CARGO = `
for crate in libc cfg-if memchr serde tokio-macros candle-core candle-nn tokenizers hyper axum; do
  printf '\\e[1;32m   Compiling\\e[0m %s v0.%d.%d\\n' "$crate" $((RANDOM % 9)) $((RANDOM % 9)) >&2
  printf '    Building [=====>   ] %d/42: %s\\r' $((++n * 3)) "$crate" >&2
  sleep 0.02
done
printf '\\e[1;33mwarning\\e[0m: unused import: \\x60std::fmt\\x60\\n \\e[1;34m-->\\e[0m src/model.rs:12:5\\n' >&2`;

/** A machine in use: some installed, one failed, one under way. */
async function furnish(stage: Stage): Promise<void> {
  await stage.ship();
  await stage.add("broken", { build: `${CARGO}\nprintf '\\e[1;31merror\\e[0m: linker \\x60cc\\x60 not found\\n' >&2; exit 101` }, { name: "Broken worker", description: "Fails in its build", worker_type: "cpu", supported_formats: ["gguf"] });
  await stage.add("slow", { build: `${CARGO}\nsleep 100` }, { name: "rbee LLM worker", description: "Candle inference server for safetensors and GGUF models", license: "GPL-3.0", supported_formats: ["safetensors", "gguf"] });
  await stage.add("elsewhere", undefined, { name: "Metal worker", description: "For Apple silicon", platforms: ["macos"], architectures: ["aarch64"], worker_type: "metal" });
  await stage.start();
  await stage.installs("hive-probe");
  await stage.wait(await stage.install("broken"));
  await stage.waitForLine(await stage.install("slow"), "src/model.rs:12:5");
}

async function settle(page: Page): Promise<void> {
  await page.locator(".skeleton").first().waitFor({ state: "detached" });
  await page.evaluate(() => document.fonts.ready);
}

const VIEWS: [string, string, (page: Page) => Promise<unknown>][] = [
  ["catalog", "/", (page) => page.getByRole("heading", { name: "Hive Probe" }).waitFor()],
  ["job-running", "/jobs/3", (page) => page.getByText("src/model.rs:12:5").waitFor()],
  ["job-failed", "/jobs/2", (page) => page.getByText("linker").waitFor()],
  ["job-done", "/jobs/1", (page) => page.getByText("hive-probe is installed").waitFor()],
  ["installed", "/installed", (page) => page.getByRole("button", { name: "Remove" }).waitFor()],
  ["jobs", "/jobs", (page) => page.getByRole("heading", { name: "History" }).waitFor()],
  ["machine", "/machine", (page) => page.getByText("CPU-0").waitFor()],
  ["recipe", "/catalog/hive-probe/recipe", (page) => page.getByText("pkgname").first().waitFor()],
];

withBrowser("views", () => {
  test("each view has its picture, and axe-core finds nothing serious on it", async ({ stage, newPage }) => {
    await furnish(stage);
    for (const { name, options } of LOOKS) {
      const page = await newPage({ ...options, deviceScaleFactor: 1, reducedMotion: "reduce" });
      await enter(page, stage);
      await page.getByRole("navigation").waitFor();
      for (const [view, path, ready] of VIEWS) {
        await page.goto(new URL(path, stage.url).href);
        await ready(page);
        await settle(page);
        await screenshot(page, `${view}-${name}`);
        await expectAccessible(page);
      }
    }
  });
});
