// @ts-check
/**
 * One dead letter: why it lies here, what to do, its body, and what may be done with it.
 * @module
 */

import { toast } from "../shared/controls.js";
import { h, icon, replace } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { denied, sourceWords } from "./dead-letters.js";
import { confirmed } from "./dialog.js";
import { happened, toDo } from "./health.js";
import { copyable, facts, failure, instant, page, panel, said, waiting, word } from "./parts.js";
import { foresee, replayOne, would } from "./replay.js";
import { ask, mayChange } from "./session.js";
import { bodyTree } from "./tree.js";

/** @typedef {import("./dead-letters.js").Letter & { what_happened?: string, what_to_do?: string, body?: unknown }} Whole */

/** @param {import("./parts.js").Stage} stage */
export function deadLetter(stage) {
  const id = stage.args[0] ?? "";
  const body = page(stage, { title: t("letter.title"), lead: copyable(id, 40), back: ["#/dead-letters", t("nav.dead-letters")] });
  const read = async () => {
    replace(body, waiting());
    try {
      const letter = /** @type {Whole} */ (await ask("GET", `/dead-letters/${encodeURIComponent(id)}`, undefined, stage.signal));
      show(stage, body, letter);
    } catch (error) {
      if (!stage.signal.aborted) replace(body, failure(error, () => void read()));
    }
  };
  void read();
}

/** @param {import("./parts.js").Stage} stage @param {HTMLElement} body @param {Whole} letter */
function show(stage, body, letter) {
  const title = stage.main.querySelector("h1");
  if (title) title.textContent = word("reason", letter.reason);
  document.title = `${word("reason", letter.reason)} · Sacola`;
  const result = h("div", { class: "foreseen", "aria-live": "polite" });
  replace(
    body,
    panel(
      { title: t("letter.about") },
      h(
        "div",
        { class: "panel-body stack" },
        h("p", { class: "cause" }, happened(letter)),
        h("p", { class: "detail" }, said(letter.detail)),
        h("p", { class: "notice info" }, icon("info"), h("span", null, h("strong", null, t("letters.to_do")), " ", toDo(letter))),
        facts([
          [t("col.parked"), instant(letter.at)],
          [t("col.reason"), h("code", null, letter.reason)],
          [t("col.source"), sourceWords(letter.source)],
          [t("col.merchant"), letter.merchant ?? t("letters.no_merchant")],
          letter.conversation ? [t("col.conversation"), h("a", { class: "mono", href: `#/conversation/${encodeURIComponent(letter.conversation)}` }, letter.conversation)] : null,
        ]),
        mayChange() ? null : denied(),
        actions(stage, letter, result),
        result,
      ),
    ),
    panel({ title: t("letter.body") }, h("div", { class: "panel-body" }, letter.body === undefined || letter.body === null ? h("p", { class: "muted" }, t("letter.no_body")) : bodyTree(letter.body))),
  );
}

/** @param {import("./parts.js").Stage} stage @param {Whole} letter @param {HTMLElement} result */
function actions(stage, letter, result) {
  const off = !mayChange();
  const hint = off ? "read-only" : null;
  const dry = h("button", { type: "button", class: "button", disabled: off, "aria-describedby": hint, dataset: { testid: "letter-dry-run" } }, icon("eye"), t("letter.dry_run"));
  const again = h("button", { type: "button", class: "button primary", disabled: off, "aria-describedby": hint, dataset: { testid: "letter-replay" } }, icon("refresh"), t("letter.replay"));
  const away = h("button", { type: "button", class: "button danger", disabled: off, "aria-describedby": hint, dataset: { testid: "letter-discard" } }, icon("trash"), t("letter.discard"));
  const guarded = (/** @type {() => Promise<void>} */ act) => async () => {
    const all = [dry, again, away];
    for (const button of all) button.disabled = true;
    try {
      await act();
    } catch (error) {
      if (!stage.signal.aborted) replace(result, failure(error));
    }
    for (const button of all) button.disabled = off;
  };
  dry.addEventListener("click", guarded(async () => {
    replace(result, waiting());
    replace(result, would(await foresee(letter.id, stage.signal)));
  }));
  again.addEventListener("click", guarded(async () => {
    const report = await replayOne(letter.id, stage.signal);
    if (!report) return;
    if (report.outcome === "taken") leave(t("letter.taken"));
    else replace(result, h("p", { class: "notice warn" }, icon("warning"), h("span", null, h("strong", null, word("outcome", report.outcome)), report.problem ? [": ", said(report.problem)] : null)));
  }));
  away.addEventListener("click", guarded(async () => {
    const sure = await confirmed({ title: t("letter.discard.title"), body: [h("p", null, t("letter.discard.words")), h("p", { class: "small muted" }, toDo(letter))], action: t("letter.discard.go"), danger: true });
    if (!sure) return;
    await ask("DELETE", `/dead-letters/${encodeURIComponent(letter.id)}`, undefined, stage.signal);
    leave(t("letter.discarded"));
  }));
  return h("div", { class: "row wrap actions" }, dry, again, away);
}

/** The letter is gone: on to the others. @param {string} words */
function leave(words) {
  toast(words, "ok");
  location.hash = "#/dead-letters";
}
