// @ts-check
/**
 * Sentences of the document, with what stands between backticks as code, and lists. No other markup is read.
 * @module
 */

import { h } from "../shared/dom.js";

/** Words and code. @param {string} text */
function pieces(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? h("code", null, part) : part));
}

/**
 * @param {string} text
 * @param {string} [more] a further class
 */
export function prose(text, more = "") {
  return h("p", { class: ["prose", more] }, pieces(text));
}

/** Paragraphs, with an empty line between them; one whose lines begin with `- ` is a list. @param {string} text */
export function paragraphs(text) {
  return text.split("\n\n").map((part) => (part.startsWith("- ") ? h("ul", { class: "prose list" }, part.split("\n").map((line) => h("li", null, pieces(line.replace(/^- /, ""))))) : prose(part)));
}
