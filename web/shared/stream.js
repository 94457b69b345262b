// @ts-check
/**
 * Server-sent events with resume: after a break it asks for what came after the last it saw. It keeps no messages.
 * @module
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** A page nobody sees lets its stream go after this time: browsers allow six connections to one host over all pages. */
const HIDDEN_MS = 5_000;

/**
 * Watches a stream of JSON messages.
 * @param {string} path
 * @param {(message: any) => void} onMessage
 * @param {(state: "live" | "lost") => void} [onState]
 * @param {() => void} [onMissed] something was missed (the watcher lagged, or the server began anew): read the whole state again
 * @param {number} [after] the last `seq` that is already known
 * @returns {{ close: () => void }}
 */
export function watch(path, onMessage, onState = () => {}, onMissed = () => {}, after = 0) {
  let last = after;
  let wait = FIRST_WAIT_MS;
  let closed = false;
  let opened = 0;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const take = (/** @type {MessageEvent<string>} */ event) => {
    const message = JSON.parse(event.data);
    const seq = Number(event.lastEventId || message.seq || 0);
    if (seq > 0 && seq < last) onMissed();
    if (seq > 0) last = seq;
    onMessage(message);
  };
  const lose = () => {
    source?.close();
    if (closed) return;
    onState("lost");
    clearTimeout(timer);
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };
  function open() {
    const joint = path.includes("?") ? "&" : "?";
    source = new EventSource(last > 0 ? `${path}${joint}after=${last}` : path);
    source.onopen = () => {
      wait = FIRST_WAIT_MS;
      opened += 1;
      onState("live");
      if (opened > 1) onMissed();
    };
    source.onmessage = take;
    source.addEventListener("missed", () => onMissed());
    source.onerror = lose;
  }

  const look = () => {
    clearTimeout(timer);
    if (!document.hidden && source?.readyState === EventSource.CLOSED) open();
    if (document.hidden) timer = setTimeout(() => source?.close(), HIDDEN_MS);
  };
  // A page that was left may be kept for "back", and Chromium keeps its streams open with it: two pages left would take every connection.
  const leave = () => {
    clearTimeout(timer);
    source?.close();
  };

  open();
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", look);
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("pageshow", look);
      source?.close();
    },
  };
}
