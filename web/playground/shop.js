// @ts-check
/**
 * The shop panel: the shop's purchases, the shelves, how people pay, the shop's mood. It draws what the desk of the demo shop says.
 * @module
 */

import { h, replace } from "../shared/dom.js";
import { onLanguage, t } from "../shared/i18n.js";
import { Moods } from "./shop/moods.js";
import { Payment } from "./shop/payment.js";
import { Shelves } from "./shop/products.js";
import { Purchases } from "./shop/purchases.js";
import "./shop/words.js";

/** News after which the desk may say something else. */
const TELLING = new Set(["product", "controls", "reset", "shop", "callback"]);
const SETTLE_MS = 80;

/**
 * @param {HTMLElement} root
 * @param {import("./world.js").World} world
 * @returns {() => void} unmount
 */
export function mount(root, world) {
  const parts = { purchases: new Purchases(world), products: new Shelves(), payment: new Payment(), moods: new Moods() };
  const heads = Object.keys(parts).map((name) => ({ name, head: h("h2") }));
  const sections = heads.map(({ name, head }) => h("section", { class: "stack shop-part" }, head, parts[/** @type {keyof typeof parts} */ (name)].element));
  replace(root, h("div", { class: "shop" }, sections));

  let timer = 0;
  const load = () => {
    timer = 0;
    // What can't be read now stays as it was; the next news reads it again.
    void Promise.allSettled([parts.products.load(), parts.payment.load(), parts.moods.load(), parts.purchases.load()]);
  };
  const soon = () => {
    timer ||= window.setTimeout(load, SETTLE_MS);
  };
  const offs = [
    world.on("news", (told) => void (TELLING.has(told.what) && soon())),
    onLanguage(() => {
      for (const { name, head } of heads) head.textContent = t(`shop.${name}`);
      for (const part of Object.values(parts)) part.paint();
    }),
    () => window.clearTimeout(timer),
  ];
  load();
  return () => {
    for (const off of offs) off();
    replace(root);
  };
}
