// SPDX-License-Identifier: LGPL-2.1-or-later
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { HiveProvider } from "@rbee/hive-react";

import { App } from "./app.tsx";
import { loadLanguage } from "./i18n.ts";
import { Session } from "./session.ts";
import { NoToken } from "./views/no-token.tsx";

const session = new Session();
const queries = new QueryClient();
const root = createRoot(document.getElementById("root")!);

function show(error?: Error): void {
  root.render(
    <StrictMode>
      <NoToken error={error} />
    </StrictMode>,
  );
}

async function start(): Promise<void> {
  const [entry] = await Promise.all([session.enter(), loadLanguage()]);

  session.onUnauthorized(show);
  if (!entry.entered) {
    show(entry.error);
    return;
  }
  root.render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <HiveProvider client={session.client}>
          <App />
        </HiveProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

void start();
