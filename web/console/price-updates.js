// @ts-check
/**
 * Price updates: how far each product's change has come on its way to the carts that hold it.
 * @module
 */

import { h } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { ago, badge, copyable, empty, page, table, waiting, word } from "./parts.js";
import { fresh } from "./refresh.js";
import { ask } from "./session.js";

/**
 * @typedef {{ id: string, retailer_id: string, merchant: string, state: string, carts_found: number, notified: number, deferred: number, failed: number,
 *   started_at_ms?: number | null, shard?: number, shards?: number, asks_merchant?: boolean }} PriceUpdate
 */

/** @param {import("./parts.js").Stage} stage */
export function priceUpdates(stage) {
  const body = page(stage, { title: t("nav.price-updates"), lead: t("prices.lead") });
  body.append(waiting());
  const live = fresh({ signal: stage.signal, into: body, load: (signal) => ask("GET", "/price-updates", undefined, signal), paint: (seen) => [list(seen.price_updates ?? []), h("p", { class: "small muted", hidden: !seen.has_more }, t("prices.more"))] });
  stage.main.querySelector(".tools")?.append(live.button);
}

/** @param {PriceUpdate[]} rows */
function list(rows) {
  if (rows.length === 0) return h("div", { class: "panel" }, empty("tag", t("prices.none"), t("prices.none.more")));
  const shown = table({
    caption: t("nav.price-updates"),
    rows,
    key: (update) => update.id,
    testid: "price-update-row",
    columns: [
      { head: t("col.product"), cell: (update) => [h("code", null, update.retailer_id), h("span", { class: "muted small" }, ` ${update.merchant}`)] },
      { head: t("col.state"), cell: (update) => (update.state === "done" ? badge("ok", word("update", "done")) : badge("info", update.asks_merchant ? t("update.asks") : word("update", update.state), "refresh")) },
      { head: t("col.progress"), cell: progress },
      { head: t("col.notified"), end: true, cell: (update) => number(update.notified) },
      { head: t("col.deferred"), end: true, cell: (update) => number(update.deferred) },
      { head: t("col.failed"), end: true, cell: (update) => (update.failed > 0 ? h("span", { class: "number warn-ink strong", title: t("prices.failed") }, count(update.failed)) : number(0)) },
      { head: t("col.began"), cell: (update) => ago(update.started_at_ms) },
      { head: t("col.id"), cell: (update) => copyable(update.id, 14) },
    ],
  });
  return h("div", { class: "panel table-wrap" }, shown);
}

/** @param {number} value */
function number(value) {
  return h("span", { class: "number" }, count(value));
}

/** How far the walk over all carts has come, and how many of those that were found know it. @param {PriceUpdate} update */
function progress(update) {
  const told = t("prices.told", { told: count(update.notified + update.deferred), all: count(update.carts_found) });
  const shards = update.shards ?? 0;
  const walked = update.state === "done" ? 1 : shards > 0 ? (update.shard ?? 0) / shards : 0;
  const bar = h("progress", { max: 1, "aria-label": t("prices.walked", { percent: Math.floor(walked * 100) }) });
  bar.setAttribute("value", String(walked));
  return h("span", { class: "metered" }, bar, h("span", { class: "number" }, told));
}
