// @ts-check
/**
 * Stories: guided rehearsals, shareable by address. It draws the list and the card of the story under way; what a step means is in
 * `stories/`.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { onLanguage, t } from "../shared/i18n.js";
import { addressOf, asked, know, leave, onRun, running, start } from "./stories/current.js";
import { duplicates } from "./stories/duplicates.js";
import { firstPurchase } from "./stories/first-purchase.js";
import { lostReply } from "./stories/lost-reply.js";
import { nativeCart } from "./stories/native-cart.js";
import { priceChange } from "./stories/price-change.js";
import { soldOut } from "./stories/sold-out.js";
import { twoDevices } from "./stories/two-devices.js";
import { windowClosed } from "./stories/window-closed.js";
import { wrongTotal } from "./stories/wrong-total.js";
import "./stories/words.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./stories/run.js").Story} Story */
/** @typedef {import("./stories/run.js").Run} Run */
/** @typedef {import("./stories/run.js").Step} Step */

/** All stories, in the order in which they are offered. @type {readonly Story[]} */
export const stories = [firstPurchase, priceChange, twoDevices, lostReply, windowClosed, nativeCart, soldOut, duplicates, wrongTotal];
know(stories);

export { asked, leave, onRun, running, start };

/**
 * The list of stories, or the card of the one under way.
 * @param {HTMLElement} root
 * @param {World} world
 * @returns {() => void} unmount
 */
export function mount(root, world) {
  const voice = h("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const place = h("div", { class: "stories" });
  replace(root, place, voice);
  /** @type {Card|null} */
  let card = null;
  const paint = () => {
    const run = running();
    const focused = place.contains(document.activeElement);
    if (!run) {
      const left = card?.run.story.id;
      card = null;
      replace(place, list(world));
      if (focused) /** @type {HTMLElement | null} */ (place.querySelector(`[data-story="${left ?? ""}"]`))?.focus();
      return;
    }
    if (card?.run !== run) {
      card = new Card(run, voice);
      replace(place, card.element);
      if (focused) card.element.focus({ preventScroll: true });
      root.closest(".story")?.scrollTo(0, 0);
    }
    card.patch();
  };
  const offRun = onRun(paint);
  const offLanguage = onLanguage(() => {
    card = null;
    paint();
  });
  return () => {
    offRun();
    offLanguage();
    replace(root);
  };
}

/** @param {World} world */
function list(world) {
  const bare = !world.settings.gateway;
  const item = (/** @type {Story} */ story) =>
    h(
      "li",
      null,
      h(
        "button",
        { type: "button", class: "story-item", disabled: bare, dataset: { testid: "story-begin", story: story.id }, onclick: () => void start(world, story.id) },
        h("span", { class: "story-icon" }, icon(story.icon)),
        h("span", { class: "story-words" }, h("span", { class: "strong" }, story.title(t)), h("span", { class: "small muted" }, story.summary(t))),
        icon("chevron-right"),
      ),
    );
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "small muted" }, t("stories.lead")),
    bare ? h("p", { class: "notice info" }, icon("info"), h("span", null, t("stories.bare"))) : h("p", { class: "tiny muted" }, t("stories.resets")),
    h("ul", { class: "story-list", dataset: { testid: "story-list" } }, stories.map(item)),
  );
}

class Card {
  /** @param {Run} run @param {HTMLElement} voice */
  constructor(run, voice) {
    this.run = run;
    this.voice = voice;
    this.shownAt = -1;
    this.progress = h("span", { class: "badge accent number" });
    this.stage = h("li", { class: "story-step", dataset: { testid: "story-step", step: "stage" } });
    this.rows = run.story.steps.map((step) => h("li", { class: "story-step", dataset: { testid: "story-step", step: step.id } }));
    this.trouble = h("p", { class: "notice warn", role: "alert", hidden: true, dataset: { testid: "story-trouble" } });
    this.end = h("div", { class: "story-end", hidden: true });
    this.element = this.build();
  }

  build() {
    const { story, world } = this.run;
    const share = () => {
      navigator.clipboard?.writeText(addressOf(story.id)).then(() => toast(t("stories.shared"), "ok"), () => undefined);
    };
    return h(
      "article",
      { class: "story-card", tabindex: "-1", dataset: { testid: "story-card", story: story.id }, "aria-label": story.title(t) },
      h(
        "header",
        { class: "story-head" },
        h("span", { class: "story-icon" }, icon(story.icon)),
        h("h3", null, story.title(t)),
        this.progress,
        h("p", { class: "small muted" }, story.summary(t)),
      ),
      h("ol", { class: "story-steps" }, this.stage, this.rows),
      this.trouble,
      this.end,
      h(
        "footer",
        { class: "row wrap story-foot" },
        h("button", { type: "button", class: "button small", dataset: { testid: "story-again" }, onclick: () => void start(world, story.id) }, icon("refresh"), h("span", null, t("stories.again"))),
        h("button", { type: "button", class: "button small", dataset: { testid: "story-share" }, onclick: share }, icon("link"), h("span", null, t("stories.share"))),
        h("button", { type: "button", class: "button small quiet", dataset: { testid: "story-leave" }, onclick: leave }, icon("list"), h("span", null, t("stories.all"))),
      ),
    );
  }

  patch() {
    const { run } = this;
    const { steps } = run.story;
    this.progress.textContent = t("stories.progress", { at: Math.min(run.at, steps.length), count: steps.length });
    const set = run.state === "playing" || run.state === "done";
    this.paint(this.stage, set ? "done" : "doing", [h("span", null, t(set ? "stories.stage" : "stories.setting"))]);
    steps.forEach((step, index) => {
      const row = this.rows[index];
      if (!row) return;
      const state = index < run.at ? "done" : index === run.at && run.state === "playing" ? "doing" : "todo";
      this.paint(row, state, this.content(step, state));
    });
    const why = { why: run.trouble };
    this.trouble.hidden = run.trouble === "";
    replace(this.trouble, icon("warning"), h("span", null, t(run.state === "stuck" ? "stories.stuck" : "stories.trouble", why)));
    if (run.state === "done" && this.end.hidden) this.finish();
    this.announce();
  }

  /** @param {Step} step @param {"todo"|"doing"|"done"} state */
  content(step, state) {
    const { run } = this;
    const values = run.valuesOf(step);
    const words = [h("span", { class: "story-say" }, t(step.say, values).replace(/\{\w+\}/g, "…").replace("….", "…"))];
    if (state !== "doing") return words;
    if (!step.act) return [...words, h("span", { class: "small muted" }, t("stories.watch"))];
    if (step.hint) words.push(h("span", { class: "small muted" }, t(step.hint, values)));
    const label = t(run.acting ? "stories.doing" : "stories.do");
    words.push(h("button", { type: "button", class: "button small", dataset: { testid: "story-do" }, "aria-disabled": run.acting, onclick: () => void run.act() }, icon("play"), h("span", null, label)));
    return words;
  }

  /** Rebuilds a step only when something about it looks different: focus on its button must not be lost.
   * @param {HTMLElement} row @param {"todo"|"doing"|"done"} state @param {HTMLElement[]} content */
  paint(row, state, content) {
    const look = `${state}|${content.map((part) => part.textContent).join("|")}`;
    if (row.dataset["look"] === look) return;
    const focused = row.contains(document.activeElement);
    row.dataset["look"] = look;
    if (state === "doing") queueMicrotask(() => this.keepInSight(row));
    row.dataset["state"] = state;
    if (state === "doing") row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    replace(row, h("span", { class: "story-tick" }, icon(state === "done" ? "check" : state === "doing" ? "arrow-right" : "minus", t(`stories.state.${state}`))), h("div", { class: "story-step-body" }, content));
    if (focused) this.refocus();
  }

  /** The present step stays in sight where the column scrolls by itself; the page is never moved. @param {HTMLElement} row */
  keepInSight(row) {
    const column = row.closest(".story");
    if (!column || column.scrollHeight <= column.clientHeight) return;
    const [step, seen] = [row.getBoundingClientRect(), column.getBoundingClientRect()];
    if (step.bottom > seen.bottom) column.scrollTop += Math.min(step.bottom - seen.bottom + 8, step.top - seen.top);
    else if (step.top < seen.top) column.scrollTop += step.top - seen.top - 8;
  }

  /** The button that a person pressed is gone: focus goes on to the next one. */
  refocus() {
    queueMicrotask(() => {
      const next = this.element.querySelector("[data-testid='story-do'], [data-testid='story-again']");
      if (next instanceof HTMLElement) next.focus({ preventScroll: true });
    });
  }

  finish() {
    const { story } = this.run;
    this.end.hidden = false;
    this.end.dataset["testid"] = "story-done";
    replace(
      this.end,
      h("h4", null, icon("checks"), h("span", null, t("stories.saw"))),
      h("p", null, t(`story.${story.id}.saw`)),
      h("p", { class: "tiny muted" }, t("stories.docs", { docs: story.docs })),
    );
  }

  announce() {
    const { run } = this;
    if (run.state === "setting" || run.at === this.shownAt) return;
    const [before, now] = [run.story.steps[run.at - 1], run.step];
    this.shownAt = run.at;
    if (run.state === "done") this.voice.textContent = t("stories.finished");
    else if (before && now) this.voice.textContent = t("stories.announce", { done: t(before.say, run.valuesOf(before)), now: t(now.say, run.valuesOf(now)) });
  }
}
