// A training or a check-in without a connection. The network comes first; when it fails, or is slow, what the server made before stands in:
// this file picks one of those pages, fills in what was chosen, keeps the form, and sends it later, in order.
// KNOWN (of, version, shell, headers) is put before this file when it is served, worker-check-in.js behind it. It is served twice,
// for pages under /t and under /c/: both keep in one place, each has a cache of its own for what pages are made of.
const OWN = KNOWN.of === "c" ? "c-shell-" : "shell-", SHELL = OWN + KNOWN.version, HELP = "help", MEDIA = "media";
const POST_MS = 8000, GET_MS = 4000, SEND_MS = 20000, SAID_MS = 5000, HOUR = 3600000, DAY = 24 * HOUR, AT_ONCE = 50;
const MINE = {
  t: /^(|start|call|call\/[0-9a-f-]+|done|answers|forget|cards\/\d+|questions\/\d+(\/retry|\/report)?)$/,
  c: /^(|call|call\/[0-9a-f-]+|forget)$/,
};
const HELPS = /^\/talk(\/|$)|^\/[tc]\/[^/]+\/call(\/|$)/;
const FIRST = { t: 0, c: 1 }; // the kind of a link, as its first byte says it
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([...KNOWN.shell, "/talk"])));
});
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("sync", (event) => event.waitUntil(sendAll()));
addEventListener("message", (event) => event.waitUntil(heard(event.data)));
addEventListener("fetch", (event) => {
  const url = new URL(event.request.url), [, of, ref, path = ""] = url.pathname.match(/^\/([tc])\/([^/]+)(?:\/(.*))?$/) ?? [];
  if (url.origin !== location.origin) return;
  if (KNOWN.shell.some((file) => file.split("?")[0] === url.pathname)) event.respondWith(shell(event.request));
  else if (/^\/media\/[0-9a-f]{64}$/.test(url.pathname)) event.respondWith(recording(event.request));
  else if (event.request.mode !== "navigate") return;
  else if (ref && idOf(of, ref)) event.respondWith(MINE[of].test(path) ? visited(event, of, ref, path, url) : elsewhere(event.request, of, ref));
  else if (/^\/talk(\/|$)/.test(url.pathname)) event.respondWith(help(event.request, url));
});

// Where things are kept: `trainings` as the server made them, `acts` as they were done.
let opened;
const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
function database() {
  const request = indexedDB.open("jitt", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("trainings", { keyPath: "id" });
    request.result.createObjectStore("acts", { keyPath: "n", autoIncrement: true }).createIndex("id", "id");
  };
  return asked(request);
}
async function table(name, mode) {
  try {
    return (await (opened ??= database())).transaction(name, mode).objectStore(name);
  } catch {  // a browser may close it at any time, and refuse it today and not tomorrow
    return (await (opened = database())).transaction(name, mode).objectStore(name);
  }
}
// Where nothing can be read, nothing is held: the page then comes from the network, as without this file.
const find = async (id) => table("trainings", "readonly").then((store) => asked(store.get(id))).catch(() => undefined);
const actsOf = async (id) => asked((await table("acts", "readonly")).index("id").getAll(id));
const put = async (name, row) => asked((await table(name, "readwrite")).put(row));
const drop = async (name, key) => asked((await table(name, "readwrite")).delete(key));

const removed = new Map(); // how often: what was under way then must not bring a training back
const timesRemoved = (id) => removed.get(id) ?? 0;
async function remove(id) {
  removed.set(id, timesRemoved(id) + 1);
  for (const act of await actsOf(id)) await drop("acts", act.n);
  await drop("trainings", id);
  await tidy();
}

async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith(OWN) && name !== SHELL) await caches.delete(name);
  await clients.claim();
  renewed().catch(() => {}); // not waited for: pages are held back until this worker has taken over
}

async function renewed() {
  const before = new Map(removed);
  for (const held of await asked((await table("trainings", "readonly")).getAll())) {
    if (now(held) > held.made.starts * 1000 + 14 * DAY) await remove(held.id);
    else await refresh(held, before.get(held.id) ?? 0).catch(() => {});
  }
}

// A link in the path holds the id of what it opens; a phone never has to keep one to know whose page it is.
function idOf(of, ref) {
  if (!ref.includes(".")) return UUID.test(ref) ? ref : null;
  try {
    const bytes = [...atob(ref.split(".")[0].replaceAll("-", "+").replaceAll("_", "/"))].map((c) => c.charCodeAt(0));
    if (bytes[0] !== FIRST[of]) return null;
    return bytes.slice(1, 17).map((b) => b.toString(16).padStart(2, "0")).join("")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  } catch {
    return null;
  }
}
function whose(url) {
  const [, kind, inside] = url.pathname.match(/^\/([tc])\/([^/]+)/) ?? [], of = kind ?? (url.searchParams.has("c") ? "c" : "t");
  const ref = inside ?? url.searchParams.get(of) ?? "";
  return { of, ref, id: idOf(of, ref) };
}
const home = ({ of = "t", ref }) => `/${of}/${ref}`; // rows from before check-ins do not say what they are of
const ways = (held) => (held.of === "c" ? CHECK_IN : { fold, look, judge });

// The server's clock as far as this phone can tell: whether its own is right does not matter.
const now = (held) => held.made.now * 1000 + Math.max(0, Date.now() - held.at);
const inTime = (work, ms) => Promise.race([work.catch(() => null), new Promise((done) => setTimeout(done, ms, null))]);
const good = (response) => response && (response.type === "opaqueredirect" || (response.status < 500 && response.status !== 404));
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const escaped = (text) => text.replace(/[&<>"']/g, (c) => ENTITIES[c]);

async function shell(request) {
  const exact = await caches.match(request, { cacheName: SHELL });
  return exact ?? fetch(request).catch(() => caches.match(request, { cacheName: SHELL, ignoreSearch: true }));
}

// Audio and video: a player asks for pieces, and gets them of what is kept here.
async function recording(request) {
  const kept = await caches.match(request.url, { cacheName: MEDIA });
  if (!kept) return fetch(request);
  const [, first, last] = request.headers.get("range")?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
  if (first === undefined) return kept;
  const whole = await kept.blob(), from = Number(first), until = Math.min(last ? Number(last) : Infinity, whole.size - 1);
  if (from > until) return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${whole.size}` } });
  const headers = { "Content-Type": kept.headers.get("content-type"), "Content-Range": `bytes ${from}-${until}/${whole.size}`, "Accept-Ranges": "bytes" };
  return new Response(whole.slice(from, until + 1), { status: 206, headers });
}
const recordingsOf = (held) => held?.made.recordings ?? [];
async function keepRecordings(held) {
  const cache = recordingsOf(held).length && await caches.open(MEDIA);
  for (const file of recordingsOf(held)) if (!await cache.match(file)) await cache.add(file);
}
async function areKept(held) {
  for (const file of recordingsOf(held)) if (!await caches.match(file, { cacheName: MEDIA })) return false;
  return true;
}
// Small ones come along by themselves where the browser says that data is not dear; a browser that says nothing is not asked.
const isFree = () => Boolean(navigator.connection) && !navigator.connection.saveData && navigator.connection.type !== "cellular";
async function tidy() {
  if (!await caches.has(MEDIA)) return;
  const held = await asked((await table("trainings", "readonly")).getAll()), named = new Set(held.flatMap(recordingsOf)), cache = await caches.open(MEDIA);
  for (const { url } of await cache.keys()) if (!named.has(new URL(url).pathname)) await cache.delete(url);
}

async function help(request, url) {
  const response = await inTime(fetch(request), GET_MS);
  if (good(response)) return response;
  const { ref, id } = whose(url), held = id && await find(id);
  if (held) return made(held.made.pages.talk, held, ref);
  return await caches.match(url.pathname, { cacheName: HELP, ignoreSearch: true })
    ?? await caches.match("/talk", { cacheName: SHELL }) ?? Response.error();
}

// Pages that are not kept: from the network alone, and said so without one.
async function elsewhere(request, of, ref) {
  try {
    return await fetch(request);
  } catch (failed) {
    const held = await find(idOf(of, ref));
    if (held) return made(held.made.pages.offline, held, ref);
    throw failed;
  }
}

async function visited(event, of, ref, path, url) {
  const { request } = event, id = idOf(of, ref), held = await find(id);
  if (!held) return fetch(request);
  const fields = request.method === "POST" ? [...await request.clone().formData()].map(([k, v]) => [k, String(v)]) : null;
  if (fields && path === "forget") return forget(request, held, ref, fields);
  const counts = path.startsWith("call/") ? (act) => act.told.call : () => true; // the page of a call that has left waits for no answer
  if (!(await actsOf(id)).some((act) => !act.sent && counts(act))) {  // else the server is behind: its pages would ask again
    const response = await inTime(fetch(request), fields ? POST_MS : GET_MS);
    if (good(response)) {
      if (fields && response.type === "opaqueredirect") await noted(held, ref, path, fields).catch(() => {});
      return response;
    }
  }
  if (!fields) {
    event.waitUntil(send(id));
    return answer(ways(held).look(held, await stateOf(held), path, url), held, ref);
  }
  const decided = await navigator.locks.request("keep", () => keep(held, ref, path, fields, false));
  event.waitUntil(registration.sync?.register("send").catch(() => {}));
  await inTime(send(id), GET_MS);
  return answer(decided, held, ref);
}

function answer({ to, html, status }, held, ref) {
  return to === undefined ? made(html, held, ref, status) : Response.redirect(home({ of: held.of, ref }) + (to && "/") + to, 303);
}

// A page as the server would have sent it: a form of its own, and the link in its addresses where no cookie holds it.
function made(html, held, ref, status = 200) {
  const page = html.replaceAll(held.id, () => ref)
    .replace(/name="request" value="[^"]*"/g, () => `name="request" value="${crypto.randomUUID()}"`)
    .replace(/name="shown" value="\d+"/g, 'name="shown" value=""');
  return new Response(page, { status, headers: KNOWN.headers });
}

async function forget(request, held, ref, fields) {
  const waiting = (await actsOf(held.id)).some((act) => !act.sent);
  if (waiting && !fields.some(([name]) => name === "sure")) {
    await inTime(send(held.id), GET_MS);
    if ((await actsOf(held.id)).some((act) => !act.sent)) return made(held.made.pages.forget, held, ref);
  }
  await remove(held.id);
  const response = await inTime(fetch(request), POST_MS);
  return good(response) ? response : made(held.made.pages.forgotten, held, ref);
}

// What is so by now: as the server had it, and what was done since.
const stateOf = async (held) => ways(held).fold(held, await actsOf(held.id));
function fold(held, acts) {
  const { opened, read, tries, said } = held.made;
  const state = { opened, read, tries: [...tries], said: new Map(said), kept: new Set(), calls: 0, last: "" };
  if (tries.length) state.last = `questions/${tries.at(-1).number}`;
  for (const { sent, told } of acts) {
    if (told.start) state.opened = true;
    if (told.read) state.read = Math.max(state.read, told.read);
    if (told.call && !sent) state.calls += 1;
    if (told.attempt && !state.tries.some((t) => t.number === told.number && t.attempt === told.attempt)) {
      state.tries.push(told);
      state.last = `questions/${told.number}`;
    }
    if (told.said && !state.said.has(told.number)) {
      state.said.set(told.number, told.said);
      state.last = "";
    }
    if (told.said && !sent) state.kept.add(told.number);
  }
  state.closed = now(held) >= held.made.starts * 1000;
  return state;
}
const triesAt = (state, number) => state.tries.filter((t) => t.number === number);
const settled = (state, number) => state.said.has(number) || (triesAt(state, number).at(-1)?.open ?? true) === false;
const next = (held, state) => {
  const open = held.made.questions.find((q) => !settled(state, q.number));
  return open ? `questions/${open.number}` : "done";
};
const place = (held, state) => (state.read < held.made.cards ? `cards/${state.read + 1}` : state.last || next(held, state));

// Reading: {html} or {to}, as the server's own pages go.
function look(held, state, path, url) {
  const { pages } = held.made, [kind, n] = path.split("/"), number = Number(n), page = path + url.search;
  if (kind === "call") return { html: state.calls ? pages.call : pages.offline };
  if (kind === "answers") return { html: linesOf(pages.answers, outcomes(held, state)) };
  const done = next(held, state) === "done";
  if (kind === "cards" && (state.opened || state.closed)) {
    const shown = state.closed ? `closed/${page}` : page, plain = state.closed ? `closed/${path}` : path;
    return (pages[shown] ?? pages[plain]) ? { html: pages[shown] ?? pages[plain] } : { to: "" };
  }
  if (kind === "questions") {
    const question = held.made.questions[number - 1];
    if (!question) return { to: "" };
    if (state.said.has(number)) return { html: saidPage(held, state, question) };
    if (triesAt(state, number).length) return { html: feedback(held, state, question, url.searchParams.has("again")) };
    return state.opened && !state.closed ? { html: question.pages.ask } : { to: "" };
  }
  if (kind === "done" && done) return { html: donePage(held, state) };
  if (state.opened && done) return { to: "done" };
  if (state.closed) return { html: pages.closed };
  if (kind === "done" || state.opened) return { to: state.opened ? place(held, state) : "" };
  return { html: pages[""] };
}

// The look back: of each question that has an answer, what became of it.
function outcomes(held, state) {
  const found = {};
  for (const { number } of held.made.questions) {
    const last = triesAt(state, number).at(-1), said = state.said.get(number);
    if (said) found[number] = said === "written" && state.kept.has(number) ? "kept" : said;
    else if (last) found[number] = last.correct ? (last.attempt === 1 ? "works" : "recovered") : last.open && !state.closed ? "not_quite" : "shown";
  }
  return found;
}
// Of a page with every line that may be said, those that fit.
const linesOf = (html, said) => html.replace(/<(li|section)([^>]*) data-said="([^=]*)=([^"]*)"([\s\S]*?<\/\1>)/g,
  (_, tag, before, name, value, rest) => (said[name] === value ? `<${tag}${before}${rest}` : ""));

const mended = (html, held, state) => html.replaceAll(`/t/${held.id}/done"`, `/t/${held.id}/${next(held, state)}"`);

function saidPage(held, state, question) {
  const kept = state.kept.has(question.number) ? "kept" : "sent";
  return mended(question.pages[`${kept} ${state.said.get(question.number)}`], held, state);
}

// Slots are filled one by one; the last takes all that is left.
function fill(html, slot, parts) {
  const place = new RegExp(`<blockquote[^>]*>@${slot}@</blockquote>(\\s*<p[^>]*>@${slot}@</p>)?`, "g");
  const slots = html.match(place)?.length ?? 0;
  let n = 0;
  return html.replace(place, () => (++n < slots ? parts[n - 1] : parts.slice(n - 1).join("")) ?? "");
}

function feedback(held, state, question, again = false, problem = false) {
  const tries = triesAt(state, question.number), first = tries[0], last = tries.at(-1), { pages, right, kind } = question;
  const wrong = kind === "order" ? [] : question.options.filter((id) => !right.includes(id));
  const said = (ids) => ids.map((id) => question.said[id]);
  let html;
  if (last.correct && last.attempt === 1) html = pages[first.confidence === "guess" ? "works guess" : "works"];
  else if (last.open && !state.closed) {
    const incomplete = kind === "multi" && !first.chosen.some((id) => wrong.includes(id));
    const name = ["not_quite", incomplete && "incomplete", first.confidence === "sure" && "certain", problem && "answer"];
    html = fill(pages[name.filter(Boolean).join(" ")], "chosen", said(first.chosen));
    if (kind === "single") html = without(html, first.chosen[0]);
  } else {
    const others = wrong.filter((id) => !first.chosen.includes(id));
    html = pages[`${last.correct ? "recovered" : "shown"} ${Math.min(others.length, 2)}`];
    html = fill(fill(html, "chosen", said(first.chosen)), "others", said(others));
  }
  if (again) html = html.replace('<h1 tabindex="-1" id="result">', (h1) => question.again + h1);
  return mended(html, held, state);
}

// The tried option is gone before the retry, and the first of the others takes its id.
function without(html, id) {
  const rest = html.replace(new RegExp(`<label class="choice"><input type="radio" name="option" value="${id}"[\\s\\S]*?</label>`), "");
  return rest.includes('id="answer"') ? rest : rest.replace(/(<input type="radio" name="option" value="[^"]*")/, '$1 id="answer"');
}

function donePage(held, state) {
  const { pages, topics, headings, missed, looks } = held.made.done;
  const misses = state.tries.filter((t) => t.attempt === 1 && !t.correct).map((t) => t.number);
  const recovered = misses.filter((n) => triesAt(state, n).at(-1).correct).length;
  const hold = misses.some((n) => held.made.questions[n - 1].safety), late = now(held) > held.made.quizBy * 1000;
  const page = pages[[misses.length && "missed", hold && "hold", late && "late"].filter(Boolean).join(" ")];
  const rank = ([n, safety]) => (misses.includes(n) ? (safety ? 0 : 1) : 2);
  const [, , cue, lang] = [...looks].sort((a, b) => rank(a) - rank(b) || a[0] - b[0])[0] ?? [];
  return page.replace(/<span[^>]*>@look@/, () => `<span${lang ? ` lang="${lang}"` : ""}>${escaped(cue)}`)
    .replace("@heading@", escaped(headings[misses.length][Number(hold)]))
    .replace("@missed@", escaped(missed[misses.length][recovered]))
    .replace(/<ul class="why">([\s\S]*?)<\/ul>/, (list, inner) => {
      const lines = misses.length ? inner.match(/<li[\s\S]*?<\/li>/g) : null;
      return lines ? `<ul class="why">\n${misses.map((n) => lines[topics.indexOf(n)]).join("\n")}\n</ul>` : list;
    })
    .replace(/(<li class="now"><time)[^>]*>[^<]*/, `$1 datetime="${new Date().toISOString()}">${escaped(held.made.words.now)}`);
}

// Answering: {to} or {html}, and `told`, what is to be kept of it. The rules are those of grading.py and questions.py.
function judge(held, state, path, fields) {
  const form = Object.fromEntries(fields), [kind, n, more] = path.split("/"), number = Number(n);
  if (kind === "call") return called(form);
  if (more === "report") return { told: { report: number }, to: `questions/${number}#report` };
  if (state.closed) return { to: "" };
  if (kind === "start") return { told: state.opened ? null : { start: true }, to: place(held, state) };
  if (!state.opened) return { to: "" };
  if (kind === "cards") return { told: { read: number }, to: number < held.made.cards ? `cards/${number + 1}` : next(held, state) };
  const question = held.made.questions[number - 1];
  if (!question) return { to: "" };
  if (question.kind === "open") return openAnswer(state, question, form);
  const tries = triesAt(state, number);
  return more === "retry" ? secondTry(held, state, question, fields, tries) : firstTry(state, question, fields, tries);
}

function called(form) {
  const asks = new URLSearchParams({ kind: form.kind, site: form.site ?? "", lang: form.lang ?? "" });
  return { told: { call: true }, to: `call/${form.request}?${asks}` };
}

function openAnswer(state, { number, pages }, form) {
  if (state.said.has(number)) return { to: `questions/${number}` };
  if (form.talk) return { told: { number, said: "rather_talk" }, to: `questions/${number}` };
  const text = (form.text ?? "").replaceAll("\0", "").replaceAll("\r\n", "\n").trim(), long = [...text].length > 500;
  if (text && !long) return { told: { number, said: "written" }, to: `questions/${number}` };
  const html = pages[long ? "ask shorter" : "ask write"];
  return { html: html.replace(/(<textarea[^>]*>)[\s\S]*?<\/textarea>/, (_, tag) => `${tag}${escaped(text)}</textarea>`), status: 422 };
}

function firstTry(state, question, fields, tries) {
  const { number } = question, chosen = choice(question, fields), sure = fields.findLast(([k]) => k === "confidence")?.[1];
  if (tries.length) return { to: `questions/${number}?again=1` };
  const confident = ["guess", "think_so", "sure"].includes(sure);
  if (!chosen || !confident) {
    const page = question.pages[["ask", !chosen && "answer", !confident && "sure"].filter(Boolean).join(" ")];
    return { html: retained(page, fields), status: 422 };
  }
  const correct = right(question, chosen);
  return { told: { number, attempt: 1, chosen, confidence: sure, correct, open: !correct && question.retry }, to: `questions/${number}` };
}

function secondTry(held, state, question, fields, tries) {
  const { number } = question, to = `questions/${number}`, asks = fields.some(([k, v]) => k === "show" && v);
  if (!tries.length) return { to };
  if (!tries.at(-1).open) return { to: `${to}?again=1` };
  if (asks) return { told: { number, attempt: 2, chosen: [], correct: false, shown: true, open: false }, to };
  const chosen = choice(question, fields, question.kind === "single" ? tries[0].chosen : []);
  if (!chosen) return { html: retained(feedback(held, state, question, false, true), fields), status: 422 };
  return { told: { number, attempt: 2, chosen, correct: right(question, chosen), open: false }, to };
}

// Option ids, for an ordering question in their order; null when the page could not have sent this.
function choice({ kind, options }, fields, gone = []) {
  if (kind === "order") {
    const places = fields.filter(([name]) => name.startsWith("place-")).sort((a, b) => (a[1] < b[1] ? -1 : 1));
    const whole = places.length === options.length && places.every(([, at], n) => at === String(n + 1));
    return whole ? places.map(([name]) => name.slice(6)) : null;
  }
  const chosen = [...new Set(fields.filter(([name]) => name === "option").map(([, id]) => id))];
  const fits = chosen.every((id) => options.includes(id) && !gone.includes(id));
  return fits && (kind === "single" ? chosen.length === 1 : chosen.length > 0) ? chosen : null;
}

function right({ kind, right: ids }, chosen) {
  if (kind === "order") return ids.every((id, n) => id === chosen[n]);
  return ids.length === chosen.length && ids.every((id) => chosen.includes(id));
}

function retained(html, fields) {
  for (const [name, value] of fields) {
    if (name === "option") html = html.replace(new RegExp(`(<input type="(?:radio|checkbox)" name="option" value="${value}"[^>]*)>`), "$1 checked>");
    if (name.startsWith("place-") && value) html = html.replace(new RegExp(`(<select name="${name}"[\\s\\S]*?<option value="${value}")>`), "$1 selected>");
  }
  return html;
}

async function keep(held, ref, path, fields, sent) {
  const request = fields.find(([name]) => name === "request")?.[1] ?? "", acts = await actsOf(held.id);
  const decided = ways(held).judge(held, await stateOf(held), path, fields);
  const shown = held.made.questions?.[Number(path.split("/")[1]) - 1]?.version; // by whose key the phone told what works
  if (shown) fields = fields.map(([name, value]) => [name, name === "version" ? String(shown) : value]);
  const twice = request && acts.some((act) => act.request === request && act.told.call);
  if (decided.told && !twice) await put("acts", { id: held.id, of: held.of, ref, path, fields: sent ? [] : fields, request, sent, at: Date.now(), told: decided.told });
  return decided;
}
const noted = async (held, ref, path, fields) => (path === "call" ? null : navigator.locks.request("keep", () => keep(held, ref, path, fields, true)));

// Sending: calls for help first, then in order, one request at a time. A form is let go of when the server has said what became of it.
const send = (id) => navigator.locks.request(`send ${id}`, { ifAvailable: true }, async (lock) => {
  for (let more = Boolean(lock); more;) more = await sendSome(id);
});

async function sendSome(id, most = AT_ONCE) {
  const waiting = (await actsOf(id)).filter((act) => !act.sent), calls = waiting.filter((act) => act.told.call);
  const acts = (calls.length ? calls : waiting).slice(0, most);
  if (!acts.length) return false;
  const last = waiting.at(-1), forms = acts.map((act) => ({ path: act.path, fields: act.fields, age: Date.now() - act.at }));
  const stop = new AbortController();
  setTimeout(() => stop.abort(), SEND_MS);  // iOS 15 has no AbortSignal.timeout
  const asks = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ forms }), signal: stop.signal };
  const before = timesRemoved(id), response = await fetch(`${home(last)}/kept`, asks).catch(() => null);
  if (timesRemoved(id) !== before) return false;
  if ([400, 413, 422].includes(response?.status)) { // one that the server cannot read holds up no other
    if (acts.length > 1) return sendSome(id, 1);
    await drop("acts", acts[0].n);
    await tell(id, (await find(id))?.made.words.refused);
    return waiting.length > 1;
  }
  if (!response?.ok) {
    if (response?.status === 404) shut.add(id);
    await tell(id);
    return false;
  }
  shut.delete(id);
  const { results, said, stays } = await response.json();
  if (timesRemoved(id) !== before) return false;
  for (const [n, result] of results.entries()) {
    if (result === "sent") await put("acts", { ...acts[n], sent: true, fields: [] });
    else if (result !== "wait") await drop("acts", acts[n].n);
  }
  await refresh({ ...await find(id), ...last }, before).catch(() => {});
  await tell(id, said, stays);
  return results.length === acts.length && !results.includes("wait") && waiting.length > acts.length;
}

async function sendAll() {
  const acts = await asked((await table("acts", "readonly")).getAll());
  for (const id of new Set(acts.filter((act) => !act.sent).map((act) => act.id))) await send(id);
}

// What the server has now, one after the other: the newest stays. A training that is done, and sent, leaves the phone.
const refresh = (what, gone = timesRemoved(what.id)) => navigator.locks.request(`refresh ${what.id}`, () => fetched(what, gone));
async function fetched({ id, of = "t", ref, chosen = "" }, gone) {
  if (timesRemoved(id) !== gone) return;
  const asks = of === "c" && chosen ? `?lang=${chosen}` : ""; // a training knows itself in which language it is read
  const before = await actsOf(id), response = await fetch(`${home({ of, ref })}/offline${asks}`);
  if (response.status === 410 && (of === "c" || (await response.json()).reason === "done") && before.every((act) => act.sent)) await remove(id);
  if (!response.ok) return;
  const fresh = await response.json();
  if (timesRemoved(id) !== gone) return;
  await put("trainings", { id, of, ref, chosen, at: Date.now(), made: fresh });
  for (const act of before) if (act.sent) await drop("acts", act.n);
  if (fresh.light && isFree()) await keepRecordings(await find(id)).catch(() => {});
  await (await caches.open(HELP)).add(fresh.help).catch(() => {});
}

let online = navigator.onLine; // a page knows it sooner than its worker
async function heard({ type, of = "t", ref, path, lang, chosen, online: told }) {
  const id = idOf(of, ref), gone = timesRemoved(id);
  if (!id) return;
  online = told;
  if (type === "recordings") await keepRecordings(await find(id)).catch(() => {});
  if (type === "opened") for (const act of await actsOf(id)) if (!act.sent && act.ref !== ref) await put("acts", { ...act, ref });
  await send(id);
  const held = await find(id), other = !held || held.ref !== ref || held.made.version !== KNOWN.version || held.made.lang !== lang;
  const begun = /\/(cards|questions|done)/.test(path) && !held?.made.opened;
  const opens = type === "opened" && (held || !HELPS.test(path)); // who asks for help gets back nothing that was removed
  if (opens && (other || begun || Date.now() - held.at > 6 * HOUR || path.endsWith("/done"))) await refresh({ id, of, ref, chosen }, gone).catch(() => {});
  await tell(id);
}

const news = new Map(); // what became of the answers is said for a while, whatever else there is to say
// The page of a safety question that was missed twice says that somebody is asked to call; a check-in may ask for a talk today.
// Until it is sent, nobody was told.
const isAlarm = (held, { number, attempt, correct, open, filled }) =>
  filled?.talk === "today" || (attempt && !correct && !open && held?.made.questions?.[number - 1]?.safety);
const shut = new Set(); // trainings whose cookie is gone: the link opens them again
async function tell(id, said = "", stays = false) {
  if (said) news.set(id, [said, Date.now(), stays]);
  const [recent, since, stay] = news.get(id) ?? ["", 0, false], fresh = recent && (stay ? DAY : SAID_MS) > Date.now() - since;
  const held = await find(id), waiting = (await actsOf(id)).filter((act) => !act.sent), words = held?.made.words;
  const answers = waiting.filter((act) => act.told.number || act.told.filled).length, calls = waiting.filter((act) => act.told.call).length;
  const call = calls || waiting.some((act) => isAlarm(held, act.told)), lines = [fresh ? recent : ""];
  if (words) {
    if (call) lines.push(words.call);
    else if (!online) lines.push(words.offline);
    if (answers) lines.push(words.waiting[Math.min(answers, words.waiting.length - 1)]);
    if (waiting.length && shut.has(id)) lines.push(words.link);
  }
  const message = { words: lines.filter(Boolean).join(" "), waiting: waiting.length, calls, urgent: Boolean(call), held: Boolean(held), again: waiting.length ? words?.try : "", stays: fresh && stay, recordings: await areKept(held) };
  for (const client of await clients.matchAll({ includeUncontrolled: true })) if (whose(new URL(client.url)).id === id) client.postMessage(message);
}
