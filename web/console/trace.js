// @ts-check
/**
 * The gateway's own steps, live: webhook → decision → commit → attempt → status. It keeps the last ones in memory and nothing else.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { count, dateTime, duration } from "../shared/format.js";
import { language, t } from "../shared/i18n.js";
import { effectWords } from "./lanes.js";
import { FINE, badge, copyable, empty, page, word } from "./parts.js";
import { watchSteps } from "./steps.js";

/** @typedef {import("./steps.js").Step} Step */

const KEPT = 2_000;
const DRAWN = 300;
const HOPS = /** @type {const} */ (["webhook", "decision", "commit", "attempt", "status"]);

/** @param {import("./parts.js").Stage} stage */
export function trace(stage) {
  const state = h("span", { class: "row", role: "status", dataset: { testid: "live-state" } });
  const pause = h("button", { type: "button", class: "button small quiet", dataset: { testid: "pause" } });
  const body = page(stage, { title: t("nav.live"), lead: t("live.lead"), tools: [state, pause] });
  const filter = h("input", { class: "input mono", id: "live-filter", type: "text", autocomplete: "off", spellcheck: "false", value: stage.query.get("conversation") ?? "", placeholder: t("live.filter.any"), dataset: { testid: "live-filter" } });
  const list = h("ol", { class: "steps", "aria-label": t("nav.live"), dataset: { testid: "steps" } });
  const none = h("div", { class: "panel" }, empty("pulse", t("live.none"), t("live.none.more")));
  const gap = h("p", { class: "notice info gap" });
  /** @type {Step[]} */
  let steps = [];
  /** @type {Set<string>} */
  const hidden = new Set();
  let held = 0;
  let paused = false;
  let waits = false;

  const fits = (/** @type {Step} */ step) => !hidden.has(step.hop) && belongs(step, filter.value.trim());
  const draw = () => {
    const shown = steps.filter(fits).slice(-DRAWN).reverse();
    const known = new Map([...list.children].map((line) => [line instanceof HTMLElement ? line.dataset["key"] : "", line]));
    list.replaceChildren(...shown.map((step) => known.get(String(step.seq)) ?? line(step)));
    none.hidden = shown.length > 0;
    list.hidden = shown.length === 0;
  };
  const soon = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      if (!stage.signal.aborted && !paused) draw();
    });
  };
  const label = () => {
    pause.setAttribute("aria-pressed", String(paused));
    replace(pause, icon(paused ? "play" : "pause"), h("span", null, paused ? t("live.resume", { count: held }) : t("refresh.pause")));
  };
  pause.addEventListener("click", () => {
    paused = !paused;
    held = 0;
    label();
    if (!paused) draw();
  });
  filter.addEventListener("input", draw);
  const take = (/** @type {Step} */ step) => {
    // The numbers began anew: so did the gateway.
    if (step.seq <= (steps.at(-1)?.seq ?? 0)) steps = [];
    steps.push(step);
    if (steps.length > KEPT) steps = steps.slice(-KEPT);
    if (paused) {
      held += 1;
      label();
    } else soon();
  };
  const tell = (/** @type {string} */ now) => replace(state, badge(now === "live" ? "ok" : "warn", t(`live.${now}`), now === "live" ? "pulse" : "warning"));
  const missed = () => replace(gap, icon("info"), h("span", null, t("live.missed")));
  void watchSteps(stage.signal, take, tell, missed).then((may) => {
    if (may === "yes" || stage.signal.aborted) return;
    replace(state, badge("", t("live.no")));
    replace(none, empty("pulse", t("live.no"), t(`live.no.${may}`)));
    pause.disabled = true;
  });
  const toggles = HOPS.map((hop) => {
    const button = h("button", { type: "button", "aria-pressed": "true" }, word("hop", hop));
    button.addEventListener("click", () => {
      if (!hidden.delete(hop)) hidden.add(hop);
      button.setAttribute("aria-pressed", String(!hidden.has(hop)));
      draw();
    });
    return button;
  });
  body.append(
    h("div", { class: "live-tools" }, h("div", { class: "field grow" }, h("label", { for: "live-filter" }, t("live.filter")), filter), h("div", { class: "segmented", role: "group", "aria-label": t("live.hops") }, toggles)),
    gap,
    none,
    list,
  );
  label();
  draw();
}

/** True when a step is of this conversation, message, effect or cause. @param {Step} step @param {string} wanted */
function belongs(step, wanted) {
  if (wanted === "") return true;
  const ids = [step["conversation"], step["message"], step["effect_id"], step["cause"], ...(step["messages"] ?? [])];
  return ids.some((id) => typeof id === "string" && id.includes(wanted));
}

/** @param {Step} step */
function line(step) {
  const at = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" }).format(step.at_ms);
  const conversation = step["conversation"];
  const where = conversation ? h("a", { class: "mono", href: `#/conversation/${encodeURIComponent(conversation)}`, title: conversation }, conversation.slice(0, 8)) : null;
  const id = step["effect_id"] ?? step["message"] ?? step["messages"]?.[0];
  return h(
    "li",
    { class: ["step", step.hop], dataset: { key: step.seq, testid: "step" } },
    h("time", { class: "number at", datetime: new Date(step.at_ms).toISOString(), title: dateTime(step.at_ms) }, at),
    h("span", { class: "hop" }, word("hop", step.hop)),
    h("span", { class: "what" }, words(step)),
    h("span", { class: "where" }, where, id ? copyable(id, 12) : null),
    h("span", { class: "took number" }, step["took_us"] === undefined ? "" : duration(step["took_us"])),
  );
}

/** @param {Step} step @returns {import("./parts.js").Children} */
function words(step) {
  switch (step.hop) {
    case "webhook":
      return [t("step.webhook", { from: word("from", step["from"]), items: (step["items"] ?? []).map((/** @type {string} */ item) => word("event", item)).join(", ") || "—", bytes: count(step["bytes"] ?? 0) }), " ", badge(step["http"] === 200 ? "ok" : "danger", String(step["http"] ?? ""))];
    case "decision": {
      const effects = (step["effects"] ?? []).map((/** @type {{ effect: string }} */ effect) => effectWords(effect.effect));
      return [h("strong", null, word("event", step["event"])), effects.length > 0 ? ` → ${effects.join(", ")}` : ` → ${t("step.nothing")}`, step["outcome"] === "done" ? null : [" ", badge("warn", word("outcome", step["outcome"]))]].flat();
    }
    case "commit":
      return [t("step.commit", { revision: step["revision"] ?? 0, count: step["events"] ?? 0 }), " ", badge(step["outcome"] === "committed" ? "ok" : "warn", word("outcome", step["outcome"]))];
    case "attempt":
      return [h("strong", null, effectWords(step["effect"] ?? "")), ` → ${word("from", step["toward"])}, ${t("step.attempt", { attempt: step["attempt"] ?? 1 })} `, badge(FINE.has(step["outcome"]) ? "ok" : "warn", [word("outcome", step["outcome"]), step["code"] ? ` ${step["code"]}` : ""])];
    case "status":
      return [badge(step["status"] === "failed" ? "danger" : "ok", word("status", step["status"]), step["status"] === "sent" ? "check" : "checks"), step["code"] ? ` ${step["code"]}` : ""];
    default:
      return h("code", null, JSON.stringify(step));
  }
}
