// @ts-check
/**
 * What a story can see: the chat of its person, the shop's desk, the gateway's own record of the conversation, WhatsApp's carts. All of it
 * is read from documented routes after something happened; it changes nothing.
 * @module
 */

import { get } from "../../shared/http.js";

/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Message} Message */
/** @typedef {import("../world.js").Device} Device */
/** @typedef {{retailer_id: string, title: string, price: {amount: string, currency: string}, availability: string, category?: string, stock?: number}} ShopProduct */
/** @typedef {{purchase_id: string, state: string, total: {amount: string, currency: string}, times_posted: number, lines: any[]}} ShopPurchase */
/** @typedef {{retailer_id: string, quantity: number, unit_price: {amount: string, currency: string}}} Line */

/** @typedef {"shop"|"conversation"|"native"|"faults"} Source */

/** @type {readonly Device[]} */
export const DEVICES = ["android", "ios", "web"];
const SETTLE_MS = 60;
/** What the streams do not tell is looked at that often. */
const POLL_MS = 2_000;
/** A service window is open that long after the person's last message (Meta, customer service window). */
export const WINDOW_MS = 24 * 60 * 60 * 1000;

export class Look {
  /** @param {World} world @param {string} phone @param {{reads: readonly Source[], changed: () => void}} options */
  constructor(world, phone, { reads, changed }) {
    this.world = world;
    this.phone = phone;
    this.reads = reads;
    this.changed = changed;
    /** @type {Map<string, ShopProduct>} */
    this.products = new Map();
    /** The shelves when the stage was set. @type {Map<string, ShopProduct>} */
    this.former = new Map();
    /** @type {ShopPurchase[]} */
    this.purchases = [];
    this.mode = { mode: "normal" };
    /** @type {any} */
    this.faults = {};
    /** Carts at the gateway, by device. @type {Map<string, Line[]>} */
    this.carts = new Map();
    /** WhatsApp's own carts, by device. @type {Map<string, {retailer_id: string, quantity: number}[]>} */
    this.native = new Map();
    /** How often the gateway took the webhook of a message. @type {Map<string, number>} */
    this.taken = new Map();
    /** The last message when the stage was set: older ones are no news. */
    this.sinceSeq = 0;
    /** Where a step begins, for what must happen from then on. */
    this.stepBeganMs = 0;
    /** Decisions of the gateway that the story waited for, newest last. @type {any[]} */
    this.decisions = [];
    this.timer = 0;
    this.reading = false;
    this.again = false;
    const wake = () => void this.soon();
    /** @type {(() => void)[]} */
    this.offs = [
      world.on(`phone:${phone}`, wake),
      world.on(`cart:${phone}`, wake),
      world.on("shop", wake),
      world.on("faults", wake),
      world.on("clock", wake),
      world.on("news", (told) => this.heard(told)),
      world.on("trace", (traced) => this.traced(traced)),
    ];
    const poll = setInterval(wake, POLL_MS);
    this.offs.push(() => clearInterval(poll));
  }

  close() {
    for (const off of this.offs) off();
    clearTimeout(this.timer);
  }

  /** @param {any} told */
  heard(told) {
    if (told.what === "webhook" && told.http === 200) {
      for (const inner of told.inner_ids ?? []) this.taken.set(inner, (this.taken.get(inner) ?? 0) + 1);
    }
    if (told.what !== "clock") this.soon();
  }

  /** @param {any} traced */
  traced(traced) {
    if (traced.hop !== "decision") return;
    this.decisions.push(traced);
    if (this.decisions.length > 200) this.decisions.shift();
    this.soon();
  }

  /** Looks again, once, after the present burst of news. */
  soon() {
    if (this.timer !== 0) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.refresh();
    }, SETTLE_MS);
  }

  /** Reads all sources. What can't be read stays as it was. */
  async refresh() {
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    do {
      this.again = false;
      await Promise.allSettled(this.reads.map((source) => this.read(source)));
    } while (this.again);
    this.reading = false;
    this.changed();
  }

  /** @param {Source} source */
  read(source) {
    switch (source) {
      case "shop": return this.readShop();
      case "conversation": return this.readConversation();
      case "native": return this.readNative();
      case "faults": return this.readFaults();
    }
  }

  async readShop() {
    const [products, purchases, mode] = await Promise.all([get("/shop/products"), get("/shop/purchases"), get("/shop/mode")]);
    this.products = new Map(products.products.map((/** @type {ShopProduct} */ product) => [product.retailer_id, product]));
    this.purchases = purchases.purchases;
    this.mode = mode;
  }

  async readFaults() {
    this.faults = await get("/emulator/faults");
  }

  async readConversation() {
    const person = this.person();
    const number = this.world.settings.phone_number_id ?? this.world.state?.phone_number_id;
    // Before the first reply the gateway knows nobody of that name.
    const known = person?.messages.some((message) => message?.direction === "out");
    if (!person || !number || !known) return;
    const headers = { authorization: `Bearer ${this.world.settings.api_key}` };
    const told = await get(`/v1/conversations/${encodeURIComponent(number)}/${encodeURIComponent(person.user_id ?? person.wa_id ?? "")}`, { headers });
    this.carts = new Map(told.carts.map((/** @type {any} */ cart) => [cart.device, cart.lines]));
  }

  async readNative() {
    const read = async (/** @type {Device} */ device) => {
      const cart = await this.world.cart(this.phone, device);
      this.native.set(device, cart.items ?? []);
    };
    await Promise.all(DEVICES.map(read));
  }

  // ---- questions that steps ask

  person() {
    return this.world.phones.get(this.phone);
  }

  /** All messages of the chat since the stage was set, oldest first. @returns {Message[]} */
  messages() {
    return (this.person()?.messages ?? []).filter((message) => message && message.seq > this.sinceSeq);
  }

  /** The latest message of the business of that kind. @param {string} kind @param {number} [afterSeq] */
  got(kind, afterSeq = 0) {
    return this.messages().findLast((message) => message.direction === "out" && message.kind === kind && message.seq > afterSeq);
  }

  /** The latest message of the person that fits. @param {(message: Message) => boolean} fits */
  sent(fits) {
    return this.messages().findLast((message) => message.direction === "in" && fits(message));
  }

  /**
   * The latest button of an action, the former part of the chat included.
   * @param {string} action such as `checkout`
   * @param {(button: import("../chats.js").Button, message: Message) => boolean} [fits]
   */
  button(action, fits = () => true) {
    const messages = (this.person()?.messages ?? []).filter(Boolean);
    for (const message of messages.toReversed()) {
      const button = message.direction === "out" ? message.buttons.find((one) => one.id.startsWith(`s1.${action}.`) && fits(one, message)) : undefined;
      if (button) return { message, button };
    }
    return null;
  }

  /** The lines that the gateway holds for a device. @param {string} device @returns {Line[]} */
  lines(device) {
    return this.carts.get(device) ?? [];
  }

  /** All lines of all devices. */
  allLines() {
    return [...this.carts.values()].flat();
  }

  /** The product in the person's cart that the story is about. */
  subject() {
    const id = this.allLines()[0]?.retailer_id ?? this.former.keys().next().value ?? "";
    return this.products.get(id) ?? null;
  }

  /** True when the shop's price of a product is not what it was at the start. @param {string} retailer_id */
  repriced(retailer_id) {
    const [now, then] = [this.products.get(retailer_id), this.former.get(retailer_id)];
    return now !== undefined && then !== undefined && now.price.amount !== then.price.amount;
  }
}
