// The page of one debate: goes on with it, reads along, lets the user speak. What is true is what
// the API says: after every turn, and whenever something is unclear, the debate is asked for anew.

import { Problem, api, clockTime, count, dollars, follow, percent, sentence, words } from "./play-api.js";
import * as turns from "./play-turns.js";

const BREATH_MS = 900; // between two turns that follow by themselves
const get = (id) => document.getElementById(id);
let debate = JSON.parse(get("debate").textContent);
const url = debate.url;
const names = Object.fromEntries([...debate.cast.pro, ...debate.cast.con].map((one) => [one.speaker, one.name]));
const about = { names, language: debate.topic.language, seat: debate.seat };
const bar = get("bar");
const own = get("own");
const notices = get("notices");
let reading = null; // the AbortController of the open stream
let isAsking = false;
let isStale = false;
let isShown = false; // the page as it was when it came
let soon = 0;

// --- what is kept in this tab: whether the debate plays on by itself ---------------------------

const keep = `debate-auto-${debate.id}`;
function isAuto(value) {
  try {
    if (value !== undefined) sessionStorage.setItem(keep, value ? "1" : "");
    return sessionStorage.getItem(keep) === "1";
  } catch {
    return get("auto").checked;
  }
}

// --- messages ----------------------------------------------------------------------------------

/** A sentence with its next step. One of each `name`; a new one replaces it. */
function notice(name, text, { tone = "warn", actions = [] } = {}) {
  notices.querySelector(`[data-name="${name}"]`)?.remove();
  if (!text) return;
  const strip = document.createElement("div");
  const said = document.createElement("p");
  strip.className = "strip";
  Object.assign(strip.dataset, { name, tone });
  said.textContent = text;
  strip.append(said, ...actions);
  notices.append(strip);
}

function button(label, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = label;
  made.addEventListener("click", onClick);
  return made;
}

function link(label, href) {
  const made = document.createElement("a");
  made.className = "button";
  made.href = href;
  made.textContent = label;
  return made;
}

/** What a refusal offers: sign in, a bigger plan, a replay, another try. */
function waysOut(problem, again) {
  const { upgrade } = problem.body;
  const ways = [];
  if (problem.status === 401) ways.push(link(words.sign_in, words.sign_in_url));
  if (upgrade?.checkout_url) ways.push(link(upgrade.benefit || words.plans, upgrade.checkout_url));
  else if ([402, 403].includes(problem.status)) ways.push(link(words.plans, words.plans_url));
  if (again && (problem.status === 0 || problem.status >= 500 || problem.status === 429)) ways.push(button(words.again, again));
  return ways;
}

function tell(problem, again) {
  const until = problem.body.resets_at || problem.body.alternatives?.wait_until;
  const wait = until ? ` ${sentence(words.opens, { when: clockTime(until) })}` : "";
  notice("problem", problem.message + wait, { tone: "bad", actions: waysOut(problem, again) });
}

const announce = (text) => { get("announcer").textContent = text; };

// --- what is shown -----------------------------------------------------------------------------

function nameOf(speaker) {
  return speaker ? `${turns.word("sides", turns.side(speaker))}, ${names[speaker]}` : turns.word("sides", "moderator");
}

/** A button that waits keeps the focus: it is marked, not disabled. */
function setAble(element, isAble) {
  element.setAttribute("aria-disabled", String(!isAble));
}

const isAble = (element) => element.getAttribute("aria-disabled") !== "true";

function showProgress() {
  const { steps_done: done, steps_total: total } = debate;
  get("progress").max = total;
  get("progress").value = done;
  get("progress-words").textContent = sentence(words.progress, { done: Math.min(done + (debate.running ? 1 : 0), total), total });
  get("spent").textContent = debate.cost_nanos === undefined ? turns.credits(debate.credits)
    : `${turns.credits(debate.credits)} · ${dollars(debate.cost_nanos)}`;
}

function showBar() {
  const isOver = debate.status === "finished" || debate.status === "cancelled";
  const isPaused = debate.status === "paused";
  const { next, running } = debate;
  const wasOwn = !own.hidden;
  bar.hidden = isOver;
  own.hidden = isOver || isPaused || Boolean(running) || !next?.is_users;
  if (!own.hidden && !wasOwn) comeTo(own);
  get("next").hidden = Boolean(running) || Boolean(next?.is_users) || isPaused;
  get("next-words").textContent = next ? nameOf(next.speaker) : "";
  get("stop").hidden = !running;
  get("pause").hidden = isPaused;
  get("resume").hidden = !isPaused;
  get("auto").checked = isAuto();
  setAble(get("next"), !isAsking);
  if (!own.hidden) {
    get("own-words").textContent = sentence(words.your_turn, { kind: turns.word("kinds", next.kind) });
  }
}

/** What the reader has been waiting for. With a finger nothing is focused: a keyboard would open. */
function comeTo(form) {
  turns.toEnd();
  announce(words.your_turn_now);
  const isFree = document.activeElement === document.body || document.activeElement === get("next");
  if (isFree && matchMedia("(pointer: fine)").matches) form.querySelector("textarea").focus({ preventScroll: true });
}

function showState() {
  showProgress();
  showBar();
  notice("paused", debate.status === "paused" ? words.paused : "");
  notice("degraded", debate.is_degraded && debate.status === "open" ? debate.degraded_reason || words.degraded : "");
  if (debate.status === "finished" || debate.status === "cancelled") showEnd();
}

function showEnd() {
  const made = debate.turns.filter((turn) => turn.status === "completed");
  const written = made.filter((turn) => turn.source !== "user");
  const stored = written.filter((turn) => turn.source !== "live");
  const isNews = isShown && get("end").hidden;
  get("end").hidden = false;
  get("end-title").textContent = debate.status === "finished" ? words.finished : words.cancelled;
  get("end-turns").textContent = count(made.length);
  get("end-credits").textContent = count(Number(debate.credits), 3);
  if (debate.cost_nanos !== undefined) {
    get("end-cost").textContent = dollars(debate.cost_nanos);
    get("end-stored").textContent = sentence(words.stored, { stored: count(stored.length), all: count(written.length) });
  }
  get("share").hidden = debate.status !== "finished";
  showShare();
  if (!isNews) return;
  announce(get("end-title").textContent);
  turns.toEnd();
}

function showShare() {
  get("public").checked = debate.is_public;
  get("link").hidden = !debate.replay_url;
  get("link-url").textContent = debate.replay_url ? new URL(debate.replay_url, location.href).href : "";
}

function showTurn(turn) {
  const element = turns.place(turn, about);
  if (turn.text) turns.setText(element, turn.text);
  turns.setStatus(element, turn.status);
  turns.setFacts(element, turn);
  turns.setRating(element, turn);
  turns.setNote(element, noteOf(turn));
  element.dataset.id = turn.id;
  return element;
}

function noteOf(turn) {
  if (turn.status === "failed") return `${turn.error?.message || words.failed} ${words.try_again}`;
  if (turn.source === "user" && turn.status === "completed" && !turn.text) return words.passed;
  if (turn.status !== "cancelled") return "";
  return turn.error?.code === "nobody_watching" ? words.unwatched : words.stopped;
}

// --- asking the API ----------------------------------------------------------------------------

/** One thing at a time: a second press while the first is under way does nothing. */
async function ask(action, again) {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(soon);
  notice("problem", "");
  setAble(get("next"), false);
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
  showState();
  goOn();
}

/** Along with what is being written; else what comes by itself. */
function goOn() {
  if (debate.running) read(debate.turns.find((turn) => turn.turn === debate.running.turn));
  else playOn();
}

/** The last try of a step is the one that is shown. */
function showLatest(turn) {
  const isLatest = !debate.turns.some((other) => other.step === turn.step && other.turn > turn.turn);
  if (isLatest && turn.turn !== debate.running?.turn) showTurn(turn);
}

function playOn() {
  clearTimeout(soon);
  if (isAuto() && debate.status === "open" && debate.next && !debate.next.is_users && !debate.running) {
    soon = setTimeout(next, BREATH_MS);
  }
}

const next = () => ask(async () => {
  try {
    const turn = await api("POST", `${url}/turns`, { expected_turn: debate.next?.turn });
    debate.running = turn.status === "completed" ? null : { ...turn };
    read(turn);
  } catch (error) {
    if (!["turn_in_progress", "user_turn", "debate_over", "debate_paused"].includes(error.code)) throw error;
    await renew(); // somebody else has gone on, in another tab
  }
}, next);

// --- reading along -----------------------------------------------------------------------------

const LAST = ["turn.completed", "turn.cancelled", "error"];

async function read(turn) {
  if (reading) return;
  reading = new AbortController();
  const element = turns.place(turn, about);
  turns.setText(element, "");
  turns.setStatus(element, "running");
  showBar();
  showProgress();
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
    turns.setFacts(element, { source: data.source, model_class: data.model_class });
  },
  "turn.restarted": (element) => { turns.setText(element, ""); turns.setStatus(element, "running"); },
  "delta": (element, data) => turns.append(element, data.text),
  "degraded": (element, data) => notice("degraded", data.reason || words.degraded),
  "budget.warning": (element, data) => notice("budget", sentence(words.budget, {
    percent: percent(data.percent), used: count(data.used), limit: count(data.limit),
  })),
  "quota.exceeded": (element, data) => tell(new Problem(data.status || 429, data)),
  "turn.completed": (element, data) => {
    turns.setStatus(element, "completed");
    turns.setFacts(element, data);
    announce(`${element.querySelector("h3").textContent.trim()}: ${turns.textOf(element)}`);
  },
  "usage.updated": (element, data) => {
    debate.credits = data.credits ?? debate.credits;
    showProgress();
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
  setAble(get("own-send"), length > 0 && !isTooLong);
}

function speak(body) {
  const once = crypto.randomUUID();
  const send = () => ask(async () => {
    const turn = await api("POST", `${url}/messages`, body, { once });
    showTurn(turn);
    text.value = "";
    countLetters();
    announce(words.said);
    await renew();
  }, send);
  return send();
}

own.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isAble(get("own-send"))) speak({ text: text.value.trim() });
});
text.addEventListener("input", countLetters);
get("own-pass").addEventListener("click", () => speak({ pass: true }));

// --- buttons -----------------------------------------------------------------------------------

function press(id, action) {
  get(id).addEventListener("click", () => { if (isAble(get(id))) action(); });
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
}).finally(showShare));
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

addEventListener("online", renewed);

// --- at the start ------------------------------------------------------------------------------

countLetters();
showState();
isShown = true;
goOn();
