// @ts-check
/**
 * The stream of the gateway's steps, for the pages that watch it. It asks first whether there is one for this key, and notices when the
 * session ends with it.
 * @module
 */

import { watch } from "../shared/stream.js";
import { stillSignedIn, watchable } from "./session.js";

/** @typedef {Record<string, any> & { seq: number, at_ms: number, hop: string }} Step */

/**
 * Watches until the page is left.
 * @param {AbortSignal} signal
 * @param {(step: any) => void} onStep
 * @param {(state: "live" | "lost") => void} [onState]
 * @param {() => void} [onMissed] some steps were missed
 * @returns {Promise<"yes" | "off" | "merchant" | "unknown">} whether there is anything to watch
 */
export async function watchSteps(signal, onStep, onState = () => {}, onMissed = () => {}) {
  const may = await watchable().catch(() => /** @type {const} */ ("unknown"));
  if (may !== "yes" || signal.aborted) return may;
  const lost = (/** @type {"live" | "lost"} */ state) => {
    onState(state);
    if (state === "lost") void stillSignedIn();
  };
  const stream = watch("/console/api/trace", onStep, lost, onMissed);
  signal.addEventListener("abort", () => stream.close());
  return may;
}
