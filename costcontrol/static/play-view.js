// How a debate's page shows what the API says of the debate: progress, buttons, turns, its end.

import { count, dollars, sentence, words } from "./play-api.js";
import { announce, notice } from "./play-notices.js";
import * as turns from "./play-turns.js";

const get = (id) => document.getElementById(id);
const own = get("own");
const FOCUSED = ["own-text", "resume", "next", "finish"]; // when what had the focus goes away
let isShown = false; // once before: what appears after that is news

/** A button that waits keeps the focus: it is marked, not disabled. */
export function setAble(element, isAble) {
  element.setAttribute("aria-disabled", String(!isAble));
}

export const isAble = (element) => element.getAttribute("aria-disabled") !== "true";
export const isOver = ({ status }) => status === "finished" || status === "cancelled";

export function show(debate, { isAsking, isAuto }) {
  showProgress(debate);
  showBar(debate, { isAsking, isAuto });
  notice("paused", debate.status === "paused" ? words.paused : "");
  notice("degraded", debate.is_degraded && debate.status === "open" ? debate.degraded_reason || words.degraded : "");
  if (isOver(debate)) showEnd(debate);
  isShown = true;
}

export function showProgress(debate) {
  const { steps_done: done, steps_total: total } = debate;
  get("progress").max = total;
  get("progress").value = done;
  get("progress-words").textContent = sentence(words.progress, { done: Math.min(done + (debate.running ? 1 : 0), total), total });
  get("spent").textContent = debate.cost_nanos === undefined ? turns.credits(debate.credits)
    : `${turns.credits(debate.credits)} · ${dollars(debate.cost_nanos)}`;
}

export function showBar(debate, { isAsking, isAuto }) {
  const { next, running } = debate;
  const isPaused = debate.status === "paused";
  const wasOwn = !own.hidden;
  const held = document.activeElement;
  get("bar").hidden = isOver(debate);
  own.hidden = isOver(debate) || isPaused || Boolean(running) || !next?.is_users;
  get("next").hidden = Boolean(next?.is_users && !running) || isPaused;
  get("next-words").textContent = next && !running ? nameOf(next.speaker, debate) : "";
  get("stop").hidden = !running;
  get("pause").hidden = isPaused;
  get("resume").hidden = !isPaused;
  get("auto").checked = isAuto;
  setAble(get("next"), !isAsking && !running);
  if (!own.hidden) get("own-words").textContent = sentence(words.your_turn, { kind: turns.word("kinds", next.kind) });
  if (!own.hidden && !wasOwn && isShown) comeToOwn();
  if (held.closest("[hidden]")) (FOCUSED.map(get).find((one) => !one.closest("[hidden]")) || get("end")).focus({ preventScroll: true });
}

export function namesOf({ cast }) {
  return Object.fromEntries([...cast.pro, ...cast.con].map((one) => [one.speaker, one.name]));
}

function nameOf(speaker, debate) {
  if (!speaker) return turns.word("sides", "moderator");
  return `${turns.word("sides", turns.side(speaker))}, ${namesOf(debate)[speaker]}`;
}

/** What the reader has been waiting for. With a finger nothing is focused unasked: a keyboard would
 *  open. */
function comeToOwn() {
  turns.toEnd();
  announce(words.your_turn_now);
  const isFree = document.activeElement === document.body;
  if (isFree && matchMedia("(pointer: fine)").matches) get("own-text").focus({ preventScroll: true });
}

function showEnd(debate) {
  const isNews = isShown && get("end").hidden;
  const made = debate.turns.filter((turn) => turn.status === "completed");
  const written = made.filter((turn) => turn.source !== "user");
  const stored = written.filter((turn) => turn.source !== "live");
  get("end").hidden = false;
  get("end-title").textContent = debate.status === "finished" ? words.finished : words.cancelled;
  get("end-turns").textContent = count(made.length);
  get("end-credits").textContent = count(Number(debate.credits), 3);
  if (debate.cost_nanos !== undefined) {
    get("end-cost").textContent = dollars(debate.cost_nanos);
    get("end-stored").textContent = sentence(words.stored, { stored: count(stored.length), all: count(written.length) });
  }
  showShare(debate);
  if (!isNews) return;
  announce(get("end-title").textContent);
  turns.toEnd();
}

export function showShare(debate) {
  get("share").hidden = debate.status !== "finished";
  get("public").checked = debate.is_public;
  get("link").hidden = !debate.replay_url;
  get("link-url").textContent = debate.replay_url ? new URL(debate.replay_url, location.href).href : "";
}

export function showTurn(turn, debate, about) {
  const element = turns.place(turn, about);
  if (turn.text) turns.setText(element, turn.text);
  if (turn.transition) turns.setTransition(element, turn.transition);
  turns.setStatus(element, turn.status);
  turns.setFacts(element, turn);
  turns.setRating(element, turn);
  turns.setNote(element, noteOf(turn, isOver(debate)));
  turns.setSources(element, turn.citations || [], turn.search === "failed" ? words.unsearched : "");
  element.dataset.id = turn.id;
}

/** What became of it, and what to do while there is something to do. */
function noteOf(turn, isAllOver) {
  const why = turn.error?.message || words.failed;
  if (turn.status === "failed") return isAllOver ? why : `${why} ${words.try_again}`;
  if (turn.source === "user" && turn.status === "completed" && !turn.text) return words.passed;
  if (turn.status === "completed") return turn.error?.message || ""; // it was cut off
  if (turn.status !== "cancelled") return "";
  if (isAllOver) return words.over;
  return turn.error?.code === "nobody_watching" ? words.unwatched : words.stopped;
}
