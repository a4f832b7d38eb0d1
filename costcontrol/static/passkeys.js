// Says on the page what a passkey's dialog could not do; allauth's own script says it to nobody.

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  for (const note of document.querySelectorAll("[data-passkey-failed]")) note.hidden = false;
});
