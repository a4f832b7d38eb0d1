// What a debate will take, as the API estimates it.

import { count, dollars, sentence, words } from "./play-api.js";

const get = (id) => document.getElementById(id);

/** `estimate.problem`: there is none, and why. */
export function showPrice(estimate) {
  const hasPrice = !estimate.problem && estimate.stages.length > 0;
  get("estimate-range").textContent = hasPrice ? rangeOf(estimate) : "–";
  get("estimate-facts").replaceChildren(...(hasPrice ? factsOf(estimate) : []).map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  if (get("estimate-dollars")) get("estimate-dollars").textContent = hasPrice ? dollarsOf(estimate) : "";
}

const short = (text) => count(Number(text), Number(text) < 10 ? 2 : 0);

function rangeOf({ low_credits: low, high_credits: high }) {
  if (Number(high) === 0) return words.free;
  return sentence(words.range, { low: short(low), high: short(high) });
}

function dollarsOf({ low_nanos: low, high_nanos: high }) {
  return !high ? "" : sentence(words.dollars, { low: dollars(low), high: dollars(high) });
}

function factsOf(estimate) {
  const sum = (name) => estimate.stages.reduce((all, stage) => all + stage[name], 0);
  const facts = [sentence(words.turns, { turns: count(estimate.turns), calls: count(sum("calls")) })];
  if (sum("cached")) facts.push(sentence(words.cached, { cached: count(sum("cached")) }));
  facts.push(sentence(words.models, { models: estimate.model_classes.map((name) => words.classes[name] || name).join(", ") }));
  if (estimate.is_lean) facts.push(words.lean);
  facts.push(searchOf(estimate));
  if (!estimate.refusal) facts.push(quotaOf(estimate));
  if (estimate.paid_from !== "plan") facts.push(words.paid_from[estimate.paid_from]);
  return facts;
}

function searchOf({ search }) {
  if (!search.is_on) return words.search_off;
  return search.searches ? sentence(words.search_on, { searches: count(search.searches) }) : words.search_stored;
}

function quotaOf({ quota }) {
  if (!quota) return words.no_quota;
  const left = Math.max(0, quota.limit - quota.used);
  return sentence(words.quota, { left: count(left), limit: count(quota.limit) });
}
