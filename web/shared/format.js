// @ts-check
/**
 * Money, times and durations as people read them. The digits of money are never turned into floats.
 * @module
 */

import { language } from "./i18n.js";

/** @typedef {{ amount: string, currency: string }} Money */

/**
 * Money from its decimal text, in the language's own form: `12.5` BRL becomes `R$ 12,50`.
 * @param {Money} money
 * @param {string} [lang]
 * @returns {string}
 */
export function money({ amount, currency }, lang = language()) {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount));
  if (!found) return `${amount} ${currency}`;
  const [, minus = "", whole = "0", fraction = ""] = found;
  const form = shape(lang, currency);
  const digits = whole.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+(?!\d))/g, form.group);
  const padded = /^0*$/.test(fraction) ? "0".repeat(form.fraction) : fraction.padEnd(form.fraction, "0");
  const number = padded === "" ? digits : digits + form.decimal + padded;
  return minus + form.before + number + form.after;
}

/** @type {Map<string, { group: string, decimal: string, fraction: number, before: string, after: string }>} */
const shapes = new Map();

/** @param {string} lang @param {string} currency */
function shape(lang, currency) {
  const key = `${lang} ${currency}`;
  const known = shapes.get(key);
  if (known) return known;
  const format = formatOf(lang, currency);
  const parts = format.formatToParts(1_234_567);
  const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value ?? "";
  const first = parts.findIndex((one) => one.type === "integer");
  const last = parts.reduce((at, one, index) => (one.type === "integer" || one.type === "fraction" ? index : at), first);
  const made = {
    group: part("group") || ".",
    decimal: part("decimal") || ",",
    fraction: format.resolvedOptions().minimumFractionDigits ?? 2,
    before: parts.slice(0, first).map((one) => one.value).join(""),
    after: parts.slice(last + 1).map((one) => one.value).join(""),
  };
  shapes.set(key, made);
  return made;
}

/** Sums stand in the page as they stand in the chat, sign first: so they are written in Latin America. @type {Readonly<Record<string, string>>} */
const MONEY_AS = { es: "es-AR" };

/** @param {string} lang @param {string} currency */
function formatOf(lang, currency) {
  try {
    const format = (/** @type {"symbol" | "narrowSymbol"} */ currencyDisplay) => new Intl.NumberFormat(MONEY_AS[lang] ?? lang, { style: "currency", currency, currencyDisplay, useGrouping: true });
    const usual = format("symbol");
    // A bare code is read by nobody: the sign alone then.
    return usual.formatToParts(1).some((part) => part.type === "currency" && part.value === currency) ? format("narrowSymbol") : usual;
  } catch {
    return new Intl.NumberFormat(lang, { style: "currency", currency: "XXX" });
  }
}

/**
 * Money from whole minor units, as `order_details` has it (`value` 1250, `offset` 100).
 * @param {number | string} value
 * @param {number} offset
 * @param {string} currency
 * @returns {Money}
 */
export function minor(value, offset, currency) {
  const places = Math.max(0, String(offset).length - 1);
  const text = String(value);
  const minus = text.startsWith("-") ? "-" : "";
  const digits = text.replace(/\D/g, "").padStart(places + 1, "0");
  const cut = digits.length - places;
  return { amount: minus + digits.slice(0, cut) + (places > 0 ? `.${digits.slice(cut)}` : ""), currency };
}

/** A whole number with the language's grouping. @param {number} value @param {string} [lang] */
export function count(value, lang = language()) {
  return new Intl.NumberFormat(lang).format(value);
}

/** The time of day: `14:05`. @param {number} ms @param {string} [lang] */
export function clock(ms, lang = language()) {
  return new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

/** Day and time: `2 Mar 2026, 14:05:09`. @param {number} ms @param {string} [lang] */
export function dateTime(ms, lang = language()) {
  const form = /** @type {const} */ ({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  return new Intl.DateTimeFormat(lang, form).format(ms);
}

/** The day: `2 March 2026`. @param {number} ms @param {string} [lang] */
export function day(ms, lang = language()) {
  return new Intl.DateTimeFormat(lang, { day: "numeric", month: "long", year: "numeric" }).format(ms);
}

/**
 * A duration from microseconds: `840 µs`, `4.2 ms`, `1.3 s`, `2 min`, `3 h`, `400 d`.
 * @param {number} us
 * @param {string} [lang]
 */
export function duration(us, lang = language()) {
  const number = (/** @type {number} */ value) => new Intl.NumberFormat(lang, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  if (us < 1_000) return `${number(us)} µs`;
  if (us < 1_000_000) return `${number(us / 1_000)} ms`;
  if (us < 120_000_000) return `${number(us / 1_000_000)} s`;
  if (us < 7_200_000_000) return `${number(us / 60_000_000)} min`;
  if (us < 172_800_000_000) return `${number(us / 3_600_000_000)} h`;
  return `${number(us / 86_400_000_000)} d`;
}

/** @type {readonly [Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1_000]];

/**
 * How long ago or ahead: `3 minutes ago`.
 * @param {number} ms
 * @param {number} now
 * @param {string} [lang]
 */
export function relative(ms, now, lang = language()) {
  const apart = ms - now;
  const [unit, size] = UNITS.find(([, span]) => Math.abs(apart) >= span) ?? /** @type {const} */ (["second", 1_000]);
  return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(Math.trunc(apart / size), unit);
}
