// @ts-check
/**
 * Keeps a page fresh without flicker: reads again every few seconds, with a pause that can be seen, and changes only what is
 * different, so that focus, scroll and selection stay.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { clock } from "../shared/format.js";
import { Problem } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { failure } from "./parts.js";

const EVERY_MS = 5_000;

/** The choice holds for all pages, until the tab is closed. */
let paused = false;

/**
 * @template Data
 * @param {{
 *   signal: AbortSignal,
 *   into: HTMLElement,
 *   load: (signal: AbortSignal) => Promise<Data>,
 *   paint: (data: Data) => Node | readonly Node[],
 *   every?: number,
 * }} wish
 * @returns {{ button: HTMLElement, now: () => void }}
 */
export function fresh({ signal, into, load, paint, every = EVERY_MS }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let turn = 0;
  const button = h("button", { type: "button", class: "button small quiet refresh", dataset: { testid: "pause" }, onclick: () => hold(!paused) });
  const note = h("span", { class: "tiny muted number" });
  const fault = h("div", { class: "fault" });
  into.before(fault);

  const label = () => {
    button.setAttribute("aria-pressed", String(paused));
    replace(button, icon(paused ? "play" : "pause"), h("span", null, paused ? t("refresh.resume") : t("refresh.pause")));
  };
  const hold = (/** @type {boolean} */ wanted) => {
    paused = wanted;
    label();
    if (!paused) void read();
    else clearTimeout(timer);
  };
  const read = async () => {
    clearTimeout(timer);
    const mine = ++turn;
    try {
      const data = await load(signal);
      if (signal.aborted || mine !== turn) return;
      const drawn = paint(data);
      const target = /** @type {HTMLElement} */ (into.cloneNode(false));
      target.append(...(Array.isArray(drawn) ? drawn : [/** @type {Node} */ (drawn)]));
      morph(into, target);
      fault.replaceChildren();
      note.textContent = t("refresh.at", { time: clock(Date.now()), every: every / 1_000 });
    } catch (error) {
      if (signal.aborted || mine !== turn) return;
      if (fault.childElementCount === 0 || !into.hasChildNodes()) replace(fault, failure(error, () => void read()));
      into.querySelector(".waiting")?.remove();
      // What is not there, or not for this key, does not come by asking again.
      if (error instanceof Problem && (error.status === 403 || error.status === 404)) return;
    }
    if (!paused) timer = setTimeout(() => (document.hidden ? later() : void read()), every);
  };
  const later = () => document.addEventListener("visibilitychange", () => void read(), { once: true, signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  label();
  void read();
  return { button: h("span", { class: "row" }, note, button), now: () => void read() };
}

/** Elements that are taken whole: what they listen to belongs to what they show. */
const WHOLE = new Set(["BUTTON", "SELECT", "INPUT", "FORM", "svg"]);

/**
 * Makes `old` look like `wanted`, touching only what differs. Elements stay for elements of the same tag and `data-key`.
 * @param {Element} old
 * @param {Element} wanted
 */
export function morph(old, wanted) {
  attributes(old, wanted);
  const keyed = new Map();
  for (const child of old.children) {
    const key = child instanceof HTMLElement ? child.dataset["key"] : undefined;
    if (key) keyed.set(key, child);
  }
  let place = old.firstChild;
  for (const fresh of [...wanted.childNodes]) {
    const key = fresh instanceof HTMLElement ? fresh.dataset["key"] : undefined;
    const known = key ? keyed.get(key) : undefined;
    if (known && known !== place) old.insertBefore(known, place);
    const here = known ?? place;
    if (here && same(here, fresh)) {
      place = here.nextSibling;
      settle(here, fresh);
    } else {
      old.insertBefore(fresh, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** @param {Node} one @param {Node} other */
function same(one, other) {
  if (one.nodeType !== other.nodeType || one.nodeName !== other.nodeName) return false;
  if (!(one instanceof HTMLElement && other instanceof HTMLElement)) return true;
  return one.dataset["key"] === other.dataset["key"];
}

/** @param {ChildNode} old @param {ChildNode} fresh */
function settle(old, fresh) {
  if (!(old instanceof Element && fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (!WHOLE.has(old.nodeName)) {
    morph(old, fresh);
  } else if (!old.isEqualNode(fresh)) {
    const had = document.activeElement === old;
    old.replaceWith(fresh);
    if (had && fresh instanceof HTMLElement) fresh.focus();
  }
}

/** @param {Element} old @param {Element} wanted */
function attributes(old, wanted) {
  for (const { name } of [...old.attributes]) {
    // Whoever opened something keeps it open.
    if (!wanted.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
}
