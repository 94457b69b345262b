// @ts-check
/**
 * Templates: the emulator has no library of their texts, so the name and what was filled in is shown, with every button a person can tap.
 * @module
 */

import { h, icon } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { detailsOf } from "./order.js";
import { file, outLink, picture, reply, text } from "./pieces.js";
import { card, catalogOf, shelves } from "./products.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function template(message, context) {
  const { template } = message.payload;
  const components = template?.components ?? [];
  const name = h("div", { class: "row overline" }, icon("tag"), t("chat.template", { name: template?.name ?? "", language: template?.language?.code ?? "" }));
  /** @type {import("../../shared/dom.js").Child[]} */
  const body = [name];
  /** @type {import("../../shared/dom.js").Child[]} */
  const actions = [];
  for (const component of components) {
    const drawn = part(component, message, context);
    body.push(...[drawn.body].flat());
    actions.push(...[drawn.actions].flat());
  }
  actions.push(...message.buttons.map((button) => reply(button, message, context)));
  return { body, actions, wide: components.some((/** @type {any} */ one) => String(one.type).toLowerCase() === "carousel") };
}

/** @param {any} component @param {Message} message @param {Context} context @returns {Drawn} */
function part(component, message, context) {
  switch (String(component.type).toLowerCase()) {
    case "header":
    case "body":
      return { body: (component.parameters ?? []).map((/** @type {any} */ one) => parameter(one, context)) };
    case "button":
      return button(component, message, context);
    case "carousel":
      return { actions: h("ul", { class: "slides", "aria-label": t("chat.carousel"), tabindex: "0" }, (component.cards ?? []).map((/** @type {any} */ one) =>
        h("li", { class: "slide" }, (one.components ?? []).flatMap((/** @type {any} */ inner) => [part(inner, message, context).body].flat())))) };
    default:
      return {};
  }
}

/** @param {any} one @param {Context} context */
function parameter(one, context) {
  if (one.type === "product") return card(one.product?.product_retailer_id ?? "", context);
  if (one.type === "image") return picture(one.image?.link, t("chat.picture"), context.world) ?? file("image", t("chat.picture"));
  if (one.type === "video") return file("play", t("chat.video"));
  if (one.type === "document") return file("document", one.document?.filename ?? t("chat.document"));
  return text(one.text ?? one.currency?.fallback_value ?? one.date_time?.fallback_value, context.world);
}

/** @param {any} component @param {Message} message @param {Context} context @returns {Drawn} */
function button(component, message, context) {
  const [first] = component.parameters ?? [];
  const action = first?.action ?? {};
  switch (String(component.sub_type).toLowerCase()) {
    case "catalog":
      return { actions: catalogOf(action.thumbnail_product_retailer_id, [], context).actions };
    case "mpm":
      return { actions: shelves(action.sections ?? [], [], context).actions };
    case "order_details":
      return detailsOf(action.order_details ?? {}, [], message, context);
    case "url":
      return /^https?:/.test(String(first?.text ?? "")) ? { actions: outLink(t("chat.open_link"), first.text, context.world) } : {};
    default:
      return {};
  }
}
