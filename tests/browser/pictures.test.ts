// SPDX-License-Identifier: LGPL-2.1-or-later
/** Each view as a picture, in light and dark, wide and narrow, and what axe-core finds on each. */
import { enter, expect, expectAccessible, screenshot, test, withBrowser, type Page, type Stage } from "./fixtures.ts";

const WIDTHS = [
  { width: 1280, options: { viewport: { width: 1280, height: 860 } } },
  { width: 2560, options: { viewport: { width: 2560, height: 1300 } } },
  { width: 360, options: { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true } },
];
const PHONE = WIDTHS.at(-1)!;
const SCHEMES = ["light", "dark"] as const;

/** What a build by ninja says, as far as it is shown. */
const NINJA = `
n=0
for name in ggml ggml-alloc ggml-backend ggml-quants ggml-cpu/quants ggml-cpu/repack ggml-cpu/vec llama llama-arch llama-batch llama-chat llama-context llama-graph \
  llama-kv-cache llama-mmap llama-model llama-sampling llama-vocab unicode; do
  printf '[%d/214] \\e[32mBuilding CXX object\\e[0m src/%s.cpp.o\\n' $((n += 7)) "$name"
done
printf '\\e[1msrc/llama-quant.cpp:212:23:\\e[0m \\e[1;35mwarning:\\e[0m unused variable \\e[1m‘scale’\\e[0m [\\e[1;35m-Wunused-variable\\e[0m]\\n'
printf '[140/214] \\e[32mBuilding CXX object\\e[0m src/llama-quant.cpp.o\\n'`;

const CARGO = `
for crate in libc cfg-if memchr serde tokio half bytemuck rayon safetensors gemm candle-core candle-nn tokenizers hyper axum; do
  printf '\\e[1;32m   Compiling\\e[0m %s v0.3.1\\n' "$crate" >&2
done
printf '\\e[1;31merror\\e[0m: failed to run custom build command for \`onig_sys v69.8.1\`\\n' >&2
printf '  could not find \`libclang\`: set the LIBCLANG_PATH environment variable\\n' >&2; exit 101`;

/** A machine in use: something installed, something that failed, something under way. */
async function furnish(stage: Stage): Promise<void> {
  await stage.ship();
  await stage.add(
    "llm-worker-rbee-cpu",
    { build: CARGO },
    {
      name: "LLM Worker (CPU)",
      version: "0.1.0",
      description: "Candle-based LLM inference worker, on the CPU",
      license: "GPL-3.0-or-later",
      supported_formats: ["gguf", "safetensors"],
    },
  );
  await stage.add(
    "llama-cpp-server-cpu",
    { build: `${NINJA}\nsleep 1000` },
    {
      name: "llama.cpp server (CPU)",
      version: "b8121",
      description: "llama.cpp HTTP server for GGUF models, on the CPU",
      license: "MIT",
      supported_formats: ["gguf"],
    },
  );
  await stage.add("whisper-metal", undefined, {
    name: "Whisper (Metal)",
    description: "Speech to text, on Apple's GPUs",
    platforms: ["macos"],
    architectures: ["aarch64"],
    worker_type: "metal",
    supported_formats: ["ggml"],
  });
  await stage.addVariants("whisper-server", ["cuda", "cpu"], ["binary", "git"], {
    name: "Whisper server",
    version: "1.7.4",
    description: "Speech to text over HTTP, in a hundred languages",
  });
  await stage.addVariants("image-worker", ["cuda", "rocm", "cpu"], ["git"], {
    name: "Image worker",
    version: "0.3.2",
    license: "Apache-2.0",
    description: "Pictures from words, with Stable Diffusion and Flux",
  });
  await stage.add("embedder", undefined, {
    name: "Embedding server",
    version: "2.1.0",
    license: "Apache-2.0",
    description: "Vectors for search, from sentences",
    supported_formats: ["onnx"],
  });
  await stage.modelFolder(["Qwen3-4B-Instruct-Q4_K_M.gguf", "gemma-3-1b-it-Q8_0.gguf", "old.bin"]);
  await stage.card();
  await stage.start();
  await stage.installs("hive-probe");
  await stage.wait(await stage.install("llm-worker-rbee-cpu"));
  await stage.waitForLine(await stage.install("llama-cpp-server-cpu"), "llama-quant.cpp.o");
}

const VIEWS: [string, string, (page: Page) => Promise<unknown>][] = [
  ["catalog", "/", (page) => page.getByRole("heading", { name: "Hive Probe" }).waitFor()],
  ["job-running", "/jobs/3", (page) => page.getByText("llama-quant.cpp.o").waitFor()],
  ["job-failed", "/jobs/2", (page) => page.getByRole("log").getByText("libclang").waitFor()],
  ["job-done", "/jobs/1", (page) => page.getByText("Hive Probe is installed").waitFor()],
  ["installed", "/installed", (page) => page.getByRole("button", { name: "Remove" }).waitFor()],
  ["running", "/running", (page) => page.getByText("without systemd").waitFor()],
  ["models", "/models", (page) => page.getByRole("heading", { name: "gemma-3-1b" }).waitFor()],
  ["jobs", "/jobs", (page) => page.getByRole("heading", { name: "History" }).waitFor()],
  ["machine", "/machine", (page) => page.getByText("CPU-0").waitFor()],
  ["recipe", "/catalog/hive-probe/recipe", (page) => page.getByText("pkgname").first().waitFor()],
];

/** Goes to a view as a click on a link would. */
async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((path) => history.pushState(null, "", path), path);
}

/** The catalog whole, for the README. */
async function screenshotFrontPage(page: Page): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 1360 });
  await page.emulateMedia({ colorScheme: "light" });
  await visit(page, "/");
  await page.getByRole("heading", { name: "Hive Probe" }).waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await screenshot(page, "front-page");
}

/** Nothing makes the page wider than its window. */
async function expectNoSidewaysScrolling(page: Page): Promise<void> {
  const [whole, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect.soft(whole, `the width of ${page.url()}`).toBeLessThanOrEqual(seen!);
}

/** What each view shows whatever its language: names of workers and devices, and what recipes say. */
const SIGHTS: Record<string, string> = {
  catalog: "Whisper server",
  "job-running": "llama-quant.cpp.o",
  "job-failed": "libclang",
  "job-done": "main.c",
  installed: "hive-probe",
  running: "systemd",
  models: "gemma-3-1b-it-Q8_0",
  jobs: "Hive Probe",
  machine: "CPU-0",
  recipe: "pkgname",
};

withBrowser("views", () => {
  test("each view has its picture, and axe-core finds nothing serious on it", async ({ stage, newPage }) => {
    await furnish(stage);
    for (const { width, options } of WIDTHS) {
      const page = await newPage({ ...options, reducedMotion: "reduce" });
      await enter(page, stage);
      await page.getByRole("navigation").waitFor();
      for (const [view, path, ready] of VIEWS) {
        await visit(page, path);
        await ready(page);
        await expectNoSidewaysScrolling(page);
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme });
          await screenshot(page, `${view}-${colorScheme}-${width}`);
          await expectAccessible(page);
        }
      }
      if (width === 1280) await screenshotFrontPage(page);
    }
  });

  test("nothing runs over the edge of a phone, in any language", async ({ stage, newPage }) => {
    await furnish(stage);
    for (const locale of ["de", "nl", "ja"]) {
      const page = await newPage({ ...PHONE.options, locale, reducedMotion: "reduce" });
      await enter(page, stage);
      await page.getByRole("navigation").waitFor();
      expect(await page.locator("html").getAttribute("lang")).toBe(locale);
      for (const [view, path] of VIEWS.filter(([view]) => SIGHTS[view])) {
        await visit(page, path);
        await page.getByText(SIGHTS[view]!).filter({ visible: true }).first().waitFor();
        await expectNoSidewaysScrolling(page);
        await screenshot(page, `${view}-${locale}-360`);
      }
    }
  });
});
