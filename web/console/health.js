// @ts-check
/**
 * What is well and what needs a person: the judgement over the overview's numbers, and the tables of business numbers and
 * merchants. It reads nothing itself.
 * @module
 */

import { h } from "../shared/dom.js";
import { count, duration } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { ago, badge, copyable, facts, instant, ms, said, table, word } from "./parts.js";

/** @typedef {import("./parts.js").Children} Children */
/** @typedef {{ gate: string, code?: number, since_ms?: number, cause?: string, mend?: string }} Stopped */
/** @typedef {{ capacity: number, available: number | null, refused_until_ms?: number | null }} Budget */
/**
 * @typedef {{ phone_number_id: string, merchant: string, state: string, reason?: string, code?: number, mend?: string, since_ms?: number,
 *   messages_per_second?: number, budget?: Budget | null }} BusinessNumber
 */
/**
 * @typedef {{ id: string, name?: string, connector?: string, state: string, reason?: string,
 *   catalog?: { products: number, generation?: number, mirrored_at_ms?: number | null } | null }} Merchant
 */
/**
 * @typedef {{ engine?: string, kind?: string, version?: string, writable?: boolean, level?: string, survives?: string[], durability?: string,
 *   memory_percent?: number | null, warnings?: string[], problem?: string }} Store
 */
/**
 * @typedef {{ now_ms: number, version?: string, ready: boolean, reasons?: string[], store?: Store, stopped?: Stopped[], signatures?: string,
 *   config?: { refused: string[] | null, restart_needed: string[] } | null,
 *   numbers?: BusinessNumber[], merchants?: Merchant[], dead_letters?: number | null, tracing?: boolean,
 *   lanes?: { due?: number | null, total?: number | null, oldest_due_ms?: number | null, unread_shards?: number } }} Overview
 */
/** @typedef {{ reason: string, count: number, oldest?: string, newest?: string, what_happened?: string, what_to_do?: string }} Group */
/** @typedef {{ tone: "danger" | "warn", what: Children, mend?: Children, since?: number | null, href?: string, link?: string, key: string }} Need */

/** Work that is due for that long is a lag that somebody should look at. */
export const LATE_MS = 60_000;

/** Everything that asks for a person, the worst first. @param {Overview} seen @param {readonly Group[]} groups @returns {Need[]} */
export function needs(seen, groups) {
  return [...ofStore(seen), ...ofSending(seen), ...ofMerchants(seen), ...ofLanes(seen), ...ofLetters(groups)].sort((one, other) => Number(other.tone === "danger") - Number(one.tone === "danger"));
}

/** @param {Overview} seen @returns {Need[]} */
function ofStore(seen) {
  /** @type {Need[]} */
  const found = (seen.reasons ?? []).map((reason) => ({ tone: "danger", what: said(reason), mend: t("need.ready.mend"), key: `ready ${reason}` }));
  if (!seen.ready && found.length === 0) found.push({ tone: "danger", what: t("need.not_ready"), mend: t("need.ready.mend"), key: "ready" });
  for (const warning of seen.store?.warnings ?? []) found.push({ tone: "warn", what: said(warning), mend: t("need.store.mend"), key: `store ${warning}` });
  if (seen.store?.level === "none") found.push({ tone: "warn", what: t("need.level.none"), mend: t("need.level.mend"), key: "level" });
  if (seen.signatures && seen.signatures !== "ok") found.push({ tone: "danger", what: t("need.signatures"), mend: t("need.signatures.mend"), key: "signatures" });
  return [...found, ...ofConfiguration(seen)];
}

/** @param {Overview} seen @returns {Need[]} */
function ofConfiguration(seen) {
  /** @type {Need[]} */
  const found = (seen.config?.refused ?? []).map((fault) => ({ tone: "danger", what: [t("need.config"), " ", said(fault)], mend: t("need.config.mend"), key: `config ${fault}` }));
  for (const key of seen.config?.restart_needed ?? []) found.push({ tone: "warn", what: [t("need.config.restart"), ": ", said(key)], key: `restart ${key}` });
  return found;
}

/** @param {Overview} seen @returns {Need[]} */
function ofSending(seen) {
  const stopped = seen.stopped ?? [];
  /** @type {Need[]} */
  const gates = stopped.map((gate) => ({
    tone: "danger",
    what: [t("need.stopped", { gate: gateWords(gate.gate) }), gate.code ? ` (${gate.code})` : "", gate.cause ? ": " : "", gate.cause ? said(gate.cause) : ""],
    mend: gate.mend ? said(gate.mend) : undefined,
    since: gate.since_ms ?? null,
    key: `gate ${gate.gate}`,
  }));
  const told = new Set(stopped.map((gate) => gate.gate));
  for (const number of seen.numbers ?? []) {
    const known = told.has(`number ${number.phone_number_id}`) || told.has(`merchant ${number.merchant}`);
    if (number.state === "ok" || known) continue;
    const why = number.reason ? said(number.reason) : "";
    gates.push({ tone: "danger", what: [t("need.stopped", { gate: t("gate.number", { id: number.phone_number_id }) }), why ? ": " : "", why], mend: number.mend ? said(number.mend) : undefined, since: number.since_ms ?? null, key: `number ${number.phone_number_id}` });
  }
  return gates;
}

/** `number 1065…` or `merchant shop`, for people. @param {string} gate */
function gateWords(gate) {
  const [kind = "", ...id] = gate.split(" ");
  return kind === "number" || kind === "merchant" ? t(`gate.${kind}`, { id: id.join(" ") }) : gate;
}

/** @param {Overview} seen @returns {Need[]} */
function ofMerchants(seen) {
  /** @type {Need[]} */
  const found = [];
  const told = new Set((seen.stopped ?? []).map((gate) => gate.gate));
  for (const merchant of seen.merchants ?? []) {
    const name = merchant.name ?? merchant.id;
    if (merchant.state !== "ok" && !told.has(`merchant ${merchant.id}`)) {
      const why = merchant.reason ? [": ", said(merchant.reason)] : [];
      found.push({ tone: "danger", what: [t("need.merchant", { name }), ...why], mend: t("need.merchant.mend"), key: `merchant ${merchant.id}` });
    }
    if (merchant.catalog && merchant.catalog.products === 0) {
      found.push({ tone: "warn", what: t("need.catalog", { name }), mend: t("need.catalog.mend"), key: `catalog ${merchant.id}` });
    }
  }
  return found;
}

/** @param {Overview} seen @returns {Need[]} */
function ofLanes(seen) {
  const oldest = seen.lanes?.oldest_due_ms ?? null;
  const late = oldest === null ? 0 : seen.now_ms - oldest;
  if (oldest === null || late < LATE_MS) return [];
  return [{ tone: "warn", what: t("need.lanes", { late: duration(late * 1_000), count: seen.lanes?.due ?? 0 }), mend: t("need.lanes.mend"), since: oldest, href: "#/lanes", link: t("nav.lanes"), key: "lanes" }];
}

/** @param {readonly Group[]} groups @returns {Need[]} */
function ofLetters(groups) {
  return groups.map((group) => ({
    tone: "warn",
    what: [t("need.letters", { count: group.count }), ": ", word("reason", group.reason)],
    mend: toDo(group),
    since: ms(group.oldest),
    href: `#/dead-letters?reason=${encodeURIComponent(group.reason)}`,
    link: t("need.letters.look"),
    key: `letters ${group.reason}`,
  }));
}

/** What to do about a cause: in the reader's language where we know it, else the gateway's sentence. @param {{ reason: string, what_to_do?: string }} group */
export function toDo(group) {
  return told("cause.do", group.reason, group.what_to_do);
}

/** What happened, likewise. @param {{ reason: string, what_happened?: string }} group */
export function happened(group) {
  return told("cause.what", group.reason, group.what_happened);
}

/** @param {string} family @param {string} reason @param {string | undefined} sentence @returns {Children} */
function told(family, reason, sentence) {
  const key = `${family}.${reason}`;
  const ours = t(key);
  return ours === key ? said(sentence ?? "") : ours;
}

/** @param {string} state @param {string} [reason] */
function standing(state, reason) {
  return h("span", { class: "row wrap" }, state === "ok" ? badge("ok", t("state.ok")) : badge("danger", t("state.stopped")), reason ? h("span", { class: "small" }, said(reason)) : null);
}

/** How much of a number's rate is free. @param {Budget | null | undefined} budget @param {number} now */
function meter(budget, now) {
  if (!budget || budget.available === null) return h("span", { class: "muted" }, "—");
  const words = t("budget.free", { free: count(budget.available), all: count(budget.capacity) });
  const refused = budget.refused_until_ms && budget.refused_until_ms > now ? t("budget.refused", { time: duration((budget.refused_until_ms - now) * 1_000) }) : "";
  const all = Math.max(1, budget.capacity);
  const share = Math.min(1, Math.max(0, budget.available / all));
  const bar = h("meter", { class: share < 0.3 ? "few" : share < 0.6 ? "some" : "", min: 0, max: all, low: all * 0.3, high: all * 0.6, optimum: all, vars: { "--share": `${share * 100}%` }, "aria-label": words });
  bar.setAttribute("value", String(budget.available));
  return h("span", { class: "metered" }, bar, h("span", { class: "number" }, words), refused ? h("span", { class: "tiny warn-ink" }, refused) : null);
}

/** @param {readonly BusinessNumber[]} numbers @param {number} now */
export function numbersTable(numbers, now) {
  return table({
    caption: t("overview.numbers"),
    rows: numbers,
    key: (number) => number.phone_number_id,
    testid: "number-row",
    columns: [
      { head: t("col.number"), cell: (number) => copyable(number.phone_number_id, 20) },
      { head: t("col.merchant"), cell: (number) => number.merchant },
      { head: t("col.state"), cell: (number) => standing(number.state, number.reason) },
      { head: t("col.rate"), end: true, cell: (number) => (number.messages_per_second ? h("span", { class: "number" }, t("budget.rate", { rate: number.messages_per_second })) : "—") },
      { head: t("col.budget"), cell: (number) => meter(number.budget, now) },
    ],
  });
}

/** @param {readonly Merchant[]} merchants @param {number} now */
export function merchantsTable(merchants, now) {
  return table({
    caption: t("overview.merchants"),
    rows: merchants,
    key: (merchant) => merchant.id,
    testid: "merchant-row",
    columns: [
      { head: t("col.merchant"), cell: (merchant) => [h("span", null, merchant.name ?? merchant.id), merchant.name && merchant.name !== merchant.id ? h("code", { class: "muted" }, ` ${merchant.id}`) : null] },
      { head: t("col.connector"), cell: (merchant) => merchant.connector ?? "—" },
      { head: t("col.state"), cell: (merchant) => standing(merchant.state, merchant.reason) },
      { head: t("col.products"), end: true, cell: (merchant) => h("span", { class: "number" }, merchant.catalog ? count(merchant.catalog.products) : "—") },
      { head: t("col.mirrored"), cell: (merchant) => ago(merchant.catalog?.mirrored_at_ms, now) },
    ],
  });
}

/** What an answered webhook is worth here. @param {Overview} seen */
export function storeFacts(seen) {
  const store = seen.store ?? {};
  const survives = store.survives ?? [];
  return facts([
    store.level ? [t("store.level"), [badge(store.level === "none" || store.level === "unknown" ? "warn" : "ok", word("level", store.level)), store.durability ? h("p", { class: "small muted" }, said(store.durability)) : null]] : null,
    store.problem ? [t("col.state"), badge("danger", said(store.problem))] : null,
    survives.length > 0 && [t("store.survives"), survives.map((loss) => word("loss", loss)).join(", ")],
    [t("store.kind"), [store.engine ?? store.kind ?? "—", store.version ? ` ${store.version}` : ""]],
    store.memory_percent !== null && store.memory_percent !== undefined && [t("store.memory"), h("span", { class: "number" }, `${store.memory_percent} %`)],
    [t("store.signatures"), seen.signatures === "ok" ? badge("ok", t("state.ok")) : badge("danger", said(seen.signatures ?? "—"))],
    seen.version ? [t("store.version"), h("code", null, seen.version)] : null,
    [t("store.clock"), instant(seen.now_ms)],
  ]);
}
