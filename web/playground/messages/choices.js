// @ts-check
/**
 * Reply buttons, lists that open a sheet, links and requests: what a person answers with a tap.
 * @module
 */

import { h, icon } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { header, opener, outLink, reply, words } from "./pieces.js";

/** @typedef {import("./pieces.js").Message} Message */
/** @typedef {import("./pieces.js").Context} Context */
/** @typedef {import("./pieces.js").Drawn} Drawn */

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function buttons(message, context) {
  const { interactive } = message.payload;
  const replies = (interactive.action?.buttons ?? []).map((/** @type {any} */ one) => reply(one.reply ?? one, message, context));
  return { body: [header(interactive.header, context.world), ...words(interactive, context.world)], actions: replies };
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function list(message, context) {
  const { interactive } = message.payload;
  const title = interactive.action?.button ?? t("chat.choose");
  const open = (/** @type {HTMLElement} */ button) =>
    context.sheet(title, (body, close) => {
      for (const section of interactive.action?.sections ?? []) {
        body.append(h("section", { class: "rows" },
          section.title ? h("h3", { class: "overline" }, section.title) : null,
          (section.rows ?? []).map((/** @type {any} */ row) => rowButton(row, message, context, close, button))));
      }
    });
  return { body: [header(interactive.header, context.world), ...words(interactive, context.world)], actions: opener("list", title, open, "open-list") };
}

/**
 * @param {{ id: string, title: string, description?: string }} row
 * @param {Message} message
 * @param {Context} context
 * @param {() => void} close
 * @param {HTMLElement} opened
 */
function rowButton(row, message, { world, view, perform }, close, opened) {
  return h("button", {
    type: "button", class: "list-row", dataset: { testid: "row", title: row.title, id: row.id },
    onclick: () => {
      close();
      perform(() => world.tap(view.phone, view.device, message.message_id, row.id), opened);
    },
  },
  h("span", { class: "grow stack tight" }, h("span", { class: "strong" }, row.title), row.description ? h("span", { class: "small muted" }, row.description) : null),
  icon("chevron-right"));
}

/** @param {Message} message @param {Context} context @returns {Drawn} */
export function link(message, { world }) {
  const { interactive } = message.payload;
  const { display_text, url } = interactive.action?.parameters ?? {};
  return { body: [header(interactive.header, world), ...words(interactive, world)], actions: outLink(display_text ?? url, url ?? "", world) };
}

/** Asks for the place, the number, or a form. @param {Message} message @param {Context} context @returns {Drawn} */
export function request(message, context) {
  const { world, view, perform } = context;
  const { interactive } = message.payload;
  const parameters = interactive.action?.parameters ?? {};
  /** @type {Record<string, [icon: string, title: string, path: string, body: object]>} */
  const answers = {
    location_request_message: ["pin", t("chat.send_location"), "location", { latitude: "-23.5614", longitude: "-46.6559", name: "Avenida Paulista" }],
    request_contact_info: ["person", t("chat.share_number"), "contact", {}],
    flow: ["document", parameters.flow_cta ?? t("chat.fill_form"), "flow", { message_id: message.message_id, response: { flow_token: parameters.flow_token ?? "rehearsal" } }],
    address_message: ["pin", t("chat.give_address"), "flow", {
      message_id: message.message_id,
      response: { saved_address_id: null, values: { in_pin_code: "01310100", address: "Avenida Paulista, 1000", city: "São Paulo", name: world.phones.get(view.phone)?.name ?? "" } },
    }],
  };
  const answer = answers[interactive.type];
  return {
    body: [header(interactive.header, world), ...words(interactive, world)],
    actions: answer ? opener(answer[0], answer[1], (button) => perform(() => world.act(view.phone, view.device, answer[2], answer[3]), button), "request") : [],
  };
}
