// @ts-check
/**
 * The time from a person's click to the first bubble of the reply in the page. The list is `window.sacola.latencies`, in milliseconds, newest
 * last; tests read it. It measures and keeps; it judges nothing.
 * @module
 */

/** @typedef {import("./world.js").World} World */

/** A reply later than this belongs to something else. */
const LONGEST_MS = 30_000;
const KEPT = 1_000;

export class Latency {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    /** @type {number[]} */
    this.measured = [];
    /** @type {Map<string, number>} */
    this.begun = new Map();
  }

  /** A click that expects a reply; the earliest open one counts. @param {string} phone */
  begin(phone) {
    const now = performance.now();
    const open = this.begun.get(phone);
    if (open === undefined || now - open > LONGEST_MS) this.begun.set(phone, now);
  }

  /** @param {string} phone */
  giveUp(phone) {
    this.begun.delete(phone);
  }

  /** A bubble of the business is in the page. @param {string} phone */
  arrived(phone) {
    const begun = this.begun.get(phone);
    if (begun === undefined) return;
    this.begun.delete(phone);
    const ms = performance.now() - begun;
    if (ms > LONGEST_MS) return;
    this.measured.push(ms);
    if (this.measured.length > KEPT) this.measured.shift();
    this.world.emit("latency", { phone, ms });
  }
}
