// @ts-check
/**
 * One run of a story: sets the stage, then ticks steps as they are observed, whoever caused them. It draws nothing.
 * @module
 */

import { Look } from "./look.js";
import { clear } from "./play.js";

/** How long an act may take to show before its button is offered again. */
const PATIENCE_MS = 8_000;
const PAUSE_MS = 100;

/** @typedef {import("../world.js").World} World */
/**
 * @typedef {{
 *   id: string, say: string, hint?: string, values?: (look: Look) => Record<string, string|number>,
 *   act?: (look: Look) => Promise<unknown>, seen: (look: Look) => boolean,
 * }} Step a step without `act` is watched: it happens by itself
 * @typedef {{
 *   id: string, icon: string, docs: string, reads: readonly import("./look.js").Source[], stage: (look: Look) => Promise<unknown>, steps: Step[],
 *   title: (t: (key: string) => string) => string, summary: (t: (key: string) => string) => string,
 *   run: (world: World) => Promise<void>,
 * }} Story
 */

export class Run {
  /** @param {Story} story @param {World} world @param {() => void} changed */
  constructor(story, world, changed) {
    this.story = story;
    this.world = world;
    this.changed = changed;
    /** @type {"setting"|"playing"|"done"|"stuck"} */
    this.state = "setting";
    this.at = 0;
    this.acting = false;
    /** What a step did not bring about, or why the stage could not be set. */
    this.trouble = "";
    /** @type {Look|null} */
    this.look = null;
    this.closed = false;
    /** What was true when a step was ticked, for its sentence. @type {Map<string, Record<string, string|number>>} */
    this.kept = new Map();
  }

  /** Sets the stage. */
  async begin() {
    try {
      await clear(this.world);
      if (this.closed) return;
      const phone = await this.world.addPhone({ name: "Ana" });
      const look = new Look(this.world, phone.id, { reads: this.story.reads, changed: () => this.check() });
      this.look = look;
      await look.refresh();
      look.former = new Map(look.products);
      await this.story.stage(look);
      await look.refresh();
      look.sinceSeq = look.person()?.last ?? 0;
      look.stepBeganMs = Date.now();
      if (this.closed) return;
      this.state = "playing";
      this.check();
    } catch (problem) {
      this.state = "stuck";
      this.trouble = problem instanceof Error ? problem.message : String(problem);
    }
    this.changed();
  }

  get step() {
    return this.story.steps[this.at];
  }

  /** Ticks all steps that are observed, in order. */
  check() {
    const look = this.look;
    if (this.state !== "playing" || !look) return;
    const before = this.at;
    while (this.step && safely(this.step, look)) {
      this.kept.set(this.step.id, this.valuesOf(this.step));
      this.trouble = "";
      this.at += 1;
      look.stepBeganMs = Date.now();
    }
    if (!this.step) {
      this.state = "done";
      look.close();
    }
    if (this.at !== before || !this.acting) this.changed();
  }

  /** Does the present step for the person. */
  async act() {
    const [step, look] = [this.step, this.look];
    if (!step?.act || !look || this.acting) return;
    this.acting = true;
    this.trouble = "";
    this.changed();
    try {
      await step.act(look);
      await this.ticked(step, look);
    } catch (problem) {
      this.trouble = problem instanceof Error ? problem.message : String(problem);
    }
    this.acting = false;
    this.check();
    this.changed();
  }

  /** Waits until the step is observed, so that nobody does it twice. @param {Step} step @param {Look} look */
  async ticked(step, look) {
    const end = performance.now() + PATIENCE_MS;
    while (this.step === step && this.state === "playing" && !this.closed && performance.now() < end) {
      await look.refresh();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** @param {Step} step */
  valuesOf(step) {
    const kept = this.kept.get(step.id);
    if (kept) return kept;
    const empty = /** @type {Record<string, string|number>} */ ({});
    if (!this.look || !step.values) return empty;
    try {
      return step.values(this.look);
    } catch {
      return empty;
    }
  }

  close() {
    this.closed = true;
    this.look?.close();
  }
}

/** A look that lacks something sees nothing. @param {Step} step @param {Look} look */
function safely(step, look) {
  try {
    return step.seen(look);
  } catch {
    return false;
  }
}
