// The conversation: stages and turns, made from the page's own <template>s and filled in.

import { count, dollars, sentence, words } from "./play-api.js";

const talk = document.getElementById("talk");
const stageTemplate = document.getElementById("stage-template");
const turnTemplate = document.getElementById("turn-template");

export const side = (speaker) => (speaker ? speaker.slice(0, 3) : "moderator");
export const word = (group, key) => words[group][key] || (key || "").replaceAll("_", " ");
export const find = (number) => talk.querySelector(`[data-turn="${number}"]`);
const slot = (element, name) => element.querySelector(`[data-slot="${name}"]`);

function write(element, name, text) {
  const place = slot(element, name);
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
}

/** The section of a stage; a new one at the end if there is none. */
function sectionOf(stage) {
  const last = talk.querySelector(":scope > section:last-of-type");
  if (last && last.dataset.stage === stage) return last;
  const section = stageTemplate.content.firstElementChild.cloneNode(true);
  section.dataset.stage = stage;
  slot(section, "stage").textContent = word("stages", stage);
  talk.append(section);
  return section;
}

/** A step that is tried again takes the place of what was left of it. */
function dropOlder(step, number) {
  for (const old of talk.querySelectorAll(`[data-step="${step}"]`)) {
    if (Number(old.dataset.turn) === number) continue;
    const section = old.closest("section");
    old.remove();
    if (!section.querySelector("[data-turn]")) section.remove();
  }
}

/** The element of this turn, made if it is new. `names`: who sits in each seat. */
export function place(turn, { names, language, seat }) {
  if (turn.step !== undefined) dropOlder(turn.step, turn.turn);
  const known = find(turn.turn);
  if (known) return known;
  document.getElementById("begin")?.remove();
  const element = turnTemplate.content.firstElementChild.cloneNode(true);
  const who = turn.speaker_name || names[turn.speaker] || word("sides", side(turn.speaker));
  Object.assign(element.dataset, { turn: turn.turn, step: turn.step ?? "", side: side(turn.speaker) });
  element.id = `turn-${turn.turn}`;
  const head = element.querySelector("h3");
  head.id = `turn-${turn.turn}-who`;
  element.querySelector("article").setAttribute("aria-labelledby", head.id);
  write(element, "face", [...who][0] || "");
  write(element, "side", turn.speaker ? word("sides", side(turn.speaker)) : "");
  write(element, "name", who);
  write(element, "you", turn.speaker && turn.speaker === seat ? words.you : "");
  write(element, "kind", kindOf(turn, names));
  const said = slot(element, "text");
  said.lang = language;
  sectionOf(turn.stage).querySelector(".turns").append(element);
  return element;
}

function kindOf(turn, names) {
  const kind = word("kinds", turn.kind);
  return turn.target ? sentence(words.to, { kind, name: names[turn.target] || turn.target }) : kind;
}

export function setStatus(element, status) {
  element.dataset.status = status;
  const isBusy = status === "queued" || status === "running";
  element.querySelector("article").setAttribute("aria-busy", String(isBusy));
  write(element, "waiting", isBusy && !slot(element, "text").textContent ? words.thinking : "");
}

/** Letters that came in. Whoever reads at the end of the page stays there. */
export function append(element, text) {
  const wasAtEnd = isAtEnd();
  slot(element, "text").append(text);
  write(element, "waiting", "");
  if (wasAtEnd) toEnd();
}

export const textOf = (element) => slot(element, "text").textContent;

export function setText(element, text) {
  slot(element, "text").textContent = text;
}

export function setNote(element, text) {
  write(element, "note", text);
}

export function setTransition(element, text) {
  write(element, "transition", text);
}

/** Pages that were found on the web for it: strangers' words, and links only where a browser may go.
 *  `note`: nothing was found. */
export function setSources(element, pages, note = "") {
  slot(element, "pages").replaceChildren();
  slot(element, "sources").hidden = true;
  write(element, "unsearched", note);
  pages.forEach((page) => addSource(element, page));
}

export function addSource(element, { title, url, text }) {
  const list = slot(element, "pages");
  if (!isAddress(url) || [...list.querySelectorAll("a")].some((link) => link.getAttribute("href") === url)) return;
  const item = document.createElement("li");
  const link = document.createElement("a");
  Object.assign(link, { href: url, target: "_blank", rel: "noopener nofollow noreferrer", textContent: title });
  item.append(link);
  if (text) {
    const words = document.createElement("span");
    Object.assign(words, { className: "note", textContent: text });
    item.append(" ", words);
  }
  list.append(item);
  slot(element, "sources").hidden = false;
}

const isAddress = (url) => /^https?:\/\/[^\s"'<>]+$/i.test(url);

/** What it took. Staff see the way it went; everybody the credits. */
export function setFacts(element, turn) {
  const facts = [], source = turn.source || element.dataset.source;
  if (source) facts.push(word("sources", source));
  if (turn.layer && turn.layer !== source) facts.push(word("layers", turn.layer));
  if (turn.model_class) facts.push(word("classes", turn.model_class));
  if (turn.deployment) facts.push(turn.deployment);
  if (turn.credits !== undefined && source !== "user") facts.push(credits(turn.credits));
  if (turn.cost_nanos !== undefined && source !== "user") facts.push(dollars(turn.cost_nanos));
  const list = slot(element, "facts");
  list.replaceChildren(...facts.map((fact) => {
    const item = document.createElement("li");
    item.textContent = fact;
    return item;
  }));
  if (turn.call_id && words.call_url) list.append(callLink(turn.call_id));
}

function callLink(id) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = words.call_url.replace("00000000-0000-0000-0000-000000000000", id);
  link.textContent = words.call;
  item.append(link);
  return item;
}

export const credits = (text) => sentence(words.credits, { credits: count(Number(text), 3) });

export function setRating(element, turn) {
  const box = slot(element, "rating");
  if (!box) return;
  box.hidden = turn.status !== "completed" || turn.source === "user";
  for (const button of box.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(Number(button.value) === turn.rating));
  }
}

export const isAtEnd = () => innerHeight + scrollY > document.documentElement.scrollHeight - 160;

/** At once: a slow scroll would not be there when the next letters ask whether the reader is. */
export const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
