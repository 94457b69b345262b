// @ts-check
/**
 * Questions before something happens, as real dialogs: focus goes in, Escape says no, focus comes back.
 * @module
 */

import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

/** @typedef {import("../shared/dom.js").Children} Children */

let count = 0;

/**
 * Asks; true only when the action was chosen.
 * @param {{ title: string, body: Children, action: string, danger?: boolean, wide?: boolean }} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, body, action, danger = false, wide = false }) {
  return new Promise((resolve) => {
    const no = h("button", { type: "submit", value: "no", class: "button", dataset: { testid: "cancel" } }, t("do.cancel"));
    const yes = h("button", { type: "submit", value: "yes", class: ["button", danger ? "danger" : "primary"], dataset: { testid: "confirm" } }, action);
    const dialog = open({ title, body, wide, foot: [no, yes] });
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    no.focus();
  });
}

/**
 * Opens a dialog that ends with its buttons or Escape, and is removed then.
 * @param {{ title: string, body: Children, foot?: Children, wide?: boolean }} words
 * @returns {HTMLDialogElement}
 */
export function open({ title, body, foot, wide = false }) {
  count += 1;
  const id = `dialog-${count}`;
  const former = document.activeElement;
  const buttons = foot ?? h("button", { type: "submit", value: "", class: "button" }, t("control.close"));
  const form = h("form", { method: "dialog", class: "stack" }, h("h2", { id }, title), h("div", { class: "dialog-body stack" }, body), h("div", { class: "dialog-foot" }, buttons));
  const dialog = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id }, form);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (former instanceof HTMLElement && former.isConnected) former.focus();
  });
  dialog.showModal();
  return dialog;
}
