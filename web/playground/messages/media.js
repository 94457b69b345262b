// @ts-check
/**
 * Pictures, sounds, films, documents and stickers, of the shop and of the person.
 * @module
 */

import { h, icon } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { file, picture, text } from "./pieces.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function media(message, { world }) {
  const part = message.payload?.[message.type] ?? {};
  const caption = text(part.caption, world);
  switch (message.type) {
    case "image":
      return { body: [picture(part.link ?? message.image, t("chat.picture"), world) ?? empty("image", t("chat.picture")), caption] };
    case "sticker":
      return { body: picture(part.link, t("chat.sticker"), world, "sticker") ?? h("div", { class: "sticker" }, icon("smile", t("chat.sticker"))), bare: true };
    case "audio":
      return { body: voice() };
    case "video":
      return { body: [empty("play", t("chat.video")), caption] };
    default:
      return { body: [file("document", part.filename ?? t("chat.document")), caption] };
  }
}

/** @param {string} name @param {string} words */
function empty(name, words) {
  return h("div", { class: "picture missing" }, icon(name), h("span", null, words));
}

const BARS = [5, 9, 14, 8, 16, 11, 6, 13, 18, 10, 7, 15, 9, 5, 12, 8, 4];

function voice() {
  const bars = BARS.map((height) => h("i", { vars: { "--h": `${height}px` } }));
  return h("div", { class: "voice" }, icon("mic"), h("span", { class: "bars", "aria-hidden": "true" }, bars), h("span", { class: "visually-hidden" }, t("chat.voice")));
}
