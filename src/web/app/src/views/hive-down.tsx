// SPDX-License-Identifier: LGPL-2.1-or-later
import { _ } from "../i18n.ts";
import { Command, PageState } from "../parts/notice.tsx";

export function HiveDown() {
  return (
    <PageState icon="plug" title={_("The hive does not answer")}>
      <p>{_("The page is here, but the service that installs workers is not running. This page goes on by itself as soon as it is.")}</p>
      <Command>systemctl status rbee-hived</Command>
    </PageState>
  );
}
