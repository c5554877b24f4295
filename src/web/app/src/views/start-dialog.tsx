// SPDX-License-Identifier: LGPL-2.1-or-later
import { Dialog } from "@base-ui/react/dialog";
import { useState, type FormEvent, type ReactNode } from "react";
import { Link, useLocation } from "wouter";

import { useCapabilities, useHive, useInstances, useModels } from "@rbee/hive-react";
import { HiveError, type Device, type Model, type StartOptions, type Worker } from "@rbee/hive-sdk";

import { _, format, hiveWords } from "../i18n.ts";
import { advice } from "../parts/advice.ts";
import { deviceMemory } from "../parts/device.ts";
import { DialogHead } from "../parts/dialog-head.tsx";
import { formatMinutes, formatSize } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { Notice } from "../parts/notice.tsx";
import { fittingDevices, fittingModels, proposal, startOptions, type StartForm } from "../parts/start-form.ts";
import { useAction } from "../parts/use-action.ts";
import { useWorkerNames } from "../parts/worker-name.ts";
import "./install-choice.css";
import "./start-dialog.css";

const IDLE_STOPS = [5, 15, 60, 240]; /* minutes */

function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="pick">
      <span>{label}</span>
      {children}
    </label>
  );
}

const modelWords = (model: Model) => [model.name, model.quantization, formatSize(model.size)].filter(Boolean).join(" · ");

const deviceWords = (device: Device) => [device.id, device.name, deviceMemory(device)].filter(Boolean).join(" · ");

/** Whether the model has room on the device that is chosen, or on the one that it would be. */
function FitLine({ worker, form, model }: { worker: Worker; form: StartForm; model: Model | undefined }) {
  const device = form.device || fittingDevices(worker, useCapabilities().data?.devices ?? [])[0]?.id;
  const fit = model?.fits_on.find((each) => each.device === device);

  return (
    <p role="status" className={fit?.fits === false ? "start-fit unfit" : "start-fit"}>
      {fit && (
        <>
          <Icon name={fit.fits ? "check" : "warning"} /> {hiveWords(fit.why)}
        </>
      )}
    </p>
  );
}

/** What it runs with; who has none is told where to get one. */
function ModelChoice({ worker, form, choose }: { worker: Worker; form: StartForm; choose: (model: string) => void }) {
  const { data, error } = useModels();
  const models = data && fittingModels(worker, data.models);

  if (error && !data) return <Notice tone="bad" title={hiveWords(error.message)} urgent />;
  if (models?.length === 0)
    return (
      <Notice tone="warn" title={_("There is no model yet that it reads")}>
        <p>
          <Link href="/models">{_("Fetch one first")}</Link>
        </p>
      </Notice>
    );
  return (
    <>
      <Field label={_("Model")}>
        <select required value={form.model} onChange={(event) => choose(event.target.value)}>
          <option value="">{models ? _("Choose one…") : _("Loading")}</option>
          {models?.map((each) => (
            <option key={each.path} value={each.name}>
              {modelWords(each)}
            </option>
          ))}
        </select>
      </Field>
      <FitLine worker={worker} form={form} model={models?.find(({ name }) => name === form.model)} />
    </>
  );
}

function DeviceChoice({ worker, device, choose }: { worker: Worker; device: string; choose: (device: string) => void }) {
  const { data: machine } = useCapabilities();
  const devices = fittingDevices(worker, machine?.devices ?? []);

  // Of one there is nothing to choose.
  if (devices.length < 2) return null;
  return (
    <Field label={_("Device")}>
      <select value={device} onChange={(event) => choose(event.target.value)}>
        <option value="">{_("Any that it is built for")}</option>
        {devices.map((each) => (
          <option key={each.id} value={each.id}>
            {deviceWords(each)}
          </option>
        ))}
      </select>
    </Field>
  );
}

function AddressChoice({ worker, form, set }: { worker: Worker; form: StartForm; set: (change: Partial<StartForm>) => void }) {
  const { listen, web_ui: page } = worker.run!;
  const { loopback, port } = form;

  return (
    <fieldset className="start-address">
      <legend>{_("Address")}</legend>
      <label className="check">
        <input type="radio" name="address" checked={!loopback} onChange={() => set({ loopback: false })} />
        {_("A Unix socket, for the members of group rbee")}
      </label>
      <label className="check">
        <input type="radio" name="address" checked={loopback} disabled={listen === "unix"} onChange={() => set({ loopback: true })} />
        {_("A port of this machine's loopback")}
      </label>
      {loopback && (
        <Field label={_("Port")}>
          <input type="number" min={1} max={65535} required value={port} onChange={(event) => set({ port: event.target.value })} />
        </Field>
      )}
      <p className="muted">
        {listen === "unix"
          ? _("It cannot be given a key, so it listens only on a Unix socket.")
          : [
              listen === "any" && loopback && _("Who calls it there needs its key."),
              page && _("To open its page in a browser, choose the port."),
            ]
              .filter(Boolean)
              .join(" ")}
      </p>
    </fieldset>
  );
}

/** Seen where the dialog is longer than the window. */
const show = (element: HTMLElement | null) => element?.scrollIntoView({ block: "nearest" });

/** What was refused, by the error's name, and what to do about it. */
function Refusal({ error, again }: { error: Error; again: (options: Partial<StartOptions>) => void }) {
  const name = error instanceof HiveError ? error.shortName : "";
  const what = advice(name, error.message);

  return (
    <div ref={show}>
      <Notice tone="bad" title={hiveWords(error.message)} urgent>
        {what && <p>{what}</p>}
        {name === "DeviceUnavailable" && (
          <div className="actions">
            <button type="button" className="button" onClick={() => again({ allow_cpu: true })}>
              {_("Start it without a card")}
            </button>
          </div>
        )}
      </Notice>
    </div>
  );
}

export default function StartDialog({ worker, onClose }: { worker: Worker; onClose: () => void }) {
  const { ofWorker } = useWorkerNames();
  const { client } = useHive();
  const { data: instances } = useInstances();
  const { busy, error, act } = useAction();
  const [, go] = useLocation();
  const [form, setForm] = useState<Partial<StartForm>>({});
  const set = (change: Partial<StartForm>) => setForm((before) => ({ ...before, ...change }));
  const whole: StartForm = { ...proposal(worker.id, instances ?? []), ...form };
  const start = (more: Partial<StartOptions> = {}) =>
    void act(
      () => client.startWorker(worker.id, { ...startOptions(whole), ...more }),
      () => {
        onClose();
        go("/running");
      },
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start();
  };

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog start">
          <DialogHead
            title={format(_("Start {worker}"), { worker: ofWorker(worker) })}
            description={_("It runs as a user of its own, without a network, until it is stopped.")}
          />
          <form onSubmit={submit}>
            {worker.run!.takes_model && <ModelChoice worker={worker} form={whole} choose={(model) => set({ model })} />}
            <DeviceChoice worker={worker} device={whole.device} choose={(device) => set({ device })} />
            <Field label={_("Name")}>
              <input
                required
                maxLength={48}
                pattern="[a-z0-9][a-z0-9\-]*"
                value={whole.name}
                onChange={(event) => set({ name: event.target.value })}
              />
            </Field>
            <Field label={_("While nobody asks")}>
              <select value={whole.idleStop} onChange={(event) => set({ idleStop: Number(event.target.value) })}>
                <option value={0}>{_("It runs on")}</option>
                {IDLE_STOPS.map((minutes) => (
                  <option key={minutes} value={minutes * 60}>
                    {format(_("It ends after {time}, until the next request"), { time: formatMinutes(minutes) })}
                  </option>
                ))}
              </select>
            </Field>
            <AddressChoice worker={worker} form={whole} set={set} />
            <label className="check">
              <input type="checkbox" checked={whole.boot} onChange={(event) => set({ boot: event.target.checked })} />
              {_("Start at boot")}
            </label>
            {error && <Refusal error={error} again={start} />}
            <div className="actions">
              <Dialog.Close className="button">{_("Cancel")}</Dialog.Close>
              <button type="submit" className="button primary" disabled={busy}>
                {busy ? _("Starting…") : _("Start")}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
