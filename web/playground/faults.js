// @ts-check
/**
 * The faults panel: switches that stay, faults of the next webhooks and sends, and what waits. The emulator keeps them; the panel shows
 * what it says.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { del, get, post } from "../shared/http.js";
import { onLanguage, t } from "../shared/i18n.js";
import "./faults-words.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {{name: string, fault: Record<string, string|number>}} Kind */

const SWITCHES = ["duplicate_webhooks", "reorder_webhooks", "catalog_lag"];
const TIMES = [1, 2, 3, 5];
const DELAY_MS = 3_000;
/** @type {readonly Kind[]} */
const WEBHOOKS = [
  { name: "webhook-duplicate", fault: { action: "duplicate" } },
  { name: "webhook-reorder", fault: { action: "reorder" } },
  { name: "webhook-delay", fault: { action: "delay_ms", ms: DELAY_MS } },
  { name: "webhook-drop", fault: { action: "drop" } },
];
/** @type {readonly Kind[]} */
const SENDS = [
  { name: "send-500", fault: { action: "http_500" } },
  { name: "send-131047", fault: { action: "error", code: 131_047 } },
  { name: "send-131056", fault: { action: "error", code: 131_056 } },
  { name: "send-190", fault: { action: "error", code: 190 } },
  { name: "send-lost", fault: { action: "drop_after_accept" } },
  { name: "send-late", fault: { action: "fail_late", code: 131_026 } },
  { name: "send-silent", fault: { action: "no_statuses" } },
  { name: "send-delay", fault: { action: "delay_ms", ms: DELAY_MS } },
];
/** News after which less may wait. */
const USING = new Set(["controls", "graph", "webhook", "reset"]);
const SETTLE_MS = 150;

/**
 * @param {HTMLElement} root
 * @param {World} world
 * @returns {() => void} unmount
 */
export function mount(root, world) {
  const panel = new Faults(root, world);
  return () => panel.unmount();
}

class Faults {
  /** @param {HTMLElement} root @param {World} world */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    /** @type {any} */
    this.waiting = {};
    this.timer = 0;
    /** @type {(() => void)[]} */
    this.painters = [];
    this.times = h("select", { class: "select", dataset: { testid: "fault-times" } }, TIMES.map((times) => h("option", { value: times }, `${times} ×`)));
    this.to = h("select", { class: "select", dataset: { testid: "fault-to" } });
    this.switches = SWITCHES.map((name) => h("input", { type: "checkbox", role: "switch", dataset: { testid: `fault-${name}` }, onchange: () => this.flip(name) }));
    this.list = h("ul", { class: "stack fault-list", dataset: { testid: "fault-list" } });
    this.clear = h("button", { type: "button", class: "button small", dataset: { testid: "fault-clear" }, onclick: () => void this.ask(() => del("/emulator/faults")) });
    this.build();
    this.offs = [
      world.on("faults", () => this.soon()),
      world.on("news", (told) => void (USING.has(told.what) && this.soon())),
      world.on("phones", () => this.paintPhones()),
      onLanguage(() => this.paint()),
      () => window.clearTimeout(this.timer),
    ];
    void this.ask(() => get("/emulator/faults"));
  }

  build() {
    const words = (/** @type {string} */ key, /** @type {HTMLElement} */ element) => {
      this.painters.push(() => void (element.textContent = t(key)));
      return element;
    };
    const flips = SWITCHES.map((name, index) => {
      const label = h("label", { class: "switch" }, this.switches[index] ?? null, words(`faults.${name}`, h("span", { class: "strong" })));
      return h("li", { class: "fault" }, label, words(`faults.${name}.sees`, h("p", { class: "small muted" })));
    });
    const kinds = (/** @type {"webhooks"|"send"} */ field, /** @type {readonly Kind[]} */ all) => h("ul", { class: "fault-kinds" }, all.map((kind) => this.kind(field, kind, words)));
    this.timesWord = words("faults.times", h("span", { class: "label" }));
    this.toWord = words("faults.to", h("span", { class: "label" }));
    replace(
      this.root,
      h(
        "div",
        { class: "stack faults" },
        words("faults.lead", h("p", { class: "small muted" })),
        h("div", { class: "row between" }, words("faults.waiting", h("h2")), this.clear),
        this.list,
        words("faults.switches", h("h2")),
        h("ul", { class: "stack" }, flips),
        h("div", { class: "row wrap" }, h("label", { class: "field" }, this.timesWord, this.times), h("label", { class: "field" }, this.toWord, this.to)),
        words("faults.sends", h("h2")),
        kinds("send", SENDS),
        words("faults.webhooks", h("h2")),
        kinds("webhooks", WEBHOOKS),
      ),
    );
  }

  /** @param {"webhooks"|"send"} field @param {Kind} kind @param {(key: string, element: HTMLElement) => HTMLElement} words */
  kind(field, kind, words) {
    const button = h("button", { type: "button", class: "button small", dataset: { testid: `fault-${kind.name}` }, onclick: () => void this.add(field, kind) });
    this.painters.push(() => {
      replace(button, icon("plus"), h("span", null, t("faults.add")));
      button.setAttribute("aria-label", t("faults.add.of", { name: t(`faults.${kind.name}`) }));
    });
    return h("li", { class: "fault" }, h("div", { class: "row between" }, words(`faults.${kind.name}`, h("span", { class: "strong small" })), button), words(`faults.${kind.name}.sees`, h("p", { class: "tiny muted" })));
  }

  /** @param {"webhooks"|"send"} field @param {Kind} kind */
  add(field, kind) {
    const to = this.to.value === "" ? {} : { to: this.to.value };
    return this.ask(() => post("/emulator/faults", { [field]: [{ ...kind.fault, times: Number(this.times.value), ...to }] }));
  }

  /** @param {string} name */
  flip(name) {
    const box = this.switches[SWITCHES.indexOf(name)];
    void this.ask(() => post("/emulator/faults", { [name]: box?.checked === true }));
  }

  /** Calls and shows what waits then. @param {() => Promise<any>} call */
  async ask(call) {
    try {
      this.waiting = await call();
    } catch (problem) {
      toast(t("faults.failed", { why: problem instanceof Error ? problem.message : String(problem) }), "danger");
    }
    this.paintWaiting();
  }

  soon() {
    this.timer ||= window.setTimeout(() => {
      this.timer = 0;
      get("/emulator/faults").then(
        (waiting) => {
          this.waiting = waiting;
          this.paintWaiting();
        },
        () => undefined,
      );
    }, SETTLE_MS);
  }

  paint() {
    for (const paint of this.painters) paint();
    replace(this.clear, icon("trash"), h("span", null, t("faults.clear")));
    this.list.setAttribute("aria-label", t("faults.waiting"));
    this.paintPhones();
    this.paintWaiting();
  }

  paintPhones() {
    const chosen = this.to.value;
    replace(this.to, h("option", { value: "" }, t("faults.to.any")), [...this.world.phones.values()].map((phone) => h("option", { value: phone.id }, phone.name)));
    this.to.value = this.world.phones.has(chosen) ? chosen : "";
  }

  paintWaiting() {
    const { waiting } = this;
    SWITCHES.forEach((name, index) => {
      const box = this.switches[index];
      if (box) box.checked = waiting[name] === true;
    });
    const on = SWITCHES.filter((name) => waiting[name] === true).map((name) => this.line(t(`faults.${name}`), t("faults.on"), ""));
    const sends = (waiting.send ?? []).map((/** @type {any} */ fault) => this.line(nameOf(fault, SENDS), t("faults.times.count", { count: String(fault.times ?? 1) }), this.nameOfPhone(fault.to)));
    const hooks = (waiting.webhooks ?? []).map((/** @type {any} */ fault) => this.line(nameOf(fault, WEBHOOKS), t("faults.times.count", { count: String(fault.times ?? 1) }), this.nameOfPhone(fault.to)));
    const all = [...on, ...sends, ...hooks];
    this.clear.disabled = all.length === 0;
    replace(this.list, all.length > 0 ? all : h("li", { class: "small muted" }, t("faults.none")));
  }

  /** @param {string} name @param {string} times @param {string} phone */
  line(name, times, phone) {
    return h("li", { class: "row between small", dataset: { testid: "fault-waiting" } }, h("span", null, name), h("span", { class: "row" }, phone === "" ? null : h("span", { class: "badge" }, phone), h("span", { class: "badge warn number" }, times)));
  }

  /** @param {string|null|undefined} id */
  nameOfPhone(id) {
    return id ? (this.world.phones.get(id)?.name ?? id) : "";
  }

  unmount() {
    for (const off of this.offs) off();
    replace(this.root);
  }
}

/** The name of a fault that waits; one that this panel does not offer is named by its action. @param {any} fault @param {readonly Kind[]} kinds */
function nameOf(fault, kinds) {
  const known = kinds.find((kind) => kind.fault["action"] === fault.action && (kind.fault["code"] === undefined || kind.fault["code"] === fault.code));
  return known ? t(`faults.${known.name}`) : [fault.action, fault.code].filter(Boolean).join(" ");
}
