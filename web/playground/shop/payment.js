// @ts-check
/**
 * How the shop lets people pay: a link alone, or a Pix code beside it. It owns the switch and no purchase.
 * @module
 */

import { toast } from "../../shared/controls.js";
import { h } from "../../shared/dom.js";
import { get, post } from "../../shared/http.js";
import { t } from "../../shared/i18n.js";

export class Payment {
  constructor() {
    this.box = h("input", { type: "checkbox", role: "switch", dataset: { testid: "shop-pix" }, onchange: () => void this.set() });
    this.word = h("span", { class: "strong" });
    this.sees = h("p", { class: "small muted", id: "shop-pix-sees" });
    this.box.setAttribute("aria-describedby", this.sees.id);
    this.element = h("div", { class: "fault" }, h("label", { class: "switch" }, this.box, this.word), this.sees);
  }

  async load() {
    this.box.checked = (await get("/shop/payment")).pix === true;
  }

  async set() {
    const wanted = this.box.checked;
    try {
      this.box.checked = (await post("/shop/payment", { pix: wanted })).pix === true;
    } catch (problem) {
      this.box.checked = !wanted;
      toast(t("shop.failed", { why: problem instanceof Error ? problem.message : String(problem) }), "danger");
    }
  }

  /** All words in the present language. */
  paint() {
    this.word.textContent = t("shop.pix");
    this.sees.textContent = t("shop.pix.sees");
  }
}
