// @ts-check
/**
 * A call with curl, made from an operation and its examples. It knows no page.
 * @module
 */

import { contentOf } from "./document.js";

/** @typedef {import("./document.js").Operation} Operation */
/** @typedef {import("./document.js").Part} Part */

/** Text in single quotes, as a shell takes it. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** An example of a parameter's value. @param {Part} parameter */
function valueOf(parameter) {
  const given = parameter.example ?? parameter.schema?.examples?.[0];
  return given === undefined ? `$${String(parameter.name).replace(/[^a-z]+/gi, "_").toUpperCase()}` : String(given);
}

/**
 * The lines of the call.
 * @param {Operation} operation
 * @param {string} origin
 * @returns {string}
 */
export function curl(operation, origin) {
  const inside = (/** @type {string} */ where) => operation.parameters.filter((one) => one.in === where);
  let path = operation.path;
  for (const one of inside("path")) path = path.replace(`{${one.name}}`, encodeURIComponent(valueOf(one)).replace(/^%24/, "$"));
  // of the query what is needed, and the limit that every list has
  const query = inside("query").filter((one) => one.required || one.name === "limit");
  const search = query.map((one) => `${encodeURIComponent(one.name)}=${encodeURIComponent(valueOf(one))}`).join("&");
  const base = operation.tag === "console" ? "$OPS" : origin;
  const lines = [`curl -s ${operation.method === "get" ? "" : `-X ${operation.method.toUpperCase()} `}"${base}${path}${search === "" ? "" : `?${search}`}"`];
  if (!operation.isOpen) lines.push(`-H "Authorization: Bearer $KEY"`);
  for (const one of inside("header").filter((one) => one.required)) lines.push(`-H ${quoted(`${one.name}: ${valueOf(one)}`)}`);
  const content = contentOf(operation.body);
  if (content) {
    const [type, body] = content;
    lines.push(`-H ${quoted(`Content-Type: ${type}`)}`);
    lines.push(`-d ${body.example === undefined ? "@body.json" : quoted(JSON.stringify(body.example))}`);
  }
  return lines.join(" \\\n  ");
}
