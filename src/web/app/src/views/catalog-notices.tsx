// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Catalog } from "@rbee/hive-sdk";

import { _, format, hiveWords, ngettext } from "../i18n.ts";
import { advice } from "../parts/advice.ts";
import { formatAgo } from "../parts/format.ts";
import { Notice } from "../parts/notice.tsx";

const isStale = (catalog: Catalog) => catalog.error_name !== "" && catalog.workers > 0;

function title(catalog: Catalog): string {
  const { name, answered_at } = catalog;

  if (isStale(catalog))
    return format(_("The catalog {name} cannot be reached: what is shown of it is as it was {when}"), {
      name,
      when: formatAgo(answered_at),
    });
  if (catalog.error_name.endsWith("CatalogUnavailable"))
    return format(_("The catalog {name} cannot be reached: its workers are not shown"), { name });
  return format(_("The catalog {name} is refused: its workers are not shown"), { name });
}

function Trouble({ catalog, again }: { catalog: Catalog; again: () => void }) {
  return (
    <Notice tone="warn" title={title(catalog)}>
      <p>{hiveWords(catalog.error_message)}</p>
      <p>{advice(catalog.error_name.slice(catalog.error_name.lastIndexOf(".") + 1), catalog.error_message)}</p>
      <div className="actions">
        <button
          type="button"
          className="button"
          onClick={again}
          aria-label={format(_("Ask again: catalog {name}"), { name: catalog.name })}
        >
          {_("Ask again")}
        </button>
      </div>
    </Notice>
  );
}

function Skipped({ catalog: { name, skipped } }: { catalog: Catalog }) {
  return (
    <Notice
      tone="warn"
      title={format(
        ngettext(
          "{count} worker of the catalog {name} is left out: its entry is not valid",
          "{count} workers of the catalog {name} are left out: their entries are not valid",
          skipped.length,
        ),
        { count: skipped.length, name },
      )}
    >
      <details>
        <summary>{_("Why")}</summary>
        <ul>
          {skipped.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </Notice>
  );
}

/** What is to be said of catalogs that did not answer as they should. */
export function CatalogNotices({ catalogs, again }: { catalogs: readonly Catalog[]; again: () => void }) {
  const troubled = catalogs.filter(({ error_name }) => error_name);
  const skipping = catalogs.filter(({ skipped }) => skipped.length > 0);

  if (troubled.length + skipping.length === 0) return null;
  return (
    <div className="catalog-notices">
      {troubled.map((catalog) => (
        <Trouble key={catalog.name} catalog={catalog} again={again} />
      ))}
      {skipping.map((catalog) => (
        <Skipped key={catalog.name} catalog={catalog} />
      ))}
    </div>
  );
}
