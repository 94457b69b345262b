// @ts-check
/**
 * The console's words in four languages, and the gateway's own words (states, causes, events) for people. Each language is a file of its
 * own; families of keys are written together there and made flat here.
 * @module
 */

import { register } from "../shared/i18n.js";
import { en } from "./words/en.js";
import { es } from "./words/es.js";
import { id } from "./words/id.js";
import { ptBR } from "./words/pt-br.js";

/** @typedef {Readonly<Record<string, Readonly<Record<string, string>>>>} Families */

/** @param {Families} families */
function flat(families) {
  const pairs = Object.entries(families).flatMap(([family, words]) =>
    Object.entries(words).map(([name, text]) => [name === "" ? family : `${family}.${name}`, text]),
  );
  return Object.fromEntries(pairs);
}

register({ en: flat(en), "pt-BR": flat(ptBR), es: flat(es), id: flat(id) });
