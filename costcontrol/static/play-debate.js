// The page of one debate: goes on with it, reads along, lets the user speak. What is true is what
// the API says: after every turn, and whenever something is unclear, the debate is asked for anew.

import { Problem, api, count, follow, percent, sentence, words } from "./play-api.js";
import { listenAnew, showAnew, standing } from "./play-anew.js";
import { autoOf } from "./play-auto.js";
import { announce, notice, tell } from "./play-notices.js";
import * as turns from "./play-turns.js";
import * as view from "./play-view.js";

const BREATH_MS = 900; // between two turns that follow by themselves
const get = (id) => document.getElementById(id);
let debate = JSON.parse(get("debate").textContent);
const url = debate.url;
const about = { names: view.namesOf(debate), language: debate.topic.language, seat: debate.seat };
let reading = null; // the AbortController of the open stream
let isAsking = false;
let isStale = false;
let soon = 0;
const isAuto = autoOf(debate.id);

function showBar() {
  view.showBar(debate, { isAsking, isAuto: isAuto() });
  showAnew(debate, { isBusy: isAsking || reading !== null });
}

// --- asking the API ----------------------------------------------------------------------------

/** One thing at a time: a second press while the first is under way does nothing. */
async function ask(action, again) {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(soon);
  notice("problem", "");
  showBar();
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error, again);
  } finally {
    isAsking = false;
    showBar();
  }
  if (isStale) renewed();
}

/** Now, or as soon as what is asked for now has been answered. */
function renewed() {
  isStale = isAsking;
  if (!isAsking) ask(renew, renewed);
}

/** Everything anew; then on with what is under way, or what comes by itself. */
async function renew() {
  debate = { ...debate, ...await api("GET", url) };
  debate.turns.forEach(showLatest);
  if (!debate.running) stopReading();
  view.show(debate, { isAsking, isAuto: isAuto() });
  goOn();
}

/** Along with what is being written; else what comes by itself. */
function goOn() {
  if (debate.running) read(debate.turns.find((turn) => turn.turn === debate.running.turn));
  else playOn();
}

function showLatest(turn) {
  const isShown = standing(turn, debate.turns) === turn;
  if (isShown && turn.turn !== debate.running?.turn) view.showTurn(turn, debate, about);
}

/** Not while nobody looks: what is read by nobody need not be paid for. */
function playOn() {
  clearTimeout(soon);
  if (isAuto() && !document.hidden && debate.status === "open" && debate.next && !debate.next.is_users && !debate.running) {
    soon = setTimeout(next, BREATH_MS);
  }
}

// Somebody else has gone on, in another tab.
const GONE_ON = ["turn_in_progress", "stage_out_of_order", "user_turn", "debate_over", "debate_paused"];

const next = () => ask(async () => {
  try {
    const turn = await api("POST", `${url}/turns`, { expected_turn: debate.next?.turn });
    start(turn);
  } catch (error) {
    if (!GONE_ON.includes(error.code)) throw error;
    await renew();
  }
}, next);

/** What is there already comes like what is being written. */
function start(turn) {
  debate.running = { ...turn };
  read(turn);
}

// --- reading along -----------------------------------------------------------------------------

const LAST = ["turn.completed", "turn.cancelled", "error"];

async function read(turn) {
  if (reading) return;
  reading = new AbortController();
  const element = turns.place(turn, about);
  turns.setText(element, "");
  turns.setSources(element, []);
  turns.setStatus(element, "running");
  showBar();
  view.showProgress(debate);
  turns.toEnd();
  let failure = null;
  try {
    await follow(turn.stream, {
      signal: reading.signal, onEvent: (event) => hear(element, event),
      isEnd: (event) => LAST.includes(event.kind),
      onWait: (isWaiting) => notice("line", isWaiting ? words.reconnecting : ""),
    });
  } catch (error) {
    if (!(error instanceof Problem)) return;
    failure = error;
  }
  reading = null;
  if (failure) tell(failure, () => read(turn));
  else renewed();
}

function stopReading() {
  reading?.abort();
  reading = null;
}

const HEARD = {
  "turn.started": (element, data) => {
    if (data.transition) turns.setTransition(element, data.transition);
    element.dataset.source = data.source;
    turns.setFacts(element, data);
  },
  "turn.restarted": (element) => { turns.setText(element, ""); turns.setSources(element, []); turns.setStatus(element, "running"); },
  "citation": (element, data) => turns.addSource(element, data),
  "search.failed": (element) => turns.setSources(element, [], words.unsearched),
  "delta": (element, data) => turns.append(element, data.text),
  "degraded": (element, data) => notice("degraded", data.reason || words.degraded),
  "budget.warning": (element, data) => notice("budget", sentence(words.budget, {
    percent: percent(data.percent), used: count(data.used), limit: count(data.limit),
  })),
  "quota.exceeded": (element, data) => tell(new Problem(data.status || 429, data), null, "quota"),
  "turn.completed": (element, data) => {
    turns.setStatus(element, "completed");
    turns.setFacts(element, data);
    announce(`${element.querySelector("h3").textContent.trim()}: ${turns.textOf(element)}`);
  },
  "usage.updated": (element, data) => {
    debate.credits = data.credits ?? debate.credits;
    view.showProgress(debate);
  },
  "turn.cancelled": (element) => { turns.setStatus(element, "cancelled"); turns.setNote(element, words.stopped); },
  "error": (element, data) => {
    turns.setStatus(element, "failed");
    turns.setNote(element, data.message);
    isAuto(false);
  },
};

function hear(element, { kind, data }) {
  HEARD[kind]?.(element, data);
}

// --- the user's own turn -----------------------------------------------------------------------

const text = get("own-text");

function countLetters() {
  const length = [...text.value].length;
  const limit = Number(text.dataset.limit);
  const isTooLong = length > limit;
  get("own-count").textContent = sentence(isTooLong ? words.too_long : words.letters, { count: count(length), limit: count(limit) });
  text.setAttribute("aria-invalid", String(isTooLong));
  view.setAble(get("own-send"), length > 0 && !isTooLong);
}

function speak(body) {
  const once = crypto.randomUUID();
  const send = () => ask(async () => {
    const turn = await api("POST", `${url}/messages`, body, { once });
    view.showTurn(turn, debate, about);
    text.value = "";
    countLetters();
    announce(words.said);
    await renew();
  }, send);
  return send();
}

own.addEventListener("submit", (event) => {
  event.preventDefault();
  if (view.isAble(get("own-send"))) speak({ text: text.value.trim() });
});
text.addEventListener("input", countLetters);
get("own-pass").addEventListener("click", () => speak({ pass: true }));

// --- buttons -----------------------------------------------------------------------------------

function press(id, action) {
  get(id).addEventListener("click", () => { if (view.isAble(get(id))) action(); });
}

const act = (method, path) => ask(async () => { await api(method, url + path); await renew(); });

press("next", next);
press("stop", () => { isAuto(false); act("DELETE", `/turns/${debate.running.turn}`); });
press("pause", () => act("POST", "/pause"));
press("resume", () => act("POST", "/resume"));
press("finish", () => get("finish-ask").showModal());
get("finish-ask").addEventListener("close", ({ target }) => { if (target.returnValue === "end") act("DELETE", ""); });
get("auto").addEventListener("change", ({ target }) => { isAuto(target.checked); playOn(); });
get("public").addEventListener("change", ({ target }) => ask(async () => {
  debate = { ...debate, ...await api("PATCH", url, { is_public: target.checked }) };
}).finally(() => view.showShare(debate)));
get("talk").addEventListener("click", ({ target }) => {
  const pressed = target.closest("[data-slot=rating] button");
  if (pressed) rate(pressed.closest("[data-turn]"), Number(pressed.value));
});

/** Beside whatever else is going on. */
async function rate(element, rating) {
  const { id } = element.dataset;
  try {
    await api("POST", `${words.messages_url}${id}/rating`, { rating });
    const turn = debate.turns.find((one) => one.id === id);
    turn.rating = rating;
    turns.setRating(element, turn);
    announce(words.rated);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error, () => rate(element, rating));
  }
}

listenAnew({ ask, url, read: start });
addEventListener("online", renewed);
document.addEventListener("visibilitychange", playOn);

// --- at the start ------------------------------------------------------------------------------

countLetters();
view.show(debate, { isAsking, isAuto: isAuto() });
showBar();
if (!view.isOver(debate) && debate.turns.length && !location.hash) turns.toEnd();
goOn();
