// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from "react";

import { useCapabilities, useRefreshCapabilities } from "@rbee/hive-react";
import type { Device, Toolchain } from "@rbee/hive-sdk";

import { _, format, hiveWords } from "../i18n.ts";
import { deviceMemory } from "../parts/device.ts";
import { formatAgo, formatNumber } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { Command, Notice } from "../parts/notice.tsx";
import { troubleWords } from "../parts/use-action.ts";
import { useTitle } from "../parts/view.ts";
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
        <Fact name={_("Memory")}>{deviceMemory(device)}</Fact>
        <Fact name={_("Compute capability")}>{device.compute_capability}</Fact>
        <Fact name={_("Driver")}>{device.driver}</Fact>
      </dl>
      {device.instruction_sets.length > 0 && (
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
          <p>{_("To let recipes use it, put this into a file NAME.conf of /etc/rbee-hive/hive.conf.d:")}</p>
          <Command label={format(_("Copy the lines for {toolchain}"), { toolchain: toolchain.name })}>
            {toolchain.configuration.trim()}
          </Command>
        </div>
      )}
    </li>
  );
}

/** For a card that came or went, or a driver that was installed since. */
function LookAgain() {
  const { mutate, isPending, isSuccess, error } = useRefreshCapabilities();

  return (
    <div className="updates">
      <p className="muted" role="status">
        {isSuccess && _("This machine was looked at again")}
      </p>
      <button type="button" className="button" onClick={() => mutate()} disabled={isPending}>
        {isPending ? _("Looking…") : _("Look again")}
      </button>
      {error && <Notice tone="bad" title={troubleWords(error)} urgent />}
    </div>
  );
}

export default function Machine() {
  const { data: machine, error } = useCapabilities();

  useTitle(_("Machine"));
  return (
    <>
      <div className="head">
        <div>
          <h1>{_("Machine")}</h1>
          {machine && (
            <p>
              {format(_("{architecture}, {platform}"), { architecture: machine.architecture, platform: machine.platform })}
              {" · "}
              {format(_("looked at {when}"), { when: formatAgo(machine.updated_at) })}
            </p>
          )}
        </div>
        {machine && <LookAgain />}
      </div>
      {error && !machine && <Notice tone="bad" title={hiveWords(error.message)} urgent />}
      {!machine && !error && <div className="skeleton device-waiting" role="status" aria-label={_("Loading")} />}
      {machine && !machine.sandbox && (
        <Notice tone="warn" title={_("This machine cannot make sandboxes")}>
          <p>{_("Nothing is built without one. This command says what to do:")}</p>
          <Command>hivectl status</Command>
        </Notice>
      )}
      {machine?.device_warnings.map((warning) => (
        <Notice key={warning} tone="warn" title={warning} />
      ))}
      <ul className="devices">{machine && machine.devices.map((device) => <DeviceCard key={device.id} device={device} />)}</ul>
      {machine && machine.toolchains.length > 0 && (
        <section className="section">
          <h2>{_("Toolchains")}</h2>
          <p>{_("Compilers and kits found outside of the system's own folders.")}</p>
          <ul className="panel toolchains">
            {machine.toolchains.map((toolchain) => (
              <ToolchainRow key={toolchain.path} toolchain={toolchain} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
