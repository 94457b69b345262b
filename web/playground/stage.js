// @ts-check
/**
 * The phones side by side, and the way to one more. It keeps one {@link Phone} per view of the world.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { onLanguage, t } from "../shared/i18n.js";
import { Phone } from "./phone.js";

/** @typedef {import("./world.js").World} World */

const NAMES = ["Ana", "Bruno", "Clara", "Davi", "Elisa", "Fábio", "Gabi", "Hugo"];

/** @param {HTMLElement} root @param {World} world */
export function mountStage(root, world) {
  /** @type {Map<string, Phone>} */
  const phones = new Map();
  const row = h("div", { class: "phones" });
  const adder = h("div", { class: "stage-tools" });
  replace(root, row, adder);

  const paint = () => {
    for (const [key, phone] of [...phones]) {
      if (world.views.some((view) => view.key === key)) continue;
      phone.close();
      phones.delete(key);
    }
    for (const view of world.views) {
      if (phones.has(view.key)) continue;
      const phone = new Phone(world, view);
      phones.set(view.key, phone);
      row.append(phone.root);
      phone.chat.toEnd();
      if (phones.size > 1) phone.root.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "smooth" });
    }
    row.dataset["count"] = String(world.views.length);
    row.querySelector(".empty")?.remove();
    if (world.views.length === 0) row.append(h("div", { class: "empty" }, icon("android"), h("p", null, t("stage.empty"))));
    paintTools();
  };

  const paintTools = () => {
    const shown = new Set(world.views.map((view) => view.phone));
    const others = [...world.phones.values()].filter((phone) => !shown.has(phone.id));
    const select = h("select", { class: "select", "aria-label": t("stage.show"), dataset: { testid: "show-phone" }, onchange: () => world.show(select.value, "android") },
      h("option", { value: "" }, t("stage.show")), others.map((phone) => h("option", { value: phone.id }, phone.name)));
    replace(adder,
      h("button", { type: "button", class: "button", dataset: { testid: "add-phone" }, onclick: () => askName(world) }, icon("plus"), t("stage.add")),
      others.length > 0 ? select : null);
  };

  world.on("views", paint);
  world.on("phones", paintTools);
  onLanguage(() => {
    paint();
    for (const phone of phones.values()) phone.languageChanged();
  });
}

/** @param {World} world */
function askName(world) {
  const free = NAMES.find((name) => ![...world.phones.values()].some((phone) => phone.name === name)) ?? "";
  const name = h("input", { class: "input", id: "new-name", value: free, maxlength: "40", autocomplete: "off", required: true, dataset: { testid: "new-phone-name" } });
  const nameless = h("input", { type: "checkbox", role: "switch" });
  const dialog = h("dialog", { "aria-labelledby": "new-title" });
  const form = h("form", { method: "dialog", class: "stack" },
    h("h2", { id: "new-title" }, t("stage.add")),
    h("div", { class: "field" }, h("label", { for: "new-name" }, t("stage.name")), name),
    h("label", { class: "switch small" }, nameless, h("span", null, t("stage.nameless"))),
    h("div", { class: "row between" },
      h("button", { type: "button", class: "button quiet", onclick: () => dialog.close() }, t("stage.cancel")),
      h("button", { type: "submit", class: "button primary", dataset: { testid: "new-phone-add" } }, t("stage.do_add"))));
  form.addEventListener("submit", () => {
    const wanted = name.value.trim() || free;
    const who = nameless.checked ? { name: wanted, user_id: `BR.${crypto.getRandomValues(new Uint32Array(2)).join("")}` } : { name: wanted };
    world.addPhone(who).catch((problem) => toast(t("phone.problem", { detail: problem.message }), "danger"));
  });
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  name.select();
}
