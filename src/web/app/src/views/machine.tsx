// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from "react";

import { useCapabilities } from "@rbee/hive-react";

import { _, format } from "../i18n.ts";
import { devicesOf, type Device } from "../parts/device.ts";
import { formatAgo, formatNumber, formatSize } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { Command, Notice } from "../parts/notice.tsx";
import { toolchainsOf, type Toolchain } from "../parts/toolchain.ts";
import "./machine.css";

function deviceKind(type: string): string {
  switch (type) {
    case "cpu":
      return _("Processor");
    case "cuda":
      return _("NVIDIA graphics card");
    case "rocm":
      return _("AMD graphics card");
    case "intel":
      return _("Intel graphics card");
    default:
      return type;
  }
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <div className="device-fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function DeviceCard({ device }: { device: Device }) {
  return (
    <li className="panel device">
      <p className="device-kind">
        <Icon name="machine" />
        {deviceKind(device.device_type)}
        <span className="device-id">{device.id}</span>
      </p>
      <h2>{device.name}</h2>
      <dl>
        <Fact name={_("Cores")}>{device.cores ? formatNumber(device.cores) : ""}</Fact>
        <Fact name={_("Memory")}>{device.vram_gb ? formatSize(device.vram_gb * 1024 ** 3, 1024) : device.memory ? formatSize(device.memory, 1024) : ""}</Fact>
        <Fact name={_("Compute capability")}>{device.compute_capability}</Fact>
        <Fact name={_("Driver")}>{device.driver}</Fact>
      </dl>
      {device.instruction_sets && device.instruction_sets.length > 0 && (
        <ul className="tags" aria-label={_("Instruction sets")}>
          {device.instruction_sets.map((name) => (
            <li key={name} className="tag">
              {name}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function ToolchainRow({ toolchain }: { toolchain: Toolchain }) {
  return (
    <li className="toolchain">
      <p>
        <b>{toolchain.name}</b> <span className="numbers muted">{toolchain.version}</span>
      </p>
      <code>{toolchain.path}</code>
      <p className={toolchain.visible ? "toolchain-good" : "toolchain-bad"}>
        <Icon name={toolchain.visible ? "check" : "dash"} />
        {toolchain.visible ? _("recipes can use it") : _("hidden from recipes")}
      </p>
      {!toolchain.visible && toolchain.configuration && (
        <div className="toolchain-advice">
          <p>{_("To let recipes use it, put this into hive.conf:")}</p>
          <Command>{toolchain.configuration}</Command>
        </div>
      )}
    </li>
  );
}

export default function Machine() {
  const { data: machine, error } = useCapabilities();
  const toolchains = machine ? toolchainsOf(machine) : [];
  const { updated_at: updated } = (machine ?? {}) as { updated_at?: number };

  return (
    <>
      <div className="head">
        <div>
          <h1>{_("Machine")}</h1>
          {machine && (
            <p>
              {format(_("{architecture}, {platform}"), { architecture: machine.architecture, platform: machine.platform })}
              {updated ? <> · {format(_("looked at {when}"), { when: formatAgo(updated) })}</> : null}
            </p>
          )}
        </div>
      </div>
      {error && !machine && <Notice tone="bad" title={error.message} urgent />}
      {!machine && !error && <div className="skeleton card-waiting" role="status" aria-label={_("Loading")} />}
      {machine && !machine.sandbox && (
        <Notice tone="warn" title={_("This machine can't make sandboxes")}>
          <p>{_("Nothing is built without one. This command says what to do:")}</p>
          <Command>hivectl status</Command>
        </Notice>
      )}
      <ul className="devices">
        {machine && devicesOf(machine).map((device) => <DeviceCard key={device.id} device={device} />)}
      </ul>
      {toolchains.length > 0 && (
        <section className="section">
          <h2>{_("Toolchains")}</h2>
          <p>{_("Compilers and kits found outside of the system's own folders.")}</p>
          <ul className="panel toolchains">
            {toolchains.map((toolchain) => (
              <ToolchainRow key={toolchain.path} toolchain={toolchain} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
