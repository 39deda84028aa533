// Reloads when a file was saved and keeps the page one was on; marks that page in the list beside it.
"use strict";
const frame = document.getElementById("page"), panel = document.getElementById("panel"), live = document.getElementById("live");
const bench = document.querySelector(".bench");

function place() {
  const path = frame.contentWindow.location.pathname.split("/").slice(3).join("/");
  if (path === "answers") return "done";
  const found = path.match(/^(cards|questions)\/\d+/);
  return found ? found[0] : path === "done" ? "done" : "start";
}

function mark() {
  const here = place();
  for (const row of panel.querySelectorAll("[data-at]")) {
    const link = row.querySelector("a");
    if (row.dataset.at === here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const link of panel.querySelectorAll(".tongues a")) link.search = "?at=" + encodeURIComponent(here);
}

async function saved() {
  if (!frame) return location.reload();
  const answer = await fetch("/m/" + bench.dataset.name + "/panel");
  if (!answer.ok) return say("The file is gone.");
  panel.innerHTML = await answer.text();
  const shown = frame.contentWindow, top = shown.scrollY;
  frame.addEventListener("load", () => frame.contentWindow.scrollTo(0, top), { once: true });
  shown.location.replace(shown.location.href);
  say("Saved, and read again at " + new Date().toLocaleTimeString() + ": " + panel.querySelector("#count").textContent.trim() + ".");
}

function say(words) {
  if (live) live.textContent = words;
}

if (frame) {
  frame.addEventListener("load", mark);
  panel.addEventListener("click", event => {
    if (event.target.closest("a[target=page]")) frame.scrollIntoView({ block: "nearest" });
  });
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") mark();
}
const stream = new EventSource("/saved");
stream.addEventListener("saved", saved);
stream.addEventListener("error", () => say("The preview has stopped. Start it again with: jitt content preview"));
stream.addEventListener("open", () => live && live.textContent.startsWith("The preview has") && saved());
