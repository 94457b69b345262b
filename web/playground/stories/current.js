// @ts-check
/**
 * Which story is being told, for the page and for its address (`?story=`). One at a time.
 * @module
 */

import { Run } from "./run.js";

/** @typedef {import("../world.js").World} World */
/** @typedef {import("./run.js").Story} Story */

/** @type {Map<string, Story>} */
const known = new Map();
/** @type {Run|null} */
let current = null;
/** @type {Set<() => void>} */
const listeners = new Set();

/** @param {readonly Story[]} stories */
export function know(stories) {
  for (const story of stories) known.set(story.id, story);
}

/** The run under way, or the last one. */
export function running() {
  return current;
}

/** @param {() => void} listener */
export function onRun(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

/**
 * Begins a story anew; asked for the story whose stage is just being set, it goes on with that.
 * @param {World} world
 * @param {string} id
 */
export async function start(world, id) {
  const story = known.get(id);
  if (!story || !world.settings.gateway) return;
  if (current?.story === story && current.state === "setting") return;
  current?.close();
  const run = new Run(story, world, tell);
  current = run;
  remember(id);
  tell();
  await run.begin();
}

/** Leaves the story; what happened stays. */
export function leave() {
  current?.close();
  current = null;
  remember(null);
  tell();
}

/** @param {string|null} id */
function remember(id) {
  const address = new URL(location.href);
  if (id === null) address.searchParams.delete("story");
  else address.searchParams.set("story", id);
  history.replaceState(history.state, "", address);
}

/** The story that the page's address asks for. */
export function asked() {
  const id = new URL(location.href).searchParams.get("story");
  return id !== null && known.has(id) ? id : null;
}

/** The address that shows a story to somebody else. @param {string} id */
export function addressOf(id) {
  const address = new URL(location.href);
  address.search = "";
  address.hash = "";
  address.searchParams.set("story", id);
  return address.href;
}
