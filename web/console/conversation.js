// @ts-check
/**
 * One conversation: who, until when, carts side by side, purchases, what is on its way, and the timeline.
 * @module
 */

import { h, icon } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { mode, who, windowState } from "./conversations.js";
import { laneItems } from "./lanes.js";
import { journal } from "./journal.js";
import { badge, cash, copyable, empty, facts, instant, page, panel, table, times, waiting, word } from "./parts.js";
import { fresh } from "./refresh.js";
import { ask, session } from "./session.js";
import { timeline } from "./timeline.js";

/** @typedef {{ amount: string, currency: string }} Money */
/** @typedef {{ retailer_id: string, title?: string, quantity: number, unit_price: Money }} Line */
/** @typedef {{ device: string, revision: number, lines: Line[], total: Money }} Cart */
/**
 * @typedef {{ purchase_id: string, state: string, total: Money, merchant_order_id?: string, payment_url?: string, payment_host?: string, tracking_url?: string,
 *   review?: string, device?: string, source?: string, attempts?: number, confirmed_at?: string, lines?: Line[] }} Purchase
 */
/**
 * @typedef {{ customer: import("./conversations.js").Customer, home?: string, number?: string, merchant?: string, mode: string, revision?: number, window_open_until: string,
 *   carts: Cart[], purchases: Purchase[], timeline: import("./timeline.js").Entry[], lanes?: import("./lanes.js").OwnLane[] }} Conversation
 */

/** Good ends, bad ends and what needs a person; everything else is on its way. @type {Record<string, import("./parts.js").Tone>} */
const TONES = { accepted: "ok", paid: "ok", delivered: "ok", declined: "danger", payment_failed: "danger", charged_back: "danger", needs_review: "danger", in_doubt: "warn", awaiting_payment: "info", expired: "warn", cancelled: "warn", refunded: "warn" };

/** @param {import("./parts.js").Stage} stage */
export function conversation(stage) {
  const home = stage.args[0] ?? "";
  const path = `/conversations/${encodeURIComponent(home)}`;
  const tools = h("a", { class: "button small", href: `#/live?conversation=${encodeURIComponent(home)}` }, icon("pulse"), t("conversation.live"));
  const body = page(stage, { title: t("conversation.title"), lead: copyable(home, 30), back: ["#/conversations", t("nav.conversations")], tools });
  const about = h("div", { class: "about" }, waiting());
  const told = timeline(stage);
  const recorded = journal(stage, path);
  recorded.hidden = true;
  body.append(about, told.panel, recorded);
  const live = fresh({
    signal: stage.signal,
    into: about,
    load: (signal) => ask("GET", path, undefined, signal),
    paint: (/** @type {Conversation} */ seen) => {
      named(stage, seen);
      recorded.hidden = false;
      told.show(seen.timeline ?? [], seen.purchases ?? []);
      return [head(seen), carts(seen.carts ?? []), purchases(seen.purchases ?? []), lanes(seen.lanes ?? [])];
    },
  });
  stage.main.querySelector(".tools")?.append(live.button);
}

/** The heading says who, once it is known; the title does not, because browsers write titles into their history. @param {import("./parts.js").Stage} stage @param {Conversation} seen */
function named(stage, seen) {
  const title = stage.main.querySelector("h1");
  const name = who(seen.customer);
  if (title && title.textContent !== name) title.textContent = name;
}

/** @param {Conversation} seen */
function head(seen) {
  const customer = seen.customer ?? {};
  const masked = session()?.sees_personal_data ? null : badge("", t("role.masked"), "eye");
  return h(
    "section",
    { class: "panel pad", "aria-label": t("conversation.about") },
    h("div", { class: "row wrap chips" }, mode(seen.mode), windowState(seen), masked),
    facts([
      customer.wa_id ? [t("customer.wa_id"), copyable(customer.wa_id, 24)] : null,
      customer.user_id ? [t("customer.user_id"), copyable(customer.user_id, 24)] : null,
      customer.locale ? [t("customer.locale"), customer.locale] : null,
      seen.number ? [t("col.number"), copyable(seen.number, 24)] : null,
      seen.merchant ? [t("col.merchant"), seen.merchant] : null,
      [t("conversation.window"), instant(seen.window_open_until)],
      seen.revision !== undefined && [t("conversation.revision"), h("span", { class: "number" }, count(seen.revision))],
    ]),
  );
}

/** @param {Cart[]} carts */
function carts(carts) {
  const shown = carts.length > 0 ? h("div", { class: "carts" }, carts.map(cart)) : empty("cart", t("carts.none"));
  return panel({ title: t("conversation.carts") }, h("div", { class: "panel-body" }, shown));
}

/** @param {Cart} cart */
function cart(cart) {
  const device = word("device", cart.device);
  const sign = { android: "android", ios: "ios" }[cart.device] ?? "web";
  return h(
    "article",
    { class: "cart", "aria-label": t("cart.of", { device }), dataset: { testid: "cart", key: cart.device } },
    h("header", { class: "row between" }, h("h3", { class: "row" }, icon(sign), device), h("span", { class: "tiny muted number" }, t("cart.revision", { revision: cart.revision }))),
    cart.lines.length > 0 ? lines(cart.lines, t("cart.of", { device })) : h("p", { class: "muted small" }, t("cart.empty")),
    h("p", { class: "total" }, h("span", null, t("cart.total")), cash(cart.total)),
  );
}

/** @param {Line[]} rows @param {string} caption */
function lines(rows, caption) {
  return table({
    caption,
    rows,
    key: (line) => line.retailer_id,
    columns: [
      { head: t("col.product"), cell: (line) => [line.title ? h("span", null, line.title, " ") : null, h("code", null, line.retailer_id)] },
      { head: t("col.quantity"), end: true, cell: (line) => h("span", { class: "number" }, String(line.quantity)) },
      { head: t("col.each"), end: true, cell: (line) => cash(line.unit_price) },
      { head: t("col.sum"), end: true, cell: (line) => cash(times(line.unit_price, line.quantity)) },
    ],
  });
}

/** @param {Purchase[]} purchases */
function purchases(purchases) {
  const shown = purchases.length > 0 ? h("div", { class: "purchases" }, purchases.map(purchase)) : empty("bag", t("purchases.none"));
  return panel({ title: t("conversation.purchases") }, h("div", { class: "panel-body" }, shown));
}

/** @param {string} state */
export function purchaseState(state) {
  return badge(TONES[state] ?? "info", word("purchase", state));
}

/** @param {Purchase} one */
function purchase(one) {
  return h(
    "article",
    { class: "purchase", "aria-label": t("purchase.of", { id: one.merchant_order_id ?? one.purchase_id }), dataset: { testid: "purchase", key: one.purchase_id } },
    h("header", { class: "row between wrap" }, h("h3", { class: "row wrap" }, one.merchant_order_id ?? copyable(one.purchase_id, 14), purchaseState(one.state)), h("span", { class: "strong" }, cash(one.total))),
    one.review ? h("p", { class: "notice danger" }, icon("warning"), h("span", { lang: "en" }, one.review)) : null,
    facts([
      [t("purchase.id"), copyable(one.purchase_id, 22)],
      one.payment_url || one.payment_host ? [t("purchase.payment"), h("code", null, one.payment_host ?? host(one.payment_url))] : null,
      one.tracking_url ? [t("purchase.tracking"), h("code", null, host(one.tracking_url))] : null,
      one.device ? [t("purchase.device"), word("device", one.device)] : null,
      one.source ? [t("purchase.source"), word("source", one.source)] : null,
      one.attempts !== undefined && [t("col.attempts"), h("span", { class: "number" }, count(one.attempts))],
      one.confirmed_at ? [t("purchase.confirmed"), instant(one.confirmed_at)] : null,
    ]),
    one.lines && one.lines.length > 0 ? lines(one.lines, t("purchase.of", { id: one.merchant_order_id ?? one.purchase_id })) : null,
  );
}

/** The host of a link: the rest of it may pay. @param {string | undefined} url */
export function host(url) {
  const masked = /^\[link to (.+)\]$/.exec(url ?? "");
  if (masked?.[1]) return masked[1];
  try {
    return new URL(url ?? "").host;
  } catch {
    return "—";
  }
}

/** @param {import("./lanes.js").OwnLane[]} own */
function lanes(own) {
  const busy = own.filter((lane) => lane.items.length > 0);
  const shown = busy.length > 0 ? busy.map((lane) => h("div", { dataset: { key: lane.kind } }, h("h3", { class: "lane-name" }, word("lane", lane.kind)), h("div", { class: "table-wrap" }, laneItems(lane)))) : empty("lanes", t("lanes.quiet"), t("lanes.quiet.more"));
  return panel({ title: t("conversation.lanes") }, shown);
}
