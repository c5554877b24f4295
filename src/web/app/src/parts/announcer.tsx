// SPDX-License-Identifier: LGPL-2.1-or-later
import { useEffect, useState } from "react";

const PAUSE = 900;

/** Tells a screen reader what is going on: the last of what came in quick succession, never the log itself. */
export function Announcer({ children }: { children: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(children), PAUSE);
    return () => clearTimeout(timer);
  }, [children]);
  return (
    <p className="unseen" role="status">
      {said}
    </p>
  );
}
