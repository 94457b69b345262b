// @ts-check
/**
 * Schemas as lists of fields that fold open. It draws what the document says and nothing of its own.
 * @module
 */

import { h } from "../shared/dom.js";
import { prose } from "./prose.js";

/** @typedef {import("./document.js").Document} Document */
/** @typedef {import("./document.js").Part} Part */

/** Fields inside fields are drawn that deep; what lies deeper is named. */
const DEEPEST = 5;

/** A schema with its parts put together. @param {Document} document @param {Part} schema @returns {Part} */
function whole(document, schema) {
  const found = document.follow(schema);
  if (!Array.isArray(found.allOf)) return found;
  const parts = found.allOf.map((/** @type {Part} */ part) => document.follow(part));
  const properties = {};
  for (const part of parts) {
    for (const [name, more] of Object.entries(part.properties ?? {})) {
      Reflect.set(properties, name, { ...Reflect.get(properties, name), ...more });
    }
  }
  return Object.assign({}, ...parts, { properties });
}

/** What a value may be, in words. @param {Document} document @param {Part} schema @returns {string} */
function inWords(document, schema) {
  const found = whole(document, schema);
  const types = [found.type].flat().filter(Boolean);
  const words = [types.length === 0 ? "anything" : types.join(" or ")];
  if (found.items) {
    const held = document.nameOf(found.items) || inWords(document, found.items);
    words[0] = `${words[0]} of ${held.includes(",") ? `(${held})` : held}`;
  }
  if (found.format) words.push(found.format);
  if (found.const !== undefined) words.push(`always ${JSON.stringify(found.const)}`);
  if (found.minimum !== undefined && found.maximum !== undefined) words.push(`${found.minimum} to ${found.maximum}`);
  else if (found.minimum !== undefined) words.push(`from ${found.minimum}`);
  else if (found.maximum !== undefined) words.push(`up to ${found.maximum}`);
  if (found.minItems !== undefined || found.maxItems !== undefined) words.push(`${found.minItems ?? 0} to ${found.maxItems ?? "any number of"} entries`);
  if (found.maxLength !== undefined) words.push(`${found.minLength ?? 0} to ${found.maxLength} characters`);
  else if (found.minLength) words.push("not empty");
  if (found.default !== undefined) words.push(`${JSON.stringify(found.default)} when absent`);
  return words.join(", ");
}

/** The words that a value may be, and its pattern. @param {Part} found */
function choices(found) {
  const parts = [];
  if (Array.isArray(found.enum)) {
    parts.push(h("p", { class: "kind" }, "One of ", found.enum.flatMap((/** @type {unknown} */ one, /** @type {number} */ index) => [index > 0 ? ", " : "", h("code", null, String(one))])));
  }
  if (found.pattern) parts.push(h("p", { class: "kind" }, "Pattern ", h("code", null, found.pattern)));
  return parts;
}

/**
 * One field: a parameter, or a property of a schema.
 * @param {Document} document
 * @param {{ name: string, schema: Part, isRequired: boolean, about?: string, where?: string, depth: number }} field
 * @returns {HTMLElement}
 */
export function field(document, { name, schema, isRequired, about, where, depth }) {
  const found = whole(document, schema);
  const description = about ?? found.description ?? "";
  return h(
    "div",
    null,
    h("dt", null, h("code", null, name), isRequired ? h("span", { class: "badge accent" }, "required") : null, where ? h("span", { class: "kind" }, where) : null),
    h("dd", null, h("p", { class: "kind" }, inWords(document, schema)), description === "" ? null : prose(description), choices(found), inner(document, name, found, depth)),
  );
}

/** What an object or a list holds, folded. @param {Document} document @param {string} name @param {Part} found @param {number} depth @returns {HTMLElement | null} */
function inner(document, name, found, depth) {
  const held = found.items ? whole(document, found.items) : found;
  if (!held.properties || depth >= DEEPEST) return null;
  return h("details", { class: "inner" }, h("summary", null, `Fields of ${name}`), fields(document, held, depth + 1));
}

/**
 * The fields of a schema.
 * @param {Document} document
 * @param {Part} schema
 * @param {number} [depth]
 * @returns {HTMLElement}
 */
export function fields(document, schema, depth = 0) {
  const found = whole(document, schema);
  const held = found.items ? whole(document, found.items) : found;
  const required = new Set(held.required ?? []);
  const known = Object.entries(held.properties ?? {});
  if (known.length === 0) return h("p", { class: "kind" }, inWords(document, schema));
  const rows = known.map(([name, property]) => field(document, { name, schema: property, isRequired: required.has(name), depth }));
  return h("dl", { class: "fields" }, rows);
}
