// @ts-check
/**
 * What can be done to a phone beside chatting: a second device, blocking the shop, a new number, hiding it, a new user id. It changes
 * the emulator's phone only; the gateway learns of it as it would from Meta.
 * @module
 */

import { h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { DEVICES } from "./world.js";

/** @typedef {import("./messages/pieces.js").Context} Context */

/** @param {Context} context */
export function openMenu(context) {
  const { world, view, perform, sheet } = context;
  const phone = world.phones.get(view.phone);
  if (!phone) return;
  const path = `/emulator/phones/${encodeURIComponent(phone.id)}`;
  sheet(phone.name, (body, close) => {
    const entry = (/** @type {string} */ name, /** @type {string} */ word, /** @type {() => unknown} */ work, hint = "") =>
      h("button", { type: "button", class: "list-row", dataset: { testid: `menu-${word.split(".").pop()}` }, onclick: () => {
        close();
        perform(async () => work());
      } }, icon(name), h("span", { class: "grow stack tight" }, h("span", { class: "strong" }, t(word)), hint ? h("span", { class: "small muted" }, hint) : null));
    const shown = world.views.filter((one) => one.phone === phone.id).map((one) => one.device);
    const next = DEVICES.find((device) => !shown.includes(device));
    const change = (/** @type {string} */ what, /** @type {object} */ facts) => async () => {
      await world.api.post(`${path}/${what}`, facts);
      await world.chats.refresh(phone.id);
    };
    body.append(h("div", { class: "rows" },
      next ? entry("plus", "menu.device", () => world.show(phone.id, next), t(`device.${next}`)) : null,
      entry("block", phone.blocked ? "menu.unblock" : "menu.block", change("block", { blocked: !phone.blocked }), t("menu.block_hint")),
      entry("refresh", "menu.number", change("number", { wa_id: newNumber() }), t("menu.number_hint")),
      entry("key", "menu.user_id", change("user-id", {}), t("menu.user_id_hint")),
      entry("eye", phone.hidden ? "menu.reveal" : "menu.hide", change("username", { hidden: !phone.hidden }), t("menu.hide_hint")),
      entry("checks", "menu.read", change("read", {})),
      entry("close", "menu.close", () => world.hide(view.key))));
    body.append(h("dl", { class: "facts small" },
      h("dt", null, t("menu.wa_id")), h("dd", { class: "mono" }, phone.wa_id ?? "—"),
      h("dt", null, t("menu.user")), h("dd", { class: "mono" }, phone.user_id ?? "—")));
  });
}

function newNumber() {
  return `55119${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte % 10).join("")}`;
}
