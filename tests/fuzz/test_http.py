"""No request brings an application down: a page or a sentence for each, nothing half done, and never for long."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from services.assessment.app import SERVICE as ASSESSMENT
from services.content.app import SERVICE as CONTENT
from services.supervision.app import SERVICE as SUPERVISION
from services.trigger.app import SERVICE as TRIGGER
from services.trigger.door import BATCH, STRUCTURED
from shared.contracts import ids
from shared.messaging.message import inbox_id
from shared.process import application_of
from shared.running import Running
from tests.assessment import checking_in
from tests.assessment.building import MULTI, OPEN, ORDER, SAFETY, SESSION, SINGLE, TRAINING
from tests.assessment.visiting import arrive, link_to
from tests.conftest import Database
from tests.driving import deliver
from tests.fuzz.amount import dice, some
from tests.fuzz.asking import HTML, Answer, Door, Request, ask, request
from tests.fuzz.fragments import bent, damaged, fields_of, text_of
from tests.fuzz.records import Odd, examples, odd, spoken_for
from tests.supervision import builders
from tests.supervision.console import a_full_afternoon, signed_in
from tests.trigger.building import enrolled, site_described
from tests.trigger.test_http import a_token

# What a form uploads stays in memory (a request has 256 KiB at most) and goes with the request; no page of ours takes files.
pytestmark = pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
Headers = Sequence[tuple[bytes, bytes]]
SECONDS = 1.0  # of work for one request; most take a few milliseconds
SITE = "east"
FROM_SITES = spoken_for(SITE, examples("site"))


def judge(asked: Request, answer: Answer, case: str) -> None:
    """503 only where a call could not be passed on, which the page says, with the numbers to ring instead."""
    case = f"{case}: {asked}"[:2_000]
    assert answer.error is None, f"{case}: {answer.error!r}"
    not_sent = answer.status == 503 and asked.path.endswith("/call") and b"page works even when the rest does not" in answer.body
    assert 200 <= answer.status < 500 or not_sent, f"{case}: {answer.status} {answer.body[:300]!r}"
    assert answer.seconds < SECONDS, f"{case}: {answer.seconds:.1f} s"
    if answer.status >= 400:
        assert answer.text, case
        assert b"Traceback" not in answer.body and b'File "/' not in answer.body, case
        if answer.headers.get("content-type") == "application/json":
            assert isinstance(json.loads(answer.body)["error"], str), case


async def test_an_event_over_http_is_accepted_whole_or_not_at_all(database: Database) -> None:
    running = await database(TRIGGER)
    token = await a_token(running, "east-booking", SITE)
    await deliver(running, site_described(), enrolled("m1"))
    before = {row["id"] for row in await running.pool.fetch("SELECT id FROM inbox")}
    app, (seed, random) = application_of(running), dice()
    accepted: set[UUID] = set()
    for n in range(some(0.06)):
        asked = _event(random, token)
        answer = await ask(app, asked)
        judge(asked, answer, f"FUZZ_SEED={seed} case {n}")
        accepted |= {inbox_id("east-booking", r["source"], r["id"]) for r in _results(answer) if r["code"] == 202}
    kept = {row["id"] for row in await running.pool.fetch("SELECT id FROM inbox")} - before
    assert kept == accepted, f"FUZZ_SEED={seed}"


async def test_publishers_questions_get_an_answer(database: Database) -> None:
    running = await database(TRIGGER)
    token = await a_token(running, "east-booking", SITE)
    known = {"event_id": ("e1",), "source": ("/booking",), "limit": ("1", "200"), "site_id": (SITE,), "session_ref": ("s1",),
             "session_id": (str(ids.session(SITE, "s1")),)}  # fmt: skip
    await _knock(running, [(b"authorization", f"Bearer {token}".encode())], known, some(0.02))


async def test_readers_of_modules_get_an_answer(database: Database) -> None:
    running = await database(CONTENT)
    known = {"module_id": ("a_small_module",), "locale": ("en",), "version": ("1",), "withdrawn": ("true",)}
    await _knock(running, [], known, some(0.01))


async def test_mentors_pages_answer_whatever_is_sent(database: Database) -> None:
    running = await database(ASSESSMENT)
    await arrive(running, SINGLE, SAFETY, MULTI, ORDER, OPEN)
    link = link_to()
    fields = {
        "ref": (str(TRAINING), link), "number": tuple("1234567"), "site_id": ("east",), "training_id": (str(TRAINING),),
        "option": tuple("abcd"), "confidence": ("sure", "think_so", "guess"), "again": ("1",), "request": (str(uuid4()),),
        "text": ("I would listen first.",), "talk": ("1",), "show": ("1",), "kind": ("now", "can_wait"), "site": ("east",),
        "say": ("a",), "place-a": ("1",), "place-b": ("2",), "place-c": ("3",),
    }  # fmt: skip
    cookies = [(b"cookie", f"jitt_training={link}; jitt_cookies=1".encode()), HTML]
    await ask(application_of(running), Request("POST", f"/t/{link}/start", b"", (HTML,)))
    await _knock(running, cookies, fields, some(0.06))


async def test_check_ins_answer_whatever_is_sent(database: Database) -> None:
    running = await database(ASSESSMENT)
    await checking_in.arrive(running)
    link = checking_in.link_to()
    fields = {
        "ref": (str(SESSION), link), "happened": ("yes", "no"), "confidence": ("very",), "talk": ("no", "week", "today"),
        "request": (str(uuid4()),), "request_id": (str(uuid4()),), "kind": ("now", "can_wait"), "site": ("east",),
        "change": ("true",), **{f"step-{step}": ("did", "no") for step in checking_in.STEPS},
    }  # fmt: skip
    cookies = [(b"cookie", f"jitt_check_in={link}; jitt_cookies=1".encode()), HTML]
    await _knock(running, cookies, fields, some(0.03), under="/c/")


async def test_the_console_answers_whatever_is_sent(database: Database) -> None:
    running = await database(SUPERVISION)
    day = await a_full_afternoon(running)
    async with signed_in(running, "dana") as browser:
        cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)
        csrf = _csrf((await browser.get("/alerts")).text)
    alerts = [str(row["alert_id"]) for row in await running.pool.fetch("SELECT alert_id FROM alert LIMIT 3")]
    fields = {
        "alert_id": alerts, "training_id": [str(id) for id in day.trainings.values()], "contact_id": (str(uuid4()),),
        "mentor_id": [str(ids.mentor(builders.SITE, ref)) for ref in day.trainings], "site_id": (builders.SITE,), "csrf": (csrf,),
        "session_id": [str(id) for id in day.sessions.values()], "request_id": (str(uuid4()), "x" * 8), "note": ("Talked.",),
        "outcome": ("talked", "not_needed", "snooze_60", "snooze_tomorrow"), "clear": ("true",),
        "seen_at": (day.now.isoformat(),), "back": ("", "alerts"), "state": ("open", "resolved"),
        "token": ("x" * 32,), "sent": ("1",), "q": ("ma",),
    }  # fmt: skip
    await _knock(running, [(b"cookie", cookies.encode()), HTML], fields, some(0.06))


async def _knock(running: Running, headers: Headers, fields: Mapping[str, Sequence[str]], many: int, *,
                 under: str = "") -> None:
    """At every door of the service, by chance; some of what is sent is right, so that some of it comes far."""
    app, (seed, random) = application_of(running), dice()
    doors, came_far = [door for door in _doors(app, fields) if door.path.startswith(under)], 0
    for n in range(many):
        asked = request(random, random.choice(doors), headers)
        answer = await ask(app, asked)
        judge(asked, answer, f"FUZZ_SEED={seed} case {n}")
        came_far += answer.status < 400
    assert came_far >= many / 20, f"FUZZ_SEED={seed}: only {came_far} of {many} requests came past the door"


def _doors(app: FastAPI, fields: Mapping[str, Sequence[str]]) -> list[Door]:
    """A stream has no end while nobody leaves, so those are asked by other tests."""
    paths = [(method, route.path) for route in _routes(app.routes) for method in route.methods]
    return [Door(method, path, fields) for method, path in paths if method in ("GET", "POST") and not path.endswith("stream")]


def _routes(routes: Iterable[Any]) -> Iterator[Any]:
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from _routes(inner.routes)
        elif getattr(route, "methods", None):
            yield route


def _event(random: Random, token: str) -> Request:
    known = ((b"authorization", f"Bearer {token}".encode()),)
    match random.randrange(4):
        case 0:
            content_type, body = STRUCTURED, _structured(random)
        case 1:
            content_type, body = BATCH, b"[" + b", ".join(_structured(random) for _ in range(random.choice((0, 1, 3, 12)))) + b"]"
        case _:
            record = odd(random, FROM_SITES)
            return Request("POST", "/v1/events", b"", (*known, *_over_http(record)), record.value or b"")
    body = damaged(random, body, body) if random.randrange(6) == 0 else body
    return Request("POST", "/v1/events", b"", (*known, (b"content-type", content_type.encode())), body)


def _over_http(record: Odd) -> Iterator[tuple[bytes, bytes]]:
    for name, value in record.headers:
        yield name.replace("ce_", "ce-").encode("utf-8", "surrogateescape"), value or b""


def _structured(random: Random) -> bytes:
    example = random.choice(FROM_SITES)
    data = bent(random, list(example.fields)) if random.randrange(3) else list(example.fields)
    envelope = [*fields_of({"specversion": "1.0", "id": f"{random.getrandbits(64):x}", "source": "fuzz", "type": example.type}),
                ('"data"', text_of(data))]  # fmt: skip
    return text_of(bent(random, envelope) if random.randrange(3) == 0 else envelope).encode("utf-8", "surrogatepass")


def _results(answer: Answer) -> list[dict[str, Any]]:
    if answer.status not in (202, 207):
        return []
    said = json.loads(answer.body)
    return list(said["results"]) if "results" in said else [said]


def _csrf(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found
    return found[1]
