// SPDX-License-Identifier: LGPL-2.1-or-later
import { HiveClient, type HiveError } from "@rbee/hive-sdk";

import { _ } from "./i18n.ts";
import { answerTabs, askTabs, markTabs } from "./tabs.ts";

const TOKEN = "token";

export type Entry = { entered: true } | { entered: false; error: Error | undefined };

/** Who sits here, to the bridge: a token, which lives as long as the tabs that have it. Never a cookie: those ignore ports. */
export class Session {
  readonly client: HiveClient;
  #onUnauthorized: (error: HiveError) => void = () => {};

  constructor() {
    this.client = new HiveClient("", "", {
      token: () => sessionStorage.getItem(TOKEN),
      onUnauthorized: (error) => {
        sessionStorage.removeItem(TOKEN);
        this.#onUnauthorized(error);
      },
    });
    answerTabs(() => sessionStorage.getItem(TOKEN));
  }

  /** Tells that the token is no longer good. */
  onUnauthorized(listener: (error: HiveError) => void): void {
    this.#onUnauthorized = listener;
  }

  /** By a link with a code, as `hivectl web` prints it, else by the token that a tab has, else where none is asked for. */
  async enter(link: string): Promise<Entry> {
    const code = new URLSearchParams(link.slice(link.indexOf("#") + 1)).get("code");
    let refusal: Error | undefined;

    // Good once: nobody need see it, or go back to it.
    if (code) history.replaceState(null, "", location.pathname + location.search);
    if (!sessionStorage.getItem(TOKEN)) {
      const token = await askTabs();
      if (token) sessionStorage.setItem(TOKEN, token);
    }
    // Anybody can make such a link, for a session of his own.
    if (code && (!sessionStorage.getItem(TOKEN) || confirm(_("Leave your session for the one of this link?")))) {
      try {
        sessionStorage.setItem(TOKEN, (await this.client.token(code)).token);
      } catch (error) {
        refusal = error as Error;
      }
    }
    if (sessionStorage.getItem(TOKEN)) {
      markTabs();
      return { entered: true };
    }
    try {
      if ((await this.client.health()).authentication === "token") return { entered: false, error: refusal };
    } catch {
      // The hive is away, or the bridge: the page says so. Should a token be asked for, that is told later.
    }
    return { entered: true };
  }
}
