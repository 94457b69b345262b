// @ts-check
/**
 * The gateway's clock, as its last answer told it: "how long ago" must not depend on how well the clock of this computer is set.
 * @module
 */

/** How far the gateway's clock is ahead of ours, in milliseconds. */
let ahead = 0;

/** Takes the time from an answer that tells it. @param {any} answer */
export function hear(answer) {
  if (typeof answer?.now_ms === "number") ahead = answer.now_ms - Date.now();
}

/** Now, by the gateway's clock. */
export function now() {
  return Date.now() + ahead;
}
