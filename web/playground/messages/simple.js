// @ts-check
/**
 * Plain texts, places, contacts, and what no other module knows: it is named, never dropped.
 * @module
 */

import { h, icon } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { text } from "./pieces.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function plain(message, { world }) {
  return { body: text(message.payload?.text?.body ?? message.text, world) };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function place({ payload }, { world }) {
  const { latitude, longitude, name, address } = payload?.location ?? {};
  return {
    body: [
      h("div", { class: "map" }, icon("pin", t("chat.location"))),
      text(name ?? t("chat.location"), world, "title"),
      text(address, world, "foot"),
      h("div", { class: "foot number" }, `${latitude ?? "?"}, ${longitude ?? "?"}`),
    ],
  };
}

/** @param {Message} message @param {Context} _context @returns {Drawn} */
export function contacts({ payload }, _context) {
  const people = Array.isArray(payload?.contacts) ? payload.contacts : [];
  return {
    body: people.map((/** @type {any} */ person) =>
      h("div", { class: "file" }, icon("person"),
        h("span", { class: "stack tight" },
          h("span", { class: "strong" }, person.name?.formatted_name ?? person.name?.first_name ?? t("chat.contact")),
          (person.phones ?? []).map((/** @type {any} */ phone) => h("span", { class: "foot number" }, phone.phone ?? phone.wa_id))))),
  };
}

/** A notice of WhatsApp itself: a changed number. @param {Message} message @param {Context} _context @returns {Drawn} */
export function system({ payload, text: words }, _context) {
  return { body: h("div", { class: "foot" }, payload?.system?.body ?? words) };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function unknown(message, { world }) {
  const kind = message.payload?.interactive?.type ?? message.type;
  return {
    body: [
      h("div", { class: "overline" }, t("chat.unknown", { kind })),
      text(message.text, world),
      h("details", null, h("summary", null, t("chat.payload")), h("pre", { class: "payload", tabindex: "0" }, JSON.stringify(message.payload, null, 2))),
    ],
    actions: [],
  };
}
