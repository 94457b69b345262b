// @ts-check
/**
 * The hops of a journey: their order, and how good or bad a step is. It knows no words.
 * @module
 */

/** @typedef {"delivered"|"webhook"|"callback"|"decision"|"commit"|"attempt"|"graph"|"shop"|"status"} Hop */
/** @typedef {"good"|"note"|"warn"|"bad"} Tone */

/** @type {Hop[]} */
export const HOPS = ["delivered", "callback", "webhook", "decision", "commit", "attempt", "shop", "graph", "status"];
/** @type {Tone[]} */
const TONES = ["good", "note", "warn", "bad"];

/** @param {Hop} hop */
export function hopOrder(hop) {
  return HOPS.indexOf(hop);
}

/** @param {Tone} one @param {Tone} other @returns {Tone} */
export function worse(one, other) {
  return TONES.indexOf(one) >= TONES.indexOf(other) ? one : other;
}

/** @type {Record<string, Tone>} */
const OUTCOMES = {
  done: "good", duplicate: "note", parked: "bad",
  committed: "good", conflict: "note", stale_facts: "note", refused: "bad",
  retry: "warn", unknown: "warn", rejected: "bad", stopped: "bad", postponed: "note", window_closed: "warn", dropped: "note",
  accepted: "good", declined: "warn", in_doubt: "warn", gave_up: "bad", conflicting: "bad",
};

/** @param {Hop} hop @param {Record<string, any>} facts @returns {Tone} */
export function toneOf(hop, facts) {
  switch (hop) {
    case "delivered":
      return facts["http"] === 200 ? (facts["attempt"] > 1 ? "note" : "good") : facts["http"] === 0 ? "warn" : "bad";
    case "webhook":
    case "callback":
      return facts["http"] >= 200 && facts["http"] < 300 ? "good" : facts["http"] === 0 ? "warn" : "bad";
    case "graph":
    case "shop":
      return answered(facts["http"]);
    case "decision":
    case "commit":
    case "attempt":
      return OUTCOMES[facts["outcome"]] ?? "note";
    case "status":
      return facts["status"] === "failed" ? "bad" : "good";
  }
}

/** @param {number} http @returns {Tone} */
function answered(http) {
  if (http >= 200 && http < 300) return "good";
  return http === 0 || http === 409 ? "warn" : "bad";
}
