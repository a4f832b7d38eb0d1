// Sentences that tell what is in the way, each with its next step.

import { explained, words } from "./play-api.js";

export function button(label, onClick) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button", textContent: label });
  made.addEventListener("click", onClick);
  return made;
}

function link(label, href) {
  const made = document.createElement("a");
  Object.assign(made, { className: "button", textContent: label, href });
  return made;
}

export function strip(text, { tone = "warn", actions = [] } = {}) {
  const made = document.createElement("div");
  const said = document.createElement("p");
  made.className = "strip";
  made.dataset.tone = tone;
  said.textContent = text;
  made.append(said, ...actions);
  return made;
}

/** What a refusal offers: sign in, a bigger plan, another try. */
function waysOut({ status, upgrade }, again) {
  const ways = [];
  if (status === 401) ways.push(link(words.sign_in, `${words.sign_in_url}?next=${encodeURIComponent(location.pathname)}`));
  if (upgrade || status === 402) ways.push(link(words.plans, upgrade?.checkout_url || words.plans_url));
  if (again && (status === 0 || status >= 500 || status === 429)) ways.push(button(words.again, again));
  return ways;
}

/** `problem`: the fields of a problem+json. */
export function problemStrip(problem, { again, actions = [] } = {}) {
  const text = problem.status === 401 ? words.signed_out : explained(problem);
  return strip(text, { tone: "bad", actions: [...actions, ...waysOut(problem, again)] });
}

// --- the notices of a debate's page: one of each name, a new one takes its place ----------------

function put(name, made) {
  const notices = document.getElementById("notices");
  notices.querySelector(`[data-name="${name}"]`)?.remove();
  if (!made) return;
  made.dataset.name = name;
  notices.append(made);
}

export const notice = (name, text) => put(name, text ? strip(text) : null);

/** `error`: a Problem. */
export function tell(error, again, name = "problem") {
  put(name, problemStrip({ ...error.body, status: error.status, detail: error.message }, { again }));
}

/** For screen readers, once a turn is whole: not letter by letter. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
