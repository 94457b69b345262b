// @ts-check
/**
 * Which module draws which message.
 * @module
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { buttons, link, list, request } from "./choices.js";
import { media } from "./media.js";
import { details, sent, status } from "./order.js";
import { text } from "./pieces.js";
import { carousel, catalog, product, productList } from "./products.js";
import { contacts, place, plain, system, unknown } from "./simple.js";
import { template } from "./template.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */
/** @typedef {(message: Message, context: Context) => Drawn} Drawing */

/** @type {Record<string, Drawing>} */
const KINDS = {
  text: plain, image: media, video: media, audio: media, document: media, sticker: media, location: place, contacts, template, order: sent, system,
  button: (message, { world }) => ({ body: text(message.payload?.button?.text ?? message.text, world) }),
};

/** @type {Record<string, Drawing>} */
const INTERACTIVE = {
  button: buttons, list, cta_url: link, product, product_list: productList, catalog_message: catalog, carousel, order_details: details,
  order_status: status, location_request_message: request, request_contact_info: request, flow: request, address_message: request,
  button_reply: answered, list_reply: answered, nfm_reply: form,
};

/** @param {Message} message @param {Context} context @returns {Drawn} */
function answered(message, { world }) {
  const { interactive } = message.payload;
  const chosen = interactive.button_reply ?? interactive.list_reply ?? {};
  return { body: [text(chosen.title ?? message.text, world), text(chosen.description, world, "foot")] };
}

/** @param {Message} _message @returns {Drawn} */
function form(_message) {
  return { body: h("div", null, t("chat.form_sent")) };
}

/** The kind a message is drawn as. @param {Message} message */
export function kindOf(message) {
  return message.type === "interactive" ? String(message.payload?.interactive?.type ?? "interactive") : message.type;
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function draw(message, context) {
  const drawing = message.type === "interactive" ? INTERACTIVE[kindOf(message)] : KINDS[message.type];
  try {
    return (drawing ?? unknown)(message, context);
  } catch {
    // A body no module foresaw is still shown, as it came.
    return unknown(message, context);
  }
}
