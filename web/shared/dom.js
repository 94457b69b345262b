// @ts-check
/**
 * Elements built by code: text only ever becomes a text node. It refuses markup, and it knows no page.
 * @module
 */

import { ICONS } from "./icons.js";

/** @typedef {Node | string | number | bigint | null | undefined | false} Child */
/** @typedef {Child | readonly Child[]} Children */

/**
 * What an element may be given. `class` takes a string or a list (falsy entries are left out); `dataset` sets `data-*`; `vars` sets
 * CSS custom properties; `on…` takes a listener; `true` writes an empty attribute (`"true"` for `aria-*`); false, null and
 * undefined write none (`false` writes `"false"` for `aria-*`); `value`, `checked` and the like are set as properties.
 * @typedef {{
 *   class?: string | readonly (string | false | null | undefined)[],
 *   dataset?: Readonly<Record<string, string | number | boolean | null | undefined>>,
 *   vars?: Readonly<Record<string, string>>,
 *   [name: string]: unknown,
 * }} Props
 */

const SVG = "http://www.w3.org/2000/svg";
const AS_PROPERTY = new Set(["value", "checked", "disabled", "selected", "indeterminate", "open", "hidden", "muted"]);

/**
 * An element of HTML.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props | null} [props]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    give(element, name, value);
  }
  append(element, children);
  return element;
}

/**
 * Sets one prop on an element, by the rules of {@link Props}.
 * @param {HTMLElement} element
 * @param {string} name
 * @param {unknown} value
 */
export function give(element, name, value) {
  if (name === "class") {
    element.className = Array.isArray(value) ? value.filter(Boolean).join(" ") : String(value ?? "");
  } else if (name === "dataset") {
    for (const [key, text] of Object.entries(/** @type {Record<string, unknown>} */ (value ?? {}))) {
      if (text === null || text === undefined) delete element.dataset[key];
      else element.dataset[key] = String(text);
    }
  } else if (name === "vars") {
    for (const [key, text] of Object.entries(/** @type {Record<string, string>} */ (value ?? {}))) {
      element.style.setProperty(key, text);
    }
  } else if (name.startsWith("on") && typeof value === "function") {
    element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  } else if (AS_PROPERTY.has(name)) {
    Reflect.set(element, name, value ?? (name === "value" ? "" : false));
  } else if (name.startsWith("aria-") && typeof value === "boolean") {
    element.setAttribute(name, String(value));
  } else if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {Node} parent
 * @param {readonly Children[]} children
 */
function append(parent, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Empties a node and gives it these children.
 * @template {Element} T
 * @param {T} node
 * @param {...Children} children
 * @returns {T}
 */
export function replace(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

/**
 * An element of SVG.
 * @param {string} tag
 * @param {Readonly<Record<string, string | number>>} [attributes]
 * @param {...Element} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * An icon in the colour of the text. Without a label it is hidden from screen readers: the word beside it speaks.
 * @param {string} name one of `icons.js`
 * @param {string} [label]
 * @returns {SVGElement}
 */
export function icon(name, label) {
  const paths = (ICONS[name] ?? []).map((d) => svg("path", { d }));
  /** @type {Record<string, string>} */
  const voice = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return svg("svg", { class: "icon", viewBox: "0 0 24 24", focusable: "false", ...voice }, ...paths);
}

/** The bag of the wordmark. */
export function mark() {
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
    svg("path", { class: "mark-handle", d: "M11 12V9.5a5 5 0 0 1 10 0V12" }),
    svg("path", { class: "mark-bag", d: "M5.6 11h20.800l1.7 15.200a2.5 2.5 0 0 1-2.5 2.800H6.400a2.5 2.5 0 0 1-2.5-2.800z" }),
    svg("path", { class: "mark-smile", d: "M10.5 18.5a5.5 5.5 0 0 0 11 0" }),
  );
}

/**
 * The element with this id; a page that lacks it is broken, so it throws.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}
