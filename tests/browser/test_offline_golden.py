"""What a phone shows without a connection is what the server would have shown: every choice, confidence and retry of each kind.

In Chromium, the worker's own file picks and fills in; beside it the server's own pages are made from its own decisions.
"""

import json
from dataclasses import dataclass, replace
from itertools import chain, combinations, permutations, product

import pytest
from starlette.datastructures import FormData

from services.assessment import domain, guests, http, offline, questions, store
from services.assessment.domain import Facts
from services.assessment.messages import AnswerShown
from services.assessment.questions import Asked
from shared.messaging.outcome import Outcome
from tests.assessment.building import CARDS, MENTOR, MULTI, OPEN, ORDER, PAIR, SAFETY, SINGLE, TRAINING
from tests.assessment.spanish import arrive as arrive_in_spanish
from tests.assessment.visiting import arrive, soon
from tests.browser.offline import phone, plain

ITEMS = (SINGLE, SAFETY, MULTI, ORDER, PAIR, OPEN)
CONFIDENCES = ("guess", "think_so", "sure", "")
WORKER = """async ([source, made, walks]) => {
  const { judge, look, fold } = new Function("addEventListener", `${source}; return { judge, look, fold }`)(() => {});
  return walks.map((forms) => {
    const held = { id: made.id, at: Date.now(), made }, acts = [];
    return forms.map(([path, fields]) => {
      if (["done", "answers"].includes(path)) return [200, look(held, fold(held, acts), path, new URL(location.href)).html];
      const decided = judge(held, fold(held, acts), path, fields);
      if (decided.told) acts.push({ told: decided.told, sent: true });
      if (decided.to === undefined) return [decided.status, decided.html];
      const url = new URL(`/t/${made.id}/${decided.to}`, location.origin);
      const page = look(held, fold(held, acts), url.pathname.split("/").slice(3).join("/"), url);
      return page.to === undefined ? [200, page.html] : [303, page.to];
    });
  });
}"""


@dataclass
class Desk:
    """Takes what the pages submit and decides it as the service would, in memory."""

    visit: guests.Visit
    number: int

    @property
    def asked(self):
        return Asked(self.visit, self.number, self.visit.item(self.number))

    async def submit(self, event, *, id, source):
        decide = domain.answer_shown if isinstance(event, AnswerShown) else domain.answered
        facts = Facts((self.visit.session,), self.asked.item)
        decided = decide(self.visit.training, event, self.visit.now, facts)
        if isinstance(decided, domain.Refused):
            return Outcome("refused", TRAINING, decided.reason)
        self.visit = replace(self.visit, training=decided[0])
        return Outcome("applied", TRAINING)

    async def send(self, path, fields):
        take = questions.second_try if path.endswith("/retry") else questions.first_try
        response = await take(self, self.asked, FormData(fields))
        if response.status_code != 303:
            return response.status_code, response.body.decode()
        return 200, questions.shown(self.asked, again="again" in response.headers["location"]).body.decode()


def choices(item):
    """Every way to fill in the form, right or not."""
    ids = [option.id for option in item.options]
    if item.kind == "single":
        return [[], *([("option", id_)] for id_ in ids)]
    if item.kind == "multi":
        return [[("option", id_) for id_ in each] for n in range(len(ids) + 1) for each in combinations(ids, n)]
    whole = [[(f"place-{id_}", str(n)) for n, id_ in enumerate(each, 1)] for each in permutations(ids)]
    return [*whole, [(f"place-{id_}", "1") for id_ in ids], [(f"place-{id_}", "") for id_ in ids]]


def walks(number, item):
    """A first try in every way; then, after each of them, a retry in every way, and the first try once more."""
    path = f"questions/{number}"
    firsts = [[(path, [*chosen, ("confidence", sure)])] for chosen, sure in product(choices(item), CONFIDENCES)]
    sure = [[(path, [*chosen, ("confidence", "think_so")])] for chosen in choices(item)]
    retries = [[*each, (f"{path}/retry", more)] for each in sure for more in [*choices(item), [("show", "1")]]]
    return [*firsts, *retries, *([*each, *each] for each in sure)]


async def opened(running, address, page, link, arrives):
    await arrives
    await page.goto(f"{address}/t/{link()}")
    await page.locator("form[action$=start] button").click()
    found = await store.get_opened(running.pool, TRAINING, MENTOR)
    visit = await guests.visit(running, str(TRAINING), found)
    made = await page.evaluate(f"async () => (await fetch('/t/{TRAINING}/offline')).json()")
    return visit, made


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_every_choice_shows_what_the_server_would_show(served, browser, link, locale):
    running, address = served
    arrives = arrive(running, *ITEMS) if locale == "en" else arrive_in_spanish(running)
    async with phone(browser, service_workers="block", bypass_csp=True) as (_, page):
        visit, made = await opened(running, address, page, link, arrives)
        asked = [(n, visit.item(n)) for n in range(1, visit.questions + 1)]
        taken = list(chain.from_iterable(((n, walk) for walk in walks(n, item)) for n, item in asked if item.kind != "open"))
        shown = await page.evaluate(WORKER, [offline.script(), made, [walk for _, walk in taken]])
    different = []
    for (number, walk), pages in zip(taken, shown, strict=True):
        desk = Desk(visit, number)
        for (path, fields), (status, html) in zip(walk, pages, strict=True):
            wanted, expected = await desk.send(path, fields)
            if (status, plain(html)) != (wanted, plain(expected)):
                different.append((path, fields, status, wanted, plain(html), plain(expected)))
    assert len(taken) > 150
    assert different[:1] == []


WAYS = {
    "right": [("", "b", "sure")],
    "recovered": [("", "a", "guess"), ("/retry", "b", "")],
    "shown": [("", "a", "sure"), ("/retry", "c", "")],
}


@pytest.mark.parametrize("late", [False, True])
async def test_the_last_page_is_the_servers_however_the_training_went(served, browser, link, late):
    running, address = served
    times = soon(hours=2) if late else soon()
    async with phone(browser, service_workers="block", bypass_csp=True) as (_, page):
        visit, made = await opened(running, address, page, link, arrive(running, SINGLE, SAFETY, times=times))
        ways = list(product(WAYS.values(), repeat=2))
        taken = [[step for n, way in enumerate(both, 1) for step in steps(n, way)] for both in ways]
        shown = await page.evaluate(WORKER, [offline.script(), made, [[*walk, ("answers", []), ("done", [])] for walk in taken]])
    for walk, pages in zip(taken, shown, strict=True):
        desk = Desk(visit, 1)
        for path, fields in walk:
            desk.number = int(path.split("/")[1])
            await desk.send(path, fields)
        assert desk.visit.training.completed_at
        assert plain(pages[-1][1]) == plain(http.done_page(desk.visit).body.decode())
        assert plain(pages[-2][1]) == plain(http.answers_page(desk.visit).body.decode())
    assert "late" in made["done"]["pages"]


def steps(number, way):
    return [(f"questions/{number}{more}", [("option", option), ("confidence", sure)]) for more, option, sure in way]


async def test_the_pages_around_the_questions_are_the_servers_too(served, browser, link):
    running, address = served
    async with phone(browser, service_workers="block", bypass_csp=True) as (_, page):
        _, made = await opened(running, address, page, link, arrive(running, *ITEMS))
        for number in range(1, len(CARDS) + 1):
            paths = [f"cards/{number}", *(f"cards/{number}?say={branch.id}" for branch in CARDS[number - 1].branches)]
            for path in paths:
                await page.goto(f"{address}/t/{TRAINING}/{path}")
                assert plain(await page.evaluate("async () => (await fetch(location.href)).text()")) == plain(made["pages"][path])
    assert json.dumps(made).count(str(MENTOR)) == 0
