// @ts-check
/**
 * The clock panel: the world's time, the leaps that show something, and whose service window is open.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { dateTime } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import "./clock-words.js";

/** @typedef {import("./world.js").World} World */

const LEAPS = /** @type {const} */ ([["1h", 3_600], ["25h", 25 * 3_600], ["400d", 400 * 86_400]]);
const UNITS = /** @type {const} */ ([["minutes", 60], ["hours", 3_600], ["days", 86_400]]);
const WINDOW_MS = 24 * 60 * 60 * 1000;

/**
 * @param {HTMLElement} root
 * @param {World} world
 * @returns {() => void} unmount
 */
export function mount(root, world) {
  const panel = new ClockPanel(root, world);
  return () => panel.unmount();
}

class ClockPanel {
  /** @param {HTMLElement} root @param {World} world */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    this.lead = h("p", { class: "small muted" });
    this.nowWord = h("span", { class: "overline" });
    this.now = h("span", { class: "clock-now number", dataset: { testid: "clock-now" } });
    this.said = h("p", { class: "tiny", role: "status", dataset: { testid: "clock-said" } });
    this.leaps = LEAPS.map(([name, seconds]) => ({ name, button: h("button", { type: "button", class: "button", dataset: { testid: `clock-${name}` }, onclick: () => void this.leap(seconds) }), sees: h("p", { class: "small muted" }) }));
    this.customHead = h("h2");
    this.amount = h("input", { class: "input number", inputmode: "numeric", value: "10", size: 5, dataset: { testid: "clock-amount" } });
    this.unit = h("select", { class: "select", dataset: { testid: "clock-unit" } });
    this.go = h("button", { type: "submit", class: "button", dataset: { testid: "clock-custom" } });
    this.windowsHead = h("h2");
    this.windows = h("ul", { class: "stack clock-windows", dataset: { testid: "clock-windows" } });
    this.build();
    const second = setInterval(() => this.tick(), 1_000);
    this.offs = [
      () => clearInterval(second),
      world.on("clock", () => this.show()),
      world.on("phones", () => this.paintWindows()),
      world.on("news", (told) => void (told.what === "phone" && this.paintWindows())),
      onLanguage(() => this.paint()),
    ];
  }

  build() {
    const custom = h("form", { class: "row wrap", onsubmit: (/** @type {Event} */ event) => this.custom(event) }, this.amount, this.unit, this.go);
    replace(
      this.root,
      h(
        "div",
        { class: "stack clock-panel" },
        h("div", null, this.nowWord, this.now),
        this.lead,
        h("ul", { class: "stack" }, this.leaps.map(({ button, sees }) => h("li", { class: "clock-leap" }, button, sees))),
        this.said,
        this.customHead,
        custom,
        this.windowsHead,
        this.windows,
      ),
    );
  }

  paint() {
    this.lead.textContent = t("clock.lead");
    this.nowWord.textContent = t("clock.now");
    for (const { name, button, sees } of this.leaps) {
      replace(button, icon("clock"), h("span", null, t(`clock.${name}`)));
      sees.textContent = t(`clock.${name}.sees`);
    }
    this.customHead.textContent = t("clock.custom");
    this.amount.setAttribute("aria-label", t("clock.amount"));
    this.unit.setAttribute("aria-label", t("clock.unit"));
    const chosen = this.unit.value || "minutes";
    replace(this.unit, UNITS.map(([name]) => h("option", { value: name }, t(`clock.${name}`))));
    this.unit.value = chosen;
    this.go.textContent = t("clock.go");
    this.windowsHead.textContent = t("clock.windows");
    this.show();
  }

  show() {
    this.tick();
    this.paintWindows();
  }

  tick() {
    this.now.textContent = dateTime(this.world.now());
  }

  paintWindows() {
    const phones = [...this.world.phones.values()];
    if (phones.length === 0) return void replace(this.windows, h("li", { class: "small muted" }, t("clock.nobody")));
    const now = this.world.now();
    const line = (/** @type {import("./world.js").PhoneView} */ phone) => {
      const until = phone.window_open_until_ms ?? (phone.last_inbound_ms ? phone.last_inbound_ms + WINDOW_MS : null);
      const open = until !== null && until > now;
      const words = until === null ? t("clock.window.never") : open ? t("clock.window.open", { until: dateTime(until) }) : t("clock.window.closed");
      return h("li", { class: "row between small" }, h("span", { class: "strong" }, phone.name), h("span", { class: ["badge", open ? "ok" : until === null ? "" : "warn"] }, words));
    };
    replace(this.windows, phones.map(line));
  }

  /** @param {number} seconds */
  async leap(seconds) {
    try {
      await this.world.advance(seconds);
      this.said.textContent = t("clock.moved", { now: dateTime(this.world.now()) });
    } catch (problem) {
      this.said.textContent = t("clock.failed", { why: problem instanceof Error ? problem.message : String(problem) });
    }
    this.show();
  }

  /** @param {Event} event */
  custom(event) {
    event.preventDefault();
    const amount = this.amount.value.trim();
    const good = /^[1-9]\d{0,3}$/.test(amount);
    this.amount.setAttribute("aria-invalid", String(!good));
    if (!good) {
      this.said.textContent = t("clock.bad");
      return;
    }
    const unit = UNITS.find(([name]) => name === this.unit.value)?.[1] ?? 60;
    void this.leap(Number(amount) * unit);
  }

  unmount() {
    for (const off of this.offs) off();
    replace(this.root);
  }
}
