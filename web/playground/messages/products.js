// @ts-check
/**
 * Native product messages: one product, a list with shelves, the whole catalog, carousels. What a person adds goes into the
 * WhatsApp cart of this device, which no business sees until it is sent.
 * @module
 */

import { h, icon, replace } from "../../shared/dom.js";
import { money } from "../../shared/format.js";
import { t } from "../../shared/i18n.js";
import { header, opener, outLink, picture, reply, text, words } from "./pieces.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */
/** @typedef {import("./pieces.js").Product} Product */

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function product(message, context) {
  const { interactive } = message.payload;
  return { body: [card(interactive.action?.product_retailer_id ?? "", context), ...words(interactive, context.world)] };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function productList(message, context) {
  const { interactive } = message.payload;
  return shelves(interactive.action?.sections ?? [], [header(interactive.header, context.world), ...words(interactive, context.world)], context);
}

/**
 * @param {any[]} sections
 * @param {import("../../shared/dom.js").Child[]} body
 * @param {Context} context
 * @returns {Drawn}
 */
export function shelves(sections, body, context) {
  const ids = sections.flatMap((section) => (section.product_items ?? []).map((/** @type {any} */ item) => String(item.product_retailer_id)));
  const known = ids.filter((id) => context.world.catalog.has(id));
  const faces = known.slice(0, 4).map((id) => picture(context.world.catalog.get(id)?.image_url, "", context.world, "face"));
  const open = () =>
    context.sheet(t("chat.products"), (sheet) => {
      for (const section of sections) {
        sheet.append(h("section", { class: "rows" }, section.title ? h("h3", { class: "overline" }, section.title) : null,
          (section.product_items ?? []).map((/** @type {any} */ item) => line(String(item.product_retailer_id), context))));
      }
    });
  return { body: [h("div", { class: "faces" }, faces), ...body, h("div", { class: "foot" }, t("chat.items", { count: known.length }))], actions: opener("bag", t("chat.see_items"), open, "open-products") };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function catalog(message, context) {
  const { interactive } = message.payload;
  const thumbnail = interactive.action?.parameters?.thumbnail_product_retailer_id;
  return catalogOf(thumbnail, words(interactive, context.world), context);
}

/** @param {string | undefined} thumbnail @param {import("../../shared/dom.js").Child[]} body @param {Context} context @returns {Drawn} */
export function catalogOf(thumbnail, body, context) {
  const face = thumbnail ? context.world.catalog.get(thumbnail) : [...context.world.catalog.values()][0];
  const open = () =>
    context.sheet(t("chat.catalog"), (sheet) => {
      sheet.append(h("section", { class: "rows" }, [...context.world.catalog.keys()].map((id) => line(id, context))));
    });
  return { body: [picture(face?.image_url, face?.title ?? "", context.world), ...body], actions: opener("store", t("chat.view_catalog"), open, "open-catalog") };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function carousel(message, context) {
  const { interactive } = message.payload;
  const cards = (interactive.action?.cards ?? []).map((/** @type {any} */ one) => {
    const { action = {} } = one;
    if (action.product_retailer_id) return h("li", { class: "slide" }, card(action.product_retailer_id, context));
    return h("li", { class: "slide" },
      header(one.header, context.world), text(one.body?.text, context.world),
      action.parameters?.url ? outLink(action.parameters.display_text, action.parameters.url, context.world) : null,
      (action.buttons ?? []).map((/** @type {any} */ button) => reply(button.quick_reply ?? button, message, context)));
  });
  return { body: words(interactive, context.world), actions: h("ul", { class: "slides", "aria-label": t("chat.carousel"), tabindex: "0" }, cards), wide: true };
}

/** A product as a card; it follows the catalog. @param {string} id @param {Context} context */
export function card(id, context) {
  return following(id, context, "product-card", (known) => [
    picture(known?.image_url, "", context.world) ?? h("div", { class: "picture missing" }, icon("bag")),
    h("div", { class: "stack tight" }, h("span", { class: "strong" }, known?.title ?? id), priceOf(known)),
  ]);
}

/** A product as a line of a sheet. @param {string} id @param {Context} context */
export function line(id, context) {
  return following(id, context, "product-line", (known) => [
    picture(known?.image_url, "", context.world, "face") ?? h("div", { class: "face missing" }, icon("bag")),
    h("div", { class: "grow stack tight" },
      h("span", { class: "strong" }, known?.title ?? id),
      known?.description ? h("span", { class: "small muted clamp" }, known.description) : null,
      priceOf(known)),
  ]);
}

/**
 * Painted again only when the product looks different.
 * @param {string} id
 * @param {Context} context
 * @param {string} style
 * @param {(known: Product | undefined) => import("../../shared/dom.js").Child[]} parts
 */
function following(id, context, style, parts) {
  const { native, world } = context;
  const node = h("div", { class: style, dataset: { product: id } });
  const add = adder(id, context);
  let shown = "";
  const paint = () => {
    const known = world.catalog.get(id);
    const now = JSON.stringify(known ?? null);
    if (now === shown) return;
    shown = now;
    const had = add.contains(document.activeElement) ? document.activeElement : null;
    replace(node, parts(known), add);
    if (had instanceof HTMLElement) had.focus();
  };
  paint();
  native.watch(node, paint);
  return node;
}

/** @param {Product | undefined} known */
function priceOf(known) {
  if (!known) return h("span", { class: "small muted" }, t("chat.not_in_catalog"));
  return h("span", { class: "money" }, money(known.price));
}

/** @param {Product | undefined} known */
const soldOut = (known) => !known || (known.availability !== undefined && known.availability !== "in_stock" && known.availability !== "in stock");

/** Puts into the device's WhatsApp cart; a stepper once it is in. @param {string} id @param {Context} context */
function adder(id, context) {
  const { native, world } = context;
  const box = h("div", { class: "adder" });
  const set = (/** @type {number} */ quantity) => context.perform(() => native.set(id, quantity));
  const paint = () => {
    const known = world.catalog.get(id);
    const quantity = native.quantity(id);
    const focused = box.contains(document.activeElement);
    if (quantity > 0) replace(box, stepper(quantity, known?.title ?? id, set));
    else if (soldOut(known)) replace(box, h("span", { class: "badge warn" }, icon("block"), t("chat.sold_out")));
    else {
      replace(box, h("button", {
        type: "button", class: "button small", dataset: { testid: "product-add", product: id }, onclick: () => set(1),
        "aria-label": t("chat.add_named", { title: known?.title ?? id }),
      }, icon("plus"), h("span", null, t("chat.add"))));
    }
    if (focused) /** @type {HTMLElement | null} */ (box.querySelector("button:last-of-type"))?.focus();
  };
  paint();
  native.watch(box, paint);
  return box;
}

/** @param {number} quantity @param {string} title @param {(quantity: number) => void} set */
export function stepper(quantity, title, set) {
  return h("div", { class: "stepper", role: "group", "aria-label": t("chat.quantity_of", { title }) },
    h("button", { type: "button", class: "icon-button", dataset: { testid: "less" }, "aria-label": t("chat.less", { title }), onclick: () => set(quantity - 1) }, icon(quantity === 1 ? "trash" : "minus")),
    h("output", { class: "number", dataset: { testid: "quantity" } }, quantity),
    h("button", { type: "button", class: "icon-button", dataset: { testid: "more" }, "aria-label": t("chat.more", { title }), disabled: quantity >= 99, onclick: () => set(quantity + 1) }, icon("plus")));
}
