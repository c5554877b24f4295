// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from "react";

/** A pair of a list of facts; nothing where there is nothing to say. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
