// @ts-check
/**
 * JSON over HTTP to our own origin. Anything but a 2xx becomes a `Problem`; it retries nothing.
 * @module
 */

import { register, t } from "./i18n.js";

register({
  en: { "http.no_answer": "No answer. Does the program still run?" },
  "pt-BR": { "http.no_answer": "Sem resposta. O programa ainda está rodando?" },
  es: { "http.no_answer": "Sin respuesta. ¿Sigue el programa en marcha?" },
  id: { "http.no_answer": "Tidak ada jawaban. Apakah programnya masih berjalan?" },
});

/** An answer that is no success: an RFC 9457 problem, an error of the Graph API, or no answer at all (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} detail
   * @param {unknown} [body]
   */
  constructor(status, code, detail, body) {
    super(detail || code || String(status));
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.body = body;
  }
}

/** @typedef {{ headers?: Record<string, string>, signal?: AbortSignal }} CallOptions */

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {CallOptions} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json", ...options.headers };
  /** @type {RequestInit} */
  const init = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (options.signal) init.signal = options.signal;
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let answer;
  let text;
  try {
    answer = await fetch(path, init);
    text = await answer.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, "no_answer", t("http.no_answer"), error);
  }
  const json = parsed(text);
  if (answer.ok) return json;
  throw problem(answer.status, json, text);
}

/** @param {string} text */
function parsed(text) {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {number} status
 * @param {any} json
 * @param {string} text
 */
function problem(status, json, text) {
  const graph = json?.error;
  if (graph && typeof graph === "object") {
    return new Problem(status, String(graph.code ?? status), String(graph.error_data?.details ?? graph.message ?? ""), json);
  }
  const detail = json?.detail ?? json?.title ?? (json === undefined ? text.slice(0, 300) : "");
  return new Problem(status, String(json?.code ?? status), String(detail), json);
}

/** @param {string} path @param {CallOptions} [options] */
export const get = (path, options) => call("GET", path, undefined, options);
/** @param {string} path @param {unknown} [body] @param {CallOptions} [options] */
export const post = (path, body = {}, options) => call("POST", path, body, options);
/** @param {string} path @param {unknown} [body] @param {CallOptions} [options] */
export const put = (path, body = {}, options) => call("PUT", path, body, options);
/** @param {string} path @param {CallOptions} [options] */
export const del = (path, options) => call("DELETE", path, undefined, options);
