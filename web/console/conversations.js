// @ts-check
/**
 * Finding conversations by customer, message or purchase. What was found stays in this page's memory only: a customer's number is never
 * written into the address or the browser's storage by us.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { count, relative } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { now as gatewayNow } from "./clock.js";
import { badge, copyable, empty, failure, ms, page, said, table, waiting, word } from "./parts.js";
import { address, ask } from "./session.js";

/** @typedef {{ name?: string | null, wa_id?: string | null, user_id?: string | null, id?: string, locale?: string }} Customer */
/**
 * @typedef {{ number: string, home: string, customer: Customer, mode: string, window_open_until?: string | null, window_open_until_ms?: number | null,
 *   carts?: number | readonly unknown[], purchases?: number | readonly unknown[], message?: { is: string, effect_id?: string } }} Found
 */

const KINDS = /** @type {const} */ (["customer", "message", "purchase"]);
const RECENT_MAX = 12;

/** Looked at since the page was opened, newest first. @type {Found[]} */
let recent = [];
/** @typedef {{ found?: Found[], more?: number, searched?: string[], not_searched?: string[] }} Answer */

/** The last search, so that "back" finds it again. @type {{ kind: string, text: string, number: string, customer: string } | null} */
let last = null;

/** What a search shows must not outlive the session. */
export function forget() {
  recent = [];
  last = null;
}

/** What an id looks like says what it is. @param {string} text @returns {typeof KINDS[number] | null} */
export function guess(text) {
  if (/^(in:|wamid\.)/.test(text) || /^[0-9a-f]{22}\.\d+\.\d+$/.test(text)) return "message";
  if (/^[0-9a-f]{22}$/.test(text)) return "customer";
  if (/^\+?[\d\s().-]{7,20}$/.test(text) || /^[A-Z]{2}\.\w+$/.test(text)) return "customer";
  if (/^[0-9A-F]{16,40}$/.test(text) && /[A-F]/.test(text)) return "message";
  return null;
}

/** @param {import("./parts.js").Stage} stage */
export function conversations(stage) {
  const body = page(stage, { title: t("nav.conversations"), lead: t("find.lead") });
  const given = /** @type {const} */ (["message", "purchase", "customer"]).find((kind) => stage.query.has(kind));
  const start = given ? { kind: given, text: stage.query.get(given) ?? "", number: stage.query.get("number") ?? "", customer: given === "message" ? (stage.query.get("customer") ?? "") : "" } : last;
  const kind = h("select", { class: "select", id: "find-kind", dataset: { testid: "find-kind" } }, KINDS.map((one) => h("option", { value: one }, t(`find.${one}`))));
  const text = h("input", { class: "input mono", id: "find-text", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: true, placeholder: t("find.placeholder"), dataset: { testid: "find-customer" } });
  const number = h("input", { class: "input mono", id: "find-number", type: "text", inputmode: "numeric", autocomplete: "off", placeholder: t("find.any"), dataset: { testid: "find-number" } });
  const results = h("div", { class: "results", "aria-live": "polite" });
  kind.value = start?.kind ?? "customer";
  text.value = start?.text ?? "";
  number.value = start?.number ?? "";
  const customer = h("input", { class: "input mono", id: "find-of", type: "text", autocomplete: "off", value: start?.customer ?? "", placeholder: t("find.any"), dataset: { testid: "find-of" } });
  const beside = field("find-of", t("find.of"), customer);
  const suit = () => {
    beside.hidden = kind.value !== "message";
  };
  text.addEventListener("input", () => {
    kind.value = guess(text.value.trim()) ?? kind.value;
    suit();
  });
  kind.addEventListener("change", suit);
  suit();
  const form = h(
    "form",
    { class: "find", role: "search", "aria-label": t("find.title") },
    field("find-kind", t("find.by"), kind),
    field("find-text", t("find.what"), text),
    beside,
    field("find-number", t("find.number"), number),
    h("button", { type: "submit", class: "button primary", dataset: { testid: "find" } }, icon("search"), t("find.go")),
  );
  const search = async (/** @type {boolean} */ typed) => {
    const wish = { kind: kind.value, text: text.value.trim(), number: number.value.trim(), customer: kind.value === "message" ? customer.value.trim() : "" };
    if (wish.text === "") return;
    last = wish;
    replace(results, waiting());
    try {
      const answer = await ask("GET", address("/conversations", { customer: wish.customer, [wish.kind]: wish.text, number: wish.number }), undefined, stage.signal);
      if (last !== wish) return;
      show(results, answer);
      if (typed) results.querySelector("a")?.focus();
    } catch (error) {
      if (!stage.signal.aborted) replace(results, failure(error, () => void search(false)));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void search(true);
  });
  body.append(form, h("p", { class: "tiny muted" }, t("find.private")), results);
  if (start) void search(false);
  else if (recent.length > 0) results.append(h("h2", null, t("find.recent")), list(recent, t("find.recent")));
  else results.append(empty("search", t("find.empty"), t("find.empty.more")));
}

/** @param {string} id @param {string} label @param {HTMLElement} control */
function field(id, label, control) {
  return h("div", { class: "field" }, h("label", { for: id }, label), control);
}

/** @param {HTMLElement} results @param {Answer} answer */
function show(results, answer) {
  const found = answer.found ?? [];
  const where = looked(answer);
  if (found.length === 0) {
    replace(results, empty("search", t("find.none"), t("find.none.more")), where);
    return;
  }
  const homes = new Set(found.map((one) => one.home));
  recent = [...found, ...recent.filter((one) => !homes.has(one.home))].slice(0, RECENT_MAX);
  const title = t("find.found", { count: found.length });
  const more = answer.more ? h("p", { class: "small muted" }, t("find.more", { count: answer.more })) : null;
  replace(results, h("h2", null, title), list(found, title), more, where);
}

/** Where it was looked for, and where not: what was not looked at is not "not there". @param {Answer} answer */
function looked(answer) {
  const line = (/** @type {string} */ sign, /** @type {string} */ key, /** @type {string[] | undefined} */ places) =>
    (places ?? []).map((place) => h("li", { class: "row" }, icon(sign), h("span", null, t(key), " ", said(place))));
  return h("ul", { class: "looked small muted" }, line("check", "find.looked", answer.searched), line("info", "find.not_looked", answer.not_searched));
}

/** @param {Found[]} rows @param {string} caption */
function list(rows, caption) {
  const shown = table({
    caption,
    rows,
    key: (one) => one.home,
    testid: "conversation-row",
    columns: [
      { head: t("col.customer"), cell: (one) => [h("a", { href: `#/conversation/${encodeURIComponent(one.home)}`, class: "row-link" }, who(one.customer)), one.message ? [" ", badge(one.message.is === "not_recorded" ? "" : "info", word("is", one.message.is))] : null].flat() },
      { head: t("col.number"), cell: (one) => copyable(one.number, 20) },
      { head: t("col.mode"), cell: (one) => mode(one.mode) },
      { head: t("col.window"), cell: (one) => windowState(one) },
      { head: t("col.carts"), end: true, cell: (one) => h("span", { class: "number" }, howMany(one.carts)) },
      { head: t("col.purchases"), end: true, cell: (one) => h("span", { class: "number" }, howMany(one.purchases)) },
      { head: t("col.conversation"), cell: (one) => copyable(one.home, 14) },
    ],
  });
  return h("div", { class: "panel table-wrap" }, shown);
}

/** @param {number | readonly unknown[] | undefined} value */
function howMany(value) {
  return count(typeof value === "number" ? value : (value?.length ?? 0));
}

/** A customer as far as this role may see. @param {Customer | undefined} customer */
export function who(customer) {
  return customer?.name || customer?.wa_id || customer?.user_id || t("customer.unknown");
}

/** @param {string} mode */
export function mode(mode) {
  return badge(mode === "human" ? "accent" : "", word("mode", mode), mode === "human" ? "person" : "bolt");
}

/** @param {{ window_open_until?: string | null, window_open_until_ms?: number | null }} one */
export function windowState(one) {
  const until = ms(one.window_open_until_ms ?? one.window_open_until);
  const now = gatewayNow();
  if (until === null || until <= 0) return badge("", t("window.never"), "clock");
  const time = relative(until, now);
  return until > now ? badge("ok", t("window.open", { time }), "clock") : badge("warn", t("window.closed", { time }), "clock");
}
