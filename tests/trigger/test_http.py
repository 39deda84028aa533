"""The HTTP door, from outside: what is accepted, what is not, and what the answer says."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from services.trigger.http_words import CANCELLED, EVENT
from services.trigger.messages import PublisherAdded, PublisherPaused
from shared import tokens
from shared.contracts import ids
from shared.contracts.trigger import SessionPlanned
from shared.guesses import Guesses
from shared.messaging.batch import Batch
from shared.messaging.message import Raw, inbox_id
from shared.messaging.store import Dead
from shared.process import application_of
from shared.running import Running
from tests.driving import commit, deliver, fall_due, outgoing
from tests.trigger.building import afternoon, enrolled, of, site_described

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
START = afternoon(9)


def data(**changes: Any) -> dict[str, Any]:
    told = {
        "session_ref": "s1",
        "site_id": "east",
        "mentor_ref": "m1",
        "starts_at": START.isoformat(),
        "time_zone": "America/Chicago",
        "activity": "homework_help",
    }
    return {name: value for name, value in (told | changes).items() if value is not None}


def event(id: str = "e1", kind: str = "site.session_scheduled.v1", source: str = "/booking", **changes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id, "source": source, "type": kind, "data": data(**changes)}


@dataclass
class Site:
    """A site's system with its token, and the service behind the door."""

    client: httpx2.AsyncClient
    running: Running
    token: str

    async def post(self, content: Any, mode: str = STRUCTURED, token: str | None = None, **headers: str) -> httpx2.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        known = {"authorization": f"Bearer {token or self.token}", "content-type": mode}
        return await self.client.post("/v1/events", content=body, headers=known | headers)

    async def get(self, path: str, token: str | None = None, **params: str) -> httpx2.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {token or self.token}"}, params=params)

    async def planned(self) -> list[Any]:
        return of(SessionPlanned, await outgoing(self.running))


@pytest_asyncio.fixture
async def site(running: Running) -> AsyncIterator[Site]:
    token = await a_token(running, "east-booking", "east", "east-2")
    await deliver(running, site_described(), enrolled("m1"))
    transport = httpx2.ASGITransport(app=application_of(running), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        yield Site(client, running, token)


async def a_token(running: Running, name: str, *sites: str) -> str:
    token = tokens.new_token()
    await deliver(running, PublisherAdded(name=name, sites=sites, token_sha256=tokens.hashed(token).hex()))
    return token


async def test_a_structured_event_is_durable_planned_and_told_of(site: Site):
    answer = await site.post(event())
    session_id = ids.session("east", "s1")
    assert (answer.status_code, answer.json()["status"], answer.json()["session_id"]) == (202, "applied", str(session_id))
    assert [planned.session_id for planned in await site.planned()] == [session_id]


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
async def test_a_binary_event_is_the_same_event(site: Site, content_type: str):
    headers = {"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "/booking", "ce-type": "site.session_scheduled.v1"}
    first = await site.post(data(), content_type, **headers)
    again = await site.post(data(), content_type, **headers)
    structured = await site.post(event(), STRUCTURED + "; charset=utf-8")
    assert [a.status_code for a in (first, again, structured)] == [202, 202, 202]
    assert [a.json()["status"] for a in (first, again, structured)] == ["applied", "duplicate", "duplicate"]
    assert len(await site.planned()) == 1


async def test_the_examples_of_the_description_work_as_they_stand(site: Site):
    token = await a_token(site.running, "lakeside-booking", "lakeside")
    answer = await site.post([EVENT, CANCELLED], BATCH, token)
    assert [result["status"] for result in answer.json()["results"]] == ["applied", "applied"]


async def test_in_a_batch_each_event_has_its_own_answer(site: Site):
    batch = [
        event("e1"),
        event("e2", site_id="west", session_ref="s2"),
        event("e3", session_ref="s3", activity="homework_halp"),
        event("e4", session_ref="s4", source="/other"),
        "no event",
        event("e5", kind="site.session_cancelled.v1", session_ref="s1"),
    ]
    answer = await site.post(batch, BATCH)
    assert answer.status_code == 207
    told = [(result["id"], result["status"], result["code"], result["reason"]) for result in answer.json()["results"]]
    assert told == [
        ("e1", "applied", 202, None),
        ("e2", "rejected", 403, "not_your_site"),
        ("e3", "rejected", 422, "unknown_activity"),
        ("e4", "applied", 202, None),
        (None, "rejected", 422, "schema"),
        ("e5", "applied", 202, None),
    ]
    assert [planned.status for planned in await site.planned()] == ["planned", "cancelled", "planned"]


async def test_a_batch_in_which_all_is_well_is_202(site: Site):
    answer = await site.post([event(f"e{n}", session_ref=f"s{n}") for n in range(50)], BATCH)
    assert (answer.status_code, len(answer.json()["results"]), len(await site.planned())) == (202, 50, 50)


async def test_without_a_known_token_nothing_is_read(site: Site):
    for headers in ({}, {"authorization": "Bearer jitt_wrong"}, {"authorization": "Basic abc"}):
        answer = await site.client.post("/v1/events", content=json.dumps(event()), headers={"content-type": STRUCTURED} | headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "Authorization: Bearer" in answer.json()["error"]
    assert await site.planned() == []


async def test_guessing_tokens_is_turned_away_while_a_right_one_still_works(site: Site):
    codes = [(await site.get("/v1/rejected", f"jitt_{n}")).status_code for n in range(42)]  # a new minute may begin once
    assert codes[:20] == [401] * 20
    assert 429 in codes[20:]
    assert (await site.get("/v1/rejected")).status_code == 200


def test_guesses_are_forgotten_after_a_minute_and_counted_for_each_address():
    guesses = Guesses()
    assert [guesses.too_many("a", 5.0) for _ in range(21)] == [False] * 20 + [True]
    assert [guesses.too_many("b", 5.0), guesses.too_many("a", 65.0)] == [False, False]


async def test_another_sites_session_is_not_yours_to_announce_and_claims_nothing(site: Site):
    answer = await site.post(event(site_id="west"))
    assert (answer.status_code, answer.json()["reason"]) == (403, "not_your_site")
    assert "may not speak for “west”" in answer.json()["words"]
    assert (
        await site.running.pool.fetchval("SELECT count(*) FROM inbox WHERE id = $1", inbox_id("east-booking", "/booking", "e1"))
        == 0
    )


async def test_a_paused_publisher_is_told_so(site: Site):
    await deliver(site.running, PublisherPaused(name="east-booking", paused=True))
    answer = await site.post(event())
    assert (answer.status_code, "paused" in answer.json()["error"]) == (403, True)


async def test_a_paused_publisher_may_still_read_what_was_wrong(site: Site):
    raw = Raw("in.east-booking", 0, 0, None, b"?", ())
    await commit(site.running, Batch([], letters=[Dead("dead", "schema", "this is not JSON", "east-booking", (), raw)]))
    await deliver(site.running, PublisherPaused(name="east-booking", paused=True))
    answer = await site.get("/v1/rejected")
    assert (answer.status_code, len(answer.json()["rejected"])) == (200, 1)


async def test_an_id_that_comes_again_with_other_content_is_a_conflict(site: Site):
    await site.post(event())
    answer = await site.post(event(minutes=60))
    assert (answer.status_code, answer.json()["reason"]) == (409, "id_reused")
    assert [planned.minutes for planned in await site.planned()] == [45]


async def test_the_same_id_of_two_publishers_is_two_events(site: Site):
    other = await a_token(site.running, "east-sis", "east")
    await site.post(event())
    assert (await site.post(event(minutes=60, revision=1), token=other)).json()["status"] == "applied"


async def test_more_than_256_kib_is_too_much_for_one_event(site: Site):
    for body in (event(mentor_ref="m" * 300_000), event() | {"more": "x" * 300_000}):
        answer = await site.post(body)
        assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    binary = {"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "/booking", "ce-type": "site.session_scheduled.v1"}
    assert (await site.post(data(mentor_ref="m" * 300_000), "application/json", **binary)).status_code == 413


WRONG = [
    ({"minutes": 3}, "minutes"),
    ({"minutes": "45"}, "minutes"),
    ({"session_ref": None}, "session_ref"),
    ({"starts_at": "2026-12-10T16:00:00"}, "starts_at: this time has no offset: write it with its offset, as 2026-12-10T16:00"),
    ({"starts_at": "2026-12-10"}, "starts_at: this is no time: write it with its offset, as 2026-12-10T16:00:00-06:00"),
    ({"starts_at": "tomorrow at four"}, "starts_at: this is no time"),
    ({"starts_at": None}, "starts_at: this is needed, and missing"),
    ({"starts_at": "9999-12-31T23:59:59-06:00"}, "starts_at"),
    ({"time_zone": "America/Chicgo"}, "Did you mean America/Chicago?"),
    ({"time_zone": "here"}, "such as America/Chicago"),
    ({"activity": "homework_halp"}, "Did you mean homework_help?"),
    ({"mentor_ref": "a\x00b"}, "NUL"),
    ({"mode": "phone"}, "mode"),
]


async def test_what_cannot_be_understood_is_answered_in_words_and_may_be_sent_again_mended(site: Site):
    for n, (changes, said) in enumerate(WRONG):
        answer = await site.post(event(f"e{n}", **changes))
        assert (answer.status_code, answer.json()["status"], answer.json()["id"]) == (422, "rejected", f"e{n}"), changes
        assert said in answer.json()["words"]
        assert answer.json()["error"] == answer.json()["words"]
        assert (await site.post(event(f"e{n}"))).json()["status"] == "applied"


NONSENSE = [
    (b"\xff\xfe", STRUCTURED),
    (b"[1, 2", STRUCTURED),
    (b"[" * 50_000, STRUCTURED),
    (b"[" * 50_000, BATCH),
    (b"{}", BATCH),
    (b'{"specversion": "1.0", "id": "\\ud800", "source": "s", "type": "site.session_scheduled.v1", "data": {}}', STRUCTURED),
    (b'[{"specversion": "1.0", "id": "\\ud800", "source": "s", "type": "site.session_scheduled.v1", "data": {}}]', BATCH),
    (b'["\\ud800"]', BATCH),
    (b"null", STRUCTURED),
    (b"", "application/json"),
    (b'{"minutes": 1' + b"0" * 5_000 + b"}", STRUCTURED),
    (json.dumps(event() | {"specversion": "0.3"}).encode(), STRUCTURED),
    (json.dumps(event() | {"type": "com.example.someevent"}).encode(), STRUCTURED),
    (json.dumps(event() | {"id": ""}).encode(), STRUCTURED),
    (json.dumps(event() | {"data": None}).encode(), STRUCTURED),
]


async def test_nonsense_is_answered_in_words_and_never_a_crash(site: Site):
    for body, mode in NONSENSE:
        answer = await site.post(body, mode)
        said = answer.json()
        assert answer.status_code in (422, 207), body[:80]
        assert said.get("error") or said["results"][0]["words"]
    assert await site.planned() == []


async def test_what_became_of_an_event_can_be_asked_by_its_id_and_source(site: Site):
    await site.post(event("odd/id é", revision=4))
    await site.post(event("late", minutes=60, revision=2))
    applied = await site.get("/v1/events/odd/id é", source="/booking")
    refused = await site.get("/v1/events/late", source="/booking")
    assert (applied.json()["status"], applied.json()["reason"]) == ("applied", None)
    assert (refused.json()["status"], refused.json()["reason"]) == ("refused", "stale_revision")
    assert "newer revision" in refused.json()["words"]
    assert (await site.get("/v1/events/nobody", source="/booking")).status_code == 404
    assert (await site.get("/v1/events/late")).status_code == 422
    other = await a_token(site.running, "east-sis", "east")
    assert (await site.get("/v1/events/late", other, source="/booking")).status_code == 404


async def test_a_stale_revision_is_durable_but_refused_at_once_in_words(site: Site):
    await site.post(event("e1", revision=4))
    answer = await site.post(event("e2", minutes=60, revision=2))
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (202, "refused", "stale_revision")


async def test_the_rejected_list_has_reused_ids_and_sessions_of_people_nobody_knows(site: Site):
    await site.post(event("e1"))
    await site.post(event("e1", minutes=60))
    await site.post(event("e2", session_ref="s2", mentor_ref="stranger"))
    assert [one["reason"] for one in (await site.get("/v1/rejected")).json()["rejected"]] == ["id_reused"]
    an_hour_ago = "UPDATE session SET rest = jsonb_set(rest, '{waiting,since}', to_jsonb(now() - interval '61 minutes'))"
    await site.running.pool.execute(an_hour_ago + " WHERE status = 'waiting'")
    found = (await site.get("/v1/rejected")).json()["rejected"]
    assert {(one["kind"], one["reason"]) for one in found} == {("record", "id_reused"), ("session", "unknown_mentor")}
    other = await a_token(site.running, "west-booking", "west")
    assert (await site.get("/v1/rejected", other)).json() == {"rejected": []}


async def test_a_sessions_story_tells_when_what_and_why(site: Site):
    posted = await site.post(event(focus=["open_questions"]))
    await site.running.pool.execute("UPDATE session SET due_at = now()")
    await fall_due(site.running, "session")
    story = (await site.get(f"/v1/sessions/{posted.json()['session_id']}")).json()
    assert (story["status"], story["activity"], story["function"], story["plan"]) == (
        "planned",
        "homework_help",
        "academic_help",
        1,
    )
    assert [(moment["moment"], moment["state"]) for moment in story["now"]["moments"]] == [
        ("assign", "fired"),
        ("nudge", "waiting"),
        ("quiz_by", "waiting"),
        ("last_call", "waiting"),
        ("check_in", "waiting"),
    ]
    assert (story["now"]["decision"]["arm"], len(story["now"]["decision"]["needs"])) == ("send", 3)
    assert (await site.get("/v1/sessions", site_id="east", session_ref="s1")).json() == story


async def test_another_publishers_session_is_as_if_it_were_not_there(site: Site):
    posted = await site.post(event())
    other = await a_token(site.running, "west-booking", "west")
    for answer in (
        await site.get(f"/v1/sessions/{posted.json()['session_id']}", other),
        await site.get("/v1/sessions", other, site_id="east", session_ref="s1"),
        await site.get("/v1/sessions/00000000-0000-0000-0000-000000000000"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (404, "There is no such session at your sites.")


async def test_every_answer_is_kept_out_of_caches(site: Site):
    assert (await site.get("/v1/rejected")).headers["cache-control"] == "no-store"


async def test_the_description_of_the_door_has_an_example_for_every_way_in(site: Site):
    described = application_of(site.running).openapi()
    post = described["paths"]["/v1/events"]["post"]
    assert set(post["requestBody"]["content"]) == {STRUCTURED, BATCH, "application/json"}
    assert {"202", "401", "403", "409", "413", "422"} <= set(post["responses"])
    assert post["security"] == [{"HTTPBearer": []}]
