// @ts-check
/**
 * The parts that the console's pages are put together from: page heads, tables, badges, times, ids, failures. No page, no data.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { dateTime, duration, money, relative } from "../shared/format.js";
import { Problem } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { now as gatewayNow } from "./clock.js";

/** What attempts end in when all is well: sent, or taken by the shop. @type {ReadonlySet<string>} */
export const FINE = new Set(["done", "accepted"]);

/** @typedef {import("../shared/dom.js").Children} Children */
/** @typedef {"ok" | "warn" | "danger" | "info" | "accent" | ""} Tone */
/** @typedef {{ main: HTMLElement, args: readonly string[], query: URLSearchParams, signal: AbortSignal }} Stage */

/**
 * A word that the gateway says, in the reader's language; a word that we don't know stays as it is.
 * @param {string} family
 * @param {string | null | undefined} raw
 */
export function word(family, raw) {
  if (!raw) return "";
  const key = `${family}.${raw}`;
  const text = t(key);
  return text === key ? raw : text;
}

/**
 * The head of a page: title, and what stands beside it. Returns where the page's content goes.
 * @param {Stage} stage
 * @param {{ title: string, lead?: Children, tools?: Children, back?: [string, string] }} words
 */
export function page(stage, { title, lead, tools, back }) {
  document.title = `${title} · Sacola`;
  const body = h("div", { class: "page-body" });
  replace(
    stage.main,
    back ? h("p", { class: "crumb" }, h("a", { href: back[0] }, icon("arrow-left"), back[1])) : null,
    h("div", { class: "page-head" }, h("div", null, h("h1", { tabindex: "-1" }, title), lead ? h("p", { class: "lead" }, lead) : null), h("div", { class: "tools" }, tools)),
    body,
  );
  return body;
}

/** @type {Record<string, string>} */
const SIGNS = { ok: "check", warn: "warning", danger: "warning", info: "info" };

/** @param {Tone} tone @param {Children} text @param {string} [sign] */
export function badge(tone, text, sign) {
  const name = sign ?? SIGNS[tone];
  return h("span", { class: ["badge", tone] }, name ? icon(name) : null, text);
}

/**
 * A panel with a heading.
 * @param {{ title: string, aside?: Children, testid?: string, class?: string }} words
 * @param {...Children} children
 */
export function panel({ title, aside, testid, class: more }, ...children) {
  return h(
    "section",
    { class: ["panel", more], "aria-label": title, dataset: testid ? { testid } : {} },
    h("div", { class: "panel-head" }, h("h2", null, title), aside ? h("div", { class: "aside" }, aside) : null),
    ...children,
  );
}

/**
 * @template Row
 * @typedef {{ head: string, cell: (row: Row) => Children, end?: boolean, quiet?: boolean }} Column
 */

/**
 * A table; the first column names the row. On narrow screens rows become cards, so roles are said out loud.
 * @template Row
 * @param {{ caption: string, columns: readonly Column<Row>[], rows: readonly Row[], testid?: string, key: (row: Row) => string }} table
 */
export function table({ caption, columns, rows, testid, key }) {
  const cell = (/** @type {Row} */ row, /** @type {Column<Row>} */ column, /** @type {number} */ index) => {
    const props = { class: [column.end && "end", column.quiet && "quiet"], dataset: { label: column.head } };
    return index === 0
      ? h("th", { ...props, scope: "row", role: "rowheader" }, column.cell(row))
      : h("td", { ...props, role: "cell" }, column.cell(row));
  };
  const line = (/** @type {Row} */ row) =>
    h("tr", { role: "row", dataset: { testid, key: key(row) } }, columns.map((column, index) => cell(row, column, index)));
  const heads = columns.map((column) => h("th", { scope: "col", role: "columnheader", class: column.end ? "end" : "" }, column.head));
  return h(
    "table",
    { class: "table", role: "table" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)),
    h("tbody", { role: "rowgroup" }, rows.map(line)),
  );
}

/** Nothing here, in friendly words. @param {string} sign @param {string} title @param {Children} [text] */
export function empty(sign, title, text) {
  return h("div", { class: "empty" }, icon(sign), h("p", { class: "strong" }, title), text ? h("p", { class: "small" }, text) : null);
}

/** What went wrong, with its code. @param {unknown} error @param {() => void} [again] */
export function failure(error, again) {
  const problem = error instanceof Problem ? error : new Problem(-1, "page", error instanceof Error ? error.message : String(error));
  const words = problem.status === 0 ? t("failure.no_answer") : said(problem.detail || t("failure.unknown"));
  return h(
    "div",
    { class: "notice danger", role: "alert" },
    icon("warning"),
    h("div", { class: "grow stack tight" }, h("p", null, words), h("p", { class: "tiny" }, t("failure.code"), " ", h("code", null, problem.code))),
    again ? h("button", { type: "button", class: "button small", onclick: again }, t("do.again")) : null,
  );
}

/** While something is read. */
export function waiting() {
  return h("p", { class: "waiting", role: "status" }, t("page.loading"));
}

/** The gateway's own English sentence. @param {string} text */
export function said(text) {
  return h("span", { lang: "en" }, text);
}

/** Milliseconds of an instant, whichever form it came in. @param {string | number | null | undefined} value */
export function ms(value) {
  if (typeof value === "number") return value;
  const read = value ? Date.parse(value) : Number.NaN;
  return Number.isNaN(read) ? null : read;
}

/** An instant: how long ago, with day and time beside it. @param {string | number | null | undefined} value @param {number} [now] */
export function ago(value, now = gatewayNow()) {
  const at = ms(value);
  if (at === null || at <= 0) return h("span", { class: "muted" }, "—");
  return h("time", { datetime: new Date(at).toISOString(), title: dateTime(at) }, relative(at, now));
}

/** An instant as day and time. @param {string | number | null | undefined} value */
export function instant(value) {
  const at = ms(value);
  if (at === null || at <= 0) return h("span", { class: "muted" }, "—");
  return h("time", { class: "number", datetime: new Date(at).toISOString() }, dateTime(at));
}

/** How long, from milliseconds. @param {number} span */
export function span(span) {
  return h("span", { class: "number" }, duration(Math.max(0, span) * 1_000));
}

/** @param {{ amount: string, currency: string } | null | undefined} value */
export function cash(value) {
  return value ? h("span", { class: "money" }, money(value)) : h("span", { class: "muted" }, "—");
}

/** Money times a whole number, to the last digit. @param {{ amount: string, currency: string }} price @param {number} quantity */
export function times(price, quantity) {
  const [whole = "0", fraction = ""] = price.amount.split(".");
  const units = (BigInt(whole + fraction) * BigInt(quantity)).toString();
  const minus = units.startsWith("-") ? "-" : "";
  const digits = units.slice(minus.length).padStart(fraction.length + 1, "0");
  const cut = digits.length - fraction.length;
  return { amount: minus + digits.slice(0, cut) + (fraction ? `.${digits.slice(cut)}` : ""), currency: price.currency };
}

/** An id, short to the eye and whole to the clipboard. @param {string | null | undefined} id @param {number} [shown] */
export function copyable(id, shown = 18) {
  if (!id) return h("span", { class: "muted" }, "—");
  const short = id.length > shown ? `${id.slice(0, Math.ceil(shown / 2))}…${id.slice(-Math.floor(shown / 2))}` : id;
  const copy = h("button", { type: "button", class: "copy", title: id, "aria-label": t("do.copy", { id }), onclick: () => void toClipboard(id) }, icon("copy"));
  return h("span", { class: "id" }, h("code", { title: id }, short), copy);
}

/** @param {string} text */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("do.copied"), "ok");
  } catch {
    // The clipboard is only for secure origins; the id can still be marked and copied by hand.
    toast(t("do.not_copied", { id: text }), "warn");
  }
}

/** Terms and what they are. @param {readonly (readonly [string, Children] | null | false)[]} pairs */
export function facts(pairs) {
  const given = pairs.filter((pair) => pair !== null && pair !== false);
  return h("dl", { class: "facts" }, given.map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))));
}
