// A shared debate: all of it is there to be read; played, it comes as it was said.

import { Problem, follow, words } from "./play-api.js";
import * as turns from "./play-turns.js";

const get = (id) => document.getElementById(id);
const debate = JSON.parse(get("debate").textContent);
const talk = get("talk");
const whole = [...talk.childNodes];
const names = Object.fromEntries([...debate.cast.pro, ...debate.cast.con].map((one) => [one.speaker, one.name]));
const about = { names, language: debate.topic.language, seat: debate.seat };
const byNumber = new Map(debate.turns.map((turn) => [turn.turn, turn]));
let playing = null; // the AbortController of the open stream
let lastId = "";
let current = null;

function notice(text) {
  const strip = document.createElement("p");
  Object.assign(strip, { className: "strip", textContent: text });
  strip.dataset.tone = "warn";
  get("notices").replaceChildren(...(text ? [strip] : []));
}

function showButtons() {
  get("play").hidden = Boolean(playing);
  get("all").hidden = !playing;
}

/** All of it, as it was when the page came. */
function showAll() {
  playing?.abort();
  playing = null;
  talk.replaceChildren(...whole);
  showButtons();
}

const HEARD = {
  "turn.started": (data) => {
    current = turns.place({ ...byNumber.get(data.turn), ...data }, about);
    if (data.transition) turns.setTransition(current, data.transition);
    turns.setStatus(current, "running");
  },
  "citation": (data) => turns.addSource(current, data),
  "search.failed": () => turns.setSources(current, [], words.unsearched),
  "delta": (data) => turns.append(current, data.text),
  "turn.completed": () => {
    turns.setStatus(current, "completed");
    get("announcer").textContent = `${current.querySelector("h3").textContent.trim()}: ${turns.textOf(current)}`;
  },
};

async function play() {
  playing?.abort();
  const mine = new AbortController();
  playing = mine;
  showButtons();
  notice("");
  try {
    await follow(`${debate.stream}?speed=${get("speed").value}`, {
      from: lastId, signal: mine.signal, isEnd: (event) => event.kind === "debate.completed",
      onEvent: (event) => { lastId = event.id; HEARD[event.kind]?.(event.data); },
      onWait: (isWaiting) => notice(isWaiting ? words.reconnecting : ""),
    });
    showAll();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Problem)) throw error;
    showAll();
    notice(error.message);
  }
}

get("play").addEventListener("click", () => {
  lastId = "";
  talk.replaceChildren();
  scrollTo({ top: 0 });
  play();
});
get("all").addEventListener("click", showAll);
get("speed").addEventListener("change", () => { if (playing) play(); }); // from where it is
