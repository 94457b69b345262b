// @ts-check
/**
 * Dead letters: groups by cause with what to do, the list of one cause, and replays of many.
 * @module
 */

import { h, icon } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { happened, toDo } from "./health.js";
import { pager } from "./lanes.js";
import { ago, copyable, empty, page, said, table, waiting, word } from "./parts.js";
import { fresh } from "./refresh.js";
import { replayMany } from "./replay.js";
import { address, ask, mayChange } from "./session.js";

/** @typedef {import("./health.js").Group} Group */
/** @typedef {{ id: string, reason: string, detail: string, merchant: string | null, conversation: string | null, at: string, source: string }} Letter */
/** @typedef {{ groups: Group[], letters: Letter[], next: string | undefined }} Seen */

/** @param {import("./parts.js").Stage} stage */
export function deadLetters(stage) {
  const reason = stage.query.get("reason");
  const cursor = stage.query.get("cursor");
  const body = page(stage, { title: t("nav.dead-letters"), lead: t("letters.lead") });
  const denial = mayChange() ? null : denied();
  const shown = h("div", { class: "page-body" }, waiting());
  if (denial) body.append(denial);
  body.append(shown);
  const live = fresh({
    signal: stage.signal,
    into: shown,
    load: (signal) => load(reason, cursor, signal),
    paint: (seen) => [
      groups(seen.groups, reason, () => live.now()),
      seen.groups.length > 0 ? list(seen.letters, reason) : h("div", { hidden: true }),
      pager(reason ? `#/dead-letters?reason=${encodeURIComponent(reason)}` : "#/dead-letters", cursor, seen.next),
    ],
  });
  stage.main.querySelector(".tools")?.append(live.button);
}

/** Why nothing can be changed here. */
export function denied() {
  return h("p", { class: "notice info", id: "read-only" }, icon("info"), h("span", null, t("role.read_only")));
}

/** @param {string | null} reason @param {string | null} cursor @param {AbortSignal} signal @returns {Promise<Seen>} */
async function load(reason, cursor, signal) {
  const [byCause, some] = await Promise.all([
    ask("GET", "/dead-letters/groups", undefined, signal),
    ask("GET", address("/dead-letters", { reason, cursor }), undefined, signal),
  ]);
  return { groups: byCause.groups ?? [], letters: some.dead_letters ?? [], next: some.next_cursor };
}

/** @param {readonly Group[]} all @param {string | null} chosen @param {() => void} changed */
function groups(all, chosen, changed) {
  if (all.length === 0) return h("div", { class: "panel" }, empty("inbox", t("letters.none"), t("letters.none.more")));
  return h("ul", { class: "groups" }, all.map((group) => card(group, group.reason === chosen, changed)));
}

/** @param {Group} group @param {boolean} isChosen @param {() => void} changed */
function card(group, isChosen, changed) {
  const all = h("button", { type: "button", class: "button small", disabled: !mayChange(), "aria-describedby": mayChange() ? null : "read-only", dataset: { testid: "group-replay", reason: group.reason } }, icon("refresh"), t("letters.replay_all"));
  all.addEventListener("click", () => void replayMany(group.reason, group.count).then((done) => done && changed()));
  return h(
    "li",
    { class: ["group", isChosen && "chosen"], dataset: { testid: "letter-group", key: group.reason } },
    h(
      "div",
      { class: "grow stack tight" },
      h(
        "h2",
        null,
        h("a", { href: isChosen ? "#/dead-letters" : `#/dead-letters?reason=${encodeURIComponent(group.reason)}`, "aria-current": isChosen ? "true" : null }, h("span", { class: "number" }, count(group.count)), " ", word("reason", group.reason)),
        " ",
        h("code", { class: "muted" }, group.reason),
      ),
      h("p", { class: "small" }, happened(group)),
      h("p", { class: "small" }, h("span", { class: "overline" }, t("letters.to_do")), " ", toDo(group)),
    ),
    h("div", { class: "group-side small" }, h("span", { class: "muted" }, t("letters.oldest"), " ", ago(group.oldest)), all),
  );
}

/** @param {Letter[]} rows @param {string | null} reason */
function list(rows, reason) {
  const title = reason ? t("letters.of", { reason: word("reason", reason) }) : t("letters.every");
  if (rows.length === 0) return h("div", { class: "panel" }, empty("inbox", t("letters.none_of"), h("a", { href: "#/dead-letters" }, t("do.all"))));
  const shown = table({
    caption: title,
    rows,
    key: (letter) => letter.id,
    testid: "letter-row",
    columns: [
      { head: t("col.letter"), cell: (letter) => h("a", { class: "row-link mono", href: `#/dead-letter/${encodeURIComponent(letter.id)}`, title: letter.id }, letter.id.length > 16 ? `${letter.id.slice(0, 14)}…` : letter.id) },
      { head: t("col.reason"), cell: (letter) => word("reason", letter.reason) },
      { head: t("col.detail"), cell: (letter) => h("span", { class: "detail" }, said(letter.detail)) },
      { head: t("col.source"), cell: (letter) => sourceWords(letter.source) },
      { head: t("col.merchant"), cell: (letter) => letter.merchant ?? h("span", { class: "muted" }, t("letters.no_merchant")) },
      { head: t("col.conversation"), cell: (letter) => (letter.conversation ? h("a", { class: "mono", href: `#/conversation/${encodeURIComponent(letter.conversation)}` }, `${letter.conversation.slice(0, 10)}…`) : copyable(null)) },
      { head: t("col.parked"), cell: (letter) => ago(letter.at) },
    ],
  });
  return h("div", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, title)), h("div", { class: "table-wrap" }, shown));
}

/** @param {string} source `webhook`, `callback:<merchant>`, `effect`, `event` or `item` */
export function sourceWords(source) {
  const [kind = "", merchant] = source.split(":");
  return merchant ? `${word("origin", kind)} · ${merchant}` : word("origin", kind);
}

