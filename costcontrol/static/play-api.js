// What the pages of debates share: asking the API, and reading its streams of events.

export const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang.slice(0, 2);
const locale = (navigator.languages || []).find((one) => one.slice(0, 2) === language) || language;
const SILENCE_MS = 40_000; // the server sends a heartbeat every 15 s
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** A refusal, or no answer at all (status 0). `body` is the problem+json. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || (status ? words.failed : words.offline));
    this.status = status;
    this.body = body;
    this.code = body.code || "";
  }
}

/** `sentence("Turn %(n)s", {n: 7})`. */
export const sentence = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");

export const count = (value, digits = 0) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: 0 }).format(value);

export const percent = (value) => new Intl.NumberFormat(locale, { style: "percent" }).format(value / 100);

export const dollars = (nanos) => {
  const digits = nanos === 0 || nanos >= 1e9 ? 2 : nanos >= 1e7 ? 4 : 6;
  const options = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" };
  return new Intl.NumberFormat(locale, { ...options, minimumFractionDigits: digits, maximumFractionDigits: digits })
    .format(nanos / 1e9);
};

export const clockTime = (text) =>
  new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(text));

/** A refusal in words, with its moment the reader's way; and what a bigger plan would bring. */
export function explained({ detail, resets_at: at, upgrade }) {
  const when = at ? clockTime(at) : "";
  let text = detail || words.failed;
  if (at) text = text.includes(at) ? text.replaceAll(at, when) : `${text} ${sentence(words.opens, { when })}`;
  return upgrade ? `${text} ${[upgrade.benefit, upgrade.price].filter(Boolean).join(" · ")}` : text;
}

const csrf = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";

async function asked(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
}

async function problemOf(reply) {
  const body = await reply.json().catch(() => ({}));
  return new Problem(reply.status, { retry_after: reply.headers.get("Retry-After"), ...body });
}

/** The answer as an object; null if there is none. Throws Problem. */
export async function api(method, url, body, { signal, once } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": language, "X-CSRFToken": csrf() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (once) headers["Idempotency-Key"] = once;
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const reply = await asked(url, { method, headers, body: sent, signal });
  if (!reply.ok) throw await problemOf(reply);
  return reply.status === 204 ? null : reply.json();
}

/** One event: the lines between two empty ones. Comments (heartbeats) have no `data`. */
function eventOf(block) {
  const event = { id: "", kind: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) || [];
    if (name === "id") event.id = value;
    if (name === "event") event.kind = value;
    if (name === "data") event.data += value;
  }
  return event.data ? { ...event, data: JSON.parse(event.data) } : null;
}

/** The events of one connection. Ends as the connection does. */
async function* connection(url, lastId, signal, heard) {
  const headers = { Accept: "text/event-stream", "Accept-Language": language };
  if (lastId) headers["Last-Event-ID"] = lastId;
  const reply = await asked(url, { headers, signal });
  heard();
  if (!reply.ok) throw await problemOf(reply);
  if (reply.status === 204) { yield null; return; } // all of it was read before
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new Problem(0);
    });
    if (done) return;
    heard();
    const blocks = (rest + value.replaceAll("\r\n", "\n")).split("\n\n");
    rest = blocks.pop();
    for (const event of blocks.map(eventOf)) if (event) yield event;
  }
}

/** Read a stream to its end, however often the line is cut: `isEnd(event)` says which event may be
 *  the last, `onEvent` gets each once, `onWait(isWaiting)` is told of breaks. Throws Problem when the
 *  server refuses, and AbortError when `signal` says so. */
export async function follow(url, { from = "", signal, onEvent, isEnd, onWait }) {
  let lastId = from;
  let isOver = false;
  for (let tries = 0; !isOver; tries += 1) {
    const line = new AbortController();
    const stop = () => line.abort();
    let silence = setTimeout(stop, SILENCE_MS);
    const heard = () => { clearTimeout(silence); silence = setTimeout(stop, SILENCE_MS); };
    signal.addEventListener("abort", stop);
    try {
      for await (const event of connection(url, lastId, line.signal, heard)) {
        if (tries) onWait(false);
        tries = 0;
        if (event === null) return;
        lastId = event.id || lastId;
        onEvent(event);
        isOver ||= isEnd(event);
      }
    } catch (error) {
      if (signal.aborted || (error.status >= 400 && error.status < 500)) throw error;
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    }
    if (isOver) return;
    if (tries) onWait(true);
    await new Promise((resume) => { setTimeout(resume, WAITS_MS[Math.min(tries, WAITS_MS.length - 1)]); });
    if (signal.aborted) throw new DOMException("", "AbortError");
  }
}
