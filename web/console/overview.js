// @ts-check
/**
 * The first page: is all well? One sentence, what needs a person with its mend, then the numbers.
 * @module
 */

import { h, icon } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { Problem } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { merchantsTable, needs, numbersTable, storeFacts } from "./health.js";
import { ago, badge, empty, page, panel, span, waiting, word } from "./parts.js";
import { fresh } from "./refresh.js";
import { ask } from "./session.js";

/** @typedef {import("./health.js").Overview} Overview */
/** @typedef {import("./health.js").Group} Group */
/** @typedef {import("./health.js").Need} Need */

/** @param {import("./parts.js").Stage} stage */
export function overview(stage) {
  const body = page(stage, { title: t("nav.overview") });
  body.append(waiting());
  const live = fresh({ signal: stage.signal, into: body, load, paint });
  stage.main.querySelector(".tools")?.append(live.button);
}

/** Groups of letters, or why they are not known. @typedef {Group[] | "forbidden" | "unknown"} Letters */

/** @param {AbortSignal} signal @returns {Promise<{ seen: Overview, groups: Letters }>} */
async function load(signal) {
  const none = (/** @type {unknown} */ error) => {
    // Without the store, or without the right to read letters, the rest must still be seen.
    if (error instanceof Problem && error.status === 403) return { groups: "forbidden" };
    if (error instanceof Problem && error.status >= 500) return { groups: "unknown" };
    throw error;
  };
  const [seen, letters] = await Promise.all([ask("GET", "/overview", undefined, signal), ask("GET", "/dead-letters/groups", undefined, signal).catch(none)]);
  return { seen, groups: letters.groups ?? [] };
}

/** @param {{ seen: Overview, groups: Letters }} data */
function paint({ seen, groups }) {
  const wanted = needs(seen, typeof groups === "string" ? [] : groups);
  return [
    verdict(seen, wanted),
    wanted.length > 0 ? h("ol", { class: "needs", dataset: { testid: "needs" } }, wanted.map((need) => card(need, seen.now_ms))) : h("div", { hidden: true }),
    h("div", { class: "figures" }, figures(seen)),
    panel({ title: t("overview.numbers") }, scroll(numbersTable(seen.numbers ?? [], seen.now_ms), (seen.numbers ?? []).length)),
    panel({ title: t("overview.merchants") }, scroll(merchantsTable(seen.merchants ?? [], seen.now_ms), (seen.merchants ?? []).length)),
    h("div", { class: "halves" }, panel({ title: t("overview.store") }, h("div", { class: "panel-body" }, storeFacts(seen))), panel({ title: t("overview.letters"), aside: h("a", { href: "#/dead-letters" }, t("do.all")) }, causes(groups, seen.now_ms))),
  ];
}

/** @param {HTMLElement} shown @param {number} rows */
function scroll(shown, rows) {
  return rows > 0 ? h("div", { class: "table-wrap" }, shown) : empty("info", t("overview.none"));
}

/** @param {Overview} seen @param {readonly Need[]} wanted */
function verdict(seen, wanted) {
  const tone = wanted.length === 0 ? "ok" : wanted.some((need) => need.tone === "danger") ? "danger" : "warn";
  return h(
    "div",
    { class: ["verdict", tone], role: "status", dataset: { testid: "verdict" } },
    icon(tone === "ok" ? "check" : "warning"),
    h("div", { class: "grow" }, h("p", { class: "verdict-words" }, wanted.length === 0 ? t("verdict.ok") : t("verdict.needs", { count: wanted.length })), h("p", { class: "small" }, wanted.length === 0 ? t("verdict.ok.more") : t("verdict.needs.more"))),
    seen.ready ? badge("ok", t("ready.yes")) : badge("danger", t("ready.no")),
  );
}

/** @param {Need} need @param {number} now */
function card(need, now) {
  return h(
    "li",
    { class: ["need", need.tone], dataset: { key: need.key, testid: "need" } },
    icon("warning"),
    h("div", { class: "grow" }, h("p", { class: "strong" }, need.what), need.mend ? h("p", { class: "small" }, h("span", { class: "overline" }, t("need.mend")), " ", need.mend) : null),
    h("div", { class: "need-side small" }, need.since ? ago(need.since, now) : null, need.href ? h("a", { href: need.href }, need.link ?? t("do.look")) : null),
  );
}

/** @param {Overview} seen */
function figures(seen) {
  const lanes = seen.lanes ?? {};
  const late = lanes.oldest_due_ms ? seen.now_ms - lanes.oldest_due_ms : 0;
  const known = typeof lanes.due === "number";
  const number = (/** @type {number | null | undefined} */ value) => (value === null || value === undefined ? "—" : count(value));
  const stopped = (seen.numbers ?? []).filter((number) => number.state !== "ok").length;
  return [
    figure(t("figure.due"), known && typeof lanes.total === "number" ? t("figure.of", { ok: count(lanes.due ?? 0), all: count(lanes.total) }) : number(lanes.due), "#/lanes"),
    figure(t("figure.late"), !known ? "—" : late > 0 ? span(late) : t("figure.none"), "#/lanes"),
    figure(t("figure.letters"), number(seen.dead_letters), "#/dead-letters"),
    figure(t("figure.numbers"), t("figure.of", { ok: (seen.numbers ?? []).length - stopped, all: (seen.numbers ?? []).length }), null),
  ];
}

/** @param {string} name @param {import("./parts.js").Children} value @param {string | null} href */
function figure(name, value, href) {
  const inside = [h("span", { class: "figure-name" }, name), h("span", { class: "figure-value number" }, value)];
  return href ? h("a", { class: "figure", href }, inside) : h("div", { class: "figure" }, inside);
}

/** @param {Letters} groups @param {number} now */
function causes(groups, now) {
  if (typeof groups === "string") return empty("inbox", t(`letters.${groups}`), t(`letters.${groups}.more`));
  if (groups.length === 0) return empty("inbox", t("letters.none"), t("letters.none.more"));
  return h(
    "ul",
    { class: "causes" },
    groups.map((group) =>
      h("li", { dataset: { key: group.reason } }, h("a", { href: `#/dead-letters?reason=${encodeURIComponent(group.reason)}` }, h("span", { class: "number strong" }, count(group.count)), " ", word("reason", group.reason)), h("span", { class: "small muted" }, t("letters.oldest"), " ", ago(group.oldest, now))),
    ),
  );
}
