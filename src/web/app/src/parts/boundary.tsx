// SPDX-License-Identifier: LGPL-2.1-or-later
import { Component, type ReactNode } from "react";

import { _ } from "../i18n.ts";
import { PageState } from "./notice.tsx";

/** What is shown where a part of the page could not be loaded: the bridge was away, or has another version now. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <PageState icon="plug" title={_("A part of the page could not be loaded")}>
        <p>{_("The bridge was away, or has been upgraded since the page was opened. Jobs run on.")}</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          {_("Load the page again")}
        </button>
      </PageState>
    );
  }
}
