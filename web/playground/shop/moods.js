// @ts-check
/**
 * The shop's moods: how it answers the gateway's next calls, and for how many of them.
 * @module
 */

import { toast } from "../../shared/controls.js";
import { h, replace } from "../../shared/dom.js";
import { get, post } from "../../shared/http.js";
import { t } from "../../shared/i18n.js";

/** In the order in which they are offered; the rest of the emulator's modes follow. */
const MOODS = [
  "normal", "slow", "down", "error_500", "cut_after_commit", "cut_before_commit", "price_changed", "out_of_stock", "wrong_total", "bad_host", "reject_422", "in_progress", "no_quotes", "silent",
];
/** @type {readonly (number|null)[]} */
const TIMES = [1, 3, null];

export class Moods {
  constructor() {
    this.mode = /** @type {{mode: string, times?: number}} */ ({ mode: "normal" });
    /** @type {number|null} */
    this.times = 1;
    this.now = h("p", { class: "small", role: "status", dataset: { testid: "shop-mode-now" } });
    this.lead = h("p", { class: "tiny muted" });
    this.timesWord = h("span", { class: "small muted" });
    this.timesButtons = TIMES.map((times) => h("button", { type: "button", dataset: { testid: "shop-times", times: times ?? "all" }, onclick: () => this.choose(times) }));
    this.timesGroup = h("div", { class: "segmented", role: "group" }, this.timesButtons);
    this.buttons = MOODS.map((mood) => h("button", { type: "button", class: "mood", dataset: { testid: "shop-mode", mode: mood }, onclick: () => void this.set(mood) }));
    this.element = h("div", { class: "stack" }, this.lead, this.now, h("div", { class: "row wrap" }, this.timesWord, this.timesGroup), h("div", { class: "mood-grid" }, this.buttons));
  }

  async load() {
    this.mode = await get("/shop/mode");
    this.paint();
  }

  /** @param {number|null} times */
  choose(times) {
    this.times = times;
    this.paint();
  }

  /** @param {string} mood */
  async set(mood) {
    try {
      this.mode = await post("/shop/mode", mood === "normal" || this.times === null ? { mode: mood } : { mode: mood, times: this.times });
      this.paint();
    } catch (problem) {
      toast(t("shop.failed", { why: problem instanceof Error ? problem.message : String(problem) }), "danger");
    }
  }

  paint() {
    this.lead.textContent = t("shop.moods.lead");
    this.timesWord.textContent = t("shop.times");
    this.timesGroup.setAttribute("aria-label", t("shop.times"));
    const left = this.mode.times === undefined ? "" : ` (${t("shop.times.left", { count: String(this.mode.times) })})`;
    this.now.textContent = t("shop.now", { mood: t(`shop.mood.${this.mode.mode}`) }) + left;
    this.timesButtons.forEach((button, index) => {
      const times = TIMES[index] ?? null;
      button.setAttribute("aria-pressed", String(times === this.times));
      button.textContent = t(`shop.times.${times ?? "all"}`);
    });
    this.buttons.forEach((button, index) => {
      const mood = MOODS[index] ?? "normal";
      button.setAttribute("aria-pressed", String(mood === this.mode.mode));
      replace(button, h("span", { class: "strong" }, t(`shop.mood.${mood}`)), h("span", { class: "tiny muted" }, t(`shop.sees.${mood}`)));
    });
  }
}
