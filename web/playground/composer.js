// @ts-check
/**
 * Where a person writes: field, quick words, and what else a phone can send.
 * @module
 */

import { h, icon, replace } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** @typedef {import("./messages/pieces.js").Context} Context */

const MOST_ROWS_PX = 112;
/** The quick words by stable keys, in the order of `composer.words`. */
const WORDS = ["hi", "menu", "cart", "checkout", "orders", "help"];

/** What else can be sent: icon, word, path, body. @type {readonly [string, string, string, object][]} */
const ATTACHMENTS = [
  ["image", "attach.image", "image", {}],
  ["mic", "attach.audio", "audio", {}],
  ["pin", "attach.location", "location", { latitude: "-23.5614", longitude: "-46.6559", name: "Avenida Paulista", address: "São Paulo" }],
  ["person", "attach.contact", "contact", {}],
  ["document", "attach.document", "document", { filename: "pedido.pdf" }],
  ["sticker", "attach.sticker", "sticker", {}],
];

export class Composer {
  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.blocked = false;
    this.chips = h("div", { class: "chips", role: "group" });
    this.field = h("textarea", { class: "input", rows: "1", maxlength: "4096", dataset: { testid: "composer" }, autocomplete: "off", enterkeyhint: "send" });
    this.attach = h("button", { type: "button", class: "icon-button", dataset: { testid: "attach" }, onclick: () => this.openAttachments() }, icon("attach"));
    this.button = h("button", { type: "submit", class: "icon-button send", dataset: { testid: "send" } }, icon("send"));
    this.form = h("form", { class: "composer" }, this.attach, this.field, this.button);
    this.root = h("div", { class: "compose" }, this.chips, this.form);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("input", () => this.fit());
    this.paint();
  }

  paint() {
    const name = this.context.world.phones.get(this.context.view.phone)?.name ?? "";
    this.field.setAttribute("aria-label", t("composer.label", { name }));
    this.button.setAttribute("aria-label", t("composer.send"));
    this.attach.setAttribute("aria-label", t("composer.attach"));
    this.chips.setAttribute("aria-label", t("composer.chips"));
    const words = t("composer.words").split("|");
    replace(this.chips, words.map((word, index) => h("button", { type: "button", class: "chip", dataset: { testid: "chip", word: WORDS[index] }, onclick: () => this.say(word) }, word)));
    this.setBlocked(this.blocked);
  }

  /** Who blocked the shop can't write to it: the field says so. @param {boolean} blocked */
  setBlocked(blocked) {
    this.blocked = blocked;
    this.field.placeholder = t(blocked ? "composer.blocked" : "composer.placeholder");
    for (const control of [this.field, this.attach, this.button, .../** @type {Iterable<HTMLButtonElement>} */ (/** @type {unknown} */ (this.chips.children))]) control.disabled = blocked;
  }

  send() {
    const text = this.field.value.trim();
    if (text === "") return;
    this.field.value = "";
    this.fit();
    const { world, view, perform } = this.context;
    perform(async () => {
      try {
        await world.say(view.phone, view.device, text);
      } catch (problem) {
        this.giveBack(text);
        throw problem;
      }
    });
  }

  /** What could not be sent is not lost. @param {string} text */
  giveBack(text) {
    if (this.field.value !== "") return;
    this.field.value = text;
    this.fit();
  }

  /** @param {string} text */
  say(text) {
    const { world, view, perform } = this.context;
    perform(() => world.say(view.phone, view.device, text));
  }

  fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, MOST_ROWS_PX)}px`;
  }

  openAttachments() {
    const { world, view, perform, sheet } = this.context;
    sheet(t("composer.attach"), (body, close) => {
      body.append(h("div", { class: "tiles" }, ATTACHMENTS.map(([name, word, path, content]) =>
        h("button", { type: "button", class: "tile", dataset: { testid: `attach-${path}` }, onclick: () => {
          close();
          perform(() => world.act(view.phone, view.device, path, content));
        } }, icon(name), h("span", null, t(word))))));
    });
  }
}
