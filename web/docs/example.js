// @ts-check
/**
 * Text to be copied: a call, an answer.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon } from "../shared/dom.js";

/**
 * @param {string} text
 * @param {string} what it is, for who can't see it
 */
export function example(text, what) {
  const copy = h("button", { type: "button", class: "icon-button", "aria-label": `Copy: ${what}`, title: "Copy", dataset: { testid: "copy" }, onclick: () => void toClipboard(text) }, icon("copy"));
  return h("div", { class: "example" }, h("pre", { tabindex: "0", role: "group", "aria-label": what }, h("code", null, text)), copy);
}

/** @param {string} text */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.", "ok");
  } catch {
    // Without https a browser gives no clipboard.
    toast("This browser does not let the page copy: select the text and copy it yourself.", "warn");
  }
}
