// @ts-check
/**
 * One phone on the stage: a frame in the shape of its device, the chat inside, the native cart, banners and the composer. It owns
 * its elements and lets go of every listener when closed.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { duration } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { CartDrawer } from "./cart.js";
import { ChatLog } from "./chat.js";
import { effectOf } from "./chats.js";
import { Composer } from "./composer.js";
import { openMenu } from "./menu.js";
import { NativeModel } from "./native.js";
import { openSheet } from "./sheet.js";
import { DEVICES } from "./world.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").View} View */
/** @typedef {import("./world.js").Device} Device */
/** @typedef {import("./chats.js").Change} Change */

/** A pressed button stops waiting after this time, answered or not. */
const WAITS_MS = 6_000;
const TICK_MS = 1_000;

export class Phone {
  /** @param {World} world @param {View} view */
  constructor(world, view) {
    this.world = world;
    this.view = view;
    this.native = new NativeModel(world, view);
    /** @type {Map<HTMLElement, ReturnType<typeof setTimeout>>} */
    this.waiting = new Map();
    /** @type {Map<Node, () => void>} */
    this.repeated = new Map();
    this.latencyMs = 0;
    this.screen = h("div", { class: "screen" });
    /** @type {import("./messages/pieces.js").Context} */
    this.context = {
      world, view, native: this.native,
      perform: (work, button) => void this.perform(work, button),
      sheet: (title, fill) => openSheet(this.screen, title, fill),
      every: (node, paint) => {
        paint();
        this.repeated.set(node, paint);
      },
    };
    this.name = h("h2");
    this.number = h("span", { class: "tiny muted number truncate" });
    this.devices = h("div", { class: "segmented devices", role: "group" },
      DEVICES.map((device) => h("button", { type: "button", dataset: { testid: `device-${device}`, device }, onclick: () => this.setDevice(device) }, icon(device), h("span", { class: "device-name" }))));
    this.menu = h("button", { type: "button", class: "icon-button", "aria-haspopup": "dialog", dataset: { testid: "phone-menu" }, onclick: () => openMenu(this.context) }, icon("dots"));
    this.shopName = h("div", { class: "shop-name strong truncate" });
    this.subtitle = h("div", { class: "subtitle tiny truncate" });
    this.latencyLine = h("span", { class: "latency tiny number", dataset: { testid: "latency" } });
    this.cartCount = h("span", { class: "count number", dataset: { testid: "cart-count" } }, "0");
    this.cartButton = h("button", { type: "button", class: "icon-button cart-button", "aria-expanded": false, dataset: { testid: "native-cart" }, onclick: () => this.drawer.toggle() }, icon("cart"), this.cartCount);
    this.banners = h("div", { class: "banners" });
    this.chat = new ChatLog(this.context);
    this.composer = new Composer(this.context);
    this.drawer = new CartDrawer(this.context, this.cartButton);
    this.native.watch(this.cartButton, () => this.paintCart());
    this.root = this.build();
    /** @type {(() => void)[]} */
    this.stop = [
      world.on(`phone:${view.phone}`, (change) => this.changed(change)),
      world.on("clock", () => this.tick()),
      world.on("latency", (one) => one.phone === view.phone && this.showLatency(one.ms)),
      world.on("focus:message", (wanted) => this.chat.focusWhere((bubble) => bubble.dataset["inner"] === wanted)),
      world.on("focus:effect", (wanted) => this.chat.focusWhere((bubble) => bubble.dataset["effect"] === wanted)),
    ];
    const timer = setInterval(() => this.tick(), TICK_MS);
    this.stop.push(() => clearInterval(timer));
    this.paint();
    void this.native.load();
  }

  get told() {
    return this.world.phones.get(this.view.phone);
  }

  /** Puts the parts together. */
  build() {
    this.screen.append(
      h("div", { class: "bezel", "aria-hidden": "true" }),
      h("div", { class: "chat-head" },
        h("div", { class: "avatar", "aria-hidden": "true" }, icon("store")),
        h("div", { class: "grow" }, this.shopName, h("div", { class: "row subtitle-row" }, this.subtitle, this.latencyLine)),
        this.cartButton, this.menu),
      this.banners, this.chat.root, this.composer.root, this.drawer.root);
    const { phone, device } = this.view;
    return h("section", { class: "phone", dataset: { testid: "phone", phone, device } },
      h("header", { class: "phone-bar" }, h("div", { class: "who" }, this.name, this.number), this.devices), this.screen);
  }

  /** All words and states, in the language of now. */
  paint() {
    for (const button of this.devices.children) {
      const device = /** @type {HTMLElement} */ (button).dataset["device"] ?? "";
      const word = button.querySelector(".device-name");
      if (word) word.textContent = t(`device.${device}`);
      button.setAttribute("aria-pressed", String(device === this.view.device));
    }
    this.devices.setAttribute("aria-label", t("phone.devices"));
    this.menu.setAttribute("aria-label", t("phone.menu", { name: this.told?.name ?? "" }));
    this.root.setAttribute("aria-label", `${this.told?.name ?? ""} · ${t(`device.${this.view.device}`)}`);
    this.chat.nameIt();
    this.composer.paint();
    this.paintFacts();
    this.paintCart();
    this.drawer.paint();
  }

  /** What the emulator says of the phone. */
  paintFacts() {
    const phone = this.told;
    if (!phone) return;
    this.name.textContent = phone.name;
    this.number.textContent = phone.wa_id && !phone.hidden ? `+${phone.wa_id}` : t("phone.hidden");
    this.shopName.textContent = this.world.state.verified_name ?? (this.world.settings.gateway ? "Café da Praça" : t("phone.business"));
    const closed = phone.window_open_until_ms ? phone.window_open_until_ms < this.world.now() : false;
    const wanted = `${Boolean(phone.blocked)} ${closed} ${document.documentElement.lang}`;
    if (this.banners.dataset["shown"] !== wanted) {
      this.banners.dataset["shown"] = wanted;
      replace(this.banners,
        phone.blocked ? h("div", { class: "banner danger", role: "status", dataset: { testid: "blocked" } }, icon("block"), h("span", { class: "grow" }, t("phone.blocked")),
          h("button", { type: "button", class: "button small", onclick: () => this.context.perform(() => this.world.api.post(`/emulator/phones/${phone.id}/block`, { blocked: false })) }, t("phone.unblock"))) : null,
        closed ? h("div", { class: "banner warn", role: "status", dataset: { testid: "window-closed" } }, icon("clock"), h("span", null, t("phone.window_closed"))) : null);
    }
    this.setBlocked(Boolean(phone.blocked));
    this.paintTyping();
  }

  /** Who blocked the shop can neither write nor tap. @param {boolean} blocked */
  setBlocked(blocked) {
    if (this.composer.blocked !== blocked) this.composer.setBlocked(blocked);
    this.chat.setBlocked(blocked);
  }

  paintTyping() {
    const typing = Number(this.told?.typing_until_ms ?? 0) > this.world.now();
    this.chat.setTyping(typing);
    this.subtitle.textContent = typing ? t("phone.typing") : t("phone.account");
    this.subtitle.classList.toggle("typing-now", typing);
  }

  paintCart() {
    const count = this.native.count();
    const noticed = (this.native.cart.notice ?? []).length > 0;
    this.cartCount.textContent = String(count);
    this.cartButton.classList.toggle("filled", count > 0);
    this.cartButton.classList.toggle("noticed", noticed);
    this.cartButton.setAttribute("aria-label", t("cart.open", { count, device: t(`device.${this.view.device}`) }) + (noticed ? `, ${t("cart.updated")}` : ""));
    this.drawer.paint();
  }

  /** @param {number} ms */
  showLatency(ms) {
    this.latencyMs = ms;
    this.latencyLine.textContent = t("phone.latency", { time: duration(Math.max(1, Math.round(ms)) * 1_000) });
  }

  /** @param {Change} change */
  changed({ fresh, changed, phone }) {
    if (fresh.length > 0) {
      this.chat.append(fresh);
      if (fresh.some((message) => message.direction === "out")) {
        this.world.latency.arrived(this.view.phone);
        this.release();
      }
    }
    if (changed.length > 0) this.chat.update(changed);
    if (phone) this.paintFacts();
  }

  /** @param {Device} device */
  setDevice(device) {
    if (device === this.view.device) return;
    this.view.device = device;
    const phone = this.told;
    if (phone) phone.device = device;
    this.root.dataset["device"] = device;
    this.native.cart = { items: [] };
    this.paint();
    void this.native.load();
    this.world.emit("device", this.view);
  }

  /**
   * Does what a button asks for; the button shows that it waits until the shop answers. Failures are told.
   * @param {() => Promise<unknown>} work
   * @param {HTMLElement} [button]
   */
  async perform(work, button) {
    if (button) {
      button.classList.add("waiting");
      button.setAttribute("aria-busy", "true");
      clearTimeout(this.waiting.get(button));
      this.waiting.set(button, setTimeout(() => this.release(button), WAITS_MS));
    }
    try {
      await work();
    } catch (problem) {
      this.release(button);
      toast(t("phone.problem", { detail: problem instanceof Error ? problem.message : String(problem) }), "danger");
    }
  }

  /** @param {HTMLElement} [only] */
  release(only) {
    for (const [button, timer] of [...this.waiting]) {
      if (only && button !== only) continue;
      clearTimeout(timer);
      button.classList.remove("waiting");
      button.removeAttribute("aria-busy");
      this.waiting.delete(button);
    }
  }

  /** The clock went on. */
  tick() {
    this.paintFacts();
    for (const [node, paint] of [...this.repeated]) {
      if (node.isConnected) paint();
      else this.repeated.delete(node);
    }
  }

  languageChanged() {
    if (this.latencyMs > 0) this.showLatency(this.latencyMs);
    this.chat.renew();
    this.paint();
  }

  close() {
    for (const stop of this.stop) stop();
    this.native.close();
    this.release();
    this.root.remove();
  }
}
