// SPDX-License-Identifier: LGPL-2.1-or-later
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";

import { useCapabilities, useHive, useInstalledWorkers, useInstances } from "@rbee/hive-react";
import type { Instance } from "@rbee/hive-sdk";

import { _, format, hiveWords } from "../i18n.ts";
import { advice } from "../parts/advice.ts";
import { Awaited } from "../parts/awaited.tsx";
import { Copyable } from "../parts/copyable.tsx";
import { Fact } from "../parts/fact.tsx";
import { formatNumber, formatSize } from "../parts/format.ts";
import { Icon } from "../parts/icons.tsx";
import { failureOf, InstancePill, workerPage } from "../parts/instance-words.tsx";
import { Ago } from "../parts/job-words.tsx";
import { Command, Notice, PageState } from "../parts/notice.tsx";
import { useAction } from "../parts/use-action.ts";
import { useTitle } from "../parts/view.ts";
import "./installed.css";
import "./running.css";
import { StartButton, useRunsWorkers } from "./start-button.tsx";

const Confirm = lazy(() => import("../parts/confirm.tsx"));

/** "GPU-0 · NVIDIA GeForce RTX 3090" */
function useDeviceName(id: string): string {
  const device = useCapabilities().data?.devices.find((device) => device.id === id);
  return device ? `${id} · ${device.name}` : id;
}

/** What clients send to an address that other programs of this machine can call too. */
function Key({ instance }: { instance: Instance }) {
  const { client } = useHive();
  const [key, setKey] = useState<string>();
  const { busy, trouble, act } = useAction();

  if (instance.address.startsWith("unix:")) return null;
  return (
    <Fact name={_("Key")}>
      {key === undefined && (
        <button
          type="button"
          className="button small"
          disabled={busy}
          onClick={() => void act(() => client.instanceKey(instance.name), setKey)}
          aria-label={format(_("Show the key of {instance}"), { instance: instance.name })}
        >
          {_("Show")}
        </button>
      )}
      {key && <Copyable label={format(_("Copy the key of {instance}"), { instance: instance.name })}>{key}</Copyable>}
      {key === "" && _("It needs none")}
      {trouble && <span role="alert">{trouble}</span>}
    </Fact>
  );
}

function Boot({ instance }: { instance: Instance }) {
  const { client } = useHive();
  const { busy, trouble, act } = useAction();

  return (
    <div>
      <label className="check">
        <input
          type="checkbox"
          checked={instance.boot}
          disabled={busy}
          onChange={(event) => {
            const boot = event.target.checked;
            void act(() => client.setInstanceBoot(instance.name, boot));
          }}
          aria-label={format(_("Start {instance} at boot"), { instance: instance.name })}
        />
        {_("Start at boot")}
      </label>
      {trouble && <Notice tone="bad" title={trouble} urgent />}
    </div>
  );
}

function Facts({ instance }: { instance: Instance }) {
  const { name, address, model, memory, restarts, since } = instance;
  const device = useDeviceName(instance.device);

  return (
    <dl className="facts">
      <Fact name={_("Address")}>
        <Copyable label={format(_("Copy the address of {instance}"), { instance: name })}>{address}</Copyable>
      </Fact>
      <Key instance={instance} />
      <Fact name={_("Model")}>{model && <code>{model}</code>}</Fact>
      <Fact name={_("Device")}>{device}</Fact>
      <Fact name={_("Memory")}>{memory > 0 && <span className="numbers">{formatSize(memory)}</span>}</Fact>
      <Fact name={_("Since")}>{since > 0 && <Ago time={since} />}</Fact>
      <Fact name={_("Restarts")}>{restarts > 0 && formatNumber(restarts)}</Fact>
    </dl>
  );
}

function Actions({ instance }: { instance: Instance }) {
  const { name } = instance;
  const failed = instance.state === "failed";
  const { client } = useHive();
  const { busy, trouble, act } = useAction();
  const [asked, setAsked] = useState(false);
  const page = workerPage(instance, location.hostname);
  // Of one that failed nothing is left but its name here.
  const stop = () => void act(() => client.stopInstance(name));

  return (
    <>
      <div className="actions">
        {page && !failed && (
          <a
            className="button primary"
            href={page}
            target="_blank"
            rel="noreferrer"
            aria-label={format(_("Open the page of {instance} in a new tab"), { instance: name })}
          >
            {_("Open")}
            <Icon name="open" />
          </a>
        )}
        <button
          type="button"
          className="button"
          disabled={busy}
          onClick={() => void act(() => client.restartInstance(name))}
          aria-label={format(_("Restart {instance}"), { instance: name })}
        >
          {_("Restart")}
        </button>
        <button
          type="button"
          className="button danger"
          disabled={busy}
          onClick={() => (failed ? stop() : setAsked(true))}
          aria-label={failed ? format(_("Remove {worker}"), { worker: name }) : format(_("Stop {instance}"), { instance: name })}
        >
          {failed ? _("Remove") : _("Stop")}
        </button>
      </div>
      {trouble && <Notice tone="bad" title={trouble} urgent />}
      {asked && (
        <Suspense>
          <Confirm
            title={format(_("Stop {instance}?"), { instance: name })}
            text={_(
              "Its address is given up, and who waits for its answer gets none. Its worker stays installed, and its model where it is.",
            )}
            no={_("Let it run")}
            yes={_("Stop")}
            onYes={() => {
              setAsked(false);
              stop();
            }}
            onClose={() => setAsked(false)}
          />
        </Suspense>
      )}
    </>
  );
}

/** Why it failed, and what it printed last. */
function Failure({ instance }: { instance: Instance }) {
  const { sentence, printed } = failureOf(hiveWords(instance.error_message));
  const what = advice(instance.error_name, instance.error_message);

  return (
    <Notice tone="bad" title={sentence} urgent>
      {printed && <pre className="last-words">{printed}</pre>}
      {what && <p>{what}</p>}
    </Notice>
  );
}

function RunningWorker({ instance }: { instance: Instance }) {
  const { name, worker_id, version, state, outdated } = instance;

  return (
    <li className="panel installed">
      <div className="installed-head">
        <div>
          <div className="instance-name">
            <h2>{name}</h2>
            <span role="status">
              <span className="unseen">{name}: </span>
              <InstancePill state={state} />
            </span>
          </div>
          <code className="muted">
            {worker_id} {version}
          </code>
        </div>
        <Actions instance={instance} />
      </div>
      {state === "failed" && <Failure instance={instance} />}
      {outdated && (
        <Notice tone="warn" title={_("It runs the version before")}>
          <p>{_("Another one was installed since. Restart it to run that.")}</p>
        </Notice>
      )}
      <Facts instance={instance} />
      <div className="instance-foot">
        <Boot instance={instance} />
        <details className="files">
          <summary>{_("What it says")}</summary>
          <Command>{`hivectl logs ${name} --follow`}</Command>
        </details>
      </div>
    </li>
  );
}

/** More are looked for where all are. */
const SHOWN = 3;

/** What could run, where nothing does. */
function Nothing() {
  const workers = useInstalledWorkers().data?.filter(({ run }) => run);
  const runs = useRunsWorkers();

  if (!workers) return null;
  if (!runs)
    return (
      <PageState icon="running" title={_("No worker runs")}>
        <p>{_("This hive was started without systemd, which runs workers.")}</p>
      </PageState>
    );
  return (
    <PageState icon="running" title={_("No worker runs")}>
      <p>
        {workers.length > 0
          ? _("Start one of those that are installed. It answers requests at an address of its own until you stop it.")
          : _("What is installed from the catalog can be started, and is shown here then.")}
      </p>
      <div className="actions">
        {workers.slice(0, SHOWN).map((worker) => (
          <StartButton key={worker.id} worker={worker} named />
        ))}
        {workers.length === 0 && (
          <Link className="button primary" href="/">
            {_("Open the catalog")}
          </Link>
        )}
        {workers.length > SHOWN && (
          <Link className="button" href="/installed">
            {_("See what is installed")}
          </Link>
        )}
      </div>
    </PageState>
  );
}

export default function Running() {
  const { data: instances, error } = useInstances();

  useTitle(_("Running"));
  if (instances?.length === 0) return <Nothing />;
  return (
    <>
      <div className="head">
        <h1>{_("Running")}</h1>
      </div>
      <Awaited isThere={instances !== undefined} error={error} />
      <ul className="stack">
        {instances?.map((instance) => (
          <RunningWorker key={instance.name} instance={instance} />
        ))}
      </ul>
    </>
  );
}
