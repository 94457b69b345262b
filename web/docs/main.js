// @ts-check
/**
 * The page of the API: everything in /openapi.json, grouped, with a field that finds. It asks nothing else of anybody.
 * @module
 */

import { themeButton, wordmark } from "../shared/controls.js";
import { byId, h, icon, replace } from "../shared/dom.js";
import { get } from "../shared/http.js";
import { language } from "../shared/i18n.js";
import { Document } from "./document.js";
import { methodBadge, operationSection } from "./operation.js";
import { paragraphs, prose } from "./prose.js";

/** @typedef {import("./document.js").Group} Group */
/** @typedef {import("./document.js").Operation} Operation */

const shell = byId("shell");
// The document is English, whatever the other pages were last read in.
document.documentElement.lang = "en";

/** The menu: groups and operations. @param {Group[]} groups */
function menu(groups) {
  const link = (/** @type {Operation} */ one) =>
    h("li", { dataset: { operation: one.id } }, h("a", { href: `#${one.id}` }, methodBadge(one.method), h("span", null, one.tag === "console" ? one.path.replace("/console/api", "") : one.summary)));
  const lists = groups.map((group) => h("div", { class: "menu-group" }, h("h2", null, group.name), h("ul", null, group.operations.map(link))));
  const begin = h("ul", null, h("li", null, h("a", { class: "plain", href: "#begin" }, "How to begin")));
  const folded = h("details", null, h("summary", null, icon("list"), "Operations"), begin, lists);
  const wide = window.matchMedia("(min-width: 60.01rem)");
  const fit = () => void (folded.open = wide.matches);
  wide.addEventListener("change", fit);
  fit();
  return h("nav", { class: "places", "aria-label": "Operations" }, folded);
}

/** @param {Document} told */
function introduction(told) {
  const { info, components } = told.root;
  const schemes = Object.entries(components?.securitySchemes ?? {});
  return h(
    "section",
    { id: "begin", "aria-labelledby": "title" },
    h("h1", { id: "title" }, info.title),
    h("p", { class: "lead" }, info.summary),
    h("p", { class: "kind" }, `Version ${info.version}. `, h("a", { href: "/openapi.json" }, "OpenAPI 3.1 document")),
    paragraphs(String(info.description ?? "")),
    schemes.flatMap(([name, scheme]) => paragraphs(`\`${name}\`: ${/** @type {any} */ (scheme).description ?? ""}`)),
  );
}

/** @param {Document} told @param {Group} group */
function groupSection(told, group) {
  const title = `group-${group.name.replaceAll(" ", "-")}`;
  return h("section", { class: "group", "aria-labelledby": title }, h("h2", { id: title }, group.name), prose(group.about), group.operations.map((one) => operationSection(told, one)));
}

/** Shows only what holds the words. @param {string} words @param {Group[]} groups @param {HTMLElement} voice */
function filter(words, groups, voice) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const one of groups.flatMap((group) => group.operations)) {
    const text = [one.method, one.path, one.summary, one.description, one.tag, ...one.scopes].join(" ").toLowerCase();
    const fits = wanted.every((word) => text.includes(word));
    shown += fits ? 1 : 0;
    byId(one.id).hidden = !fits;
    for (const entry of shell.querySelectorAll("[data-operation]")) {
      if (entry instanceof HTMLElement && entry.dataset["operation"] === one.id) entry.hidden = !fits;
    }
  }
  for (const part of shell.querySelectorAll(".group, .menu-group")) {
    const entries = [...part.querySelectorAll(".operation, [data-operation]")];
    if (part instanceof HTMLElement) part.hidden = entries.every((entry) => entry instanceof HTMLElement && entry.hidden);
  }
  voice.textContent = wanted.length === 0 ? "" : `${shown} ${shown === 1 ? "operation" : "operations"} found`;
  byId("nothing").hidden = shown > 0;
}

/** The field that finds: `/` leads to it, Escape empties it. @param {Group[]} groups */
function search(groups) {
  const voice = h("span", { class: "visually-hidden", role: "status" });
  const input = h("input", { class: "input", type: "search", placeholder: "Find an operation", "aria-label": "Find an operation", autocomplete: "off", dataset: { testid: "search" } });
  input.addEventListener("input", () => filter(input.value, groups, voice));
  document.addEventListener("keydown", (event) => {
    const isWriting = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && event.target === input) {
      input.value = "";
      filter("", groups, voice);
    }
  });
  return h("div", { class: "search", role: "search" }, icon("search"), input, voice);
}

/** @param {Document} told */
function draw(told) {
  const groups = told.groups();
  const theme = themeButton();
  theme.lang = language();
  const nothing = h("p", { id: "nothing", class: "nothing muted", hidden: true }, "No operation holds these words.");
  replace(
    shell,
    h(
      "div",
      { class: "docs" },
      h("header", { class: "top" }, wordmark("/docs"), h("span", { class: "overline where-we-are" }, "API"), h("span", { class: "grow" }), search(groups), h("kbd", { "aria-hidden": "true", title: "The key / leads to the search" }, "/"), theme),
      menu(groups),
      h("main", { id: "main", class: "page", tabindex: "-1" }, introduction(told), groups.map((group) => groupSection(told, group)), nothing),
    ),
  );
  // What the address names is there only now.
  const named = location.hash.length > 1 ? document.getElementById(decoded(location.hash.slice(1))) : null;
  named?.scrollIntoView();
}

/** A name of the address; one that can't be decoded names nothing. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function start() {
  try {
    draw(new Document(await get("/openapi.json")));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    replace(shell, h("main", { id: "main", class: "page" }, h("h1", null, "Sacola API"), h("p", { class: "notice danger" }, `The document could not be read: ${why}`)));
  }
}

void start();
