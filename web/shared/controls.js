// @ts-check
/**
 * Controls that both pages have: wordmark, choice of language, choice of theme, tabs, a short message. It knows no data.
 * @module
 */

import { h, icon, mark, replace } from "./dom.js";
import { LANGUAGES, language, onLanguage, register, setLanguage, t } from "./i18n.js";
import { THEMES, setTheme, theme } from "./theme.js";

register({
  en: { "control.language": "Language", "control.theme": "Theme: {name}", "control.theme.auto": "as the system", "control.theme.light": "light", "control.theme.dark": "dark", "control.close": "Close" },
  "pt-BR": { "control.language": "Idioma", "control.theme": "Tema: {name}", "control.theme.auto": "como o sistema", "control.theme.light": "claro", "control.theme.dark": "escuro", "control.close": "Fechar" },
  es: { "control.language": "Idioma", "control.theme": "Tema: {name}", "control.theme.auto": "como el sistema", "control.theme.light": "claro", "control.theme.dark": "oscuro", "control.close": "Cerrar" },
  id: { "control.language": "Bahasa", "control.theme": "Tema: {name}", "control.theme.auto": "ikut sistem", "control.theme.light": "terang", "control.theme.dark": "gelap", "control.close": "Tutup" },
});

/**
 * The wordmark, as a link to the page's own start.
 * @param {string} href
 */
export function wordmark(href) {
  return h("a", { class: "wordmark", href, "aria-label": "sacola" }, mark(), h("span", { "aria-hidden": "true" }, "sacola"));
}

/** A select with the four languages. */
export function languagePicker() {
  const select = h("select", { class: "select", dataset: { testid: "language" }, onchange: () => setLanguage(select.value) });
  for (const [tag, name] of Object.entries(LANGUAGES)) select.append(h("option", { value: tag, lang: tag }, name));
  onLanguage(() => {
    select.value = language();
    select.setAttribute("aria-label", t("control.language"));
  });
  return select;
}

/** A button that goes round: as the system, light, dark. */
export function themeButton() {
  const button = h("button", { type: "button", class: "icon-button", dataset: { testid: "theme" } });
  button.addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? "auto");
  });
  const paint = () => {
    const name = theme();
    const label = t("control.theme", { name: t(`control.theme.${name}`) });
    button.setAttribute("aria-label", label);
    button.title = label;
    replace(button, icon(name === "auto" ? "auto" : name === "light" ? "sun" : "moon"));
  };
  document.addEventListener("themechange", paint);
  onLanguage(paint);
  return button;
}

/** @typedef {{ id: string, label: () => string, icon?: string, panel: HTMLElement }} Tab */

/**
 * Tabs by the pattern of ARIA: arrows, Home and End move; the panel follows. Panels get `role="tabpanel"` and are hidden or shown.
 * @param {readonly Tab[]} tabs
 * @param {{ label: () => string, onSelect?: (id: string) => void }} options
 * @returns {{ list: HTMLElement, select: (id: string) => void, selected: () => string }}
 */
export function tabs(tabs, { label, onSelect = () => {} }) {
  let current = tabs[0]?.id ?? "";
  const list = h("div", { class: "tabs", role: "tablist" });
  const buttons = tabs.map((tab) => {
    tab.panel.id ||= `panel-${tab.id}`;
    tab.panel.setAttribute("role", "tabpanel");
    tab.panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
    tab.panel.tabIndex = 0;
    return h("button", { type: "button", role: "tab", id: `tab-${tab.id}`, "aria-controls": tab.panel.id, dataset: { testid: `tab-${tab.id}`, tab: tab.id }, onclick: () => select(tab.id) });
  });
  list.append(...buttons);
  list.addEventListener("keydown", (event) => {
    const at = tabs.findIndex((tab) => tab.id === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + tabs.length) % tabs.length;
    select(tabs[index]?.id ?? current);
    buttons[index]?.focus();
  });

  /** @param {string} id */
  function select(id) {
    if (!tabs.some((tab) => tab.id === id)) return;
    current = id;
    tabs.forEach((tab, index) => {
      const chosen = tab.id === id;
      tab.panel.hidden = !chosen;
      buttons[index]?.setAttribute("aria-selected", String(chosen));
      buttons[index]?.setAttribute("tabindex", chosen ? "0" : "-1");
    });
    onSelect(id);
  }

  onLanguage(() => {
    list.setAttribute("aria-label", label());
    tabs.forEach((tab, index) => {
      const button = buttons[index];
      if (button) replace(button, tab.icon ? icon(tab.icon) : null, h("span", null, tab.label()));
    });
  });
  select(current);
  return { list, select, selected: () => current };
}

/** Short messages at a time: the oldest gives way. */
const MOST_TOASTS = 2;
/** @type {HTMLElement | undefined} */
let shelf;

/**
 * A short message under the page's head, read out by screen readers, gone after some seconds.
 * @param {string} text
 * @param {"ok" | "warn" | "danger" | "info"} [kind]
 */
export function toast(text, kind = "info") {
  if (!shelf) {
    shelf = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(shelf);
  }
  const line = h("div", { class: ["notice", "toast", kind] }, h("span", null, text));
  shelf.append(line);
  while (shelf.childElementCount > MOST_TOASTS) shelf.firstElementChild?.remove();
  setTimeout(() => line.remove(), kind === "danger" ? 9_000 : 5_000);
}
