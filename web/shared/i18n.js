// @ts-check
/**
 * The words of the pages in four languages. Modules register their own words under keys of their own; it knows none itself.
 * @module
 */

/** @typedef {"en" | "pt-BR" | "es" | "id"} Language */
/** @typedef {Partial<Record<Language, Readonly<Record<string, string>>>>} Messages */

/** The languages, by the names their speakers use. */
export const LANGUAGES = /** @type {const} */ ({ en: "English", "pt-BR": "Português", es: "Español", id: "Bahasa Indonesia" });

const KEY = "sacola.language";

/** @type {Record<Language, Map<string, string>>} */
const words = { en: new Map(), "pt-BR": new Map(), es: new Map(), id: new Map() };

/** @type {Language} */
let current = first();
document.documentElement.lang = current;

/** @returns {Language} */
function first() {
  const kept = localStorage.getItem(KEY);
  const wanted = [kept ?? "", ...navigator.languages];
  for (const tag of wanted) {
    const known = nearest(tag);
    if (known) return known;
  }
  return "en";
}

/**
 * The language of ours that is meant by a tag: `pt` and `pt-PT` mean `pt-BR`.
 * @param {string} tag
 * @returns {Language | undefined}
 */
export function nearest(tag) {
  const base = tag.toLowerCase().split("-")[0];
  return /** @type {Language[]} */ (Object.keys(LANGUAGES)).find((known) => known.toLowerCase().split("-")[0] === base);
}

/** The language now. */
export function language() {
  return current;
}

/**
 * Changes the language, remembers it, and fires `languagechange` on the document.
 * @param {string} tag
 */
export function setLanguage(tag) {
  const known = nearest(tag);
  if (!known || known === current) return;
  current = known;
  localStorage.setItem(KEY, known);
  document.documentElement.lang = known;
  document.dispatchEvent(new CustomEvent("languagechange", { detail: known }));
}

/**
 * Adds words. Keys are shared by the whole page: begin them with the module's name (`xray.title`).
 * @param {Messages} messages
 */
export function register(messages) {
  for (const [tag, table] of Object.entries(messages)) {
    const known = words[/** @type {Language} */ (tag)];
    for (const [key, text] of Object.entries(table)) known.set(key, text);
  }
}

/**
 * The words for a key in the current language, else in English, else the key. `{name}` is filled from `values`; with a number
 * `count`, `key.one` or `key.other` is taken where they exist.
 * @param {string} key
 * @param {Readonly<Record<string, string | number>>} [values]
 * @returns {string}
 */
export function t(key, values) {
  const text = find(key, values?.["count"]);
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * @param {string} key
 * @param {string | number | undefined} count
 * @returns {string}
 */
function find(key, count) {
  for (const tag of /** @type {Language[]} */ ([current, "en"])) {
    const table = words[tag];
    if (typeof count === "number") {
      const form = new Intl.PluralRules(tag).select(count);
      const text = table.get(`${key}.${form}`) ?? table.get(`${key}.other`);
      if (text !== undefined) return text;
    }
    const text = table.get(key);
    if (text !== undefined) return text;
  }
  return key;
}

/**
 * Runs `paint` now and at each change of the language.
 * @param {() => void} paint
 * @returns {() => void} stops it
 */
export function onLanguage(paint) {
  paint();
  document.addEventListener("languagechange", paint);
  return () => document.removeEventListener("languagechange", paint);
}
