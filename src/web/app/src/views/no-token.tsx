// SPDX-License-Identifier: LGPL-2.1-or-later
import { _ } from "../i18n.ts";

export function NoToken({ error }: { error: Error | undefined }) {
  return (
    <main>
      <h1>rbee-hive</h1>
      {error && <p role="alert">{error.message}</p>}
      <p>{_("This page opens by a link that “hivectl web” prints.")}</p>
    </main>
  );
}
