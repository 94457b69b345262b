// @ts-check
/**
 * The x-ray: a live list of journeys, newest on top. It patches what changed once per frame, keeps at most 200 journeys, and
 * tells a screen reader a summary now and then, never the torrent.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { inner } from "./chats.js";
import { Journeys } from "./xray/journeys.js";
import { JourneyView } from "./xray/view.js";
import { outcomeOf, titleOf } from "./xray/words.js";

/** @typedef {import("./xray/kept.js").Journey} Journey */

/** How often the summary may speak. */
const SPEAK_MS = 2_000;
/** How often calls without an owner are looked after. */
const ADOPT_MS = 1_000;
/** How soon after it began a stream has told what it remembers. */
const REMEMBERED_MS = 400;
const MOST_EARLY = 1_000;
/** So much of what a person wrote stands in a title. */
const MOST_WORDS = 40;
/** Phones and panel stand side by side: highlighting a bubble takes nobody away from the x-ray. */
const WIDE = matchMedia("(min-width: 861px)");

/**
 * @param {HTMLElement} root
 * @param {any} world
 * @returns {() => void} unmount
 */
export function mount(root, world) {
  const xray = new Xray(root, world);
  return () => xray.unmount();
}

class Xray {
  /** @param {HTMLElement} root @param {any} world */
  constructor(root, world) {
    this.world = world;
    this.root = root;
    this.gateway = world.settings?.gateway !== false;
    /** @type {Map<Journey, JourneyView>} */
    this.views = new Map();
    /** @type {Set<Journey>} */
    this.dirty = new Set();
    this.frame = 0;
    this.paused = false;
    this.waiting = 0;
    /** When this world began, by its own clock. */
    this.beganMs = 0;
    /** Since when the gateway tells its steps: what the emulator told before would lack its middle. */
    this.tracedMs = this.gateway ? Infinity : 0;
    /** News from before, until it is known how far back the steps reach. @type {any[] | null} */
    this.early = [];
    this.spoken = { steps: 0, atMs: 0, timer: 0 };
    /** The journey that we opened by ourselves. @type {Journey|null} */
    this.opened = null;
    this.model = new Journeys({ gateway: this.gateway, changed: (journey) => this.changed(journey), dropped: (journey) => this.drop(journey) });
    this.build();
    this.paint();
    this.replay();
    const onShow = (/** @type {Event} */ event) => this.reveal(/** @type {CustomEvent} */ (event).detail ?? {});
    const onLanguage = () => this.paint();
    document.addEventListener("sacola:show", onShow);
    document.addEventListener("languagechange", onLanguage);
    const adopt = setInterval(() => this.model.adopt(), ADOPT_MS);
    this.offs = [
      world.on("news", (/** @type {any} */ told) => this.hear(told, true)),
      world.on("trace", (/** @type {any} */ traced) => this.hear(traced, false)),
      world.on("traced", () => this.traced()),
      world.on("phones", () => this.paintPhones()),
      () => document.removeEventListener("sacola:show", onShow),
      () => document.removeEventListener("languagechange", onLanguage),
      () => clearInterval(adopt),
    ];
  }

  /** What was told before this panel was there, in the order of the clock. */
  replay() {
    const { news = [], trace = [] } = this.world.history ?? {};
    const all = [...news.map((/** @type {any} */ told) => ({ told, isNews: true })), ...trace.map((/** @type {any} */ told) => ({ told, isNews: false }))];
    for (const { told, isNews } of all.sort((one, other) => one.told.at_ms - other.told.at_ms)) {
      this.hear(told, isNews);
    }
  }

  /** A world that was reset is gone, with all that travelled in it. @param {any} told @param {boolean} isNews */
  hear(told, isNews) {
    if (told.at_ms < this.beganMs) return;
    if (told.what === "reset") {
      this.beganMs = told.at_ms;
      this.clearAll();
    } else if (!isNews) {
      this.tracedMs = Math.min(this.tracedMs, told.at_ms - (told.took_us ?? 0) / 1000);
      this.model.traced(told);
    } else if (told.at_ms >= this.tracedMs) this.model.told(told);
    else if (this.early && this.early.length < MOST_EARLY) this.early.push(told);
  }

  /** The stream of steps begins: it tells at once what it remembers, which is nothing where nobody watched. */
  traced() {
    this.tracedMs = this.world.now();
    this.early ??= [];
    window.setTimeout(() => {
      /** @type {any[]} */
      const early = this.early ?? [];
      this.early = null;
      for (const told of early) this.hear(told, true);
    }, REMEMBERED_MS);
  }

  build() {
    this.legend = h("p", { class: "xray-legend small", hidden: !this.gateway });
    this.bare = h("p", { class: "notice info", hidden: this.gateway });
    this.phone = h("select", { class: "select", dataset: { testid: "xray-phone" }, onchange: () => this.filter() });
    this.problems = h("input", { type: "checkbox", role: "switch", dataset: { testid: "xray-problems" }, onchange: () => this.filter() });
    this.problemsWord = h("span");
    this.pause = h("button", { type: "button", class: "button small", dataset: { testid: "xray-pause" }, "aria-pressed": false, onclick: () => this.togglePause() });
    this.clear = h("button", { type: "button", class: "button small", dataset: { testid: "xray-clear" }, onclick: () => this.clearAll() });
    this.summary = h("p", { class: "xray-spoken tiny muted", role: "status", "aria-live": "polite", dataset: { testid: "xray-summary" } });
    this.empty = h("p", { class: "empty" });
    this.list = h("ol", { class: "xray-list", dataset: { testid: "xray-list" } });
    replace(
      this.root,
      h(
        "div",
        { class: "xray" },
        this.legend,
        this.bare,
        h("div", { class: "row wrap xray-filters" }, this.phone, h("label", { class: "switch small" }, this.problems, this.problemsWord), h("span", { class: "grow" }), this.pause, this.clear),
        this.summary,
        this.empty,
        this.list,
      ),
    );
  }

  /** All words in the present language. */
  paint() {
    replace(/** @type {HTMLElement} */ (this.legend), h("strong", null, `${t("xray.legend.title")}: `), t("xray.legend"));
    replace(/** @type {HTMLElement} */ (this.bare), icon("info"), h("span", null, t("xray.bare")));
    /** @type {HTMLElement} */ (this.problemsWord).textContent = t("xray.problems");
    this.phone?.setAttribute("aria-label", t("xray.phone"));
    this.list?.setAttribute("aria-label", t("xray.title"));
    if (this.clear) replace(this.clear, icon("trash"), h("span", null, t("xray.clear")));
    this.paintPause();
    this.paintPhones();
    for (const view of this.views.values()) view.repaint();
    if (this.model.all.length > 0) this.speak();
    this.filter();
  }

  paintPause() {
    if (!this.pause) return;
    this.pause.setAttribute("aria-pressed", String(this.paused));
    replace(this.pause, icon(this.paused ? "play" : "pause"), h("span", null, t(this.paused ? "xray.resume" : "xray.pause")));
  }

  paintPhones() {
    const select = this.phone;
    if (!select) return;
    const chosen = select.value;
    const options = [...this.world.phones.values()].map((phone) => h("option", { value: phone.id }, phone.name));
    replace(select, h("option", { value: "" }, t("xray.phone.all")), options);
    select.value = this.world.phones.has(chosen) ? chosen : "";
    if (select.value !== chosen) this.filter();
  }

  // ---- what is new

  /** @param {Journey} journey */
  changed(journey) {
    this.spoken.steps += 1;
    this.dirty.add(journey);
    if (this.paused) {
      this.waiting += 1;
      return this.speak();
    }
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    /** @type {Journey|null} */
    let newest = null;
    const places = [...this.dirty].sort((one, other) => one.id - other.id);
    this.dirty.clear();
    for (const journey of places) {
      let view = this.views.get(journey);
      if (!view) {
        view = new JourneyView(journey, { nameOf: (phone) => this.nameOf(phone), wordsOf: (one) => this.wordsOf(one), show: (one, step, wanted) => this.show(one, step, wanted), copied: () => this.say(t("xray.copied")) });
        this.views.set(journey, view);
        this.list?.prepend(view.element);
        newest = journey;
      }
      view.patch();
      view.element.hidden = !this.fits(journey);
    }
    if (newest) this.unfold(newest);
    if (this.empty) this.paintEmpty();
    this.speak();
  }

  /** The newest is open, as long as nobody opened or closed one. @param {Journey} journey */
  unfold(journey) {
    const before = this.opened && this.views.get(this.opened);
    if (before && this.opened !== journey) before.setOpen(false);
    this.views.get(journey)?.setOpen(true);
    this.opened = journey;
  }

  /** @param {Journey} journey */
  drop(journey) {
    this.views.get(journey)?.element.remove();
    this.views.delete(journey);
    this.dirty.delete(journey);
    if (this.opened === journey) this.opened = null;
  }

  /** @param {string|null} phone */
  nameOf(phone) {
    return phone === null ? null : (this.world.phones.get(phone)?.name ?? null);
  }

  /** What the person wrote or tapped, once the chat has it. @param {Journey} journey */
  wordsOf(journey) {
    const said = this.world.phones.get(journey.phone)?.messages.find((/** @type {any} */ one) => one && inner(one) === journey.inner);
    const words = String(said?.payload?.interactive?.list_reply?.title ?? said?.text ?? "").split("\n")[0] ?? "";
    return words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}…` : words;
  }

  // ---- filters

  /** @param {Journey} journey */
  fits(journey) {
    const phone = this.phone?.value ?? "";
    if (phone !== "" && journey.phone !== phone) return false;
    return !this.problems?.checked || journey.tone !== "good";
  }

  filter() {
    for (const [journey, view] of this.views) view.element.hidden = !this.fits(journey);
    this.paintEmpty();
  }

  paintEmpty() {
    if (!this.empty) return;
    const shown = [...this.views.values()].some((view) => !view.element.hidden);
    this.empty.hidden = shown;
    this.empty.textContent = t(this.views.size === 0 ? "xray.empty" : "xray.empty.filtered");
  }

  togglePause() {
    this.paused = !this.paused;
    this.waiting = 0;
    this.paintPause();
    if (!this.paused) this.flush();
  }

  clearAll() {
    this.model.clear();
    this.dirty.clear();
    this.views.clear();
    this.opened = null;
    if (this.list) replace(this.list);
    this.paintEmpty();
  }

  // ---- between journeys and bubbles

  /** @param {Journey} journey @param {import("./xray/kept.js").Step|null} step @param {boolean} wanted somebody asked for the bubbles by name */
  show(journey, step, wanted) {
    if (journey === this.opened) this.opened = null;
    if (!wanted && !WIDE.matches) return;
    const effect = step?.ids.find((id) => id.label === "effect")?.value ?? (journey.inner === null ? [...journey.effects][0] : undefined);
    const message = step?.ids.find((id) => id.label === "message")?.value ?? journey.inner;
    if (effect !== undefined) this.world.focusEffect?.(effect);
    else if (message !== null) this.world.focusMessage?.(message);
  }

  /** A bubble asks for its journey. @param {{inner_id?: string, effect_id?: string}} bubble */
  reveal({ inner_id = "", effect_id = "" }) {
    const journey = this.model.ofMessage(inner_id) ?? this.model.byEffect.get(effect_id);
    if (!journey) return;
    if (this.dirty.has(journey)) this.flush();
    const view = this.views.get(journey);
    if (!view) return;
    view.element.hidden = false;
    view.setOpen(true);
    if (this.opened === journey) this.opened = null;
    view.element.scrollIntoView({ block: "nearest" });
    view.element.classList.remove("xray-flash");
    void view.element.offsetWidth;
    view.element.classList.add("xray-flash");
    view.details.querySelector("summary")?.focus({ preventScroll: true });
  }

  // ---- for screen readers

  speak() {
    if (this.spoken.timer !== 0) return;
    const wait = Math.max(0, SPEAK_MS - (Date.now() - this.spoken.atMs));
    this.spoken.timer = window.setTimeout(() => {
      this.spoken.timer = 0;
      this.spoken.atMs = Date.now();
      const journey = this.model.all.at(-1);
      if (!journey) return;
      if (this.paused) return this.say(t("xray.paused", { count: this.waiting }));
      const step = journey.steps.at(-1);
      const last = step ? `${titleOf(journey, this.nameOf(journey.phone))}, ${t(`xray.hop.${step.hop}`)}: ${outcomeOf(step)}` : "";
      this.say(t("xray.summary", { count: this.spoken.steps, last }));
    }, wait);
  }

  /** @param {string} text */
  say(text) {
    if (this.summary) this.summary.textContent = text;
  }

  unmount() {
    for (const off of this.offs ?? []) off();
    cancelAnimationFrame(this.frame);
    window.clearTimeout(this.spoken.timer);
    replace(this.root);
  }
}
