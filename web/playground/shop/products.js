// @ts-check
/**
 * The shelves: every product with its price, its stock and whether it is for sale. A row that somebody writes in keeps what was written
 * when the shelves are read anew.
 * @module
 */

import { h, icon, replace } from "../../shared/dom.js";
import { get, put } from "../../shared/http.js";
import { t } from "../../shared/i18n.js";

/** @typedef {import("../world.js").World} World */
/** @typedef {{retailer_id: string, title: string, category?: string, price: {amount: string, currency: string}, availability: string, stock?: number}} ShopProduct */

/** A price as it is typed: a comma is taken for a point. */
const PRICE = /^\d{1,7}(\.\d{1,2})?$/;
const STOCK = /^\d{1,4}$/;

export class Shelves {
  constructor() {
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    this.search = h("input", { class: "input", type: "search", dataset: { testid: "shop-search" }, oninput: () => this.filter() });
    this.category = h("select", { class: "select", dataset: { testid: "shop-category" }, onchange: () => this.filter() });
    this.list = h("ul", { class: "shop-list", dataset: { testid: "shop-list" } });
    this.none = h("p", { class: "empty", hidden: true });
    this.element = h("div", { class: "stack" }, h("div", { class: "row wrap shop-filters" }, this.search, this.category), this.list, this.none);
  }

  async load() {
    const { products } = await get("/shop/products");
    this.show(products);
  }

  /** @param {ShopProduct[]} products */
  show(products) {
    const ids = new Set(products.map((product) => product.retailer_id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    for (const product of products) {
      let row = this.rows.get(product.retailer_id);
      if (!row) {
        row = new Row(product);
        this.rows.set(product.retailer_id, row);
        this.list.append(row.element);
      }
      row.show(product);
    }
    this.paintCategories(products);
    this.filter();
  }

  /** @param {ShopProduct[]} products */
  paintCategories(products) {
    const names = [...new Set(products.map((product) => product.category ?? ""))].filter(Boolean);
    const chosen = this.category.value;
    replace(this.category, h("option", { value: "" }, t("shop.category.all")), names.map((name) => h("option", { value: name }, name)));
    this.category.value = names.includes(chosen) ? chosen : "";
  }

  filter() {
    const wanted = plain(this.search.value);
    let shown = 0;
    for (const { element, product } of this.rows.values()) {
      const fits = plain(`${product.title} ${product.retailer_id}`).includes(wanted) && (this.category.value === "" || product.category === this.category.value);
      element.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    this.none.hidden = shown > 0 || this.rows.size === 0;
  }

  /** All words in the present language. */
  paint() {
    this.search.placeholder = t("shop.search");
    this.search.setAttribute("aria-label", t("shop.search"));
    this.category.setAttribute("aria-label", t("shop.category"));
    this.list.setAttribute("aria-label", t("shop.products"));
    this.none.textContent = t("shop.none");
    for (const row of this.rows.values()) row.paint();
    this.paintCategories([...this.rows.values()].map((row) => row.product));
  }
}

/** Without case and accents. @param {string} text */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

class Row {
  /** @param {ShopProduct} product */
  constructor(product) {
    this.product = product;
    const edited = () => this.edited();
    this.title = h("span", { class: "shop-title strong" });
    this.badge = h("span", { class: "badge" });
    this.price = h("input", { class: "input number shop-price", inputmode: "decimal", autocomplete: "off", size: 8, dataset: { testid: "shop-price" }, oninput: edited, onkeydown: (/** @type {KeyboardEvent} */ event) => void (event.key === "Enter" && this.save()) });
    this.onSale = h("input", { type: "checkbox", role: "switch", dataset: { testid: "shop-onsale" }, onchange: edited });
    this.onSaleWord = h("span", { class: "small" });
    this.button = h("button", { type: "button", class: "button small primary", disabled: true, dataset: { testid: "shop-save" }, onclick: () => void this.save() });
    this.name = h("input", { class: "input", maxlength: 120, dataset: { testid: "shop-name" }, oninput: edited });
    this.nameWord = h("span", { class: "label" });
    this.stock = h("input", { class: "input number", inputmode: "numeric", dataset: { testid: "shop-stock" }, oninput: edited });
    this.stockWord = h("span", { class: "label" });
    this.moreWord = h("summary", { class: "tiny muted" });
    this.said = h("p", { class: "shop-said tiny", role: "status", dataset: { testid: "shop-said" } });
    this.element = h(
      "li",
      { class: "shop-product", dataset: { testid: "shop-product", id: product.retailer_id } },
      h("div", { class: "row between" }, this.title, this.badge),
      h("div", { class: "shop-line" }, this.price, h("label", { class: "switch" }, this.onSale, this.onSaleWord), this.button),
      h("details", { class: "shop-more" }, this.moreWord, h("div", { class: "shop-fields" }, h("label", { class: "field" }, this.nameWord, this.name), h("label", { class: "field" }, this.stockWord, this.stock))),
      this.said,
    );
    this.fill();
    this.paint();
  }

  paint() {
    const { title } = this.product;
    this.title.textContent = title;
    const sold = this.product.availability !== "in_stock";
    this.badge.className = sold ? "badge danger" : "badge";
    this.badge.textContent = sold ? t("shop.soldout") : t("shop.stock.left", { count: String(this.product.stock ?? 0) });
    this.price.setAttribute("aria-label", t("shop.price", { title }));
    this.price.title = t("shop.price.hint");
    this.onSaleWord.textContent = t("shop.onsale");
    this.moreWord.textContent = t("shop.more");
    this.nameWord.textContent = t("shop.name");
    this.stockWord.textContent = t("shop.stock");
    this.button.textContent = t("shop.save");
    this.button.setAttribute("aria-label", t("shop.save.of", { title }));
  }

  /** @param {ShopProduct} product */
  show(product) {
    const untouched = this.button.disabled;
    this.product = product;
    if (untouched) this.fill();
    this.paint();
  }

  fill() {
    const { product } = this;
    this.price.value = product.price.amount;
    this.onSale.checked = product.availability === "in_stock";
    this.name.value = product.title;
    this.stock.value = String(product.stock ?? 0);
  }

  /** What differs from the shelf. @returns {Record<string, string|number>} */
  change() {
    const { product } = this;
    const price = this.price.value.trim().replace(",", ".");
    const stock = this.stock.value.trim();
    /** @type {Record<string, string|number>} */
    const change = {};
    if (price !== product.price.amount) change["price"] = price;
    if (this.name.value.trim() !== product.title) change["title"] = this.name.value.trim();
    if (stock !== String(product.stock ?? 0)) change["stock"] = stock;
    if (this.onSale.checked !== (product.availability === "in_stock")) change["availability"] = this.onSale.checked ? "in_stock" : "out_of_stock";
    return change;
  }

  edited() {
    const change = this.change();
    const badPrice = "price" in change && !PRICE.test(String(change["price"]));
    const badStock = "stock" in change && !STOCK.test(String(change["stock"]));
    this.price.setAttribute("aria-invalid", String(badPrice));
    this.stock.setAttribute("aria-invalid", String(badStock));
    if (badPrice) this.say(t("shop.bad.price"), "warning");
    else if (badStock) this.say(t("shop.bad.stock"), "warning");
    else this.say("", "");
    this.button.disabled = Object.keys(change).length === 0 || badPrice || badStock || change["title"] === "";
  }

  async save() {
    this.edited();
    if (this.button.disabled) return;
    const change = this.change();
    if ("stock" in change) change["stock"] = Number(change["stock"]);
    this.button.disabled = true;
    try {
      const saved = await put(`/shop/products/${encodeURIComponent(this.product.retailer_id)}`, change);
      this.product = saved.product;
      this.fill();
      this.paint();
      this.tell(saved.callback_status);
    } catch (problem) {
      this.edited();
      this.say(t("shop.failed", { why: problem instanceof Error ? problem.message : String(problem) }), "warning");
    }
  }

  /** What became of the callback. @param {number|null} status */
  tell(status) {
    if (status === null) return this.say(t("shop.untold"), "info");
    if (status === 0) return this.say(t("shop.unanswered"), "warning");
    const taken = status >= 200 && status < 300;
    this.say(t(taken ? "shop.told" : "shop.refusednews", { status }), taken ? "check" : "warning");
  }

  /** @param {string} text @param {string} name of the icon */
  say(text, name) {
    this.said.dataset["tone"] = name;
    if (text === "") replace(this.said);
    else replace(this.said, icon(name), h("span", null, text));
  }
}
