// @ts-check
/**
 * WhatsApp's own cart on one device, as the page sees it: read again whenever it may have changed, told to those who show it.
 * @module
 */

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").View} View */
/** @typedef {import("./world.js").NativeCart} NativeCart */

export class NativeModel {
  /** @param {World} world @param {View} view */
  constructor(world, view) {
    this.world = world;
    this.view = view;
    /** @type {NativeCart} */
    this.cart = { items: [] };
    /** @type {Map<Node, () => void>} */
    this.watchers = new Map();
    this.asked = 0;
    this.stop = [world.on(`cart:${view.phone}`, () => void this.load()), world.on("catalog", () => void this.load())];
  }

  /** How many things are in it. */
  count() {
    return this.cart.items.reduce((sum, item) => sum + Number(item.quantity ?? 1), 0);
  }

  /** @param {string} retailer_id */
  quantity(retailer_id) {
    return Number(this.cart.items.find((item) => item.retailer_id === retailer_id)?.quantity ?? 0);
  }

  /** Reads it anew; a late answer to an earlier question is dropped. */
  async load() {
    if (this.world.resetting) return;
    this.asked += 1;
    const mine = this.asked;
    try {
      const cart = await this.world.cart(this.view.phone, this.view.device);
      if (mine === this.asked) this.take(cart);
    } catch {
      // The phone may be gone; the stage notices by itself.
    }
  }

  /** @param {NativeCart} cart */
  take(cart) {
    this.cart = { ...cart, items: cart.items ?? [] };
    for (const [node, paint] of [...this.watchers]) {
      if (node.isConnected) paint();
      else this.watchers.delete(node);
    }
  }

  /** The world tells every view of the phone, this one too. @param {string} retailer_id @param {number} quantity */
  async set(retailer_id, quantity) {
    await this.world.setCart(this.view.phone, this.view.device, retailer_id, quantity);
  }

  /** Paints again at each change, as long as the node is in the page. @param {Node} node @param {() => void} paint */
  watch(node, paint) {
    this.watchers.set(node, paint);
  }

  close() {
    for (const stop of this.stop) stop();
    this.watchers.clear();
  }
}
