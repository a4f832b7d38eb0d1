// The last turn can be written anew, as long as nothing has followed it.

import { api } from "./play-api.js";

const talk = document.getElementById("talk");
const BY_MODELS = ["live", "cache"]; // a template would say the same again

/** Of the tries of a step the one that stands, else the last. */
export function standing(turn, turns) {
  const tries = turns.filter((other) => other.step === turn.step);
  return tries.findLast((one) => one.status === "completed") ?? tries.at(-1);
}

/** The button at the last turn, if it may be pressed now. */
export function showAnew(debate, { isBusy }) {
  const last = debate.turns.at(-1);
  const isOpen = debate.status === "open" && !debate.running && !isBusy;
  const isPossible = isOpen && last?.status === "completed" && BY_MODELS.includes(last.source);
  for (const button of talk.querySelectorAll("[data-slot=anew]")) {
    const { turn } = button.closest("[data-turn]").dataset;
    button.hidden = !isPossible || Number(turn) !== last.turn;
  }
}

/** `ask`: one thing at a time, tried again by whoever presses again. */
export function listenAnew({ ask, url, read }) {
  talk.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-slot=anew]");
    if (!button) return;
    const { turn } = button.closest("[data-turn]").dataset;
    const once = crypto.randomUUID();
    const send = () => ask(async () => {
      read(await api("POST", `${url}/turns/${turn}/regenerate`, {}, { once }));
    }, send);
    send();
  });
}
