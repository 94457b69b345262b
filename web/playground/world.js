// @ts-check
/**
 * The world as the page knows it: settings, phones with their chats, the clock, the native catalog; kept fresh by the live
 * streams. It owns no element of the page; whoever draws listens with `on`.
 *
 * Events: `phones`, `phone:<id>` (a {@link Change}), `views`, `news` (Told), `trace` (Traced), `traced` (it begins, after a gap too), `clock`, `shop`, `faults`, `latency`,
 * `stream`, `reset`, `focus:message` (an inner id), `focus:effect` (an effect id).
 * @module
 */

import { del, get, post, put } from "../shared/http.js";
import { watch } from "../shared/stream.js";
import { Chats } from "./chats.js";
import { Latency } from "./latency.js";

/** @typedef {"android" | "ios" | "web"} Device */
/** @typedef {import("./chats.js").PhoneView} PhoneView */
/** @typedef {import("./chats.js").Message} Message */
/** @typedef {import("./chats.js").Change} Change */
/** @typedef {{ key: string, phone: string, device: Device }} View one phone on the stage, as one of its devices */
/** @typedef {import("../shared/format.js").Money} Money */
/**
 * @typedef {{ retailer_id: string, title: string, description?: string, price: Money, availability?: string, image_url?: string }} Product
 * @typedef {{ items: { retailer_id: string, quantity: number, title?: string, price?: Money, image_url?: string, available?: boolean }[],
 *   total?: Money | null, notice?: { retailer_id: string, title?: string, what: "price" | "title" | "removed", from?: any, to?: any }[] }} NativeCart
 * @typedef {{ gateway: boolean, emulator_url?: string, public_url?: string, ops_url?: string, api_key?: string, version?: string,
 *   graph_url?: string, access_token?: string, app_secret?: string, verify_token?: string, phone_number_id?: string, webhook_url?: string }} Settings
 * @typedef {{ seq: number, at_ms: number, what: string, phone?: string | null, [fact: string]: any }} Told
 * @typedef {{ seq: number, at_ms: number, hop: string, [fact: string]: any }} Traced
 */

/** @type {readonly Device[]} */
export const DEVICES = ["android", "ios", "web"];
/** Phones side by side. */
export const MOST_VIEWS = 3;
const KEPT = { news: 1_000, trace: 2_000 };

export class World {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    /** @type {any} */
    this.state = {};
    /** @type {Map<string, PhoneView>} */
    this.phones = new Map();
    /** @type {View[]} */
    this.views = [];
    /** @type {Map<string, Product>} */
    this.catalog = new Map();
    /** What the streams told so far, for those who begin to listen late. @type {{ news: Told[], trace: Traced[] }} */
    this.history = { news: [], trace: [] };
    this.api = { get, post, put, del };
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.listeners = new Map();
    this.chats = new Chats(this);
    this.latency = new Latency(this);
    this.clockBase = { ms: Date.now(), at: performance.now() };
    this.viewsMade = 0;
    /** Phones are about to go: nobody asks for them. */
    this.resetting = false;
    /** When the world was read first, by its own clock. @type {number | undefined} */
    this.loadedMs = undefined;
    /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
    this.timers = {};
  }

  /**
   * Listens. The answer stops it.
   * @param {string} event
   * @param {(detail: any) => void} listener
   */
  on(event, listener) {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set.add(listener));
    return () => void set.delete(listener);
  }

  /** @param {string} event @param {unknown} [detail] */
  emit(event, detail) {
    for (const listener of this.listeners.get(event) ?? []) listener(detail);
  }

  /** The world's clock. */
  now() {
    return Math.round(this.clockBase.ms + performance.now() - this.clockBase.at);
  }

  /** @param {number} ms */
  setNow(ms) {
    this.clockBase = { ms, at: performance.now() };
    this.emit("clock", ms);
  }

  /** Addresses of our own servers become paths of this page's origin; others stay. @param {string | null | undefined} url */
  local(url) {
    for (const base of [this.settings.emulator_url, this.settings.graph_url, this.settings.public_url]) {
      if (base && url?.startsWith(base)) return url.slice(base.replace(/\/$/, "").length) || "/";
    }
    return url ?? "";
  }

  // What people do.

  /**
   * A new phone. Without an address it gets a number nobody had before, so that no former conversation answers.
   * @param {{ name?: string, wa_id?: string, user_id?: string }} who
   * @returns {Promise<PhoneView>}
   */
  async addPhone(who) {
    const fresh = who.wa_id || who.user_id ? {} : { wa_id: `55119${randomDigits(8)}` };
    const made = await post("/emulator/phones", { ...fresh, ...who });
    const phone = this.chats.adopt(made);
    this.show(phone.id, "android");
    this.emit("phones");
    await this.chats.refresh(phone.id);
    return phone;
  }

  /** @param {string} phone @param {Device} device @param {string} text */
  say(phone, device, text) {
    return this.act(phone, device, "text", { body: text });
  }

  /** @param {string} phone @param {Device} device @param {string} message_id @param {string} id */
  tap(phone, device, message_id, id) {
    return this.act(phone, device, "tap", { message_id, id });
  }

  /** Sends the device's native cart, or the items given. @param {string} phone @param {Device} device @param {object} [body] */
  order(phone, device, body = {}) {
    return this.act(phone, device, "order", body);
  }

  /** @param {string} phone @param {Device} device @param {string} message_id @param {string} emoji */
  react(phone, device, message_id, emoji) {
    return this.act(phone, device, "reaction", { message_id, emoji });
  }

  /**
   * Anything a device can do; the time to the reply is taken from this call.
   * @param {string} phone
   * @param {Device} device
   * @param {string} what the last part of the path: `text`, `image`, `location`, …
   * @param {object} [body]
   */
  async act(phone, device, what, body = {}) {
    this.show(phone, device);
    this.latency.begin(phone);
    try {
      return await post(`${this.devicePath(phone, device)}/${what}`, body);
    } catch (problem) {
      this.latency.giveUp(phone);
      throw problem;
    }
  }

  /** @param {string} phone @param {Device} device @param {string} retailer_id @param {number} quantity 0 removes */
  async setCart(phone, device, retailer_id, quantity) {
    const cart = await post(`${this.devicePath(phone, device)}/cart/items`, { retailer_id, quantity });
    this.emit(`cart:${phone}`, device);
    return cart;
  }

  /** @param {string} phone @param {Device} device @param {boolean} [seen] tells that the notices were looked at @returns {Promise<NativeCart>} */
  cart(phone, device, seen = false) {
    return get(`${this.devicePath(phone, device)}/cart${seen ? "?seen=true" : ""}`);
  }

  /** @param {string} phone @param {Device} device */
  devicePath(phone, device) {
    return `/emulator/phones/${encodeURIComponent(phone)}/devices/${device}`;
  }

  /** @param {number} seconds */
  async advance(seconds) {
    const { now_ms } = await post("/emulator/clock", { advance_s: seconds });
    this.setNow(now_ms);
  }

  /** Forgets everything: phones, chats, carts, purchases, faults. */
  async reset() {
    this.resetting = true;
    try {
      await this.chats.quiet();
      await post("/emulator/reset", {});
      await this.reload();
    } finally {
      this.resetting = false;
    }
  }

  // What is on the stage.

  /** Shows a phone as this device, if it is not yet; the oldest view gives way when there is no room. @param {string} phone @param {Device} device */
  show(phone, device) {
    if (!this.phones.has(phone) || this.views.some((view) => view.phone === phone && view.device === device)) return;
    this.viewsMade += 1;
    this.views = [...this.views, { key: `v${this.viewsMade}`, phone, device }].slice(-MOST_VIEWS);
    this.emit("views");
  }

  /** @param {string} key */
  hide(key) {
    this.views = this.views.filter((view) => view.key !== key);
    this.emit("views");
  }

  /** @param {string} inner_id asks the chats to show this message */
  focusMessage(inner_id) {
    this.emit("focus:message", inner_id);
  }

  /** @param {string} effect_id asks the x-ray to show this effect */
  focusEffect(effect_id) {
    this.emit("focus:effect", effect_id);
  }

  // How it stays fresh.

  /** Reads everything anew. */
  async reload() {
    const [list, clock, state] = await Promise.all([get("/emulator/phones"), get("/emulator/clock"), get("/emulator/state")]);
    this.state = state;
    this.loadedMs ??= clock.now_ms;
    this.setNow(clock.now_ms);
    const known = new Set(list.phones.map((/** @type {PhoneView} */ phone) => phone.id));
    for (const id of [...this.phones.keys()]) if (!known.has(id)) this.chats.forget(id);
    for (const phone of list.phones) this.chats.adopt(phone);
    const left = this.views.filter((view) => known.has(view.phone));
    if (left.length !== this.views.length) {
      this.views = left;
      this.emit("views");
    }
    this.emit("phones");
    await Promise.all([this.loadCatalog(), ...[...known].map((id) => this.chats.refresh(String(id)))]);
  }

  async loadCatalog() {
    try {
      const { products } = await get("/emulator/catalog");
      this.catalog = new Map(products.map((/** @type {Product} */ product) => [product.retailer_id, product]));
    } catch {
      // An emulator without a catalog still chats; cards then show ids.
      this.catalog = new Map();
    }
    this.emit("catalog");
  }

  /** Opens the live streams. */
  start() {
    const state = (/** @type {"live" | "lost"} */ now) => this.emit("stream", now);
    const anew = () => this.soon("reload", 50, () => this.reload());
    watch("/emulator/events", (told) => this.hear(told), state, anew);
    if (this.settings.gateway) {
      watch("/playground/trace", (traced) => {
        keep(this.history.trace, traced, KEPT.trace);
        this.emit("trace", traced);
      }, (now) => void (now === "live" && this.emit("traced")));
    }
  }

  /** @param {Told} told */
  hear(told) {
    if (told.what === "phone" && told.phone && !this.resetting && told.at_ms >= (this.loadedMs ?? 0)) void this.chats.hear(told.phone);
    keep(this.history.news, told, KEPT.news);
    this.emit("news", told);
    // The stream begins with what is remembered: what was there before this page has been read already.
    if (told.at_ms < (this.loadedMs ?? 0)) return;
    if (told.what === "product") {
      this.emit("shop", told);
      this.soon("catalog", 60, () => this.loadCatalog());
    }
    if (told.what === "controls") {
      this.emit("shop", told);
      this.emit("faults", told);
      this.soon("catalog", 60, () => this.loadCatalog());
    }
    if (told.what === "clock") {
      this.soon("clock", 10, async () => this.setNow((await get("/emulator/clock")).now_ms));
    }
    if (told.what === "reset") {
      this.emit("reset");
      this.soon("reload", 20, () => this.reload());
    }
  }

  /** Does something once, a little later, however often it is asked for. @param {string} name @param {number} ms @param {() => unknown} work */
  soon(name, ms, work) {
    this.timers[name] ??= setTimeout(async () => {
      this.timers[name] = undefined;
      try {
        await work();
      } catch {
        this.emit("stream", "lost");
      }
    }, ms);
  }
}

/** @template T @param {T[]} list @param {T} item @param {number} most */
function keep(list, item, most) {
  list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}

/** @param {number} count */
function randomDigits(count) {
  return [...crypto.getRandomValues(new Uint8Array(count))].map((byte) => byte % 10).join("");
}

/** Loads the world and its chats; the streams begin with `start()`. @returns {Promise<World>} */
export async function openWorld() {
  const world = new World(await get("/playground/settings"));
  await world.reload();
  return world;
}
