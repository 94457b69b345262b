// @ts-check
/**
 * The shop's purchases, newest first, and what the shopkeeper can do with each.
 * @module
 */

import { toast } from "../../shared/controls.js";
import { h, icon, replace } from "../../shared/dom.js";
import { money } from "../../shared/format.js";
import { get, post } from "../../shared/http.js";
import { t } from "../../shared/i18n.js";

/** @typedef {import("../world.js").World} World */
/** @typedef {{purchase_id: string, merchant_order_id: string, state: string, total: {amount: string, currency: string}, times_posted: number, payment_url?: string, lines: {title: string, quantity: number}[]}} ShopPurchase */

const TURNS = ["pay", "preparing", "shipped", "delivered", "cancelled", "refunded", "charged_back", "expired", "payment_failed"];
/** What usually comes next; the other turns are offered behind a fold. @type {Record<string, string[]>} */
const NEXT = {
  pending: ["pay", "cancelled", "payment_failed"],
  payment_failed: ["pay", "cancelled"],
  paid: ["preparing", "shipped", "refunded"],
  preparing: ["shipped", "refunded"],
  shipped: ["delivered", "refunded"],
  delivered: ["refunded", "charged_back"],
};
/** @type {Record<string, string>} */
const TONE = { paid: "ok", preparing: "ok", shipped: "ok", delivered: "ok", pending: "warn", payment_failed: "danger", charged_back: "danger" };

export class Purchases {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    /** @type {ShopPurchase[]} */
    this.all = [];
    this.list = h("ul", { class: "stack", dataset: { testid: "shop-purchases" } });
    this.element = this.list;
  }

  async load() {
    this.all = (await get("/shop/purchases")).purchases;
    this.paint();
  }

  paint() {
    this.list.setAttribute("aria-label", t("shop.purchases"));
    const open = new Set([...this.list.querySelectorAll("details[open]")].map((one) => one.closest("li")?.dataset["id"]));
    const focused = document.activeElement instanceof HTMLElement && this.list.contains(document.activeElement) ? document.activeElement.dataset["key"] : undefined;
    if (this.all.length === 0) return void replace(this.list, h("li", { class: "empty" }, t("shop.purchases.none")));
    const newest = this.all.toSorted((one, other) => other.merchant_order_id.localeCompare(one.merchant_order_id, "en", { numeric: true }));
    replace(this.list, newest.map((purchase) => this.item(purchase, open.has(purchase.purchase_id))));
    if (focused) [...this.list.querySelectorAll("button")].find((button) => button.dataset["key"] === focused)?.focus({ preventScroll: true });
  }

  /** @param {ShopPurchase} purchase @param {boolean} open */
  item(purchase, open) {
    const next = NEXT[purchase.state] ?? [];
    const others = TURNS.filter((turn) => !next.includes(turn));
    const page = purchase.payment_url ? this.world.local(purchase.payment_url) : "";
    return h(
      "li",
      { class: "card shop-purchase", dataset: { testid: "shop-purchase", id: purchase.purchase_id, state: purchase.state } },
      h("div", { class: "row between" }, h("span", { class: "strong" }, purchase.merchant_order_id), h("span", { class: ["badge", TONE[purchase.state]] }, t(`shop.state.${purchase.state}`)), h("span", { class: "money strong" }, money(purchase.total))),
      h("p", { class: "small" }, purchase.lines.map((line) => `${line.quantity} × ${line.title}`).join(", ")),
      h("p", { class: "tiny muted", dataset: { testid: "shop-posted", count: purchase.times_posted } }, t("shop.posted", { count: purchase.times_posted }), ` · ${purchase.purchase_id}`),
      h("div", { class: "row wrap" }, next.map((turn) => this.turn(purchase, turn, turn === "pay")), page.startsWith("/") ? h("a", { class: "button small quiet", href: page, target: "_blank", rel: "noopener", dataset: { testid: "shop-open-payment" } }, icon("external"), h("span", null, t("shop.open"))) : null),
      h("details", { open }, h("summary", { class: "tiny muted" }, t("shop.other")), h("div", { class: "row wrap shop-others" }, others.map((turn) => this.turn(purchase, turn, false)))),
    );
  }

  /** @param {ShopPurchase} purchase @param {string} turn @param {boolean} primary */
  turn(purchase, turn, primary) {
    const act = async () => {
      const what = t(`shop.do.${turn}`);
      try {
        const { callback_status: status } = await post(`/shop/purchases/${encodeURIComponent(purchase.purchase_id)}/${turn}`);
        const taken = status >= 200 && status < 300;
        toast(status === null ? t("shop.untold") : t(taken ? "shop.turned" : "shop.turned.not", { what, status }), taken ? "ok" : "warn");
      } catch (problem) {
        toast(t("shop.failed", { why: problem instanceof Error ? problem.message : String(problem) }), "danger");
      }
      await this.load();
    };
    return h("button", { type: "button", class: ["button", "small", primary && "mate"], dataset: { testid: `purchase-${turn}`, key: `${purchase.purchase_id} ${turn}` }, onclick: () => void act() }, t(`shop.do.${turn}`));
  }
}
