// @ts-check
/**
 * Where no gateway runs beside the emulator: what to put into one's own bot. It shows the settings and changes none.
 * @module
 */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** @typedef {import("./world.js").World} World */

const FACTS = /** @type {const} */ (["graph_url", "phone_number_id", "access_token", "app_secret", "verify_token", "webhook_url"]);

/** @param {World} world */
export function connection({ settings }) {
  return h("div", { class: "card stack bot", dataset: { testid: "connection" } },
    h("p", { class: "small" }, t("bot.text")),
    h("dl", { class: "facts small" }, FACTS.flatMap((fact) => [h("dt", null, t(`bot.${fact}`)), h("dd", { class: "mono" }, settings[fact] || t("bot.none"))])));
}
