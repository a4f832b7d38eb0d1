// The page on which a debate is put together. Every choice is sent to be priced; what the API says
// against it is shown where the price would be, and the button waits.

import { Problem, api, count, sentence, words } from "./play-api.js";
import { button, problemStrip } from "./play-notices.js";
import { showPrice } from "./play-price.js";
import { chosenFor, forget, showMeaning } from "./play-topic.js";

const TYPING_MS = 400;
const CHOOSING_MS = 150; // several choices in a row are priced once
const get = (id) => document.getElementById(id);
const form = get("order");
const { topics, people } = JSON.parse(get("catalogue").textContent);
const byKey = new Map(topics.map((topic) => [topic.key, topic]));
const order = { topic: topics[0]?.key || "", cast: { pro: [], con: [] }, seat: "" };
let pricing = new AbortController();
let later = 0;

const language = () => form.elements.language.value;
const size = () => (form.elements.format.value === "2v2" ? 2 : 1);
const ownTopic = () => get("own-topic").value.trim();
const sideWord = (side) => words.sides[side];
const fresh = (id) => get(id).content.firstElementChild.cloneNode(true);

// --- the question ------------------------------------------------------------------------------

const plain = (text) => text.toLocaleLowerCase().replaceAll(/\s+/g, "");

function matching() {
  const asked = get("search").value.toLocaleLowerCase().split(/\s+/).map(plain).filter(Boolean);
  const category = get("category").value;
  return topics.filter((topic) => (!category || topic.category === category)
    && asked.every((part) => plain(topic.ko).includes(part) || plain(topic.en).includes(part)));
}

function showTopics() {
  const found = matching();
  get("topics").replaceChildren(...found.map((topic) => {
    const item = fresh("topic-template");
    const radio = item.querySelector("input");
    const text = item.querySelector(".topic-text");
    radio.value = topic.key;
    radio.checked = topic.key === order.topic && !ownTopic();
    text.textContent = topic[language()];
    text.lang = language();
    return item;
  }));
  get("found").textContent = found.length ? sentence(words.topics, { count: count(found.length) }) : words.no_topics;
}

// --- the cast ----------------------------------------------------------------------------------

/** The usual people of the topic, on the sides on which they usually are. */
function usualCast({ isSwapped = false } = {}) {
  const { pro = [], con = [] } = byKey.get(order.topic)?.cast || {};
  const usual = isSwapped ? { pro: con, con: pro } : { pro, con };
  const free = Object.keys(people).filter((key) => !usual.pro.includes(key) && !usual.con.includes(key));
  const filled = (side) => [...usual[side].filter((key) => people[key]), ...free.splice(0, 2)].slice(0, 2);
  order.cast = { pro: filled("pro"), con: filled("con") };
}

function optionOf(key) {
  const { name } = people[key][language()];
  return new Option(people[key].is_own ? `${name} (${words.own})` : name, key);
}

function showCast() {
  const isWhole = get("cast").childElementCount;
  const held = isWhole && document.activeElement.id;
  get("cast").replaceChildren(...["pro", "con"].map((side) => {
    const card = fresh("side-template");
    card.dataset.side = side;
    card.setAttribute("aria-label", sideWord(side));
    card.querySelector(".side").textContent = sideWord(side);
    card.querySelector(".note").textContent = words.says[side];
    card.querySelector(".people").append(...order.cast[side].slice(0, size()).map((key, seat) => personOf(side, seat, key)));
    return card;
  }));
  if (held) get(held)?.focus();
  showSeats();
}

function personOf(side, seat, key) {
  const box = fresh("person-template");
  const label = box.querySelector("label");
  const select = box.querySelector("select");
  const card = people[key][language()];
  select.id = `${side}${seat + 1}`;
  label.htmlFor = select.id;
  label.textContent = size() === 1 ? words.speaker : sentence(words.speaker_n, { n: seat + 1 });
  select.append(...Object.keys(people).map(optionOf));
  select.value = key;
  select.addEventListener("change", () => cast(side, seat, select.value));
  box.querySelector(".person-essence").textContent = card.essence;
  box.querySelector(".person-style").textContent = card.style ? sentence(words.style, { style: card.style }) : "";
  for (const text of box.querySelectorAll("p")) text.lang = language();
  return box;
}

/** Nobody speaks twice: whoever sits elsewhere changes places with the one who leaves. */
function cast(side, seat, key) {
  const leaves = order.cast[side][seat];
  for (const other of ["pro", "con"]) order.cast[other] = order.cast[other].map((one) => (one === key ? leaves : one));
  order.cast[side][seat] = key;
  get("usual").hidden = !byKey.has(order.topic);
  showCast();
  price();
}

// --- the seat ----------------------------------------------------------------------------------

function showSeats() {
  const speakers = ["pro", "con"].flatMap((side) => order.cast[side].slice(0, size()).map((key, seat) => [`${side}${seat + 1}`, side, key]));
  if (!speakers.some(([speaker]) => speaker === order.seat)) order.seat = "";
  const choices = [["", words.watch], ...speakers.map(([speaker, side, key]) =>
    [speaker, sentence(words.play_as, { name: people[key][language()].name, side: sideWord(side) })])];
  const legend = get("seats").querySelector("legend");
  get("seats").replaceChildren(legend, ...choices.map(([value, text]) => {
    const label = fresh("seat-template");
    const radio = label.querySelector("input");
    Object.assign(radio, { value, checked: value === order.seat });
    label.querySelector("span").textContent = text;
    return label;
  }));
}

// --- the price ---------------------------------------------------------------------------------

function body() {
  const own = ownTopic();
  const chosen = chosenFor(own);
  return {
    ...(chosen ? { topic_id: chosen.topic_id, is_swapped: chosen.is_swapped } : own ? { topic: own } : { topic_id: order.topic }),
    language: language(), format: form.elements.format.value, seat: order.seat,
    cast: { pro: order.cast.pro.slice(0, size()), con: order.cast.con.slice(0, size()) },
    moderator_style: get("moderator").value, context: get("context").value.trim(),
  };
}

function setAble(isAble) {
  get("start").setAttribute("aria-disabled", String(!isAble));
}

function price({ after = CHOOSING_MS } = {}) {
  clearTimeout(later);
  setAble(false);
  later = setTimeout(ask, after);
}

async function ask() {
  pricing.abort();
  pricing = new AbortController();
  get("start-problem").replaceChildren();
  try {
    show(await api("POST", "/api/v1/debates/estimate", body(), { signal: pricing.signal }));
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Problem)) throw error;
    show({ problem: { ...error.body, status: error.status, detail: isHurry(error) ? words.slow_down : error.message } });
    if (isHurry(error)) price({ after: 1000 * Number(error.body.retry_after || 5) });
  }
}

/** So many requests a minute are allowed, and every choice is one. */
const isHurry = (error) => error.code === "rate_limited";

/** What it takes; or what is in the way, and then the button waits. */
function show(estimate) {
  const problem = estimate.problem || estimate.refusal;
  showPrice(estimate);
  showMeaning(ownTopic(), estimate, meant);
  const actions = problem?.code === "language_unavailable" ? [otherLanguage()] : [];
  get("estimate-problem").replaceChildren(...(problem ? [problemStrip(problem, { actions })] : []));
  setAble(!problem);
}

function otherLanguage() {
  const other = [...form.elements.language].find((radio) => !radio.checked);
  return button(words.instead[other.value], () => other.click());
}

// --- starting ----------------------------------------------------------------------------------

let once = crypto.randomUUID(); // pressed twice, it is one debate

async function start() {
  if (get("start").getAttribute("aria-disabled") === "true") return;
  setAble(false);
  get("start-problem").replaceChildren();
  try {
    const { id } = await api("POST", "/api/v1/debates", body(), { once });
    location.assign(words.debate_url.replace(words.no_id, id));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    get("start-problem").replaceChildren(problemStrip({ ...error.body, status: error.status, detail: error.message }));
    if (error.status) once = crypto.randomUUID();
    setAble(true);
  }
}

// --- what the reader does ----------------------------------------------------------------------

/** A choice of what the typed question means, or none again. */
function meant(choice) {
  if (choice) {
    order.topic = choice.topic_id;
    usualCast({ isSwapped: choice.is_swapped });
    showCast();
  }
  price();
}

function choose(key) {
  order.topic = key;
  get("own-topic").value = "";
  forget();
  get("usual").hidden = true;
  usualCast();
  showCast();
  price();
}

form.addEventListener("submit", (event) => { event.preventDefault(); start(); });
form.addEventListener("change", ({ target }) => {
  if (target.name === "topic") choose(target.value);
  if (target.name === "seat") { order.seat = target.value; price(); }
  if (target.name === "format") { showCast(); price(); }
  if (target.name === "language") { showTopics(); showCast(); price(); }
  if (target.id === "category") showTopics();
  if (target.id === "moderator") price();
});
get("search").addEventListener("input", showTopics);
get("search").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
get("own-topic").addEventListener("input", () => {
  for (const radio of get("topics").querySelectorAll("input")) radio.checked = !ownTopic() && radio.value === order.topic;
  price({ after: TYPING_MS });
});
get("context").addEventListener("input", () => price({ after: TYPING_MS }));
get("usual").addEventListener("click", () => choose(order.topic));

usualCast();
showTopics();
showCast();
price();
