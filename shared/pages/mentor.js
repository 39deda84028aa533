// The mentor's few lines of JavaScript: they start the worker that keeps a training on the phone, and show what it says.
// Every page works without them.
(() => {
  const SHORT = 5000, AGAIN = [10, 20, 40, 60], LOOKS = [5, 10, 20, 40, 60]; // the last one, in seconds, again and again
  const OVER = ["revoked", "expired", "check_in_expired"]; // of a link: what we kept of a call is given up then
  const strip = document.getElementById("strip"), forget = document.getElementById("forget");
  const keeping = document.getElementById("recordings"), look = document.querySelector("[data-again]"), workers = navigator.serviceWorker;
  const asks = new URLSearchParams(location.search), [, kind, inside] = location.pathname.match(/^\/([tc])\/([^/]+)/) ?? [];
  const of = kind ?? (asks.has("c") ? "c" : "t"), ref = inside ?? asks.get(of);
  let leaves, tries, tried = 0, looks, looked = 0, news = {}, said = "", lost = "";
  let calls = look?.dataset.again === "phone" ? 1 : 0; // that wait on the phone: as long as they do, the server knows nothing

  // A call that waits: it is asked for behind the page, less and less often, and the page changes when there is something new
  // to say of the call, as the heading that comes tells. Until then nobody is read the same words again, and the focus stays.
  const lookLater = () => { looks = setTimeout(lookAgain, 1000 * LOOKS[Math.min(looked++, LOOKS.length - 1)]); };
  async function lookAgain() {
    clearTimeout(looks);
    const state = document.visibilityState === "visible" && !calls ? await stateNow() : "";
    if (["asked", ...OVER].includes(state) || (state === "waits" && look.dataset.again === "phone")) return location.replace(location.href);
    if (state && strip) say(state === "broken" ? look.dataset.lost : "");
    clearTimeout(looks);
    if (!lost) lookLater(); // a cookie that is gone comes back with the link, in another tab
  }
  function say(words) {
    if (words === lost) return;
    lost = words;
    write();
  }
  async function stateNow() {
    try {
      const page = await (await fetch(location.href, { cache: "no-store" })).text();
      return page.match(/<h1[^>]* data-state="(\w+)"/)?.[1] ?? "";
    } catch {
      return "";
    }
  }
  if (look) lookLater();
  if (look) document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") lookAgain(); });
  if (!workers || !ref || !strip) return;
  if (!navigator.locks || ![].findLast) return;  // a browser from before 2022: the worker needs both

  function show(message) {
    const before = news.waiting, { waiting, calls: there = waiting, held, recordings } = news = message, left = calls && !there;
    clearTimeout(tries);
    if (waiting !== before || message.urgent) tried = 0; // a call for help does not slow down
    if (waiting && navigator.onLine) tries = setTimeout(() => { tried++; tell("look"); }, 1000 * AGAIN[Math.min(tried, AGAIN.length - 1)]);
    if (forget) forget.hidden = !held;
    if (keeping) showRecordings(held, recordings);
    calls = there;
    write();
    if (look && left) lookAgain();
  }

  function write() {
    const { words, again, waiting, stays } = news, says = [words, lost].filter(Boolean).join(" ");
    clearTimeout(leaves);
    const whole = says + (navigator.onLine ? again : "");
    if ((waiting || lost) && whole === said) return; // said once, not with each try; the button keeps its focus
    said = whole;
    strip.replaceChildren();
    if (!says) return;
    const line = document.createElement("p");
    line.className = "tickbox";
    line.textContent = says;
    strip.append(line);
    if (again && navigator.onLine) {
      const button = document.createElement("button");
      button.className = "small";
      button.textContent = again;
      button.addEventListener("click", () => tell("try"));
      strip.append(button);
    }
    if (!waiting && !lost && navigator.onLine && !stays) leaves = setTimeout(() => { news.words = ""; strip.replaceChildren(); }, SHORT);
  }

  function showRecordings(held, kept) {
    const [button, done] = keeping.children, moves = document.activeElement === button && kept;
    keeping.hidden = !held;
    [button.hidden, done.hidden] = [kept, !kept];
    if (moves) done.focus();
  }

  async function tell(type) {
    const { active } = await workers.ready;
    active.postMessage({ type, of, ref, path: location.pathname, lang: document.documentElement.lang, chosen: asks.get("lang") ?? "", online: navigator.onLine });
  }

  keeping?.firstElementChild.addEventListener("click", () => tell("recordings"));
  workers.addEventListener("message", (event) => show(event.data));
  const lookNow = () => { tried = 0; tell("look"); };
  for (const name of ["online", "offline"]) addEventListener(name, lookNow);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") lookNow(); });
  async function start() {
    try {
      await Promise.all([workers.register("/t/worker.js", { scope: "/t" }), of === "c" && workers.register("/c/worker.js", { scope: "/c/" })]);
      await tell("opened");
    } catch { /* a private window, or a browser that forbids it: the page works as before */ }
  }
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
})();
