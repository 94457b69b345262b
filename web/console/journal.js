// @ts-check
/**
 * The journal of one conversation, read only when somebody opens it: event kinds, revisions, versions of the rules, digests.
 * @module
 */

import { h, replace } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { badge, copyable, empty, failure, instant, said, table, waiting, word } from "./parts.js";
import { ask } from "./session.js";

/**
 * @typedef {{ revision?: number, version?: number, event?: string | null, id?: string | null, at_ms?: number | null, parked?: string | null, stands_in?: boolean,
 *   state_digest?: string, effects_digest?: string, problem?: string }} Entry
 */

/** @param {import("./parts.js").Stage} stage @param {string} path of the conversation in the API */
export function journal(stage, path) {
  const inside = h("div", { class: "table-wrap" });
  const read = async () => {
    replace(inside, waiting());
    try {
      const answer = await ask("GET", `${path}/journal`, undefined, stage.signal);
      replace(inside, shown(answer.entries ?? []));
    } catch (error) {
      if (!stage.signal.aborted) replace(inside, failure(error, () => void read()));
    }
  };
  const details = h("details", { class: "panel" }, h("summary", null, t("journal.title"), h("span", { class: "small muted" }, ` ${t("journal.lead")}`)), inside);
  details.addEventListener("toggle", () => {
    if (details.open) void read();
  });
  return details;
}

/** @param {Entry[]} entries */
function shown(entries) {
  if (entries.length === 0) return empty("book", t("journal.none"));
  return table({
    caption: t("journal.title"),
    rows: [...entries].reverse(),
    key: (entry) => `${entry.revision} ${entry.id}`,
    testid: "journal-row",
    columns: [
      { head: t("conversation.revision"), cell: (entry) => h("span", { class: "number" }, entry.revision === undefined ? "—" : count(entry.revision)) },
      { head: t("col.event"), cell: (entry) => [entry.problem ? said(entry.problem) : entry.event ? word("event", entry.event) : t("journal.too_large"), entry.parked ? [" ", badge("warn", entry.parked)] : null].flat() },
      { head: t("col.cause_id"), cell: (entry) => copyable(entry.id, 16) },
      { head: t("col.at"), cell: (entry) => instant(entry.at_ms) },
      { head: t("journal.rules"), end: true, cell: (entry) => h("span", { class: "number" }, String(entry.version ?? "—")) },
      { head: t("journal.state"), cell: (entry) => copyable(entry.state_digest, 14) },
      { head: t("journal.effects"), cell: (entry) => copyable(entry.effects_digest, 14) },
    ],
  });
}
