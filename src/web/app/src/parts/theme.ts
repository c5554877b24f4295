// SPDX-License-Identifier: LGPL-2.1-or-later
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "rbee-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function stored(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : undefined;
  } catch {
    return undefined; // a browser that keeps nothing
  }
}

let chosen = stored();

const current = (): Theme => chosen ?? (dark.matches ? "dark" : "light");

function show(): void {
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  for (const listener of listeners) listener();
}

/** Chosen is what differs from the system's; else the page follows that. */
export function setTheme(theme: Theme): void {
  chosen = theme === (dark.matches ? "dark" : "light") ? undefined : theme;
  try {
    if (chosen) localStorage.setItem(KEY, chosen);
    else localStorage.removeItem(KEY);
  } catch {
    // for this visit, then
  }
  show();
}

export function startTheme(): void {
  show();
  dark.addEventListener("change", show);
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
