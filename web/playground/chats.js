// @ts-check
/**
 * The chats: who has which phone and what was said, brought up to date with as little reading as possible. New messages come first and at
 * once; statuses of former ones follow a moment later. It draws nothing.
 * @module
 */

import { Problem, get } from "../shared/http.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Device} Device */
/**
 * @typedef {{ id: string, title: string, description?: string }} Button
 * @typedef {{
 *   seq: number, message_id: string, inner_id?: string, direction: "in" | "out", at_ms: number, device?: string, kind?: string | null,
 *   type: string, text: string, buttons: Button[], link?: { text: string, url: string }, products: string[], image?: string,
 *   payload: any, status?: "sent" | "delivered" | "read" | "failed", error?: { code: number, title?: string }, read_by_business?: boolean,
 * }} Message
 * @typedef {{
 *   id: string, name: string, device: Device, wa_id?: string, user_id?: string, username?: string, hidden?: boolean, blocked?: boolean,
 *   typing_until_ms?: number | null, last_inbound_ms?: number | null, window_open_until_ms?: number | null,
 *   messages: Message[], last: number,
 * }} PhoneView
 * @typedef {{ fresh: Message[], changed: Message[], phone: boolean }} Change what is new, what looks different, whether the phone itself did
 */

/** How far back statuses are looked at again. */
const LOOKED_BACK = 30;
const STATUSES_AFTER_MS = 90;

export class Chats {
  /** @param {World} world */
  constructor(world) {
    this.world = world;
    /** @type {Map<string, { again: boolean }>} */
    this.reading = new Map();
  }

  /** Takes over what the emulator says of a phone. @param {any} told @returns {PhoneView} */
  adopt(told) {
    const { messages: _count, devices: _devices, ...facts } = told;
    const known = this.world.phones.get(told.id);
    if (known) {
      for (const fact of /** @type {const} */ (["wa_id", "username"])) if (!(fact in facts)) delete known[fact];
      return Object.assign(known, facts);
    }
    /** @type {PhoneView} */
    const phone = { device: "android", messages: [], last: 0, ...facts };
    this.world.phones.set(phone.id, phone);
    return phone;
  }

  /** @param {string} id */
  forget(id) {
    this.world.phones.delete(id);
  }

  /** News of a phone: new messages at once, the rest shortly after. @param {string} id */
  async hear(id) {
    if (!this.world.phones.has(id)) {
      this.world.soon("reload", 20, () => this.world.reload());
      return;
    }
    await Promise.all([this.readNew(id), this.details(id)]);
    this.world.soon(`statuses ${id}`, STATUSES_AFTER_MS, () => this.readStatuses(id));
  }

  /** Waits until nothing is being read. */
  async quiet() {
    while (this.reading.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** @param {string} id */
  async refresh(id) {
    await Promise.all([this.readNew(id), this.details(id)]);
  }

  /** @param {string} id */
  async readNew(id) {
    await this.single(`messages ${id}`, async () => {
      const phone = this.world.phones.get(id);
      if (!phone) return;
      const fresh = await this.after(phone, phone.last);
      if (fresh.length > 0 && this.world.phones.get(id) === phone) this.take(phone, fresh);
    });
  }

  /** Does one thing at a time; asked meanwhile, it does it once more. @param {string} name @param {() => Promise<void>} work */
  async single(name, work) {
    const running = this.reading.get(name);
    if (running) {
      running.again = true;
      return;
    }
    const mine = { again: true };
    this.reading.set(name, mine);
    try {
      while (mine.again) {
        mine.again = false;
        await work();
      }
    } catch (problem) {
      // A phone that is gone falls out with the next reload; anything else shows as a lost line.
      if (!(problem instanceof Problem && problem.status === 404)) this.world.emit("stream", "lost");
    } finally {
      this.reading.delete(name);
    }
  }

  /** @param {string} id */
  async readStatuses(id) {
    const phone = this.world.phones.get(id);
    if (!phone || this.world.resetting) return;
    const open = phone.messages.slice(-LOOKED_BACK).find((message) => !settled(message));
    if (open) this.take(phone, await this.after(phone, open.seq - 1));
    this.world.emit(`cart:${id}`);
  }

  /** @param {string} id */
  details(id) {
    return this.single(`details ${id}`, async () => {
      const told = await get(`/emulator/phones/${encodeURIComponent(id)}`);
      const known = this.world.phones.get(id);
      if (!known) return;
      const former = facts(known);
      this.adopt(told);
      if (facts(known) !== former) this.world.emit(`phone:${id}`, { fresh: [], changed: [], phone: true });
    });
  }

  /** @param {PhoneView} phone @param {number} seq @returns {Promise<Message[]>} */
  async after(phone, seq) {
    const { messages } = await get(`/emulator/phones/${encodeURIComponent(phone.id)}/messages?after=${seq}`);
    return messages;
  }

  /** @param {PhoneView} phone @param {Message[]} read */
  take(phone, read) {
    /** @type {Change} */
    const change = { fresh: [], changed: [], phone: false };
    for (const message of read) {
      const at = message.seq - 1;
      const known = phone.messages[at];
      if (!known) {
        phone.messages[at] = message;
        phone.last = Math.max(phone.last, message.seq);
        change.fresh.push(message);
      } else if (known.status !== message.status || known.read_by_business !== message.read_by_business) {
        phone.messages[at] = message;
        change.changed.push(message);
      }
    }
    if (change.fresh.length + change.changed.length > 0) this.world.emit(`phone:${phone.id}`, change);
  }
}

/** @param {Message | undefined} message */
function settled(message) {
  if (!message) return true;
  if (message.direction === "in") return message.read_by_business !== false;
  return message.status === "read" || message.status === "failed";
}

/** @param {PhoneView} phone */
function facts({ messages: _messages, last: _last, device: _device, ...rest }) {
  return JSON.stringify(rest);
}

/** The inner part of a message id (`wamid.` + base64): two ids of one message share it. @param {string} id */
export function innerOf(id) {
  try {
    const bytes = atob(id.replace(/^wamid\./, ""));
    const found = /[0-9A-Za-z]{10,40}\x00$/.exec(bytes);
    return found ? found[0].slice(0, -1) : id;
  } catch {
    return id;
  }
}

/** @param {Message} message */
export function inner(message) {
  return message.inner_id ?? innerOf(message.message_id);
}

/** The effect of the gateway that sent a message, from its callback data (`s1.kind.effect`, which may end in a trace's root). @param {Message} message @returns {string | undefined} */
export function effectOf(message) {
  const data = message.payload?.biz_opaque_callback_data;
  const ours = typeof data === "string" && data.startsWith("s1.");
  return ours ? data.replace(/\.r\d+$/, "").split(".").slice(2).join(".") || undefined : undefined;
}
