// A check-in without a connection: a form, and what was said in it until the server has it. As in worker.js, this file writes
// no words: of a page with every line it leaves those that fit.
const CHECK_IN = {
  fold(held, acts) {
    const said = acts.filter((act) => !act.sent && act.told.filled).at(-1);
    const calls = acts.filter((act) => !act.sent && act.told.call).length;
    return { said: said && said.told.filled, calls, closed: now(held) > held.made.until * 1000 };
  },

  look({ made: { pages } }, { said, calls, closed }, path, url) {
    if (path.startsWith("call")) return { html: calls ? pages.call : pages.offline };
    if (path) return { html: pages.offline };
    if (said && !url.searchParams.has("change")) return { html: linesOf(pages.kept, said) };
    return closed ? { html: pages.closed } : { html: tapped(pages.form, said ?? {}) };
  },

  judge({ made }, { closed }, path, fields) {
    const form = Object.fromEntries(fields);
    if (path === "call") return called(form);
    if (path) return { html: made.pages.offline };
    if (closed) return { to: "" };
    const steps = form.happened === "no" ? [] : made.steps, every = ["happened", ...made.steps, "talk"];
    const missing = ["happened", ...steps, "talk"].filter((name) => !form[name]);
    if (missing.length) return { html: tapped(complaining(made.pages.problems, every.filter((n) => !missing.includes(n))), form), status: 422 };
    const filled = Object.fromEntries(["happened", ...steps, "confidence", "talk"].filter((n) => form[n]).map((n) => [n, form[n]]));
    return { told: { filled }, to: "" };
  },
};

function tapped(html, form) {
  for (const [name, value] of Object.entries(form)) {
    if (/^[\w-]+$/.test(name + value)) html = html.replace(new RegExp(`(<input type="radio" name="${name}" value="${value}"[^>]*)>`), "$1 checked>");
  }
  return html;
}

// The page that misses everything, without what is there.
function complaining(html, there) {
  for (const name of there) {
    html = html.replace(new RegExp(`<p><a href="#${name}">[\\s\\S]*?</p>\\s*`), "")
      .replace(new RegExp(`<p class="error" id="${name}-error">[\\s\\S]*?</p>\\s*`), "")
      .replaceAll(` aria-describedby="${name}-error"`, "");
  }
  return html;
}
