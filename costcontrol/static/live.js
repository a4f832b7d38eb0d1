// Calls as they end: one stream of events; without it the list is asked for every few seconds.

const part = document.getElementById("live");
const words = JSON.parse(document.getElementById("live-words").textContent);
const body = document.getElementById("live-rows");
const template = document.getElementById("live-row").content.querySelector("tr");
const state = document.getElementById("live-state");
const pause = document.getElementById("live-pause");
const lost = document.getElementById("live-lost");
const more = document.getElementById("live-more");
const most = Number(part.dataset.most);
const LATE_MS = 3000; // a stream that is back by then was not lost

const known = new Set([...body.querySelectorAll("a")].map((link) => link.getAttribute("href")));
let last = Number(part.dataset.last);
let isPaused = false;
let isLost = false;
let held = []; // while paused
let heldCount = 0;
let passed = 0; // too many to be shown
let source = null;
let late = 0;

const said = (text, n) => text.replace("%(n)s", new Intl.NumberFormat(document.documentElement.lang).format(n));

/** A row for one call. All of it is text. */
function rowOf(call) {
  const row = template.cloneNode(true);
  const cell = (name) => row.querySelector(`.c-${name}`);
  const link = row.querySelector("a");
  const time = row.querySelector("time");
  link.href = call.url;
  time.dateTime = call.at;
  time.textContent = call.time;
  for (const [name, text] of [["user", call.user], ["tier", call.tier], ["kind", call.kind], ["why", call.why]]) {
    cell(name).textContent = text;
    if (name !== "tier") cell(name).title = text;
  }
  cell("route").title = call.route;
  cell("name").textContent = call.route;
  if (call.key) row.querySelector(".key").classList.add(`c-${call.key}`);
  const badge = row.querySelector(".badge");
  badge.textContent = call.outcome;
  badge.dataset.tone = call.tone;
  for (const [name, text] of [["cost", call.cost], ["saved", call.saved], ["latency", call.took]]) {
    cell(name).querySelector(".c-value").textContent = text;
  }
  row.dataset.new = "";
  return row;
}

/** Newest first, and no more than there is room for. What has the focus stays where it is. */
function show(calls) {
  if (!calls.length) return;
  body.prepend(...calls.slice(-most).reverse().map(rowOf));
  while (body.children.length > most) body.lastElementChild.remove();
  document.getElementById("live-empty").hidden = true;
}

function tellMore(count) {
  passed += count;
  more.hidden = passed === 0;
  more.textContent = passed ? said(words.more, passed) : "";
}

/** A stream that is back brings again what was asked for meanwhile. */
function unseen(calls) {
  const come = calls.filter((call) => !known.has(call.url));
  for (const call of come) known.add(call.url);
  for (const url of known) {
    if (known.size <= 10 * most) break;
    known.delete(url); // the oldest first
  }
  return come;
}

function take({ calls: all, more: count, last: upTo }) {
  last = Math.max(last, upTo);
  const calls = unseen(all);
  if (!isPaused) {
    show(calls);
    if (count) tellMore(count);
    return;
  }
  held = [...held, ...calls].slice(-most);
  heldCount += calls.length + count;
  tellState();
}

function tellState() {
  state.textContent = isPaused
    ? (heldCount ? said(words.new, heldCount) : words.paused)
    : (isLost ? words.polling : words.live);
  state.dataset.tone = isPaused ? "off" : isLost ? "warn" : "ok";
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  pause.textContent = isPaused ? words.resume : words.pause;
  if (!isPaused) {
    if (heldCount > held.length) tellMore(heldCount - held.length);
    show(held);
    held = [];
    heldCount = 0;
  }
  tellState();
});

function isBack() {
  clearTimeout(late);
  late = 0;
  isLost = false;
  lost.hidden = true;
  tellState();
}

function isAway() {
  isLost = true;
  lost.textContent = words.lost;
  lost.hidden = false;
  tellState();
}

function listen() {
  const address = new URL(part.dataset.stream, location.href);
  address.searchParams.set("after", String(last));
  source = new EventSource(address);
  source.addEventListener("open", isBack);
  source.addEventListener("calls", (event) => take(JSON.parse(event.data)));
  source.addEventListener("missed", (event) => take({ calls: [], more: Number(event.data), last }));
  source.addEventListener("error", () => {
    if (!late && !isLost) late = setTimeout(isAway, LATE_MS);
  });
}

/** While there is no stream; and the stream is tried again, if the browser has given it up. */
async function poll() {
  if (!isLost) return;
  const address = new URL(part.dataset.rows, location.href);
  address.searchParams.set("after", String(last));
  try {
    const reply = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!reply.ok || reply.redirected) throw new Error(String(reply.status));
    const come = await reply.json();
    if (!isLost) return; // the stream is back, and brings the same
    lost.textContent = words.lost;
    take(come);
  } catch {
    lost.textContent = words.away;
  }
  if (source.readyState === EventSource.CLOSED) listen();
}

setInterval(poll, Number(part.dataset.poll) * 1000);
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => event.persisted && listen());
listen();
