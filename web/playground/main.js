// @ts-check
/**
 * The playground's page: top bar, stage, side panel with tabs, story. It puts parts together and keeps the choices in the address.
 *
 * `window.sacola` is for tests and for the curious: `latencies` (milliseconds from click to the first bubble of the reply) and `world`.
 * @module
 */

import { languagePicker, tabs, themeButton, wordmark } from "../shared/controls.js";
import { byId, h, icon, replace } from "../shared/dom.js";
import { dateTime } from "../shared/format.js";
import { language, onLanguage, setLanguage, t } from "../shared/i18n.js";
import { setTheme, theme } from "../shared/theme.js";
import { connection } from "./connect.js";
import { mountStage } from "./stage.js";
import "./words.js";
import { DEVICES, MOST_VIEWS, openWorld } from "./world.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Device} Device */

const PANELS = /** @type {const} */ ([["xray", "xray"], ["shop", "store"], ["clock", "clock"], ["faults", "bolt"]]);
const NARROW = matchMedia("(max-width: 860px)");
const query = new URLSearchParams(location.search);

setLanguage(query.get("lang") ?? "");
setTheme(query.get("theme") ?? "");
document.addEventListener("languagechange", () => keepInAddress("lang", language()));
document.addEventListener("themechange", () => keepInAddress("theme", theme()));
void open();

async function open() {
  paintSkip();
  try {
    const world = await openWorld();
    Object.assign(window, { sacola: { latencies: world.latency.measured, world } });
    topBar(world);
    mountStage(byId("stage"), world);
    byId("loading").remove();
    const early = query.has("story") ? null : firstPhones(world);
    const [begin] = await Promise.all([column(world), early, panels(world)]);
    world.start();
    if (!begin() && !early) await firstPhones(world);
  } catch (problem) {
    const place = document.getElementById("loading") ?? byId("stage");
    replace(place, icon("warning"), h("p", { class: "strong" }, t("page.broken")), h("p", { class: "mono small" }, problem instanceof Error ? problem.message : String(problem)),
      h("button", { type: "button", class: "button primary", onclick: () => location.reload() }, t("page.again")));
  }
}

/** The phones that are there, else Ana's. @param {World} world */
async function firstPhones(world) {
  const known = [...world.phones.keys()].slice(0, MOST_VIEWS);
  const wanted = DEVICES.find((one) => one === query.get("device")) ?? "android";
  for (const phone of known) world.show(phone, wanted);
  if (known.length > 0) return;
  const { id } = await world.addPhone({ name: "Ana" });
  const view = world.views.find((one) => one.phone === id);
  if (view && wanted !== view.device) {
    world.hide(view.key);
    world.show(id, wanted);
  }
}

/** @param {string} name @param {string} value */
function keepInAddress(name, value) {
  const address = new URL(location.href);
  address.searchParams.set(name, value);
  history.replaceState(null, "", address);
}

function paintSkip() {
  onLanguage(() => {
    byId("skip").textContent = t("page.skip");
    byId("page-title").textContent = t("page.title");
    byId("stage").setAttribute("aria-label", t("page.phones"));
    byId("panel").setAttribute("aria-label", t("page.panel"));
    document.title = `sacola · ${t("page.title")}`;
  });
}

/** @param {World} world */
function topBar(world) {
  const time = h("span", { class: "number small", dataset: { testid: "clock" } });
  const live = h("span", { class: "badge", role: "status", dataset: { testid: "stream" } });
  const links = h("span", { class: "row" });
  let state = "live";
  const tick = () => {
    time.textContent = dateTime(world.now());
  };
  const paintLive = () => {
    live.className = `badge ${state === "live" ? "ok" : "warn"}`;
    replace(live, icon(state === "live" ? "pulse" : "warning"), t(`stream.${state}`));
  };
  world.on("clock", tick);
  world.on("stream", (now) => {
    state = now;
    paintLive();
  });
  setInterval(tick, 1_000);
  const clock = h("span", { class: "world-clock" }, icon("clock"), time);
  onLanguage(() => {
    tick();
    paintLive();
    clock.title = t("page.clock");
    const { ops_url } = world.settings;
    replace(links, ops_url ? h("a", { class: "button small quiet", href: `${ops_url}/console`, target: "_blank", rel: "noopener noreferrer", dataset: { testid: "console" } },
      icon("lanes"), h("span", null, t("page.console")), h("span", { class: "visually-hidden" }, ` (${t("chat.new_tab")})`)) : null);
  });
  replace(byId("top"), wordmark("/playground"), h("div", { id: "story-picker" }), h("div", { class: "spacer" }), clock, live, links, languagePicker(), themeButton());
}

/** The modules of the side panel. One that fails to load is named; the phones go on. @param {World} world */
async function panels(world) {
  const panel = byId("panel");
  const roots = PANELS.map(([id]) => h("div", { id: `panel-${id}`, class: "panel-page" }));
  const phones = h("button", { type: "button", class: "to-phones", dataset: { testid: "tab-phones" }, onclick: () => pane("phones") });
  const strip = tabs(PANELS.map(([id, name], index) => ({ id, icon: name, label: () => t(`tab.${id}`), panel: /** @type {HTMLElement} */ (roots[index]) })), {
    label: () => t("page.panel"),
    onSelect: () => pane("panel"),
  });
  strip.list.addEventListener("click", () => pane("panel"));
  onLanguage(() => replace(phones, icon("android"), h("span", null, t("tab.phones"))));
  replace(panel, h("nav", { class: "panel-tabs", "aria-label": t("page.panel") }, phones, strip.list), h("div", { class: "panel-pages" }, roots));
  pane("phones");
  document.addEventListener("sacola:show", () => strip.select("xray"));
  world.on("focus:message", () => pane("phones"));
  world.on("focus:effect", () => pane("phones"));
  await Promise.all(PANELS.map(([id], index) => mountPart(id, /** @type {HTMLElement} */ (roots[index]), world)));

  /** On a narrow screen either the phones or the panel are in sight. @param {"phones" | "panel"} which */
  function pane(which) {
    document.body.dataset["pane"] = which;
    phones.setAttribute("aria-pressed", String(which === "phones"));
    if (NARROW.matches) window.scrollTo(0, 0);
  }
}

/**
 * @param {string} name
 * @param {HTMLElement} root
 * @param {World} world
 * @returns {Promise<any>} the module
 */
async function mountPart(name, root, world) {
  try {
    const part = await import(`./${name}.js`);
    part.mount(root, world);
    return part;
  } catch {
    replace(root, h("div", { class: "notice warn" }, icon("warning"), h("span", null, t("page.part_missing", { name }))));
    return undefined;
  }
}

/**
 * The left column: stories and their picker, or how to connect one's own bot.
 * @param {World} world
 * @returns {Promise<() => boolean>} begins the story that the address asks for; true when there is one
 */
async function column(world) {
  const { gateway } = world.settings;
  const root = h("div", { class: "story-root" });
  const title = h("h2", { class: "overline" });
  const closer = h("button", { type: "button", class: "icon-button", onclick: () => show(false) }, icon("close"));
  const button = h("button", { type: "button", class: "button quiet small", dataset: { testid: "stories" }, onclick: () => show(byId("story").hidden === true) });
  replace(byId("story"), h("div", { class: "row between" }, title, closer), root);
  replace(byId("story-picker"), button);
  onLanguage(() => {
    const name = t(gateway ? "page.stories" : "bot.title");
    title.textContent = name;
    byId("story").setAttribute("aria-label", name);
    closer.setAttribute("aria-label", t("control.close"));
    replace(button, icon(gateway ? "book" : "link"), h("span", null, t(gateway ? "page.stories" : "bot.short")));
    if (!gateway) replace(root, connection(world));
  });
  show(matchMedia("(min-width: 1200px)").matches);
  return gateway ? stories(root, world, () => show(true)) : () => false;

  /** @param {boolean} open */
  function show(open) {
    byId("story").hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  }
}

/** @param {HTMLElement} root @param {World} world @param {() => void} show @returns {Promise<() => boolean>} */
async function stories(root, world, show) {
  const part = await mountPart("stories", root, world);
  if (!part) return () => false;
  const list = /** @type {readonly { id: string, title: (say: typeof t) => string }[]} */ (part.stories);
  const select = h("select", { class: "select", dataset: { testid: "story" }, onchange: () => choose(select.value) });
  byId("story-picker").append(select);
  const current = () => {
    select.value = part.running()?.story.id ?? "";
  };
  part.onRun(current);
  onLanguage(() => {
    select.setAttribute("aria-label", t("page.story"));
    replace(select, h("option", { value: "" }, t("page.no_story")), list.map((story) => h("option", { value: story.id }, story.title(t))));
    current();
  });
  return () => {
    const asked = part.asked();
    if (asked) choose(asked);
    return Boolean(asked);
  };

  /** @param {string} id */
  function choose(id) {
    if (id === "") return void part.leave();
    show();
    void part.start(world, id);
  }
}
