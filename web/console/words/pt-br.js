// @ts-check
/** @type {import("../words.js").Families} */
export const ptBR = {};
