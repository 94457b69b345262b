// @ts-check
/**
 * A sheet that rises inside a phone: a modal dialog (the browser traps the focus, Esc closes) laid over that phone's frame.
 * @module
 */

import { h, icon } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

let made = 0;

/**
 * @param {HTMLElement} frame the phone it covers
 * @param {string} title
 * @param {(body: HTMLElement, close: () => void) => void} fill
 */
export function openSheet(frame, title, fill) {
  made += 1;
  const id = `sheet-${made}`;
  const body = h("div", { class: "sheet-body" });
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": id, dataset: { testid: "sheet" } });
  const close = () => dialog.close();
  dialog.append(
    h("div", { class: "sheet-head" },
      h("h2", { id }, title),
      h("button", { type: "button", class: "icon-button", "aria-label": t("control.close"), dataset: { testid: "close" }, onclick: close }, icon("close"))),
    body,
  );
  fill(body, close);

  const place = () => {
    const rect = frame.getBoundingClientRect();
    const edge = frame.clientLeft;
    dialog.style.setProperty("--x", `${rect.left + edge}px`);
    dialog.style.setProperty("--w", `${frame.clientWidth}px`);
    dialog.style.setProperty("--b", `${Math.max(0, window.innerHeight - rect.bottom + edge)}px`);
    dialog.style.setProperty("--t", `${rect.height * 0.86}px`);
    dialog.style.setProperty("--r", `calc(${getComputedStyle(frame).borderBottomLeftRadius} - ${edge}px)`);
  };
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
  });
  dialog.addEventListener("close", () => {
    window.removeEventListener("resize", place);
    dialog.remove();
  });
  window.addEventListener("resize", place);
  frame.append(dialog);
  place();
  dialog.showModal();
}
