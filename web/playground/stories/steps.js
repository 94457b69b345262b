// @ts-check
/**
 * Steps that several stories share, and the making of a story. Its words are under `story.<id>.…` and `step.…`.
 * @module
 */

import { start } from "./current.js";
import { mood, raise, tap } from "./play.js";
import { money } from "../../shared/format.js";
import { register, t } from "../../shared/i18n.js";
import "../shop/words.js";

/** @typedef {import("./run.js").Step} Step */
/** @typedef {import("./run.js").Story} Story */
/** @typedef {import("./look.js").Look} Look */
/** @typedef {Partial<Record<"en"|"pt-BR"|"es"|"id", Record<string, string>>>} Words */

/**
 * A story; its words are registered under its own prefix: `title`, `summary`, `saw`, and the sentences of its own steps.
 * @param {Omit<Story, "title"|"summary"|"run"> & {words: Words}} parts
 * @returns {Story}
 */
export function story({ words, ...parts }) {
  const prefix = `story.${parts.id}.`;
  for (const [tag, table] of Object.entries(words)) {
    register({ [tag]: Object.fromEntries(Object.entries(table).map(([key, text]) => [prefix + key, text])) });
  }
  return {
    ...parts,
    title: (translate) => translate(`${prefix}title`),
    summary: (translate) => translate(`${prefix}summary`),
    run: (world) => start(world, parts.id),
  };
}

/** The words on the latest button of an action, as the person reads them. @param {Look} look @param {string} action */
export function labelOf(look, action) {
  return look.button(action)?.button.title ?? "…";
}

/** @param {Look} look */
function subject(look) {
  const product = look.subject();
  return { title: product?.title ?? "…", price: product ? money(product.price) : "…" };
}

/** The price of the product in the cart changes at the shop. @type {Step} */
export const changePrice = {
  id: "price",
  say: "step.price",
  hint: "step.price.hint",
  values: subject,
  act: (look) => raise(look, look.allLines()[0]?.retailer_id),
  seen: (look) => look.allLines().some((line) => look.repriced(line.retailer_id)) || [...look.products.keys()].some((id) => look.repriced(id)),
};

/** @type {Step} */
export const acceptChange = {
  id: "accept",
  say: "step.accept",
  hint: "step.tap",
  values: (look) => ({ label: labelOf(look, "accept_prices") }),
  act: (look) => tap(look, "accept_prices"),
  seen: (look) => {
    const lines = look.allLines();
    return look.got("price_change") !== undefined && lines.length > 0 && lines.every((line) => look.products.get(line.retailer_id)?.price.amount === line.unit_price.amount);
  },
};

/** @type {Step} */
export const checkOut = {
  id: "checkout",
  say: "step.checkout",
  hint: "step.tap",
  values: (look) => ({ label: labelOf(look, "checkout") }),
  act: (look) => tap(look, "checkout"),
  seen: (look) => look.got("summary") !== undefined,
};

/** @type {Step} */
export const confirm = {
  id: "confirm",
  say: "step.confirm",
  hint: "step.tap",
  values: (look) => ({ label: labelOf(look, "confirm") }),
  act: (look) => tap(look, "confirm"),
  seen: (look) => look.purchases.length > 0,
};

/** @type {Step} */
export const paymentLink = {
  id: "link",
  say: "step.link",
  seen: (look) => look.got("payment_link") !== undefined || look.got("pix") !== undefined,
};

/** Exactly one purchase, however often it was asked for. @type {Step} */
export const onePurchase = {
  id: "once",
  say: "step.once",
  values: (look) => ({ purchases: look.purchases.length, count: look.purchases[0]?.times_posted ?? 0 }),
  seen: (look) => look.purchases.length === 1 && (look.purchases[0]?.times_posted ?? 0) >= 1,
};

/** The shop is told to misbehave once. @param {string} mode @param {string} say @returns {Step} */
export function setMood(mode, say) {
  return {
    id: "mood",
    say,
    hint: "step.mood.hint",
    values: () => ({ mood: t(`shop.mood.${mode}`) }),
    act: () => mood(mode, 1),
    seen: (look) => look.mode.mode === mode,
  };
}

/** @param {Look} look */
export function cartText(look) {
  const text = look.allLines().map((line) => `${line.quantity} × ${look.products.get(line.retailer_id)?.title ?? line.retailer_id}`);
  return text.join(", ") || "…";
}
