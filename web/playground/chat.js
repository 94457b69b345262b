// @ts-check
/**
 * The log of one phone: bubbles, days, ticks, reactions, typing. It appends what is new and touches a former bubble only where it changed.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { clock, day } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { effectOf, inner, innerOf } from "./chats.js";
import { draw, kindOf } from "./messages/draw.js";

/** @typedef {import("./chats.js").Message} Message */
/** @typedef {import("./messages/pieces.js").Context} Context */

/** Closer to the end than this, the log follows what is new. */
const NEAR_END_PX = 140;

export class ChatLog {
  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    /** @type {Map<number, HTMLElement>} */
    this.metas = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.bubbles = new Map();
    this.lastDay = "";
    this.blocked = false;
    this.list = h("div", { class: "log-list", role: "log" });
    this.typing = h("div", { class: "bubble out typing", hidden: true, "aria-hidden": "true" }, h("i", null), h("i", null), h("i", null));
    this.root = h("div", { class: "log", tabindex: "0", role: "region" }, this.list, this.typing);
    this.renew();
  }

  get phone() {
    return this.context.world.phones.get(this.context.view.phone);
  }

  /** Draws everything again: at first, and when the language changed. */
  renew() {
    this.metas.clear();
    this.bubbles.clear();
    this.lastDay = "";
    replace(this.list);
    this.nameIt();
    this.list.setAttribute("aria-label", t("chat.messages"));
    const all = this.phone?.messages ?? [];
    if (all.length === 0) this.list.append(this.invitation());
    else for (const message of all) if (message) this.list.append(...this.entry(message));
    this.toEnd();
  }

  /** Each device shows the chat of its own. */
  nameIt() {
    this.root.setAttribute("aria-label", `${t("chat.label", { name: this.phone?.name ?? "" })} · ${t(`device.${this.context.view.device}`)}`);
  }

  /** @param {readonly Message[]} fresh */
  append(fresh) {
    const near = this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR_END_PX;
    const own = fresh.some((message) => message.direction === "in");
    this.list.querySelector(".invitation")?.remove();
    const nodes = fresh.flatMap((message) => this.entry(message));
    for (const node of nodes) node.classList.add("fresh");
    this.list.append(...nodes);
    if (near || own) this.toEnd();
  }

  /** @param {readonly Message[]} changed */
  update(changed) {
    for (const message of changed) {
      const meta = this.metas.get(message.seq);
      if (meta) replace(meta, ...this.meta(message));
    }
  }

  toEnd() {
    this.root.scrollTop = this.root.scrollHeight;
  }

  /** @param {boolean} blocked */
  setBlocked(blocked) {
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    for (const actions of /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll(".actions"))) actions.inert = blocked;
  }

  /** @param {boolean} typing */
  setTyping(typing) {
    if (this.typing.hidden === !typing) return;
    this.typing.hidden = !typing;
    if (typing) this.toEnd();
  }

  /** @param {Message} message @returns {HTMLElement[]} */
  entry(message) {
    if (message.type === "reaction") {
      this.reacted(message);
      return [];
    }
    const date = day(message.at_ms);
    const split = date === this.lastDay ? [] : [h("div", { class: "day" }, h("span", null, date))];
    this.lastDay = date;
    return [...split, message.type === "system" ? this.notice(message) : this.bubble(message)];
  }

  /** What WhatsApp itself says belongs to no side. @param {Message} message */
  notice(message) {
    const { body } = draw(message, this.context);
    const notice = h("div", { class: "bubble system", role: "article", tabindex: "-1", dataset: { testid: "bubble", direction: message.direction, kind: "system", inner: inner(message) } },
      body, h("button", { type: "button", class: "trace-link", dataset: { testid: "trace" }, title: t("chat.trace"), onclick: () => this.trace(message) },
        h("time", { datetime: new Date(message.at_ms).toISOString() }, clock(message.at_ms)), h("span", { class: "visually-hidden" }, `, ${t("chat.trace")}`)));
    this.bubbles.set(inner(message), notice);
    return notice;
  }

  /** @param {Message} message */
  bubble(message) {
    const { body, actions, wide, bare } = draw(message, this.context);
    const out = message.direction === "out";
    const who = out ? t("chat.from_shop") : t("chat.from_person", { name: this.phone?.name ?? "" });
    const meta = h("div", { class: "meta" }, ...this.meta(message));
    const under = [actions].flat().filter(Boolean);
    const bubble = h("div", {
      class: ["bubble", message.direction, wide && "wide", bare && "bare"], role: "article", tabindex: "-1", "aria-label": `${who}, ${clock(message.at_ms)}`,
      dataset: { testid: "bubble", direction: message.direction, kind: kindOf(message), about: message.kind ?? "", inner: inner(message), effect: effectOf(message) },
    },
    h("div", { class: "paper" }, h("div", { class: "words" }, body), meta),
    under.length > 0 ? h("div", { class: "actions", inert: this.blocked }, under) : null);
    this.metas.set(message.seq, meta);
    this.bubbles.set(inner(message), bubble);
    return bubble;
  }

  /** @param {Message} message @returns {import("../shared/dom.js").Child[]} */
  meta(message) {
    const time = h("time", { datetime: new Date(message.at_ms).toISOString() }, clock(message.at_ms));
    return message.direction === "in" ? [this.device(message), time, ticks(message)] : [time, this.provider(message), this.reactButton(message)];
  }

  /** The device that wrote it, when it is not the one in hand. @param {Message} message */
  device(message) {
    if (!message.device) return null;
    const known = ["android", "ios", "web"].includes(message.device);
    return h("button", { type: "button", class: "trace-link", dataset: { testid: "trace" }, title: t("chat.trace"), onclick: () => this.trace(message) },
      icon(known ? message.device : "chat"), h("span", null, known ? t(`device.${message.device}`) : message.device), h("span", { class: "visually-hidden" }, `, ${t("chat.trace")}`));
  }

  /** How the provider says the shop's message fared: this is a rehearsal, a real phone would not show it. @param {Message} message */
  provider(message) {
    const status = message.status ?? "sent";
    const words = `${t(`chat.status.${status}`)}${message.error ? ` (${message.error.code})` : ""}`;
    return h("button", { type: "button", class: ["trace-link", status], dataset: { testid: "provider-status", status }, title: t("chat.trace"), onclick: () => this.trace(message) },
      status === "failed" ? icon("warning") : null, h("span", { class: "prefix" }, `${t("chat.provider")}: `), h("span", null, words));
  }

  /** @param {Message} message */
  reactButton(message) {
    const { world, view, perform, sheet } = this.context;
    const choose = () => sheet(t("chat.react"), (body, close) => {
      body.append(h("div", { class: "emoji" }, ["❤️", "👍", "😂", "😮", "😢", "🙏", ""].map((emoji) =>
        h("button", { type: "button", class: "icon-button", "aria-label": emoji || t("chat.unreact"), onclick: () => {
          close();
          perform(() => world.react(view.phone, view.device, message.message_id, emoji));
        } }, emoji || icon("close")))));
    });
    return h("button", { type: "button", class: "react", "aria-label": t("chat.react"), title: t("chat.react"), onclick: choose }, icon("smile"));
  }

  /** @param {Message} message */
  trace(message) {
    document.dispatchEvent(new CustomEvent("sacola:show", { detail: { inner_id: inner(message), effect_id: effectOf(message) } }));
  }

  /** @param {Message} message */
  reacted({ payload, direction, text }) {
    const target = this.bubbles.get(innerOf(String(payload?.reaction?.message_id ?? "")));
    if (!target) return;
    target.querySelector(`.reaction.${direction}`)?.remove();
    const emoji = payload?.reaction?.emoji ?? text;
    if (!emoji) return;
    const who = direction === "in" ? t("chat.from_person", { name: this.phone?.name ?? "" }) : t("chat.from_shop");
    target.querySelector(".paper")?.after(h("span", { class: `reaction ${direction}`, role: "img", "aria-label": `${who}: ${emoji}` }, emoji));
  }

  /** Brings a message into sight. @param {(bubble: HTMLElement) => boolean} wanted */
  focusWhere(wanted) {
    const bubble = [...this.bubbles.values()].find(wanted);
    if (!bubble) return false;
    bubble.scrollIntoView({ block: "center", behavior: "smooth" });
    bubble.focus({ preventScroll: true });
    bubble.classList.remove("flash");
    void bubble.offsetWidth;
    bubble.classList.add("flash");
    return true;
  }

  invitation() {
    const { world, view, perform } = this.context;
    const greet = t("composer.hello");
    return h("div", { class: "invitation" },
      h("div", { class: "bag-art", "aria-hidden": "true" }, icon("bag")),
      h("p", { class: "strong" }, t("chat.empty.title")),
      h("p", { class: "small muted" }, t("chat.empty.text")),
      h("button", { type: "button", class: "button primary", dataset: { testid: "say-hi" }, onclick: () => perform(() => world.say(view.phone, view.device, greet)) }, icon("chat"), t("chat.empty.hi", { word: greet })));
  }
}

/** The ticks of the person's own message. @param {Message} message */
function ticks(message) {
  const read = message.read_by_business === true;
  return h("span", { class: ["ticks", read && "read"], dataset: { testid: "ticks", read } }, icon("checks", t(read ? "chat.ticks.read" : "chat.ticks.delivered")));
}
