// @ts-check
/**
 * The keyboard: `g` and a letter to go somewhere, `/` to search, `j` and `k` along rows, `p` to pause, `?` for the list. Can be turned off,
 * since single letters disturb who speaks to their computer.
 * @module
 */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { open } from "./dialog.js";

const KEPT = "sacola.console.keys";
/** How long after `g` a letter still leads somewhere. */
const CHORD_MS = 1_500;

/** @type {Readonly<Record<string, string>>} */
export const PLACES = { o: "overview", c: "conversations", l: "lanes", p: "price-updates", d: "dead-letters", t: "live" };

let pressed = 0;

/** True unless somebody turned the keys off. */
function isOn() {
  return localStorage.getItem(KEPT) !== "off";
}

/** Listens on the whole document, once. */
export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]") || !document.querySelector("nav.places")) return;
    if (event.key === "?") {
      event.preventDefault();
      help();
    } else if (isOn() && act(event.key)) {
      event.preventDefault();
    }
  });
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.nodeName));
}

/** @param {string} key @returns {boolean} whether it meant anything */
function act(key) {
  const place = PLACES[key];
  if (place && Date.now() - pressed < CHORD_MS) {
    pressed = 0;
    location.hash = `#/${place}`;
    return true;
  }
  if (key === "g") pressed = Date.now();
  else if (key === "/") search();
  else if (key === "j") along(1);
  else if (key === "k") along(-1);
  else if (key === "p") document.querySelector("[data-testid=pause]")?.dispatchEvent(new MouseEvent("click"));
  else return false;
  return true;
}

function search() {
  const field = document.querySelector("[data-testid=find-customer], [data-testid=live-filter]");
  if (field instanceof HTMLInputElement) field.select();
  else location.hash = "#/conversations";
}

/** @param {1 | -1} step */
function along(step) {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("a.row-link")]);
  const row = document.activeElement?.closest("tr");
  const at = links.findIndex((link) => link === document.activeElement || (row && link.closest("tr") === row));
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step));
  links[next]?.focus();
}

/** Shows the list of keys. */
export function help() {
  const rows = /** @type {const} */ ([["?", "keys.help"], ["/", "keys.find"], ["j  k", "keys.rows"], ["p", "keys.pause"], ...Object.entries(PLACES).map(([key, place]) => [`g  ${key}`, `nav.${place}`])]);
  const toggle = h("input", { type: "checkbox", role: "switch", checked: isOn() });
  toggle.addEventListener("change", () => localStorage.setItem(KEPT, toggle.checked ? "on" : "off"));
  open({
    title: t("keys.title"),
    body: [
      h("dl", { class: "keys" }, rows.map(([key, words]) => h("div", null, h("dt", null, String(key).split("  ").map((one) => h("kbd", null, one))), h("dd", null, t(String(words)))))),
      h("label", { class: "switch" }, toggle, h("span", null, t("keys.on"))),
    ],
  });
}
