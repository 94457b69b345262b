// @ts-check
/**
 * Journeys and their names: begun once, found by message, effect or cause, forgotten oldest first. It knows no stream.
 * @module
 */

import { hopOrder, toneOf, worse } from "./hops.js";

/** @typedef {{label: "message"|"effect"|"conversation"|"purchase"|"cause"|"product", value: string}} Id */
/** @typedef {{
 *   hop: import("./hops.js").Hop, tone: import("./hops.js").Tone, endUs: number, tookUs: number,
 *   facts: Record<string, any>, ids: Id[],
 * }} Step */
/** @typedef {"said"|"callback"|"moved"|"update"|"api"|"call"|"refused"|"other"} What */
/** @typedef {{
 *   id: number, what: What, inner: string|null, phone: string|null, beganUs: number, tone: import("./hops.js").Tone,
 *   facts: Record<string, any>, steps: Step[], more: number, effects: Set<string>, names: [Map<string, Journey>, string][],
 * }} Journey */

/** Journeys that are kept. */
export const KEPT = 200;
/** Steps of one journey that are kept: a price update may reach thousands of conversations. Further ones are counted. */
export const STEPS_KEPT = 120;

/** What two clocks may differ by. */
const NEAR_US = 3_000;

export class Kept {
  /** @param {{changed: (journey: Journey) => void, dropped: (journey: Journey) => void}} options */
  constructor({ changed, dropped }) {
    this.changed = changed;
    this.dropped = dropped;
    this.next = 1;
    /** Oldest first. @type {Journey[]} */
    this.all = [];
    /** @type {Map<string, Journey>} */
    this.byMessage = new Map();
    /** @type {Map<string, Journey>} */
    this.byEffect = new Map();
    /** Price updates, callbacks, calls of the API. @type {Map<string, Journey>} */
    this.byCause = new Map();
  }

  /** The journey of a message, in or out. @param {string} inner */
  ofMessage(inner) {
    return this.byMessage.get(inner) ?? null;
  }

  /** @param {string} inner @param {any} told */
  said(inner, told) {
    const known = this.byMessage.get(inner);
    if (known) return known;
    const journey = this.begin("said", told, {});
    journey.inner = inner;
    this.name(this.byMessage, inner, journey);
    return journey;
  }

  /** @param {What} what @param {any} told @param {Record<string, any>} facts @returns {Journey} */
  begin(what, told, facts) {
    const beganUs = told.at_ms * 1000 - (told.took_us ?? 0);
    /** @type {Journey} */
    const journey = { id: this.next, what, inner: null, phone: told.phone ?? null, beganUs, tone: "good", facts, steps: [], more: 0, effects: new Set(), names: [] };
    this.next += 1;
    this.all.push(journey);
    while (this.all.length > KEPT) this.forget(/** @type {Journey} */ (this.all.shift()));
    return journey;
  }

  /** @param {Journey} journey */
  forget(journey) {
    for (const [map, key] of journey.names) {
      if (map.get(key) === journey) map.delete(key);
    }
    this.dropped(journey);
  }

  /** @param {Map<string, Journey>} map @param {string} key @param {Journey} journey */
  name(map, key, journey) {
    if (map.has(key)) return;
    map.set(key, journey);
    journey.names.push([map, key]);
  }

  /** @param {Journey} journey @param {import("./hops.js").Hop} hop @param {any} told @param {Record<string, any>} facts @param {Id[]} ids */
  add(journey, hop, told, facts, ids) {
    const step = { hop, tone: toneOf(hop, facts), endUs: told.at_ms * 1000, tookUs: told.took_us ?? 0, facts, ids };
    if (journey.steps.length >= STEPS_KEPT) {
      journey.more += 1;
      journey.tone = worse(journey.tone, step.tone);
      return this.changed(journey);
    }
    const start = (/** @type {Step} */ one) => one.endUs - one.tookUs;
    let place = hop === "shop" ? withinAttempt(journey, step) : journey.steps.length;
    while (place > 0) {
      const before = /** @type {Step} */ (journey.steps[place - 1]);
      const isLater = start(before) > start(step);
      // Clocks tell milliseconds: within a few of them the order of the hops is the order of events.
      const isNear = Math.abs(start(before) - start(step)) < NEAR_US && (roundOf(before) === roundOf(step) || isArrival(before) || isArrival(step) || isDecided(before, step));
      const goesBefore = isNear && before.hop !== hop ? hopOrder(before.hop) > hopOrder(hop) : isLater;
      if (!goesBefore || isCaller(before, step)) break;
      place -= 1;
    }
    journey.steps.splice(place, 0, step);
    journey.beganUs = Math.min(journey.beganUs, start(step));
    journey.tone = worse(journey.tone, step.tone);
    this.changed(journey);
  }
}

/** Behind the attempt that made this call, or at the end. @param {Journey} journey @param {Step} step */
function withinAttempt(journey, step) {
  const round = roundOf(step);
  const at = journey.steps.findLastIndex((one) => one.hop === "attempt" && roundOf(one) === round && one.endUs - one.tookUs <= step.endUs - step.tookUs + NEAR_US);
  if (at < 0) return journey.steps.length;
  let place = at + 1;
  while (journey.steps[place]?.hop === "shop" && roundOf(/** @type {Step} */ (journey.steps[place])) === round) place += 1;
  return place;
}

/** @param {Step} before @param {Step} step */
function isCaller(before, step) {
  return step.hop === "shop" && before.hop === "attempt" && roundOf(before) === roundOf(step);
}

/** What comes in comes before all that it causes. @param {Step} step */
function isArrival({ hop }) {
  return hop === "delivered" || hop === "callback" || hop === "webhook";
}

/** A decision and the commit of one conversation. @param {Step} one @param {Step} other */
function isDecided(one, other) {
  const home = (/** @type {Step} */ step) => step.ids.find((id) => id.label === "conversation")?.value;
  return [one, other].every(({ hop }) => hop === "decision" || hop === "commit") && home(one) === home(other);
}

/** Steps of one effect belong together. @param {Step} step */
function roundOf(step) {
  return step.ids.find((id) => id.label === "effect")?.value ?? "";
}
