// @ts-check
/**
 * The way in: an operator's key, sent once, and what went wrong in words.
 * @module
 */

import { languagePicker, themeButton, wordmark } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { Problem } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { failure } from "./parts.js";
import { signIn } from "./session.js";

/**
 * @param {HTMLElement} shell
 * @param {{ lost: boolean, done: () => void }} manner `lost`: a session ended while somebody worked
 */
export function signInPage(shell, { lost, done }) {
  document.title = `${t("signin.title")} · Sacola`;
  const key = h("input", { class: "input mono", id: "key", type: "password", name: "console-key", autocomplete: "off", spellcheck: "false", autocapitalize: "none", required: true, "aria-describedby": "key-hint signin-fault", dataset: { testid: "signin-key" } });
  const fault = h("div", { id: "signin-fault", "aria-live": "assertive" });
  const go = h("button", { type: "submit", class: "button primary", dataset: { testid: "signin" } }, icon("key"), t("signin.go"));
  const form = h(
    "form",
    { class: "signin-form stack", autocomplete: "off" },
    lost ? h("p", { class: "notice info", role: "status" }, icon("info"), h("span", null, t("signin.lost"))) : null,
    h("div", { class: "field" }, h("label", { for: "key" }, t("signin.key")), key, h("p", { class: "hint", id: "key-hint" }, t("signin.hint"))),
    fault,
    go,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void enter();
  });
  const enter = async () => {
    const typed = key.value.trim();
    if (typed === "") return;
    go.disabled = true;
    fault.replaceChildren();
    key.removeAttribute("aria-invalid");
    try {
      await signIn(typed);
      key.value = "";
      done();
    } catch (error) {
      key.setAttribute("aria-invalid", "true");
      replace(fault, refusal(error));
      go.disabled = false;
      key.select();
      key.focus();
    }
  };
  replace(
    shell,
    h(
      "main",
      { id: "main", class: "signin", tabindex: "-1" },
      h("div", { class: "signin-card panel" }, h("header", { class: "row between" }, wordmark("#/overview"), h("span", { class: "row" }, languagePicker(), themeButton())), h("div", null, h("h1", null, t("signin.title")), h("p", { class: "muted" }, t("signin.lead"))), form),
    ),
  );
  key.focus();
}

/** @param {unknown} error */
function refusal(error) {
  const words = error instanceof Problem ? { 401: "signin.wrong", 403: "signin.forbidden", 429: "signin.too_often" }[error.status] : undefined;
  if (!words) return failure(error);
  const code = error instanceof Problem ? error.code : "";
  return h("div", { class: "notice danger" }, icon("warning"), h("div", null, h("p", null, t(words)), h("p", { class: "tiny" }, t("failure.code"), " ", h("code", null, code))));
}
