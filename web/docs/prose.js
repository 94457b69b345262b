// @ts-check
/**
 * Sentences of the document, with what stands between backticks as code. No other markup is read.
 * @module
 */

import { h } from "../shared/dom.js";

/**
 * @param {string} text
 * @param {string} [more] a further class
 */
export function prose(text, more = "") {
  const parts = text.split("`").map((part, index) => (index % 2 === 1 ? h("code", null, part) : part));
  return h("p", { class: ["prose", more] }, parts);
}
