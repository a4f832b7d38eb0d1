// Parts that renew themselves: only while somebody can see them, and not under anybody's hands.
const due = new Map(); // when each part was last asked for
const open = new Set();
const loadedAt = Date.now();

function isInUse(part) {
  const held = document.activeElement;
  return part.contains(held) && held.matches("input, select");
}

function renew() {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-renew]")) {
    const last = due.get(part.id) || loadedAt;
    if (Date.now() - last < part.dataset.renew * 1000 || isInUse(part)) continue;
    due.set(part.id, Date.now());
    htmx.trigger(part, "renew");
  }
}

/** What was unfolded stays unfolded in the part that comes instead. */
function noteOpen(part) {
  for (const details of part.querySelectorAll("details")) {
    const name = details.id || details.parentElement.id;
    if (details.open) open.add(name); else open.delete(name);
  }
}

function reopen() {
  for (const name of open) {
    const there = document.getElementById(name);
    const details = there && (there.matches("details") ? there : there.querySelector("details"));
    if (details) details.open = true;
  }
}

function sayFailed(hasFailed) {
  const strip = document.querySelector("[data-renew-failed]");
  if (strip) strip.hidden = !hasFailed;
}

setInterval(renew, 1000);
document.addEventListener("visibilitychange", renew);
document.addEventListener("htmx:beforeSwap", (event) => noteOpen(event.detail.target));
document.addEventListener("htmx:afterSwap", reopen);
document.addEventListener("htmx:afterRequest", (event) => sayFailed(!event.detail.successful));
