// SPDX-License-Identifier: LGPL-2.1-or-later
import { Dialog } from "@base-ui/react/dialog";

import { _ } from "../i18n.ts";
import "./dialog.css";
import { Icon } from "./icons.tsx";

/** The head of a dialog: what it is for, and the button that closes it. */
export function DialogHead({ title, description }: { title: string; description: string }) {
  return (
    <div className="dialog-head">
      <div>
        <Dialog.Title render={<h2 />}>{title}</Dialog.Title>
        <Dialog.Description className="muted">{description}</Dialog.Description>
      </div>
      <Dialog.Close className="button square quiet" aria-label={_("Close")}>
        <Icon name="cross" />
      </Dialog.Close>
    </div>
  );
}
