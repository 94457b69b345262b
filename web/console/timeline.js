// @ts-check
/**
 * The timeline of one conversation: events and messages in order, with ticks, attempts and money. Attempts of which the gateway
 * still knows come live from its trace and are put beside the message they were for.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { dateTime, day, duration } from "../shared/format.js";
import { language, t } from "../shared/i18n.js";
import { FINE, badge, cash, copyable, empty, ms, panel, word } from "./parts.js";
import { morph } from "./refresh.js";
import { watchSteps } from "./steps.js";

/** @typedef {{ attempt?: number, outcome: string, code?: number | string | null, took_us?: number, at_ms?: number, toward?: string, effect?: string, effect_id?: string }} Attempt */
/**
 * @typedef {{ at: string | number, direction: string, what: string, effect_id?: string | null, status?: string | null, code?: number | null, purchase_id?: string | null,
 *   toward?: string, attempts?: readonly Attempt[] }} Entry
 */
/** @typedef {import("./conversation.js").Purchase} Purchase */
/** @typedef {{ entry: Entry, at: number, place: number, family: string, attempts: readonly Attempt[], status: string | null, key: string }} Row */

const FAMILIES = /** @type {const} */ (["all", "customer", "ours", "shop", "trouble"]);
const CUSTOMER = new Set(["said", "welcomed", "tapped", "ordered", "arrived", "moved"]);
const TROUBLE = /^(failed:|send_failed|error$|refused$)/;

/** @param {Entry} entry */
function family(entry) {
  if (entry.direction === "out") return "ours";
  if (entry.direction === "effect") return entry.toward === "provider" ? "ours" : "shop";
  return CUSTOMER.has(entry.what) ? "customer" : "shop";
}

/**
 * @param {import("./parts.js").Stage} stage
 * @returns {{ panel: HTMLElement, show: (entries: readonly Entry[], purchases: readonly Purchase[]) => void }}
 */
export function timeline(stage) {
  /** @type {readonly Entry[]} */
  let known = [];
  /** @type {Map<string, Purchase>} */
  let bought = new Map();
  /** @type {typeof FAMILIES[number]} */
  let chosen = "all";
  const steps = live(stage, () => draw());
  const list = h("ol", { class: "timeline", dataset: { testid: "timeline" } });
  const none = h("div", { hidden: true });
  const filters = h("div", { class: "segmented", role: "group", "aria-label": t("timeline.filter") }, FAMILIES.map((name) => h("button", { type: "button", "aria-pressed": name === chosen, dataset: { family: name }, onclick: () => choose(name) }, t(`timeline.${name}`))));

  const choose = (/** @type {typeof FAMILIES[number]} */ name) => {
    chosen = name;
    for (const button of filters.children) button.setAttribute("aria-pressed", String(button instanceof HTMLElement && button.dataset["family"] === name));
    draw();
  };
  const draw = () => {
    if (whole.hidden) return;
    const all = rows(known, steps());
    const shown = all.filter((row) => chosen === "all" || row.family === chosen || (chosen === "trouble" && troubled(row)));
    const wanted = /** @type {HTMLElement} */ (list.cloneNode(false));
    wanted.append(...lines(shown, bought));
    morph(list, wanted);
    none.hidden = shown.length > 0;
    if (shown.length === 0) replace(none, empty("chat", all.length === 0 ? t("timeline.none") : t("timeline.none_of")));
  };

  const whole = panel({ title: t("conversation.timeline"), aside: filters }, list, none);
  whole.hidden = true;
  return {
    panel: whole,
    show(entries, purchases) {
      whole.hidden = false;
      known = entries;
      bought = new Map(purchases.map((one) => [one.purchase_id, one]));
      draw();
    },
  };
}

/**
 * What the trace tells of this conversation: attempts, and statuses by effect.
 * @param {import("./parts.js").Stage} stage
 * @param {() => void} changed
 */
function live(stage, changed) {
  const home = stage.args[0] ?? "";
  /** @type {Map<string, Attempt>} */
  const attempts = new Map();
  /** @type {Map<string, string>} */
  const statuses = new Map();
  let waits = false;
  const take = (/** @type {any} */ step) => {
    if (step.hop === "attempt" && step.conversation === home) attempts.set(`${step.effect_id} ${step.attempt}`, step);
    else if (step.hop === "status" && step.effect_id) statuses.set(step.effect_id, step.status);
    else return;
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      if (!stage.signal.aborted) changed();
    });
  };
  void watchSteps(stage.signal, take);
  return () => ({ attempts: [...attempts.values()], statuses });
}

/**
 * Newest first. Attempts stand with the entry of their effect; where that is not known they are an entry of their own.
 * @param {readonly Entry[]} entries
 * @param {{ attempts: readonly Attempt[], statuses: ReadonlyMap<string, string> }} steps
 * @returns {Row[]}
 */
function rows(entries, steps) {
  const ours = new Set(entries.map((entry) => entry.effect_id).filter(Boolean));
  /** @type {Map<string, Attempt[]>} */
  const byEffect = new Map();
  for (const attempt of steps.attempts) {
    const id = attempt.effect_id ?? "";
    byEffect.set(id, [...(byEffect.get(id) ?? []), attempt]);
  }
  /** @type {Entry[]} */
  const asked = [];
  for (const [id, tries] of byEffect) {
    const first = tries[0];
    if (ours.has(id) || !first) continue;
    asked.push({ at: first.at_ms ?? 0, direction: "effect", what: first.effect ?? "", toward: first.toward ?? "", effect_id: id, attempts: tries });
  }
  /** @type {Map<string, number>} */
  const seen = new Map();
  const order = places(entries);
  const made = [...entries, ...asked].map((entry, index) => {
    const name = `${entry.at} ${entry.direction} ${entry.what}`;
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    const attempts = entry.attempts ?? byEffect.get(entry.effect_id ?? "") ?? [];
    const status = entry.status ?? steps.statuses.get(entry.effect_id ?? "") ?? null;
    const at = ms(entry.at) ?? 0;
    return { entry, at, place: order[index] ?? at, family: family(entry), attempts, status, key: `${name} ${nth}` };
  });
  return made.sort((one, other) => other.place - one.place);
}

/**
 * Where each entry stands in time. The provider tells whole seconds and clocks differ, so none is put before one that it followed.
 * @param {readonly Entry[]} entries newest first, in the order in which they were decided
 * @returns {number[]}
 */
function places(entries) {
  let last = 0;
  const oldestFirst = [...entries].reverse().map((entry) => {
    last = Math.max(last, ms(entry.at) ?? 0);
    return last;
  });
  return oldestFirst.reverse();
}

/** @param {Row} row */
function troubled(row) {
  return TROUBLE.test(row.entry.what) || row.status === "failed" || row.attempts.some((attempt) => !FINE.has(attempt.outcome) && attempt.outcome !== "postponed");
}

/** @param {readonly Row[]} rows @param {ReadonlyMap<string, Purchase>} bought */
function lines(rows, bought) {
  let shownDay = "";
  return rows.flatMap((row) => {
    const today = day(row.at);
    const head = today === shownDay ? [] : [h("li", { class: "day", dataset: { key: `day ${today}` } }, today)];
    shownDay = today;
    return [...head, line(row, bought)];
  });
}

/** @param {number} at */
function precise(at) {
  return new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" }).format(at);
}

/** @param {Row} row @param {ReadonlyMap<string, Purchase>} bought */
function line(row, bought) {
  const { entry } = row;
  const purchase = entry.purchase_id ? bought.get(entry.purchase_id) : undefined;
  const sign = { customer: "person", ours: "bag", shop: "store" }[row.family] ?? "info";
  return h(
    "li",
    { class: ["entry", row.family, troubled(row) && "trouble"], dataset: { key: row.key, testid: "timeline-entry" } },
    h("time", { class: "number at", datetime: new Date(row.at).toISOString(), title: dateTime(row.at) }, precise(row.at)),
    h("span", { class: "who" }, icon(sign), h("span", null, t(`timeline.who.${row.family}`))),
    h(
      "div",
      { class: "what" },
      h("p", null, h("span", { class: "strong" }, whatWords(entry)), purchase ? [" ", cash(purchase.total)] : null, " ", tick(row.status), entry.code ? badge("danger", String(entry.code)) : null),
      row.attempts.length > 0 ? h("p", { class: "tries small" }, row.attempts.map(attempt)) : null,
    ),
    h("span", { class: "ids" }, entry.purchase_id ? copyable(entry.purchase_id, 12) : null, entry.effect_id ? copyable(entry.effect_id, 12) : null),
  );
}

/** @param {Entry} entry */
function whatWords(entry) {
  if (entry.what.startsWith("failed:")) return t("timeline.failed_of", { message: word("message", entry.what.slice("failed:".length)) });
  if (entry.direction === "effect") return entry.toward === "provider" ? t("timeline.sending", { message: word("message", entry.what) }) : word("effect", entry.what);
  return word(entry.direction === "out" ? "message" : "event", entry.what);
}

/** A status as ticks, with its word. @param {string | null} status */
export function tick(status) {
  if (!status) return null;
  const sign = status === "failed" ? "warning" : status === "sent" ? "check" : "checks";
  return h("span", { class: ["tick", status] }, icon(sign), h("span", null, word("status", status)));
}

/** @param {Attempt} attempt */
export function attempt(attempt) {
  const good = FINE.has(attempt.outcome);
  const words = [word("outcome", attempt.outcome), attempt.code ? ` ${attempt.code}` : "", attempt.took_us ? ` · ${duration(attempt.took_us)}` : ""];
  return h("span", { class: ["try", good ? "ok" : "warn"] }, attempt.attempt ? h("span", { class: "muted" }, `${attempt.attempt}.`, " ") : null, words);
}
