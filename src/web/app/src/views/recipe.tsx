// SPDX-License-Identifier: LGPL-2.1-or-later
import { Dialog } from "@base-ui/react/dialog";

import { useRecipe } from "@rbee/hive-react";
import type { CatalogWorker, RecipeChoice } from "@rbee/hive-sdk";

import { _, format, hiveWords } from "../i18n.ts";
import { DialogHead } from "../parts/dialog-head.tsx";
import { Notice } from "../parts/notice.tsx";
import { InstallChoice } from "./install-choice.tsx";
import "./recipe.css";

/** A recipe's line: what is said to people looks different from what is done. */
function RecipeLine({ text }: { text: string }) {
  const comment = /^\s*#/.test(text);
  const name = !comment && /^([A-Za-z_]\w*)(\+?=|\s*\(\))/.exec(text);

  if (comment) return <span className="recipe-comment">{text}</span>;
  if (!name) return text;
  return (
    <>
      <b>{name[1]}</b>
      {text.slice(name[1]!.length)}
    </>
  );
}

export interface RecipeProps {
  id: string;
  /** As the catalog has it, if it does. */
  worker: CatalogWorker | undefined;
  choice: RecipeChoice;
  onChoice: (choice: RecipeChoice) => void;
  onClose: () => void;
}

export default function Recipe({ id, worker, choice, onChoice, onClose }: RecipeProps) {
  const { data: recipe, error } = useRecipe(id, choice);

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog recipe">
          <DialogHead
            title={format(_("Recipe of {worker}"), { worker: worker?.name || id })}
            description={_("What the hive runs, in a sandbox, to build and install this worker.")}
          />
          {worker && (
            <div className="recipe-choice">
              <InstallChoice worker={worker} choice={choice} onChoice={onChoice} />
            </div>
          )}
          {error && <Notice tone="bad" title={hiveWords(error.message)} urgent />}
          <pre className="recipe-text" tabIndex={0} aria-label={_("The recipe")}>
            {recipe
              ?.trimEnd()
              .split("\n")
              .map((line, index) => (
                <code key={index}>
                  <RecipeLine text={line} />
                  {"\n"}
                </code>
              ))}
          </pre>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
