// @ts-check
/**
 * One operation: its address, what it needs, a call, what goes in and what comes out.
 * @module
 */

import { h } from "../shared/dom.js";
import { curl } from "./curl.js";
import { contentOf } from "./document.js";
import { example } from "./example.js";
import { prose } from "./prose.js";
import { field, fields } from "./schema.js";

/** @typedef {import("./document.js").Document} Document */
/** @typedef {import("./document.js").Operation} Operation */
/** @typedef {import("./document.js").Part} Part */

/** @type {Readonly<Record<string, string>>} */
const COLOURS = { get: "info", post: "ok", put: "warn", delete: "danger" };

/** A method as a badge. @param {string} method */
export function methodBadge(method) {
  return h("span", { class: ["badge", "method", COLOURS[method]] }, method);
}

/** What an operation needs of its caller. @param {Operation} operation */
function needs(operation) {
  if (operation.isOpen) return h("span", { class: "badge" }, operation.tag === "webhooks" ? "signed, no key" : "no key");
  if (operation.scopes.length === 0) return h("span", { class: "badge accent" }, "any key");
  return operation.scopes.map((scope) => h("span", { class: "badge accent" }, scope));
}

/** @param {Document} document @param {Operation} operation */
function parameters(document, operation) {
  if (operation.parameters.length === 0) return null;
  const rows = operation.parameters.map((one) =>
    field(document, { name: one.name, schema: one.schema ?? {}, isRequired: one.required === true, about: one.description, where: `in ${one.in}`, depth: 0 }),
  );
  return h("div", null, h("h4", null, "Parameters"), h("dl", { class: "fields" }, rows));
}

/** @param {Document} document @param {Operation} operation */
function body(document, operation) {
  const content = contentOf(operation.body);
  if (!content) return null;
  const [type, told] = content;
  const about = document.follow(told.schema).description;
  return h("div", { class: "stack" }, h("h4", null, `Body: ${type}`), about ? prose(about) : null, fields(document, told.schema ?? {}));
}

/** The codes that a problem may have here; of another answer none. @param {Part} schema @returns {string[]} */
function codesOf(schema) {
  return (schema?.allOf ?? []).flatMap((/** @type {Part} */ part) => part.properties?.code?.enum ?? []);
}

/** @param {Document} document @param {string} status @param {Part} part */
function answer(document, status, part) {
  const told = document.follow(part);
  const content = contentOf(told);
  const isGood = status.startsWith("2");
  const headers = Object.keys(told.headers ?? {});
  const codes = codesOf(content?.[1].schema);
  const inShort = codes.length > 0 ? codes.map((code) => h("code", null, code)) : h("span", { class: "kind" }, content ? content[0] : "no body");
  /** @type {HTMLElement[]} */
  const parts = [prose(told.description ?? "")];
  if (content && codes.length > 0) parts.push(h("p", { class: "kind" }, content[0]));
  if (headers.length > 0) parts.push(h("p", { class: "kind" }, `Headers: ${headers.join(", ")}`));
  if (content) {
    const [type, holds] = content;
    const shown = holds.example;
    if (shown !== undefined) parts.push(example(typeof shown === "string" ? shown : JSON.stringify(shown, null, 2), `An answer with ${status}`));
    const isProblem = type === "application/problem+json";
    if (holds.schema && !isProblem && type === "application/json") parts.push(fields(document, holds.schema));
  }
  return h(
    "details",
    { class: "answer", open: isGood },
    h("summary", null, h("span", { class: ["badge", isGood ? "ok" : "warn"] }, status), inShort),
    h("div", { class: "answer-body" }, parts),
  );
}

/** @param {Document} document @param {Operation} operation */
export function operationSection(document, operation) {
  const title = `${operation.id}-title`;
  return h(
    "section",
    { class: "operation", id: operation.id, "aria-labelledby": title, dataset: { testid: "operation", method: operation.method, path: operation.path } },
    h("h3", { id: title }, operation.summary),
    h("div", { class: "address" }, methodBadge(operation.method), h("code", null, operation.path), needs(operation)),
    operation.description === "" ? null : prose(operation.description),
    parameters(document, operation),
    body(document, operation),
    h("div", null, h("h4", null, "With curl"), example(curl(operation, location.origin), `A call of ${operation.summary} with curl`)),
    h("div", null, h("h4", null, "Answers"), operation.answers.map(([status, part]) => answer(document, status, part))),
  );
}
