// @ts-check
/**
 * Who is signed in, and calls to the console's API on their behalf. A call that finds the session gone says so on the document
 * (`sessionlost`). The key itself is sent once and never kept.
 * @module
 */

import { Problem, call } from "../shared/http.js";
import { hear } from "./clock.js";

/**
 * @typedef {{
 *   key_id: string,
 *   role: "operator" | "reader",
 *   sees_personal_data: boolean,
 *   merchant: string | null,
 *   expires_at: string | number,
 * }} Session
 */

const ROOT = "/console/api";
/** What a page of another origin can't send without asking: the gateway wants it with every call that changes something. */
const OURS = { "x-sacola-console": "1" };

/** Says that somebody signed in with this browser: without it there is no session to ask for. It is no secret and grants nothing. */
const HINT = "sacola.console.signed-in";

/** @type {Session | null} */
let current = null;

/** Whether the steps of the gateway may be watched; asked once a session. @type {Promise<"yes" | "off" | "merchant"> | null} */
let watching = null;

/** Who is signed in, if anybody. */
export function session() {
  return current;
}

/** True when this role may replay and discard. */
export function mayChange() {
  return current?.role === "operator";
}

/** Takes up the session of the cookie. @returns {Promise<Session | null>} */
export async function resume() {
  if (localStorage.getItem(HINT) === null) return null;
  try {
    current = await call("GET", `${ROOT}/session`);
    hear(current);
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 403)) throw error;
    gone();
  }
  return current;
}

/** @param {string} key @returns {Promise<Session>} */
export async function signIn(key) {
  const signed = /** @type {Session} */ (await call("POST", `${ROOT}/session`, { key }, { headers: OURS }));
  current = signed;
  hear(signed);
  localStorage.setItem(HINT, "yes");
  watching = null;
  return signed;
}

/** Nobody is signed in here any more. */
function gone() {
  current = null;
  watching = null;
  localStorage.removeItem(HINT);
}

/** Ends the session here, and at the gateway. */
export async function signOut() {
  gone();
  await call("DELETE", `${ROOT}/session`, undefined, { headers: OURS });
}

/**
 * A call to the console's API.
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {string} path below `/console/api`
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body, signal) {
  const headers = method === "GET" ? {} : OURS;
  try {
    const answer = await call(method, ROOT + path, body, signal ? { headers, signal } : { headers });
    hear(answer);
    return answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      gone();
      document.dispatchEvent(new CustomEvent("sessionlost"));
    }
    throw error;
  }
}

/**
 * A path with its query; what is empty is left out.
 * @param {string} path
 * @param {Readonly<Record<string, string | number | null | undefined>>} query
 */
export function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** `off`: this gateway keeps no trace. `merchant`: the trace is that of all merchants, and this key is of one. */
export function watchable() {
  if (current?.merchant) return Promise.resolve(/** @type {const} */ ("merchant"));
  watching ??= ask("GET", "/overview").then((seen) => (seen.tracing === false ? "off" : "yes"));
  watching.catch(() => {
    watching = null;
  });
  return watching;
}

/** A stream broke: find out whether the session ended with it. */
export async function stillSignedIn() {
  try {
    await ask("GET", "/session");
  } catch (error) {
    // Whoever lost the session was told; everything else is tried again by the stream itself.
    if (!(error instanceof Problem)) throw error;
  }
}
