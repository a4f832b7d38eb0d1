// What a typed question is taken for: a question of the list, one of three to choose from, or a new
// one. Nothing is taken for anything without being shown, and everything can be taken back.

import { Problem, api, sentence, words } from "./play-api.js";
import { button } from "./play-notices.js";

const get = (id) => document.getElementById(id);
const place = get("meaning");
const asTyped = new Set(); // texts for which none of the choices was meant
let chosen = null;

/** The choice that was made for exactly this text. */
export const chosenFor = (text) => (chosen?.text === text ? chosen : null);

export function forget() {
  chosen = null;
  place.replaceChildren();
}

function line(text, className = "") {
  const made = document.createElement("p");
  made.className = className;
  made.textContent = text;
  return made;
}

function titled(text, title, language) {
  const made = line(text);
  const span = document.createElement("span");
  span.lang = language;
  span.className = "meant-title";
  span.textContent = title;
  made.append(" ", span);
  return made;
}

const sides = (each) => sentence(words.both_say, { pro: each.pro_says, con: each.con_says });

/** What was said is worth keeping, and nobody waits for it. */
async function tell(what, body) {
  try {
    await api("POST", `/api/v1/topics/${what}`, body);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

function choiceOf(text, choice, language, changed) {
  const item = get("meant-template").content.firstElementChild.cloneNode(true);
  const title = item.querySelector(".meant-title");
  title.textContent = choice.title;
  title.lang = language;
  item.querySelector(".note").textContent = sides(choice);
  item.querySelector("button").addEventListener("click", async () => {
    chosen = { text, ...choice };
    changed(chosen);
    place.focus();
    await tell("confirm", { text, topic_id: choice.topic_id, is_swapped: choice.is_swapped });
  });
  return item;
}

function choices(text, estimate, changed) {
  const list = document.createElement("ul");
  list.append(...estimate.did_you_mean.map((choice) => choiceOf(text, choice, estimate.topic.language, changed)));
  const none = button(words.none_of_these, async () => {
    asTyped.add(text);
    place.replaceChildren(line(words.as_typed, "note"));
    place.focus();
    await tell("confirm", { text, topic_id: null });
  });
  return [line(words.did_you_mean, "meant-asked"), list, none];
}

function match(text, estimate, changed) {
  const { key, text: title, language } = estimate.topic;
  const found = [titled(words.is_known, title, language), line(sides(estimate), "note")];
  if (estimate.how === "title" && !chosenFor(text)) return found; // its own words: nothing was guessed
  return [...found, button(words.not_meant, async () => {
    const isOwnChoice = Boolean(chosenFor(text));
    forget();
    place.replaceChildren(line(isOwnChoice ? words.taken_back : words.reported, "note"));
    place.focus();
    if (isOwnChoice) await tell("confirm", { text, topic_id: null }); // a slip of one's own blames nobody
    else await tell("report", { text, topic_id: key });
    changed(null);
  })];
}

/** `text`: what was typed. `changed(choice)`: the debate is about something else now. */
export function showMeaning(text, estimate, changed) {
  if (!text || !estimate.topic) place.replaceChildren();
  else if (estimate.topic.key) place.replaceChildren(...match(text, estimate, changed));
  else if (asTyped.has(text)) place.replaceChildren(line(words.as_typed, "note"));
  else if (estimate.did_you_mean.length) place.replaceChildren(...choices(text, estimate, changed));
  else place.replaceChildren();
}
