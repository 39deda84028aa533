// The console's few lines of JavaScript. Every page works without them.
// Live pages: says whether the stream is there, and holds new rows back while somebody is in the list.
(() => {
  const LATE = 400, VERY_LATE = 8000;
  const line = document.getElementById("live-line"), words = document.getElementById("live");
  const list = document.getElementById("live-list"), reload = document.getElementById("reload");
  const news = document.getElementById("news");
  const said = { hour: "numeric", minute: "2-digit", timeZone: line?.dataset.zone };
  const clock = () => new Date().toLocaleTimeString("en-US", said).toLowerCase();
  let waiting = 0, last = line?.dataset.at;

  function live(on) {
    if (!line) return;
    line.classList.toggle("off", !on);
    reload.hidden = on;
    if (on && !words.textContent.startsWith("Live.")) words.textContent = `Live. Nothing new since ${last}.`;
    if (!on) words.textContent = `Not live. Last update ${last}.`;
  }

  const inList = () => list.querySelector("ul:hover, ul:focus-within") !== null;

  if (list) {
    list.addEventListener("htmx:sse:after:connection", () => live(true));
    list.addEventListener("htmx:sse:error", () => live(false));
    list.addEventListener("htmx:sse:close", () => live(false));
    list.addEventListener("htmx:sse:before:message", (event) => {
      last = clock();
      if (!event.detail.message.data.includes('hx-target="#live-list"') || !inList()) return;
      event.preventDefault();
      waiting += 1;
      news.textContent = `${waiting} new. Show`;
      news.parentElement.hidden = false;
    });
    addEventListener("offline", () => live(false));
  }

  // Alerts: tells whose heading somebody has had before them for a second. What comes in while nobody is there waits for a sign of
  // somebody.
  const toRead = document.querySelector("[data-csrf]");
  if (toRead && "IntersectionObserver" in window) {
    const SECOND = 1000, inView = new Map(), came = new Map(), watched = new WeakSet(), told = new Set();
    let active = 0;
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) inView.set(target, performance.now()); else inView.delete(target);
      }
    }, { threshold: 1 });
    const idOf = (one) => one.closest("[data-unseen]")?.dataset.unseen;
    const watch = (at) => {
      for (const one of toRead.querySelectorAll("[data-unseen] :is(h2, h3)")) {
        if (!came.has(idOf(one))) came.set(idOf(one), at);
        if (!watched.has(one)) { watched.add(one); observer.observe(one); }
      }
    };
    const look = () => {
      const now = performance.now();
      if (document.visibilityState !== "visible") { for (const one of inView.keys()) inView.set(one, now); return; }
      const read = [...inView].filter(([one, since]) => one.isConnected && now - since >= SECOND).map(([one]) => idOf(one));
      const ids = read.filter((id) => id && !told.has(id) && active >= came.get(id));
      if (ids.length === 0) return;
      ids.forEach((id) => told.add(id));
      tell(ids);
    };
    // Where the server or the line is away, some times more, later; then not before the next sign of somebody. What was refused stays so.
    const LATER = [2000, 10000, 30000];
    const tell = (ids, tries = 0) => {
      const again = () => {
        if (tries < LATER.length) { setTimeout(() => tell(ids, tries + 1), LATER[tries]); return; }
        ids.forEach((id) => { told.delete(id); came.set(id, performance.now()); });
      };
      const body = new URLSearchParams([["csrf", toRead.dataset.csrf], ...ids.map((id) => ["alert_id", id])]);
      fetch("/alerts/seen", { method: "POST", body, keepalive: true }).then((answer) => { if (answer.status >= 500) again(); }, again);
    };
    for (const sign of ["pointermove", "pointerdown", "keydown", "scroll", "focus"]) {
      addEventListener(sign, () => { active = performance.now(); }, { passive: true, capture: true });
    }
    new MutationObserver(() => watch(performance.now())).observe(toRead, { childList: true, subtree: true, attributeFilter: ["data-unseen"] });
    watch(0);
    setInterval(look, SECOND / 2);
  }

  const problem = document.getElementById("problem");
  if (problem) problem.focus();
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    if (!button) return;
    setTimeout(() => { button.setAttribute("aria-disabled", "true"); button.textContent = "Sending…"; }, LATE);
    setTimeout(() => {
      const note = document.createElement("p");
      note.setAttribute("role", "status");
      note.textContent = "Still sending. It will count once, even if you tap again.";
      form.append(note);
      delete form.dataset.sent;
    }, VERY_LATE);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
