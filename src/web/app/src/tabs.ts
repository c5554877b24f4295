// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * A new tab asks those that are open for their token. A channel of the browser carries it: pages of other origins (another port
 * is one) hear nothing of it, and when the last tab is closed nobody has it.
 */
const CHANNEL = "session";

/** That a tab may be there to answer, and no more: nothing secret is kept where a later browser could read it. */
const MARK = "tabs";

/** Milliseconds. A tab in the background may be slow; where none was ever logged in, none is waited for. */
const PATIENCE = 1500;

type Word = { ask: true } | { token: string };

/** The token of another tab; null: none has one. */
export async function askTabs(): Promise<string | null> {
  if (!localStorage.getItem(MARK)) return null;
  const channel = new BroadcastChannel(CHANNEL);
  const token = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), PATIENCE);
    channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if (!("token" in data)) return;
      clearTimeout(timer);
      resolve(data.token);
    };
    channel.postMessage({ ask: true } satisfies Word);
  });
  channel.close();
  if (!token) localStorage.removeItem(MARK);
  return token;
}

/** Answers other tabs as long as this one has a token. */
export function answerTabs(token: () => string | null): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    const own = "ask" in data ? token() : null;
    if (own) channel.postMessage({ token: own } satisfies Word);
  };
}

/** This tab has a token now. */
export function markTabs(): void {
  localStorage.setItem(MARK, "yes");
}
