// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Device, Instance, Model, StartOptions, Worker } from "@rbee/hive-sdk";

/** What a start dialog holds, as its fields have it. */
export interface StartForm {
  name: string;
  model: string;
  device: string;
  /** It listens on a port of loopback, else on a Unix socket. */
  loopback: boolean;
  port: string;
  /** Seconds; 0: never. */
  idleStop: number;
  boot: boolean;
}

/** A name that no instance has: the worker's id, else with a number. */
function freeName(workerId: string, taken: readonly string[]): string {
  // As the hive makes one of an id: 48 of a-z, 0-9 and -.
  const name = workerId
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 45);
  for (let number = 1; ; number++) {
    const candidate = number > 1 ? `${name}-${number}` : name;
    if (!taken.includes(candidate)) return candidate;
  }
}

/** A port that no instance listens on. */
function freePort(addresses: readonly string[]): string {
  const taken = new Set(addresses.map((address) => /:(\d+)$/.exec(address)?.[1]));
  let port = 8080;
  while (taken.has(String(port))) port++;
  return String(port);
}

/** What the dialog begins with: a name and a port that none of @instances has. */
export function proposal(workerId: string, instances: readonly Pick<Instance, "name" | "address">[]): StartForm {
  const name = freeName(
    workerId,
    instances.map(({ name }) => name),
  );
  const port = freePort(instances.map(({ address }) => address));
  return { name, model: "", device: "", loopback: false, port, idleStop: 0, boot: false };
}

/** The models that the worker reads. */
export function fittingModels(worker: Worker, models: readonly Model[]): Model[] {
  const formats = worker.run?.formats ?? [];
  return models.filter(({ format }) => formats.length === 0 || formats.includes(format));
}

/** The devices that the worker is built for. */
export function fittingDevices(worker: Worker, devices: readonly Device[]): Device[] {
  return devices.filter(({ device_type }) => device_type === (worker.backend || "cpu"));
}

/** What the hive is asked for; what is left out it decides. */
export function startOptions({ name, model, device, loopback, port, idleStop, boot }: StartForm): StartOptions {
  return {
    name,
    ...(model && { model }),
    ...(device && { device }),
    ...(loopback && { listen: port }),
    ...(idleStop > 0 && { idle_stop: idleStop }),
    ...(boot && { boot }),
  };
}
