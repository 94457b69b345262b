// @ts-check
/**
 * Orders: a native cart that was sent, the details to review and pay (Brazil: Pix), and the state of an order. Drawn as a receipt; sums are
 * the message's own, nothing is computed.
 * @module
 */

import { h, icon, replace } from "../../shared/dom.js";
import { minor, money } from "../../shared/format.js";
import { t } from "../../shared/i18n.js";
import { toast } from "../../shared/controls.js";
import { header, opener, outLink, text, words } from "./pieces.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */

/** @param {string} left @param {string} right @param {string} [style] */
function entry(left, right, style = "") {
  return h("li", { class: ["entry", style] }, h("span", { class: "left" }, left), h("span", { class: "dots", "aria-hidden": "true" }), h("span", { class: "money" }, right));
}

/** The person's own cart, sent to the shop. @param {Message} message @param {Context} context @returns {Drawn} */
export function sent(message, { world }) {
  const order = message.payload?.order ?? {};
  const lines = (order.product_items ?? []).map((/** @type {any} */ item) => {
    const title = world.catalog.get(item.product_retailer_id)?.title ?? item.product_retailer_id;
    const price = money({ amount: String(item.item_price), currency: item.currency ?? "BRL" });
    return entry(`${item.quantity} × ${title}`, Number(item.quantity) > 1 ? t("order.each", { price }) : price);
  });
  return { body: [h("div", { class: "row overline own-line" }, icon("cart"), t("chat.cart_sent")), h("ul", { class: "receipt-lines" }, lines), text(order.text, world)] };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function details(message, context) {
  const { interactive } = message.payload;
  return detailsOf(interactive.action?.parameters ?? {}, [header(interactive.header, context.world), ...words(interactive, context.world)], message, context);
}

/**
 * @param {any} parameters
 * @param {import("../../shared/dom.js").Child[]} body
 * @param {Message} message
 * @param {Context} context
 * @returns {Drawn}
 */
export function detailsOf(parameters, body, message, context) {
  const currency = parameters.currency ?? "BRL";
  const sum = (/** @type {any} */ part) => money(minor(part?.value ?? 0, part?.offset ?? 100, currency));
  const order = parameters.order ?? {};
  const lines = (order.items ?? []).map((/** @type {any} */ item) => entry(`${item.quantity ?? 1} × ${item.name}`, sum(item.sale_amount ?? item.amount)));
  const extra = /** @type {const} */ (["subtotal", "shipping", "tax", "discount"])
    .filter((part) => Number(order[part]?.value ?? 0) !== 0)
    .map((part) => entry(order[part].description ?? t(`order.${part}`), (part === "discount" ? "− " : "") + sum(order[part]), "minor"));
  const until = Number(order.expiration?.timestamp ?? 0) * 1_000;
  const receipt = h("div", { class: "receipt" },
    h("div", { class: "row between" }, h("span", { class: "overline" }, t("order.number")), h("span", { class: "mono small" }, parameters.reference_id ?? "")),
    h("ul", { class: "receipt-lines" }, lines, extra),
    h("div", { class: "total" }, h("span", null, t("order.total")), h("span", { class: "money" }, sum(parameters.total_amount))),
    until > 0 ? countdown(until, context) : null);
  return { body: [...body.slice(0, 1), receipt, ...body.slice(1)], actions: (parameters.payment_settings ?? []).flatMap((/** @type {any} */ way) => pay(way, until, message, context)) };
}

/** @param {any} way @param {number} until @param {Message} message @param {Context} context @returns {import("../../shared/dom.js").Child[]} */
function pay(way, until, message, context) {
  const { world, view } = context;
  const seen = () => void world.api.post(`${world.devicePath(view.phone, view.device)}/pay`, { message_id: message.message_id }).catch(() => undefined);
  if (way.payment_link?.uri) return [outLink(t("order.pay_link"), way.payment_link.uri, world)];
  const code = way.pix_dynamic_code?.code ?? way.boleto?.digitable_line;
  if (!code) return way.offsite_card_pay ? [h("div", { class: "notice" }, t("order.card", { digits: way.offsite_card_pay.last_four_digits ?? "····" }))] : [];
  const field = h("input", { class: "code mono", readonly: true, value: code, "aria-label": t("order.code"), onfocus: () => field.select() });
  const button = opener("pix", way.pix_dynamic_code ? t("order.copy_pix") : t("order.copy_boleto"), async () => {
    seen();
    await copy(code, field);
  }, "copy-pix");
  if (until > 0) {
    const paint = () => {
      const over = world.now() >= until;
      button.toggleAttribute("disabled", over);
      button.classList.toggle("over", over);
    };
    context.every(button, paint);
  }
  return [button, field];
}

/** @param {string} code @param {HTMLInputElement} field */
async function copy(code, field) {
  try {
    await navigator.clipboard.writeText(code);
    toast(t("order.copied"), "ok");
  } catch {
    // No clipboard without a secure context or permission: the code is selected to be copied by hand.
    field.focus();
    field.select();
    toast(t("order.select"), "warn");
  }
}

/** @param {number} until @param {Context} context */
function countdown(until, { world, every }) {
  const line = h("div", { class: "countdown" });
  every(line, () => {
    const left = Math.max(0, Math.floor((until - world.now()) / 1_000));
    const parts = [Math.floor(left / 3_600), Math.floor(left / 60) % 60, left % 60].map((part) => String(part).padStart(2, "0"));
    replace(line, icon("hourglass"), left > 0 ? t("order.expires", { time: parts.join(":") }) : t("order.expired"));
    line.classList.toggle("over", left === 0);
  });
  return line;
}

/** @type {Record<string, [icon: string, style: string]>} */
const STATES = {
  pending: ["clock", "warn"], processing: ["refresh", "info"], partially_shipped: ["bag", "info"], "partially-shipped": ["bag", "info"],
  shipped: ["bag", "info"], completed: ["check", "ok"], canceled: ["close", "danger"], captured: ["check", "ok"], failed: ["warning", "danger"],
};

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function status(message, { world }) {
  const { interactive } = message.payload;
  const { reference_id, order, payment } = interactive.action?.parameters ?? {};
  const badge = (/** @type {string} */ name, /** @type {string} */ words) => {
    const [sign, style] = STATES[name] ?? ["info", ""];
    return h("span", { class: ["badge", style] }, icon(sign), words);
  };
  return {
    body: [
      h("div", { class: "row between wrap" }, h("span", { class: "overline" }, t("order.number")), h("span", { class: "mono small" }, reference_id ?? "")),
      h("div", { class: "row wrap" },
        order?.status ? badge(order.status, t(`order.state.${order.status.replace("-", "_")}`)) : null,
        payment?.status ? badge(payment.status, t(`order.payment.${payment.status}`)) : null),
      ...words(interactive, world),
      text(order?.description, world, "foot"),
    ],
  };
}
