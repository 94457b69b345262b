// @ts-check
/**
 * The drawer of WhatsApp's own cart on one device: lines, quantities, what the client noticed, and sending it as an order. It is not
 * modal: prices can be changed beside it and the notices appear.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { money } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { picture } from "./messages/pieces.js";
import { stepper } from "./messages/products.js";

/** @typedef {import("./messages/pieces.js").Context} Context */

export class CartDrawer {
  /** @param {Context} context @param {HTMLElement} opener the button that opens it */
  constructor(context, opener) {
    this.context = context;
    this.opener = opener;
    this.body = h("div", { class: "drawer-body" });
    this.foot = h("div", { class: "drawer-foot" });
    this.title = h("h3", null);
    this.closer = h("button", { type: "button", class: "icon-button", dataset: { testid: "close" }, onclick: () => this.close() }, icon("close"));
    this.root = h("dialog", { class: "drawer", dataset: { testid: "cart-drawer" } }, h("div", { class: "sheet-head" }, this.title, this.closer), this.body, this.foot);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  get isOpen() {
    return this.root.open;
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  open() {
    this.root.show();
    this.opener.setAttribute("aria-expanded", "true");
    this.paint();
    this.closer.focus();
    void this.context.native.load();
  }

  close() {
    if (!this.isOpen) return;
    this.root.close();
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus();
    const { world, view, native } = this.context;
    if ((native.cart.notice ?? []).length > 0) void world.cart(view.phone, view.device, true).then((cart) => native.take({ ...cart, notice: [] }), () => undefined);
  }

  paint() {
    if (!this.isOpen) return;
    const { native, view } = this.context;
    const { items, total, notice = [] } = native.cart;
    const title = t("cart.title", { device: t(`device.${view.device}`) });
    this.title.textContent = title;
    this.root.setAttribute("aria-label", title);
    this.closer.setAttribute("aria-label", t("control.close"));
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const again = this.body.contains(focused) ? { id: focused?.closest("[data-product]")?.getAttribute("data-product"), testid: focused?.dataset["testid"] } : null;
    replace(this.body,
      h("div", { class: "stack", role: "status" }, notice.map((one) => h("div", { class: "notice warn", dataset: { testid: "cart-notice" } }, icon("info"), h("span", null, this.noticed(one))))),
      items.length === 0 ? h("div", { class: "empty" }, icon("cart"), h("p", null, t("cart.empty"))) : h("ul", { class: "rows" }, items.map((item) => h("li", null, this.line(item)))));
    replace(this.foot,
      total ? h("div", { class: "total" }, h("span", null, t("order.total")), h("span", { class: "money" }, money(total))) : null,
      h("button", { type: "button", class: "button primary", disabled: items.length === 0, dataset: { testid: "cart-send" }, onclick: () => this.send() }, icon("send"), h("span", null, t("cart.send"))),
      h("p", { class: "tiny muted" }, t("cart.private")));
    if (again) {
      const row = again.id ? this.body.querySelector(`[data-product="${CSS.escape(again.id)}"]`) : null;
      const same = /** @type {HTMLElement | null} */ (row?.querySelector(`[data-testid="${again.testid ?? ""}"]`));
      (same ?? this.closer).focus();
    }
  }

  /** @param {import("./world.js").NativeCart["items"][number]} item */
  line(item) {
    const { world, native } = this.context;
    const known = world.catalog.get(item.retailer_id);
    const title = item.title ?? known?.title ?? item.retailer_id;
    const price = item.price ?? known?.price;
    return h("div", { class: "product-line", dataset: { product: item.retailer_id } },
      picture(item.image_url ?? known?.image_url, "", world, "face") ?? h("div", { class: "face missing" }, icon("bag")),
      h("div", { class: "grow stack tight" }, h("span", { class: "strong" }, title), price ? h("span", { class: "money" }, money(price)) : null),
      stepper(Number(item.quantity ?? 1), title, (quantity) => this.context.perform(() => native.set(item.retailer_id, quantity))));
  }

  send() {
    const { world, view, native, perform } = this.context;
    perform(async () => {
      const sending = world.order(view.phone, view.device);
      this.close();
      await sending;
      await native.load();
    });
  }

  /** @param {NonNullable<import("./world.js").NativeCart["notice"]>[number]} one */
  noticed({ retailer_id, title, what, from, to }) {
    const currency = this.context.native.cart.items.find((item) => item.retailer_id === retailer_id)?.price?.currency ?? this.context.world.catalog.get(retailer_id)?.price.currency;
    const shown = (/** @type {any} */ value) => {
      if (value && typeof value === "object" && "amount" in value) return money(value);
      return what === "price" && currency ? money({ amount: String(value), currency }) : String(value ?? "");
    };
    return t(`cart.notice.${what}`, { title: title ?? retailer_id, from: shown(from), to: shown(to) });
  }
}
