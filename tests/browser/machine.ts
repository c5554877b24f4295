// SPDX-License-Identifier: LGPL-2.1-or-later
/** A machine that tests/system boots, whose page is at RBEE_MACHINE and takes RBEE_MACHINE_TOKEN. */
import { createServer, type AddressInfo } from "node:net";

import { HiveClient } from "../../src/web/sdk/src/index.ts";
import type { Page } from "./fixtures.ts";

const URL = process.env.RBEE_MACHINE!;
const TOKEN = process.env.RBEE_MACHINE_TOKEN!;

export const hive = new HiveClient(URL, "", { token: TOKEN });

export async function enter(page: Page, path: string): Promise<void> {
  await page.addInitScript((token) => sessionStorage.setItem("token", token), TOKEN);
  await page.goto(`${URL}${path}`);
}

/** The machine has this one's network. */
export async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Opens the dialog of a worker, and starts it. */
export async function start(
  page: Page,
  worker: string,
  { name, model, port }: { name?: string; model?: string; port?: string } = {},
): Promise<void> {
  await page.getByRole("button", { name: new RegExp(`^Start ${worker}$`, "i") }).click();
  const dialog = page.getByRole("dialog");
  if (model) await dialog.getByRole("combobox", { name: "Model" }).selectOption(model);
  if (name) await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  if (port) {
    await dialog.getByRole("radio", { name: "A port of this machine's loopback" }).check();
    await dialog.getByRole("spinbutton", { name: "Port" }).fill(port);
  }
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
}

/** What the page shows of an instance, or of a model. */
export const instance = (page: Page, name: string) =>
  page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });
