// @ts-check
/**
 * Replays of dead letters: what one would do, and doing it once somebody has read that and said yes; one by one, or many at a rate.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { confirmed, open } from "./dialog.js";
import { effectWords } from "./lanes.js";
import { badge, failure, said, waiting, word } from "./parts.js";
import { ask } from "./session.js";

/** @typedef {{ event: string, conversation?: string | null, effects?: string[], window_open?: boolean, note?: string | null }} Foreseen */
/** @typedef {{ id: string, outcome: string, problem?: string, events?: Foreseen[] }} Report */
/** @typedef {{ dry_run: boolean, letters: Report[], counts: Record<string, number>, ended?: string, next_cursor?: string }} Run */

const LIMIT = { least: 1, most: 1_000, usual: 100 };
const RATE = { least: 1, most: 50, usual: 5 };

/** What a replay would do. @param {string} id @param {AbortSignal} [signal] @returns {Promise<Report>} */
export function foresee(id, signal) {
  return ask("POST", `/dead-letters/${encodeURIComponent(id)}/replay`, { dry_run: true }, signal);
}

/**
 * Looks first, asks with the words of what would be sent, then replays. `null`: the person said no.
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Report | null>}
 */
export async function replayOne(id, signal) {
  const seen = await foresee(id, signal);
  const sure = await confirmed({ title: t("replay.title"), body: [h("p", null, t("replay.words")), would(seen)], action: t("replay.go"), wide: true });
  if (!sure) return null;
  return ask("POST", `/dead-letters/${encodeURIComponent(id)}/replay`, { dry_run: false }, signal);
}

/** A dry run in words. @param {Report} report */
export function would(report) {
  const events = report.events ?? [];
  return h(
    "div",
    { class: "would", dataset: { testid: "letter-would" } },
    h("p", { class: "row wrap" }, h("span", { class: "overline" }, t("would.title")), badge(report.outcome === "taken" ? "ok" : "warn", word("would", report.outcome))),
    report.problem ? h("p", { class: "small" }, said(report.problem)) : null,
    events.length > 0 ? h("ol", { class: "stack" }, events.map(event)) : h("p", { class: "small muted" }, t("would.nothing")),
  );
}

/** @param {Foreseen} one */
function event(one) {
  const effects = one.effects ?? [];
  return h(
    "li",
    { class: "would-event" },
    h("p", { class: "row wrap" }, h("strong", null, word("event", one.event)), one.conversation ? h("span", { class: "small" }, t("would.to"), " ", h("code", null, one.conversation)) : null, one.window_open === undefined ? null : badge(one.window_open ? "ok" : "warn", t(one.window_open ? "would.window.open" : "would.window.closed"), "clock")),
    effects.length > 0 ? h("ul", { class: "effects" }, effects.map((effect) => h("li", { class: "row" }, icon(effect.startsWith("send") ? "send" : "store"), effectWords(effect)))) : null,
    one.note ? h("p", { class: "small muted" }, said(one.note)) : null,
  );
}

/**
 * Replays many letters of one cause: first a dry run, then at a rate. True when any was really replayed.
 * @param {string} reason
 * @param {number} letters
 * @returns {Promise<boolean>}
 */
export function replayMany(reason, letters) {
  return new Promise((resolve) => {
    let changed = false;
    const aborter = new AbortController();
    const limit = field("replay-limit", LIMIT, Math.min(letters, LIMIT.most));
    const rate = field("replay-rate", RATE, RATE.usual);
    const dry = h("button", { type: "button", class: "button", dataset: { testid: "many-dry-run" } }, icon("eye"), t("letter.dry_run"));
    const go = h("button", { type: "button", class: "button primary", dataset: { testid: "many-replay" } }, icon("refresh"), t("replay.go"));
    const result = h("div", { class: "stack", "aria-live": "polite" });
    const run = (/** @type {boolean} */ isDry) => async () => {
      const wish = { limit: bounded(limit, LIMIT), rate: bounded(rate, RATE) };
      const sure = isDry || (await confirmed({ title: t("replay.many.sure", { count: Math.min(wish.limit, letters) }), body: [h("p", null, t("replay.many.words", { reason: word("reason", reason), rate: wish.rate }))], action: t("replay.go") }));
      if (!sure) return;
      for (const button of [dry, go]) button.disabled = true;
      changed ||= !isDry;
      await goOn(result, { reason, isDry, ...wish }, aborter.signal);
      for (const button of [dry, go]) button.disabled = false;
    };
    dry.addEventListener("click", () => void run(true)());
    go.addEventListener("click", () => void run(false)());
    const fields = h("div", { class: "row wrap ends" }, labelled(limit, t("replay.limit")), labelled(rate, t("replay.rate")), dry, go);
    const dialog = open({ title: t("replay.many", { reason: word("reason", reason) }), body: [h("p", { class: "small" }, t("replay.many.lead", { count: letters })), fields, result], wide: true });
    dialog.addEventListener("close", () => {
      aborter.abort();
      resolve(changed);
    });
  });
}

/** @param {string} id @param {{ least: number, most: number }} bounds @param {number} value */
function field(id, bounds, value) {
  return h("input", { class: "input number", id, type: "number", min: bounds.least, max: bounds.most, step: 1, value: String(value), inputmode: "numeric", dataset: { testid: id } });
}

/** @param {HTMLElement} control @param {string} label */
function labelled(control, label) {
  return h("div", { class: "field narrow" }, h("label", { for: control.id }, label), control);
}

/** @param {HTMLInputElement} control @param {{ least: number, most: number, usual: number }} bounds */
function bounded(control, bounds) {
  const value = Math.trunc(control.valueAsNumber);
  const fit = Number.isFinite(value) ? Math.min(bounds.most, Math.max(bounds.least, value)) : bounds.usual;
  control.value = String(fit);
  return fit;
}

/**
 * Request after request until the limit is reached or nothing is left; each one goes on for 20 seconds at most.
 * @param {HTMLElement} result
 * @param {{ reason: string, isDry: boolean, limit: number, rate: number }} wish
 * @param {AbortSignal} signal
 */
async function goOn(result, wish, signal) {
  /** @type {Report[]} */
  const reports = [];
  /** @type {string | undefined} */
  let cursor;
  replace(result, waiting());
  try {
    do {
      const body = { reason: wish.reason, dry_run: wish.isDry, limit: wish.limit - reports.length, rate_per_s: wish.rate, ...(cursor ? { cursor } : {}) };
      const run = /** @type {Run} */ (await ask("POST", "/dead-letters/replay", body, signal));
      reports.push(...run.letters);
      cursor = run.letters.length > 0 && !run.ended ? run.next_cursor : undefined;
      replace(result, summary(reports, wish.isDry), run.ended ? h("p", { class: "notice warn" }, icon("warning"), said(run.ended)) : null);
    } while (cursor && reports.length < wish.limit && !signal.aborted);
    if (!wish.isDry) toast(t("replay.done", { count: reports.length }), "ok");
  } catch (error) {
    if (!signal.aborted) replace(result, reports.length > 0 ? summary(reports, wish.isDry) : null, failure(error));
  }
}

/** @param {readonly Report[]} reports @param {boolean} isDry */
function summary(reports, isDry) {
  if (reports.length === 0) return h("p", { class: "muted" }, t("replay.none"));
  /** @type {Map<string, Report[]>} */
  const byOutcome = new Map();
  for (const report of reports) byOutcome.set(report.outcome, [...(byOutcome.get(report.outcome) ?? []), report]);
  const sections = [...byOutcome].map(([outcome, some]) =>
    h(
      "details",
      { open: outcome !== "taken" },
      h("summary", null, h("span", { class: "number strong" }, count(some.length)), " ", word(isDry ? "would" : "outcome", outcome)),
      h("ul", { class: "small reports" }, some.map((one) => h("li", null, h("code", null, one.id), " ", one.problem ? said(one.problem) : one.events ? effectsOf(one.events) : null))),
    ),
  );
  return h("div", { class: "stack", dataset: { testid: "letter-would" } }, sections);
}

/** @param {readonly Foreseen[]} events */
function effectsOf(events) {
  const all = events.flatMap((one) => one.effects ?? []).map(effectWords);
  return all.length > 0 ? all.join(" · ") : t("would.nothing");
}
