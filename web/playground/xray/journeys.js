// @ts-check
/**
 * Joins what the emulator tells and what the gateway tells into journeys: one per action of a customer, per callback of the
 * merchant, per price update. It knows no page.
 * @module
 */

import { Kept } from "./kept.js";

/** @typedef {import("./kept.js").Journey} Journey */
/** @typedef {import("./kept.js").What} What */
/** @typedef {import("./kept.js").Id} Id */

/** How soon after a callback its consequences are told. */
const NEAR_MS = 5_000;
/** Clocks tell milliseconds. */
const SLACK_US = 3_000;
/** How long a call of the Graph API waits for the decision that caused it to be told. */
const ORPHAN_MS = 2_000;
/** How long after a message a bot without trace may answer it. */
const ANSWER_MS = 60_000;
/** What tells that a person has another number or user id. */
const MOVES = new Set(["message system", "user_id_update"]);
const EFFECT = /^([0-9a-f]{22}\.\d+\.\d+)(?::|$)/;

export class Journeys extends Kept {
  /** @param {{gateway: boolean, changed: (journey: Journey) => void, dropped: (journey: Journey) => void}} options */
  constructor({ gateway, changed, dropped }) {
    super({ changed, dropped });
    this.gateway = gateway;
    /** Decided and not committed, by conversation. @type {Map<string, Journey[]>} */
    this.pending = new Map();
    /** What one side has told and another will, by the time it took. @type {{kind: "callback"|"move", journey: Journey, told: Set<string>, fromUs: number, toUs: number}[]} */
    this.halves = [];
    /** Graph calls whose effect nobody has named yet, since when by the page's own clock: what is remembered is told late. @type {{effect: string, told: any, since: number}[]} */
    this.orphans = [];
    /** Merchant attempts and shop calls that wait for each other. @type {{journey: Journey, fromUs: number, toUs: number, told: any}[]} */
    this.visits = [];
    /** @type {{told: any, fromUs: number}[]} */
    this.calls = [];
    /** @type {{retailer_id: string, atMs: number}|null} */
    this.lastProduct = null;
  }

  clear() {
    for (const map of [this.byMessage, this.byEffect, this.byCause]) map.clear();
    this.pending.clear();
    this.all = [];
    this.halves = [];
    this.orphans = [];
    this.visits = [];
    this.calls = [];
  }

  // ---- what the emulator tells

  /** @param {any} told */
  told(told) {
    switch (told.what) {
      case "webhook": return this.delivered(told);
      case "graph": return this.graph(told);
      case "shop": return this.shop(told);
      case "callback": return this.calledBack(told);
      case "product":
        this.lastProduct = { retailer_id: told.retailer_id, atMs: told.at_ms };
        return;
      default: return;
    }
  }

  /** @param {any} told */
  delivered(told) {
    const carries = /** @type {string[]} */ (told.carries ?? []);
    const inners = /** @type {string[]} */ (told.inner_ids ?? []);
    const effects = /** @type {string[]} */ (told.effect_ids ?? []);
    let statuses = 0;
    carries.forEach((carried, index) => {
      // What is no message has none of its own.
      const inner = inners[index] || null;
      const [kind, detail = ""] = carried.split(" ");
      if (kind === "status") {
        this.statusDelivered(told, inner, effects[statuses] ?? null, detail);
        statuses += 1;
        return;
      }
      const journey = this.carriedBy(carried, inner, told);
      journey.facts["carried"] = carried;
      journey.phone ??= told.phone ?? null;
      const facts = { http: told.http, attempt: told.attempt, carried, bytes: told.bytes };
      this.add(journey, "delivered", told, facts, message(inner));
    });
  }

  /** @param {string} carried @param {string|null} inner @param {any} told */
  carriedBy(carried, inner, told) {
    const known = inner === null ? undefined : this.byMessage.get(inner);
    if (known) return known;
    if (MOVES.has(carried)) {
      const journey = this.half("move", "emulator", told, () => this.begin("moved", told, {}));
      if (inner !== null) this.name(this.byMessage, inner, journey);
      return journey;
    }
    return inner === null ? this.begin("other", told, { carried }) : this.said(inner, told);
  }

  /** @param {any} told @param {string|null} inner @param {string|null} effect @param {string} status */
  statusDelivered(told, inner, effect, status) {
    const journey = (inner && this.byMessage.get(inner)) || (effect && this.byEffect.get(effect)) || null;
    if (!journey) return;
    const taken = told.http === 200;
    if (!this.gateway) this.add(journey, "status", told, { status, code: null, message: inner }, message(inner));
    if (!taken) this.add(journey, "delivered", told, { http: told.http, attempt: told.attempt, carried: `status ${status}`, bytes: told.bytes }, message(inner));
  }

  /** @param {any} told */
  graph(told) {
    const owner = (told.effect_id && this.byEffect.get(told.effect_id)) || (told.inner_id && this.byMessage.get(told.inner_id)) || null;
    if (owner) return this.addGraph(owner, told);
    if (this.gateway && told.effect_id) {
      this.orphans.push({ effect: told.effect_id, told, since: Date.now() });
      return;
    }
    const asked = this.gateway ? null : this.lastSaid(told);
    this.addGraph(asked ?? this.begin("call", told, { path: told.path, kind: told.kind ?? null }), told);
  }

  /** The latest message of that phone: what a bot without trace most likely answers. @param {any} told */
  lastSaid(told) {
    const near = (/** @type {Journey} */ journey) =>
      journey.what === "said" && journey.phone === told.phone && told.at_ms * 1000 - journey.beganUs < ANSWER_MS * 1000;
    return told.phone ? (this.all.findLast(near) ?? null) : null;
  }

  /** @param {Journey} journey @param {any} told */
  addGraph(journey, told) {
    journey.phone ??= told.phone ?? null;
    if (told.inner_id) this.name(this.byMessage, told.inner_id, journey);
    if (told.effect_id) this.name(this.byEffect, told.effect_id, journey);
    const facts = { http: told.http, code: told.code ?? null, kind: told.kind ?? null, method: told.method, path: told.path };
    this.add(journey, "graph", told, facts, [...effect(told.effect_id), ...message(told.inner_id)]);
  }

  /** @param {any} told */
  shop(told) {
    if (!/\/(lookup|quotes|purchases)/.test(told.path)) return;
    const fromUs = told.at_ms * 1000 - told.took_us;
    const around = this.visits.find((visit) => fromUs >= visit.fromUs - 5_000 && fromUs <= visit.toUs + 5_000);
    if (around) return this.addShop(around.journey, told, around.told.effect_id);
    this.calls.push({ told, fromUs });
    if (this.calls.length > 60) this.calls.shift();
  }

  /** @param {Journey} journey @param {any} told @param {string} effectId of the attempt that made the call */
  addShop(journey, told, effectId) {
    const facts = { http: told.http, method: told.method, path: told.path };
    const ids = [.../** @type {Id[]} */ (told.purchase_id ? [{ label: "purchase", value: told.purchase_id }] : []), ...effect(effectId)];
    if (told.purchase_id) journey.facts["purchase"] = told.purchase_id;
    this.add(journey, "shop", told, facts, ids);
  }

  /** @param {any} told */
  calledBack(told) {
    const journey = this.half("callback", "shop", told, () => this.begin("callback", told, {}));
    journey.facts["kind"] = told.kind;
    const product = this.lastProduct;
    if (product && told.kind.startsWith("product.") && told.at_ms - product.atMs < NEAR_MS) {
      journey.facts["retailer_id"] ??= product.retailer_id;
    }
    this.add(journey, "callback", told, { kind: told.kind, http: told.http }, []);
  }

  /**
   * One thing is told by several sides, each when it has ended: the decision within it comes first, the caller's telling last. They
   * belong together where their times overlap.
   * @param {"callback"|"move"} kind
   * @param {"emulator"|"shop"|"gateway"|"decision"} side
   * @param {any} told
   * @param {() => Journey} begin
   */
  half(kind, side, told, begin) {
    const toUs = told.at_ms * 1000;
    const fromUs = toUs - (told.took_us ?? 0);
    this.halves = this.halves.filter((half) => Math.abs(half.toUs - toUs) < NEAR_MS * 1000);
    const known = this.halves.find((half) => half.kind === kind && !half.told.has(side) && half.fromUs <= toUs + SLACK_US && half.toUs >= fromUs - SLACK_US);
    if (known) {
      known.told.add(side);
      known.fromUs = Math.min(known.fromUs, fromUs);
      known.toUs = Math.max(known.toUs, toUs);
      return known.journey;
    }
    const journey = begin();
    this.halves.push({ kind, journey, told: new Set([side]), fromUs, toUs });
    return journey;
  }

  // ---- what the gateway tells

  /** @param {any} traced */
  traced(traced) {
    switch (traced.hop) {
      case "webhook": return this.received(traced);
      case "decision": return this.decided(traced);
      case "commit": return this.committed(traced);
      case "attempt": return this.attempted(traced);
      case "status": return this.fared(traced);
      default: return;
    }
  }

  /** @param {any} traced */
  received(traced) {
    const items = /** @type {string[]} */ (traced.items ?? []);
    const facts = { http: traced.http, from: traced.from, bytes: traced.bytes, items };
    if (traced.from === "merchant") {
      const journey = this.half("callback", "gateway", traced, () => this.begin("callback", traced, {}));
      journey.facts["kind"] ??= items.find((item) => item.includes("."));
      this.add(journey, "webhook", traced, facts, []);
      return;
    }
    if (items.length > 0 && items.every((item) => item === "moved")) {
      this.add(this.half("move", "gateway", traced, () => this.begin("moved", traced, {})), "webhook", traced, facts, []);
      return;
    }
    const onlyStatuses = items.length > 0 && items.every((item) => item.startsWith("status"));
    const inners = /** @type {string[]} */ (traced.messages ?? []);
    if (inners.length === 0 && traced.http !== 200) {
      this.add(this.begin("refused", traced, {}), "webhook", traced, facts, []);
    }
    for (const inner of inners) {
      const known = this.byMessage.get(inner);
      if (onlyStatuses && (traced.http === 200 || !known)) continue;
      this.add(known ?? this.said(inner, traced), "webhook", traced, facts, message(inner));
    }
  }

  /** @param {any} traced */
  decided(traced) {
    const journey = this.causeOf(traced);
    journey.facts["event"] ??= traced.event;
    const caused = /** @type {{effect_id: string, effect: string}[]} */ (traced.effects ?? []);
    for (const one of caused) this.owns(journey, one.effect_id);
    const facts = { event: traced.event, outcome: traced.outcome, effects: caused.map((one) => one.effect), cause: traced.cause };
    const ids = [...conversation(traced.conversation), ...caused.flatMap((one) => effect(one.effect_id))];
    this.add(journey, "decision", traced, facts, ids);
    const waiting = this.pending.get(traced.conversation) ?? [];
    waiting.push(journey);
    this.pending.set(traced.conversation, waiting.slice(-50));
  }

  /** @param {any} traced @returns {Journey} */
  causeOf(traced) {
    const cause = String(traced.cause);
    if (traced.event === "moved") return this.half("move", "decision", traced, () => this.begin("moved", traced, {}));
    if (cause.startsWith("in:")) return this.said(cause.slice(3), traced);
    const answered = EFFECT.exec(cause)?.[1];
    const owner = answered === undefined ? undefined : this.byEffect.get(answered);
    if (owner) return owner;
    const key = cause.startsWith("pu_") ? cause.replace(/:[^:]*$/, "") : cause;
    const known = this.byCause.get(key);
    if (known) return known;
    if (cause.startsWith("callback:")) {
      const called = this.half("callback", "decision", traced, () => this.begin("callback", traced, {}));
      this.name(this.byCause, key, called);
      return called;
    }
    const caller = cause.startsWith("pu_") ? this.lastCallback(traced) : null;
    /** @type {What} */
    const what = cause.startsWith("pu_") ? "update" : cause.startsWith("api:") ? "api" : "other";
    const journey = caller ?? this.begin(what, traced, { event: traced.event });
    this.name(this.byCause, key, journey);
    return journey;
  }

  /** The callback of a product that has just come and whose decisions were not told yet. @param {any} traced */
  lastCallback(traced) {
    const fits = (/** @type {Journey} */ journey) => {
      const kind = journey.facts["kind"];
      const kindFits = kind === undefined || kind.startsWith("product.");
      const undecided = journey.steps.every((step) => step.hop !== "decision");
      return journey.what === "callback" && kindFits && undecided && Math.abs(traced.at_ms * 1000 - journey.beganUs) < NEAR_MS * 1000;
    };
    return this.all.findLast(fits) ?? null;
  }

  /** @param {any} traced */
  committed(traced) {
    const waiting = this.pending.get(traced.conversation) ?? [];
    this.pending.delete(traced.conversation);
    const facts = { revision: traced.revision, events: traced.events, outcome: traced.outcome };
    for (const journey of new Set(waiting)) this.add(journey, "commit", traced, facts, conversation(traced.conversation));
  }

  /** @param {any} traced */
  attempted(traced) {
    let journey = this.byEffect.get(traced.effect_id);
    if (!journey) {
      journey = this.begin("other", traced, { event: traced.effect });
      this.owns(journey, traced.effect_id);
    }
    if (traced.message) this.name(this.byMessage, traced.message, journey);
    const facts = { effect: traced.effect, toward: traced.toward, attempt: traced.attempt, outcome: traced.outcome, code: traced.code ?? null };
    this.add(journey, "attempt", traced, facts, [...effect(traced.effect_id), ...message(traced.message)]);
    if (traced.toward === "merchant") this.visited(journey, traced);
  }

  /** An attempt toward the merchant claims the calls that the shop saw meanwhile. @param {Journey} journey @param {any} traced */
  visited(journey, traced) {
    const toUs = traced.at_ms * 1000;
    const visit = { journey, fromUs: toUs - traced.took_us, toUs, told: traced };
    const inside = (/** @type {{fromUs: number}} */ call) => call.fromUs >= visit.fromUs - 5_000 && call.fromUs <= visit.toUs + 5_000;
    for (const call of this.calls.filter(inside)) this.addShop(journey, call.told, traced.effect_id);
    this.calls = this.calls.filter((call) => !inside(call));
    this.visits.unshift(visit);
    this.visits.length = Math.min(this.visits.length, 30);
  }

  /** @param {any} traced */
  fared(traced) {
    const journey = (traced.effect_id && this.byEffect.get(traced.effect_id)) || this.byMessage.get(traced.message);
    if (!journey) return;
    const facts = { status: traced.status, code: traced.code ?? null, message: traced.message };
    this.add(journey, "status", traced, facts, [...effect(traced.effect_id), ...message(traced.message)]);
  }

  // ---- what waits for its owner

  /** @param {Journey} journey @param {string} effectId */
  owns(journey, effectId) {
    journey.effects.add(effectId);
    this.name(this.byEffect, effectId, journey);
    const own = this.orphans.filter((orphan) => orphan.effect === effectId);
    if (own.length === 0) return;
    this.orphans = this.orphans.filter((orphan) => orphan.effect !== effectId);
    for (const orphan of own) this.addGraph(journey, orphan.told);
  }

  /** Calls that nobody claimed get journeys of their own. */
  adopt() {
    const now = Date.now();
    const late = this.orphans.filter((orphan) => now - orphan.since > ORPHAN_MS);
    if (late.length === 0) return;
    this.orphans = this.orphans.filter((orphan) => !late.includes(orphan));
    for (const { told } of late) this.addGraph(this.begin("call", told, { path: told.path, kind: told.kind ?? null }), told);
  }
}

/** @param {string|null|undefined} value @returns {Id[]} */
function message(value) {
  return value ? [{ label: "message", value }] : [];
}

/** @param {string|null|undefined} value @returns {Id[]} */
function effect(value) {
  return value ? [{ label: "effect", value }] : [];
}

/** @param {string|null|undefined} value @returns {Id[]} */
function conversation(value) {
  return value ? [{ label: "conversation", value }] : [];
}

/** From the first instant to the end of the last step that is no status. @param {Journey} journey */
export function span(journey) {
  let endUs = journey.beganUs;
  for (const step of journey.steps) {
    if (step.hop !== "status") endUs = Math.max(endUs, step.endUs);
  }
  return { fromUs: journey.beganUs, tookUs: Math.max(endUs - journey.beganUs, 1) };
}
