// @ts-check
/**
 * Lanes: what waits to be sent or asked, toward whom, since when, and why.
 * @module
 */

import { h, icon } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { LATE_MS } from "./health.js";
import { ago, badge, copyable, empty, page, span, table, waiting, word } from "./parts.js";
import { fresh } from "./refresh.js";
import { address, ask } from "./session.js";

/** @typedef {{ effect_id: string, word: string, phase: string, attempts: number, due_ms?: number | null, at_ms?: number | null }} Item */
/** @typedef {{ kind: string, items: Item[] }} OwnLane */
/**
 * @typedef {{ home: string, kind: string, due_ms?: number | null, late_ms?: number | null, leased?: boolean, length?: number, merchant?: string | null, number?: string | null, waits_ms?: number, head?: Item | null }} Lane
 */
/** @typedef {{ lanes: Lane[], totals?: { total?: number | null, due?: number | null, unread_shards?: number }, next_cursor?: string }} Page */

/** @param {import("./parts.js").Stage} stage */
export function lanes(stage) {
  const body = page(stage, { title: t("nav.lanes"), lead: t("lanes.lead") });
  const cursor = stage.query.get("cursor");
  body.append(waiting());
  const live = fresh({
    signal: stage.signal,
    into: body,
    load: (signal) => ask("GET", address("/lanes", { cursor }), undefined, signal),
    paint: (/** @type {Page} */ seen) => [totals(seen.totals ?? {}), list(seen.lanes), pager("#/lanes", cursor, seen.next_cursor)],
  });
  stage.main.querySelector(".tools")?.append(live.button);
}

/** @param {NonNullable<Page["totals"]>} seen */
function totals({ total, due, unread_shards: unread }) {
  const figure = (/** @type {string} */ name, /** @type {number | null | undefined} */ value) =>
    typeof value === "number" ? h("div", { class: "figure", dataset: { key: name } }, h("span", { class: "figure-name" }, t(`total.${name}`)), h("span", { class: "figure-value number" }, count(value))) : null;
  const warning = unread ? h("p", { class: "notice warn" }, icon("warning"), h("span", null, t("lanes.unread", { count: unread }))) : null;
  return h("div", { class: "stack" }, h("div", { class: "figures" }, figure("total", total), figure("due", due)), warning);
}

/** @param {Lane[]} rows */
function list(rows) {
  if (rows.length === 0) return h("div", { class: "panel" }, empty("lanes", t("lanes.none"), t("lanes.none.more")));
  const shown = table({
    caption: t("nav.lanes"),
    rows,
    key: (lane) => `${lane.home} ${lane.kind}`,
    testid: "lane-row",
    columns: [
      { head: t("col.conversation"), cell: (lane) => h("span", { class: "row" }, h("a", { class: "row-link mono", href: `#/conversation/${encodeURIComponent(lane.home)}`, title: lane.home }, short(lane.home))) },
      { head: t("col.toward"), cell: (lane) => [word("to", lane.kind), lane.merchant ? h("span", { class: "small muted" }, ` ${lane.merchant}`) : null] },
      { head: t("col.waits"), cell: (lane) => [lane.head ? effectWords(lane.head.word) : "—", (lane.length ?? 1) > 1 ? h("span", { class: "small muted" }, ` ${t("lanes.more", { count: (lane.length ?? 1) - 1 })}`) : null] },
      { head: t("col.why"), cell: (lane) => why(lane) },
      { head: t("col.late"), end: true, cell: (lane) => lag(lane.late_ms) },
      { head: t("col.age"), end: true, cell: (lane) => (lane.waits_ms ? span(lane.waits_ms) : "—") },
      { head: t("col.attempts"), end: true, cell: (lane) => h("span", { class: "number" }, count(lane.head?.attempts ?? 0)) },
      { head: t("col.effect"), cell: (lane) => copyable(lane.head?.effect_id, 14) },
    ],
  });
  return h("div", { class: "panel table-wrap" }, shown);
}

/** @param {string} id */
function short(id) {
  return id.length > 14 ? `${id.slice(0, 12)}…` : id;
}

/** An effect in words: `send:menu` is a message, `forward` a purchase. @param {string} raw */
export function effectWords(raw) {
  const [kind = "", ...rest] = raw.split(":");
  const what = rest.join(":");
  if (kind === "send" && what) return t("effect.send_of", { message: word("message", what) });
  const asEffect = word("effect", raw);
  return asEffect === raw ? word("message", raw) : asEffect;
}

/** Who waits for what. @param {Lane} lane */
function why(lane) {
  const merchant = lane.kind.startsWith("m");
  const phase = lane.head?.phase ?? "queued";
  if (phase === "unknown") return badge("warn", t(merchant ? "why.unknown.merchant" : "why.unknown.provider"));
  if (lane.leased || phase === "started") return badge("info", t(merchant ? "why.leased.merchant" : "why.leased.provider"), "arrow-right");
  if ((lane.head?.attempts ?? 0) > 0) return badge("warn", t("why.again"));
  return badge("", t("why.queued"), "clock");
}

/** @param {number | null | undefined} late */
function lag(late) {
  if (late === null || late === undefined || late <= 0) return h("span", { class: "muted" }, t("lanes.on_time"));
  return h("span", { class: late >= LATE_MS ? "strong warn-ink" : "" }, span(late));
}

/** What waits in one conversation's lane. @param {OwnLane} lane */
export function laneItems(lane) {
  return table({
    caption: word("lane", lane.kind),
    rows: lane.items,
    key: (item) => item.effect_id,
    testid: "lane-item",
    columns: [
      { head: t("col.waits"), cell: (item) => effectWords(item.word) },
      { head: t("col.phase"), cell: (item) => badge(item.phase === "unknown" ? "warn" : item.phase === "queued" ? "" : "info", word("phase", item.phase)) },
      { head: t("col.attempts"), end: true, cell: (item) => h("span", { class: "number" }, count(item.attempts)) },
      { head: t("col.due"), cell: (item) => ago(item.due_ms) },
      { head: t("col.since"), cell: (item) => ago(item.at_ms) },
      { head: t("col.effect"), cell: (item) => copyable(item.effect_id, 18) },
    ],
  });
}

/**
 * Forward by the gateway's cursor, back to the start.
 * @param {string} base
 * @param {string | null} cursor
 * @param {string | undefined} next
 */
export function pager(base, cursor, next) {
  const joint = base.includes("?") ? "&" : "?";
  return h(
    "nav",
    { class: "pager row", "aria-label": t("pager.label"), hidden: !cursor && !next },
    cursor ? h("a", { class: "button small", href: base }, icon("arrow-left"), t("pager.first")) : null,
    next ? h("a", { class: "button small", href: `${base}${joint}cursor=${encodeURIComponent(next)}` }, t("pager.next"), icon("arrow-right")) : null,
  );
}
