// @ts-check
/**
 * One journey as elements: built once, patched by step. It keeps no journeys and listens to no stream.
 * @module
 */

import { h, icon, replace } from "../../shared/dom.js";
import { clock, duration } from "../../shared/format.js";
import { t } from "../../shared/i18n.js";
import { span } from "./journeys.js";
import { detailOf, outcomeOf, titleOf } from "./words.js";

/** @typedef {import("./kept.js").Journey} Journey */
/** @typedef {import("./kept.js").Step} Step */
/** @typedef {{nameOf: (phone: string|null) => string|null, wordsOf: (journey: Journey) => string, show: (journey: Journey, step: Step|null, asked: boolean) => void, copied: () => void}} Hooks */

/** @type {Record<import("./hops.js").Tone, string>} */
const ICON_OF = { good: "check", note: "info", warn: "warning", bad: "warning" };

export class JourneyView {
  /** @param {Journey} journey @param {Hooks} hooks */
  constructor(journey, hooks) {
    this.journey = journey;
    this.hooks = hooks;
    /** @type {Map<Step, HTMLElement>} */
    this.rows = new Map();
    this.mark = h("span", { class: "xray-mark" });
    this.title = h("span", { class: "xray-title" });
    this.when = h("span", { class: "xray-when tiny muted number" });
    this.dots = h("span", { class: "xray-dots", "aria-hidden": "true" });
    this.time = h("span", { class: "xray-time number" });
    this.list = h("ol", { class: "xray-steps" });
    const summary = h("summary", { class: "xray-summary", onclick: () => hooks.show(journey, null, false) }, this.mark, this.title, this.when, this.dots, this.time);
    this.more = h("p", { class: "xray-more tiny muted", hidden: true });
    this.shower = h("button", { type: "button", class: "button small quiet xray-show", dataset: { testid: "xray-show" }, onclick: () => hooks.show(journey, null, true) });
    this.details = h("details", { class: "xray-details" }, summary, this.list, this.more, this.shower);
    this.element = h("li", { class: "xray-journey", dataset: { testid: "xray-journey", journey: journey.id, what: journey.what } }, this.details);
    /** @type {string} */
    this.shownTone = "";
  }

  /** Opened by us, closed by us: what a person opened stays open. @param {boolean} open */
  setOpen(open) {
    this.details.open = open;
  }

  /** Takes over what is new. */
  patch() {
    const { journey } = this;
    if (this.shownTone !== journey.tone) {
      this.shownTone = journey.tone;
      this.element.dataset["tone"] = journey.tone;
      replace(this.mark, icon(ICON_OF[journey.tone], t(`xray.tone.${journey.tone}`)));
    }
    if (this.shower.childElementCount === 0) replace(this.shower, icon("chat"), h("span", null, t("xray.show")));
    this.more.hidden = journey.more === 0;
    this.more.textContent = t("xray.more", { count: journey.more });
    this.shower.hidden = journey.inner === null && journey.effects.size === 0;
    this.title.textContent = titleOf(journey, this.hooks.nameOf(journey.phone), this.hooks.wordsOf(journey));
    this.title.title = this.title.textContent;
    this.when.textContent = clock(journey.beganUs / 1000);
    const whole = span(journey);
    this.time.textContent = duration(whole.tookUs);
    journey.steps.forEach((step, index) => this.place(step, index, whole));
  }

  /** @param {Step} step @param {number} index @param {{fromUs: number, tookUs: number}} whole */
  place(step, index, whole) {
    let row = this.rows.get(step);
    if (!row) {
      row = this.row(step);
      this.rows.set(step, row);
      this.list.insertBefore(row, this.list.children[index] ?? null);
      this.dots.insertBefore(h("i", { class: "xray-dot", dataset: { hop: step.hop, tone: step.tone } }), this.dots.children[index] ?? null);
    }
    const start = Math.max(0, step.endUs - step.tookUs - whole.fromUs);
    row.style.setProperty("--from", percent(start, whole.tookUs));
    row.style.setProperty("--long", percent(step.tookUs, whole.tookUs));
  }

  /** @param {Step} step */
  row(step) {
    const took = step.hop === "status" ? `+${duration(Math.max(0, step.endUs - this.journey.beganUs))}` : duration(step.tookUs);
    const isQuiet = step.tone === "good";
    return h(
      "li",
      { class: "xray-step", dataset: { testid: "xray-step", hop: step.hop, tone: step.tone } },
      h(
        "span",
        { class: "xray-line" },
        h("span", { class: "xray-hop" }, t(`xray.hop.${step.hop}`)),
        h("span", { class: "xray-detail mono" }, detailOf(step)),
        h("span", { class: ["xray-outcome", isQuiet && "muted"] }, isQuiet ? null : icon(ICON_OF[step.tone]), h("span", null, outcomeOf(step))),
      ),
      h("span", { class: "xray-took number" }, took),
      step.hop === "status" ? null : h("span", { class: "xray-bar", "aria-hidden": "true" }, h("i")),
      // A status speaks of a message whose ids its attempt shows already.
      step.ids.length > 0 && !(step.hop === "status" && isQuiet) ? h("span", { class: "xray-ids" }, step.ids.map((id) => this.id(id, step))) : null,
    );
  }

  /** @param {import("./kept.js").Id} id @param {Step} step */
  id(id, step) {
    const what = t(`xray.id.${id.label}`);
    const copy = () => {
      this.hooks.show(this.journey, step, false);
      navigator.clipboard?.writeText(id.value).then(this.hooks.copied, () => undefined);
    };
    return h(
      "button",
      { type: "button", class: "xray-id mono", title: t("xray.copy", { what, value: id.value }), onclick: copy },
      h("span", { class: "xray-id-label" }, what),
      h("span", { class: "xray-id-short" }, short(id.value)),
      h("span", { class: "xray-id-full" }, id.value),
      icon("copy"),
    );
  }

  /** Everything anew, in another language. */
  repaint() {
    this.rows.clear();
    replace(this.list);
    replace(this.dots);
    replace(this.shower);
    this.shownTone = "";
    this.patch();
  }
}

/** An id's ends, which tell it apart. @param {string} value */
export function short(value) {
  const effect = /^([0-9a-f]{22})(\.\d+\.\d+)$/.exec(value);
  if (effect) return `${value.slice(0, 4)}…${effect[2]}`;
  return value.length <= 12 ? value : `${value.slice(0, 4)}…${value.slice(-5)}`;
}

/** @param {number} part @param {number} whole */
function percent(part, whole) {
  return `${Math.min(100, Math.round((part / whole) * 1000) / 10)}%`;
}
