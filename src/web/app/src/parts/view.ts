// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useLayoutEffect, useRef } from "react";
import { useLocation } from "wouter";

/** What the tab is called while a view is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · rbee-hive`;
  }, [title]);
}

/** A recipe lies over the catalog, which stays. */
const viewOf = (path: string) => (path.startsWith("/catalog/") ? "/" : path);

/** A new view begins at its top, for the keyboard too where what had the focus is gone. One that is gone back to stays where it was. */
export function useBeginning(): void {
  const [path] = useLocation();
  const shown = useRef(viewOf(path));
  const back = useRef(false);

  useEffect(() => {
    const note = () => {
      back.current = true;
    };
    addEventListener("popstate", note, { capture: true });
    return () => removeEventListener("popstate", note, { capture: true });
  }, []);
  useLayoutEffect(() => {
    const wentBack = back.current;
    back.current = false;
    if (viewOf(path) === shown.current) return;
    shown.current = viewOf(path);
    if (!wentBack) scrollTo(0, 0);
    if (!document.activeElement || document.activeElement === document.body)
      document.getElementById("main")?.focus({ preventScroll: true });
  }, [path]);
}
