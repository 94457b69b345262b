// @ts-check
/**
 * What messages are put together from: formatted text, reply buttons, links, pictures. Text becomes text nodes only.
 * @module
 */

import { h, icon } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";

/** @typedef {import("../chats.js").Message} Message */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").View} View */
/** @typedef {import("../world.js").Product} Product */
/** @typedef {import("../native.js").NativeModel} NativeModel */
/**
 * What a message needs from the phone that shows it.
 * @typedef {{
 *   world: World, view: View, native: NativeModel,
 *   perform: (work: () => Promise<unknown>, button?: HTMLElement) => void,
 *   sheet: (title: string, fill: (body: HTMLElement, close: () => void) => void) => void,
 *   every: (node: Node, paint: () => void) => void,
 * }} Context
 */
/** @typedef {{ body?: import("../../shared/dom.js").Children, actions?: import("../../shared/dom.js").Children, wide?: boolean, bare?: boolean }} Drawn */

const STYLED = /(^|[\s\p{P}\p{S}])(\*|_|~)(?=\S)([^\n]*?\S)\2(?=$|[\s\p{P}\p{S}])/u;
const ADDRESS = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]]/;
/** @type {Record<string, "strong" | "em" | "s">} */
const TAGS = { "*": "strong", _: "em", "~": "s" };

/**
 * WhatsApp's own marks as elements: `*bold*`, `_italic_`, `~struck~`, `` ```mono``` ``; addresses become links.
 * @param {string} text
 * @param {World} world
 * @returns {Node[]}
 */
export function formatted(text, world) {
  return text.split(/```([\s\S]+?)```/).flatMap((part, index) => (index % 2 === 1 ? [h("code", null, part)] : inline(part, world)));
}

/** @param {string} text @param {World} world @returns {Node[]} */
function inline(text, world) {
  if (text === "") return [];
  const address = ADDRESS.exec(text);
  if (address) {
    const [url] = address;
    return [
      ...inline(text.slice(0, address.index), world),
      h("a", { href: world.local(url), target: "_blank", rel: "noopener noreferrer" }, url),
      ...inline(text.slice(address.index + url.length), world),
    ];
  }
  const found = STYLED.exec(text);
  if (!found) return [document.createTextNode(text)];
  const [whole, before = "", sign = "*", inside = ""] = found;
  const from = found.index + before.length;
  return [
    ...inline(text.slice(0, from), world),
    h(TAGS[sign] ?? "strong", null, ...inline(inside, world)),
    ...inline(text.slice(found.index + whole.length), world),
  ];
}

/** @param {string | null | undefined} words @param {World} world @param {string} [style] */
export function text(words, world, style = "text") {
  return words ? h("div", { class: style, dir: "auto" }, ...formatted(words, world)) : null;
}

/** A picture, or nothing. @param {string | null | undefined} url @param {string} alt @param {World} world @param {string} [style] */
export function picture(url, alt, world, style = "picture") {
  if (!url) return null;
  const image = h("img", { class: style, src: world.local(url), alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(h("div", { class: `${style} missing` }, icon("image"), h("span", { class: "visually-hidden" }, alt))));
  return image;
}

/** The header of an interactive message, of any kind. @param {any} header @param {World} world */
export function header(header, world) {
  if (!header) return null;
  if (header.image) return picture(header.image.link, t("chat.picture"), world) ?? file("image", t("chat.picture"));
  if (header.video) return file("play", t("chat.video"));
  if (header.document) return file("document", header.document.filename ?? t("chat.document"));
  return text(header.text, world, "title");
}

/** @param {string} name of an icon @param {string} words */
export function file(name, words) {
  return h("div", { class: "file" }, icon(name), h("span", { class: "truncate" }, words));
}

/** Body and footer of an interactive message. @param {any} interactive @param {World} world */
export function words(interactive, world) {
  return [text(interactive?.body?.text, world), text(interactive?.footer?.text, world, "foot")];
}

/**
 * A reply button; it shows that it waits until the shop answers.
 * @param {{ id: string, title: string, description?: string }} button
 * @param {Message} message
 * @param {Context} context
 */
export function reply(button, message, { world, view, perform }) {
  return h("button", {
    type: "button", class: "reply", dataset: { testid: "reply", title: button.title, id: button.id },
    onclick: (/** @type {MouseEvent} */ event) => {
      const pressed = /** @type {HTMLElement} */ (event.currentTarget);
      perform(() => world.tap(view.phone, view.device, message.message_id, button.id), pressed);
    },
  }, h("span", null, button.title));
}

/**
 * A wide button under a bubble that opens something here.
 * @param {string} name of an icon
 * @param {string} title
 * @param {(button: HTMLElement) => void} open
 * @param {string} [testid]
 */
export function opener(name, title, open, testid) {
  return h("button", {
    type: "button", class: "reply", dataset: { testid: testid ?? "open", title }, onclick: (/** @type {MouseEvent} */ event) => open(/** @type {HTMLElement} */ (event.currentTarget)),
  }, icon(name), h("span", null, title));
}

/** A link that leaves the chat. @param {string} title @param {string} url @param {World} world */
export function outLink(title, url, world) {
  return h("a", { class: "reply link", href: safe(world.local(url)), target: "_blank", rel: "noopener noreferrer", dataset: { testid: "pay-link", title } },
    icon("external"), h("span", null, title), h("span", { class: "visually-hidden" }, ` (${t("chat.new_tab")})`));
}

/** Only addresses of the web are followed. @param {string} url */
function safe(url) {
  return /^(https?:\/\/|\/(?!\/))/.test(url) ? url : "#";
}
