// SPDX-License-Identifier: LGPL-2.1-or-later
import { useJobs } from "@rbee/hive-react";

import { _ } from "../i18n.ts";

/** Says, over the page and without moving it, that what it shows may be old. */
export function Connection() {
  const { jobs, connection, reachable } = useJobs();
  const away = connection === "reconnecting";

  return (
    <div className="connection" role="status">
      {(away || (!reachable && jobs)) && (
        <p className="connection-words">
          <span className="dot busy" />
          {away ? _("The connection is gone. Trying again…") : _("The hive does not answer. Trying again…")}
        </p>
      )}
    </div>
  );
}
