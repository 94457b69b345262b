// @ts-check
/**
 * A body as a tree that opens and closes: text only, never markup. What is no JSON is shown as it came.
 * @module
 */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** Nested deeper than this is closed at first. */
const OPEN_DEPTH = 9;
/** Entries of one list or object that are drawn at once. */
const SHOWN_MAX = 200;

/** @param {unknown} body JSON, or the text of JSON */
export function bodyTree(body) {
  const value = typeof body === "string" ? parsed(body) : body;
  if (value === undefined) return h("pre", { class: "raw", tabindex: "0", "aria-label": t("letter.body") }, String(body));
  return h("div", { class: "tree" }, branch(null, value, 0));
}

/** @param {string} text */
function parsed(text) {
  try {
    return /** @type {unknown} */ (JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** @param {string | null} name @param {unknown} value @param {number} depth @returns {HTMLElement} */
function branch(name, value, depth) {
  if (value === null || typeof value !== "object") return h("div", { class: "leaf" }, label(name), leaf(value));
  const entries = Object.entries(value);
  const marks = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return h("div", { class: "leaf" }, label(name), h("span", { class: "muted" }, marks.join("")));
  const shown = entries.slice(0, SHOWN_MAX);
  const rest = entries.length - shown.length;
  return h(
    "details",
    { class: "branch", open: depth < OPEN_DEPTH },
    h("summary", null, label(name), h("span", { class: "muted" }, `${marks[0]} ${entries.length} ${marks[1]}`)),
    h("div", { class: "twigs" }, shown.map(([key, inner]) => branch(key, inner, depth + 1)), rest > 0 ? h("p", { class: "muted small" }, t("tree.more", { count: rest })) : null),
  );
}

/** @param {string | null} name */
function label(name) {
  return name === null ? null : h("span", { class: "key" }, name, ": ");
}

/** @param {unknown} value */
function leaf(value) {
  const kind = value === null ? "null" : typeof value;
  return h("span", { class: ["value", kind] }, typeof value === "string" ? JSON.stringify(value) : String(value));
}
