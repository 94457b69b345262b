// @ts-check
/**
 * Light, dark, or as the system says; the choice is remembered. It sets `data-theme` on the root and nothing else.
 * @module
 */

/** @typedef {"auto" | "light" | "dark"} Theme */

const KEY = "sacola.theme";
/** @type {readonly Theme[]} */
export const THEMES = ["auto", "light", "dark"];

/** @type {Theme} */
let current = known(localStorage.getItem(KEY)) ?? "auto";
show();

/**
 * @param {string | null} name
 * @returns {Theme | undefined}
 */
function known(name) {
  return THEMES.find((theme) => theme === name);
}

function show() {
  if (current === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = current;
}

/** The choice now. */
export function theme() {
  return current;
}

/**
 * Changes the theme and fires `themechange` on the document. An unknown name changes nothing.
 * @param {string} name
 */
export function setTheme(name) {
  const wanted = known(name);
  if (!wanted) return;
  current = wanted;
  localStorage.setItem(KEY, wanted);
  show();
  document.dispatchEvent(new CustomEvent("themechange", { detail: wanted }));
}
