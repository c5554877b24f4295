// SPDX-License-Identifier: LGPL-2.1-or-later
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";

import { HiveProvider } from "@rbee/hive-react";

import { App } from "./app.tsx";
import { _, loadLanguage } from "./i18n.ts";
import { startTheme } from "./parts/theme.ts";
import { Session } from "./session.ts";
import "./style/tokens.css";
import "./style/page.css";
import { NoToken } from "./views/no-token.tsx";

const session = new Session();
const queries = new QueryClient();
const root = createRoot(document.getElementById("root")!);

function show(page: ReactNode): void {
  root.render(<StrictMode>{page}</StrictMode>);
}

function showNoToken(error?: Error): void {
  show(<NoToken error={error} enter={(text) => void enter(text)} />);
}

function showApp(): void {
  show(
    <QueryClientProvider client={queries}>
      <HiveProvider client={session.client}>
        <App />
      </HiveProvider>
    </QueryClientProvider>,
  );
}

/** By a link that was pasted. */
async function enter(text: string): Promise<void> {
  const entry = await session.enter(text);
  if (entry.entered) showApp();
  else showNoToken(entry.error ?? new Error(_("That is no link that “hivectl web” prints")));
}

async function start(): Promise<void> {
  startTheme();
  await loadLanguage();
  const entry = await session.enter(location.href);

  session.onUnauthorized(showNoToken);
  if (entry.entered) showApp();
  else showNoToken(entry.error);
}

void start();
