// @ts-check
/**
 * What a story does by itself: setting the stage, and a step's "do it for me". Every act is a real call that a person could make by clicking.
 * @module
 */

import { del, get, post, put } from "../../shared/http.js";
import { t } from "../../shared/i18n.js";

/** @typedef {import("./look.js").Look} Look */
/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Device} Device */

const PATIENCE_MS = 12_000;
const PAUSE_MS = 60;
const A_DAY_S = 25 * 60 * 60;
const QUIET_MS = 400;
const QUIET_AT_MOST_MS = 2_000;

/** A stage that could not be set, or an act that had no effect. */
export class Stuck extends Error {}

/** Waits until something is seen. @template T @param {Look} look @param {() => T} seen @returns {Promise<NonNullable<T>>} */
export async function until(look, seen) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = seen();
    if (found) return found;
    if (performance.now() > end) throw new Stuck("it did not happen in time");
    await look.refresh();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Taps the latest button of an action. @param {Look} look @param {string} action @param {{device?: Device, fits?: (button: any, message: any) => boolean}} [options] */
export async function tap(look, action, { device = "android", fits = () => true } = {}) {
  const { message, button } = await until(look, () => look.button(action, fits));
  await look.world.tap(look.phone, device, message.message_id, button.id);
}

/** Taps and waits for a newer message of that kind. @param {Look} look @param {string} action @param {string} kind @param {Device} [device] */
export async function tapFor(look, action, kind, device = "android") {
  const before = look.person()?.last ?? 0;
  await tap(look, action, { device });
  return until(look, () => look.got(kind, before));
}

/** @param {Look} look @param {string} text @param {string} kind */
export async function sayFor(look, text, kind) {
  const before = look.person()?.last ?? 0;
  await look.world.say(look.phone, "android", text);
  return until(look, () => look.got(kind, before));
}

/** The greeting in the language of the page: the shop answers in it. */
export function hello() {
  return t("composer.hello");
}

/** Greets, opens the first category and the first product. @param {Look} look */
export async function browse(look) {
  await sayFor(look, hello(), "menu");
  await tapFor(look, "category", "catalog");
  await tapFor(look, "product", "product");
}

/** The same, and puts it into the cart. @param {Look} look */
export async function fill(look) {
  await browse(look);
  await tapFor(look, "add", "cart");
  await until(look, () => look.allLines().length > 0);
}

/** Moves a price by one unit of the currency, in decimal text without floats. @param {string} amount */
export function dearer(amount) {
  const [whole = "0", fraction = ""] = amount.split(".");
  return `${BigInt(whole) + 1n}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Raises a product's price at the shop's desk. @param {Look} look @param {string|undefined} retailer_id */
export async function raise(look, retailer_id) {
  const product = look.products.get(retailer_id ?? "");
  if (!product) throw new Stuck("there is no product to change");
  await put(`/shop/products/${encodeURIComponent(product.retailer_id)}`, { price: dearer(product.price.amount) });
}

/** @param {string} mode @param {number} [times] */
export async function mood(mode, times) {
  await post("/shop/mode", times === undefined ? { mode } : { mode, times });
}

/** Lets the news of the former world come and be read, so that nobody asks for a phone that is gone. @param {World} world */
async function quiet(world) {
  const end = performance.now() + QUIET_AT_MOST_MS;
  let last = performance.now();
  let heard = world.history.news.length > 0;
  const hear = () => {
    heard = true;
    last = performance.now();
  };
  const offs = ["news", "stream", "phones", "catalog", "clock"].map((event) => world.on(event, hear));
  while ((!heard || performance.now() - last < QUIET_MS) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  for (const off of offs) off();
}

/** A world without history, a shop whose prices the gateway knows. @param {World} world */
export async function clear(world) {
  await quiet(world);
  // The gateway remembers the people of former worlds. A day later their windows are closed, and no news is sent to phones that are gone.
  await world.advance(A_DAY_S);
  await world.reset();
  await mood("normal");
  await del("/emulator/faults");
  await level(world);
}

/** The reset fills the shelves in silence. What the gateway knows otherwise is told to it again, as the shop would. @param {World} world */
async function level(world) {
  const key = world.settings.api_key;
  if (!key) return;
  const { products } = await get("/shop/products");
  const known = await gatewaysProducts(key);
  for (const product of products) {
    const there = known.get(product.retailer_id);
    const same = there?.price.amount === product.price.amount && there?.title === product.title && there?.availability === product.availability;
    if (!same) await put(`/shop/products/${encodeURIComponent(product.retailer_id)}`, { title: product.title });
  }
}

/** @param {string} key @returns {Promise<Map<string, any>>} */
async function gatewaysProducts(key) {
  const headers = { authorization: `Bearer ${key}` };
  /** @type {Map<string, any>} */
  const known = new Map();
  let cursor = "";
  do {
    const page = await get(`/v1/products${cursor === "" ? "" : `?cursor=${encodeURIComponent(cursor)}`}`, { headers });
    for (const product of page.products) known.set(product.retailer_id, product);
    cursor = page.next_cursor ?? "";
  } while (cursor !== "");
  return known;
}
