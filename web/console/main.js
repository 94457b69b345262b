// @ts-check
/**
 * The console: who is signed in sees the frame and one page of it, chosen by the address behind `#`. It owns routes, titles, focus and
 * the way back after a session has ended.
 * @module
 */

import "./words.js";

import { languagePicker, themeButton, toast, wordmark } from "../shared/controls.js";
import { byId, h, icon, replace } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { conversation } from "./conversation.js";
import { conversations, forget } from "./conversations.js";
import { deadLetters } from "./dead-letters.js";
import { help, listen } from "./keys.js";
import { lanes } from "./lanes.js";
import { deadLetter } from "./letter.js";
import { overview } from "./overview.js";
import { badge, empty, failure, page } from "./parts.js";
import { priceUpdates } from "./price-updates.js";
import { resume, session, signOut } from "./session.js";
import { signInPage } from "./signin.js";
import { trace } from "./trace.js";

/** @typedef {import("./parts.js").Stage} Stage */

/** Each page, and which entry of the menu it belongs to. @type {Readonly<Record<string, { show: (stage: Stage) => void, place: string }>>} */
const PAGES = {
  overview: { show: overview, place: "overview" },
  conversations: { show: conversations, place: "conversations" },
  conversation: { show: conversation, place: "conversations" },
  lanes: { show: lanes, place: "lanes" },
  "price-updates": { show: priceUpdates, place: "price-updates" },
  "dead-letters": { show: deadLetters, place: "dead-letters" },
  "dead-letter": { show: deadLetter, place: "dead-letters" },
  live: { show: trace, place: "live" },
};

/** @type {readonly (readonly [string, string])[]} */
const MENU = [["overview", "pulse"], ["conversations", "chat"], ["lanes", "lanes"], ["price-updates", "tag"], ["dead-letters", "inbox"], ["live", "xray"]];

const shell = byId("shell");
let present = new AbortController();
/** @type {HTMLElement | null} */
let stageElement = null;

/** The page that the address names, unless nobody is signed in. @param {boolean} moved whether focus goes to the new page */
function show(moved) {
  if (!session() || !stageElement) return;
  present.abort();
  present = new AbortController();
  const [path = "", search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name = "", ...args] = path.split("/").map(decoded);
  const known = PAGES[name === "" ? "overview" : name];
  const stage = { main: stageElement, args, query: new URLSearchParams(search), signal: present.signal };
  for (const link of shell.querySelectorAll("nav.places a")) {
    if (link instanceof HTMLElement && link.dataset["place"] === known?.place) chosen(link);
    else link.removeAttribute("aria-current");
  }
  if (known) known.show(stage);
  else page(stage, { title: t("page.unknown") }).append(empty("search", t("page.unknown.more"), h("a", { href: "#/overview" }, t("nav.overview"))));
  if (!moved) return;
  window.scrollTo(0, 0);
  if (!(document.activeElement instanceof HTMLInputElement)) stageElement.querySelector("h1")?.focus();
}

/** @param {HTMLElement} link */
function chosen(link) {
  link.setAttribute("aria-current", "page");
  link.scrollIntoView({ block: "nearest", inline: "center" });
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The frame around every page. */
function frame() {
  const signed = session();
  if (!signed) return;
  stageElement = h("main", { id: "main", class: "stage", tabindex: "-1" });
  const role = h(
    "span",
    { class: "role row wrap", dataset: { testid: "role" } },
    badge(signed.role === "operator" ? "accent" : "", t(`role.${signed.role}`), "key"),
    badge("", t(signed.sees_personal_data ? "role.sees" : "role.masked"), "eye"),
    h("code", { class: "tiny muted", title: signed.merchant ?? "" }, signed.key_id),
  );
  const out = h("button", { type: "button", class: "button small quiet signout", dataset: { testid: "signout" }, onclick: () => void leave() }, icon("out"), h("span", null, t("signout")));
  const keys = h("button", { type: "button", class: "icon-button", "aria-label": t("keys.title"), title: `${t("keys.title")} (?)`, onclick: help }, h("kbd", { "aria-hidden": "true" }, "?"));
  const menu = MENU.map(([place, sign]) => h("li", null, h("a", { href: `#/${place}`, dataset: { testid: `nav-${place}`, place } }, icon(sign), h("span", null, t(`nav.${place}`)))));
  replace(
    shell,
    h(
      "div",
      { class: "console" },
      h("header", { class: "top" }, wordmark("#/overview"), h("span", { class: "overline where-we-are" }, t("console")), h("span", { class: "grow" }), role, languagePicker(), themeButton(), keys, out),
      h("nav", { class: "places", "aria-label": t("nav") }, h("ul", null, menu)),
      stageElement,
    ),
  );
}

async function leave() {
  present.abort();
  forget();
  try {
    await signOut();
  } catch {
    // Here it has ended; the cookie ends by itself.
    toast(t("signout.unheard"), "warn");
  }
  enter(false);
}

/** The way in; afterwards the page that was asked for. @param {boolean} lost */
function enter(lost) {
  present.abort();
  stageElement = null;
  forget();
  signInPage(shell, {
    lost,
    done: () => {
      frame();
      show(true);
    },
  });
}

/** Draws everything anew, in another language. */
function again() {
  const skip = byId("skip");
  skip.textContent = t("skip");
  const picker = document.activeElement instanceof HTMLSelectElement;
  if (session()) {
    frame();
    show(false);
  } else if (shell.hasChildNodes()) {
    enter(false);
  }
  const select = shell.querySelector("[data-testid=language]");
  if (picker && select instanceof HTMLElement) select.focus();
}

async function start() {
  byId("skip").textContent = t("skip");
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("main").focus();
  });
  try {
    await resume();
  } catch (error) {
    replace(shell, h("main", { id: "main", class: "signin", tabindex: "-1" }, h("div", { class: "signin-card panel" }, h("h1", null, t("console")), failure(error, () => void start()))));
    return;
  }
  if (session()) {
    frame();
    show(true);
  } else {
    enter(false);
  }
}

window.addEventListener("hashchange", () => show(true));
document.addEventListener("languagechange", again);
document.addEventListener("sessionlost", () => {
  if (stageElement) enter(true);
});
listen();
void start();
