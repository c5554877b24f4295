// SPDX-License-Identifier: LGPL-2.1-or-later
import { useCapabilities } from "@rbee/hive-react";

import { _ } from "../i18n.ts";

export function Machine() {
  const { data } = useCapabilities();

  return (
    <>
      <h1>{_("Machine")}</h1>
      <p>{data?.architecture}</p>
    </>
  );
}
