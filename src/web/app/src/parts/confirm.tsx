// SPDX-License-Identifier: LGPL-2.1-or-later
import { AlertDialog } from "@base-ui/react/alert-dialog";
import type { ReactNode } from "react";

import "./dialog.css";

export interface ConfirmProps {
  title: string;
  text: ReactNode;
  no: string;
  yes: string;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before what cannot be taken back. */
export default function Confirm({ title, text, no, yes, onYes, onClose }: ConfirmProps) {
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog confirm">
          <AlertDialog.Title render={<h2 />}>{title}</AlertDialog.Title>
          <AlertDialog.Description className="muted">{text}</AlertDialog.Description>
          <div className="actions">
            <AlertDialog.Close className="button">{no}</AlertDialog.Close>
            <button type="button" className="button danger" onClick={onYes}>
              {yes}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
