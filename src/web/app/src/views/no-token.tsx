// SPDX-License-Identifier: LGPL-2.1-or-later
import { useState, type FormEvent } from "react";

import { _, hiveWords } from "../i18n.ts";
import { Logo } from "../parts/icons.tsx";
import { Tools } from "../parts/header.tsx";
import { Command, Notice, PageState } from "../parts/notice.tsx";

function EnterForm({ enter }: { enter: (text: string) => void }) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) enter(text.trim());
  };

  return (
    <form className="enter" onSubmit={submit}>
      <label className="field">
        <input
          type="text"
          autoComplete="off"
          spellCheck={false}
          placeholder={_("Paste the link here")}
          aria-label={_("Paste the link here")}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button type="submit" className="button primary">
        {_("Open")}
      </button>
    </form>
  );
}

/** @enter: with a link or a token. @error: why the last one was not good. */
export function NoToken({ error, enter }: { error: Error | undefined; enter: (text: string) => void }) {
  return (
    <>
      <header className="header">
        <div className="header-row header-spread">
          <span className="brand">
            <Logo />
            rbee-hive
          </span>
          <Tools />
        </div>
      </header>
      <main className="main">
        <PageState icon="key" title={_("This page needs a key")}>
          <p>{_("On this machine, run this command and open the link that it prints. It is good once, for five minutes.")}</p>
          <Command>hivectl web</Command>
          <EnterForm enter={enter} />
          {error && (
            <Notice tone="warn" title={_("That did not open it")} urgent>
              <p>{hiveWords(error.message)}</p>
            </Notice>
          )}
        </PageState>
      </main>
    </>
  );
}
