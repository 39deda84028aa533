// The mentor's few lines of JavaScript: they start the worker that keeps a training on the phone, and show what it says.
// Every page works without them.
(() => {
  const SHORT = 5000, SOON = 10000, AGAIN = 10000;
  const strip = document.getElementById("strip"), forget = document.getElementById("forget");
  const look = document.querySelector("[data-again]"), workers = navigator.serviceWorker;
  const ref = location.pathname.match(/^\/t\/([^/]+)/)?.[1] ?? new URLSearchParams(location.search).get("t");
  let leaves, tries, said = "", waited = 0;

  // A call that waits: the page looks again by itself, and when the phone has sent it.
  if (look) setTimeout(() => location.replace(location.href), SOON);
  if (!workers || !ref || !strip) return;
  if (!navigator.locks || ![].findLast) return;  // a browser from before 2022: the worker needs both

  function show({ words, again, waiting, held }) {
    clearTimeout(leaves);
    clearTimeout(tries);
    if (waiting && navigator.onLine) tries = setTimeout(() => tell("look"), AGAIN);
    if (forget) forget.hidden = !held;
    if (look && waited && !waiting) location.replace(location.href);
    waited = waiting;
    const says = words + (navigator.onLine ? again : "");
    if (waiting && says === said) return; // said once, not with each try; the button keeps its focus
    said = says;
    strip.replaceChildren();
    if (!words) return;
    const line = document.createElement("p");
    line.className = "tickbox";
    line.textContent = words;
    strip.append(line);
    if (again && navigator.onLine) {
      const button = document.createElement("button");
      button.className = "small";
      button.textContent = again;
      button.addEventListener("click", () => tell("try"));
      strip.append(button);
    }
    if (!waiting && navigator.onLine) leaves = setTimeout(() => strip.replaceChildren(), SHORT);
  }

  async function tell(type) {
    const { active } = await workers.ready;
    active.postMessage({ type, ref, path: location.pathname, lang: document.documentElement.lang, online: navigator.onLine });
  }

  workers.addEventListener("message", (event) => show(event.data));
  for (const name of ["online", "offline"]) addEventListener(name, () => tell("look"));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") tell("look"); });
  async function start() {
    try {
      await workers.register("/t/worker.js", { scope: "/t" });
      await tell("opened");
    } catch { /* a private window, or a browser that forbids it: the page works as before */ }
  }
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
})();
