"""What choosing a training costs: content's own worker on the topic that trigger writes, for mentors who have had many before."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

from aiokafka import AIOKafkaProducer

from services.content import handlers, publishing, select
from services.content.app import SERVICE
from services.content.choices import Facts, Past
from services.content.domain import Learner
from services.content.lint import LIBRARY, check
from shared.contracts.event import Event
from shared.contracts.site import Stage
from shared.contracts.trigger import ContentRequested, ItemRef, Need
from shared.contracts.vocabulary import STAGES, vocabulary
from shared.messaging.batch import load_reads
from shared.messaging.fold import Aggregates
from shared.running import Running, opened
from tests.bench import topics
from tests.bench.hop import Bench, appears, worker

BEFORE = 20  # choices that each mentor has had: half a year of weekly sessions
PURE, TIMES = 500, 8  # mentors whose past is read, and how often all of them ask
SPACE = UUID("0f7f9d59-6f5e-4f0e-8f0d-6a3a1d2b9c11")
CLEAR = """
TRUNCATE content.choice, content.learner, content.version, content.publication, content.inbox, content.outbox, content.dead_letter
CASCADE
"""
MENTORS = """
INSERT INTO content.learner (mentor_id, site_id, erased)
SELECT mentor_id, 'site-001', false FROM unnest($1::uuid[]) AS u (mentor_id)
"""
HISTORY = """
WITH module AS (
  SELECT row_number() OVER (ORDER BY key) - 1 AS place, module_id, number, skill,
         (SELECT jsonb_agg(jsonb_build_object('module_id', module_id, 'version', number, 'item_id', i ->> 'id'))
          FROM jsonb_array_elements(items) AS i) AS items
  FROM content.version WHERE locale = 'en'
), mentor AS (SELECT mentor_id, row_number() OVER (ORDER BY mentor_id) AS place FROM content.learner)
INSERT INTO content.choice (mentor_id, request_id, site_id, session_id, at, kind, skill, module_id, version, items)
SELECT p.mentor_id, gen_random_uuid(), 'site-001', gen_random_uuid(), now() - week * interval '8 days', 'module', m.skill,
       m.module_id, m.number, m.items
FROM mentor p CROSS JOIN generate_series(1, $1::int) AS week
JOIN module m ON m.place = (p.place + week * 7) % (SELECT count(*) FROM module)
"""
NEW = "SELECT kind, count(*)::int AS number FROM content.choice WHERE because IS NOT NULL GROUP BY 1"
LEFT = "SELECT (SELECT count(*) FROM content.dead_letter) + (SELECT count(*) FROM content.outbox)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Requests a second by one process, CPU of its Python per request in microseconds, and what was chosen, by kind."""

    per_s: float
    cpu_us: float
    kinds: dict[str, int]


async def settle(bench: Bench, mentors: int) -> list[ContentRequested]:
    """The modules that ship with jitt, so many mentors, each with a past, and a request for each."""
    await bench.owner.execute(CLEAR)
    async with opened(SERVICE) as running:
        drafts = check(LIBRARY, datetime.now(UTC).date()).drafts
        await publishing.publish(running, [draft.module for draft in drafts if draft.module], uuid4().hex)
    await bench.owner.execute("TRUNCATE content.outbox")
    asked = [_request(n) for n in range(mentors)]
    await bench.owner.execute(MENTORS, [one.mentor_id for one in asked], timeout=60)
    await bench.owner.execute(HISTORY, BEFORE, timeout=300)
    await bench.owner.execute("VACUUM (ANALYZE) content.choice, content.learner, content.version")
    return asked


async def chosen(bench: Bench, asked: Sequence[ContentRequested]) -> Chosen:
    """A burst that waits, taken by a real worker process. Raises AssertionError when an answer is missing or doubled."""
    before = {row["kind"]: row["number"] for row in await bench.owner.fetch(NEW)}
    await _send(bench.kafka, asked)
    with worker(bench, len(asked), "tests.bench.choosing_worker") as (child, result):
        await appears(result, child)
        found = json.loads(result.read_text())
    now = {row["kind"]: row["number"] for row in await bench.owner.fetch(NEW)}
    kinds = {kind: number - before.get(kind, 0) for kind, number in now.items()}
    assert sum(kinds.values()) == len(asked), f"{kinds} are not {len(asked)} answers"
    assert await bench.owner.fetchval(LEFT) == 0, "records were buried, or events left to send"
    return Chosen(len(asked) / found["seconds"], found["cpu"] * 1e6 / len(asked), kinds)


async def pure(asked: Sequence[ContentRequested]) -> float:
    """Requests a second of the ranking alone, each with its mentor's past and the facts already read."""
    async with opened(SERVICE) as running:
        read = await _read(running, asked[:PURE])
    now, started = datetime.now(UTC), time.process_time()
    for one, past, facts in read * TIMES:
        select.selected(one, now, past, facts)
    return TIMES * len(asked[:PURE]) / (time.process_time() - started)


async def leave(bench: Bench) -> None:
    """As if no module had been published: later cases publish them."""
    await bench.owner.execute(CLEAR)


async def _read(running: Running, asked: Sequence[ContentRequested]) -> list[tuple[ContentRequested, Past, Facts]]:
    """As a batch of all of them would."""
    one = Aggregates(handlers.LEARNER)
    async with running.connection() as conn, conn.transaction():
        one.have(await handlers.LEARNER.load(conn, [each.mentor_id for each in asked]))
        one.reads = await load_reads(conn, one, [(one.loaded[each.mentor_id], each) for each in asked])
    read = []
    for each in asked:
        learner: Learner = one.loaded[each.mentor_id]
        facts = handlers.facts(learner, each, one.reads)
        assert facts is not None
        read.append((each, replace(learner.past, showings=facts.showings), facts))
    return read


async def _send(bootstrap: str, asked: Sequence[ContentRequested]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, max_batch_size=256 * 1024)
    await producer.start()
    try:
        for one in asked:
            await producer.send(topics.OUT, one.model_dump_json().encode(), key=one.mentor_id.hex.encode(), headers=_headers(one))
        await producer.flush()
    finally:
        await producer.stop()


def _headers(event: Event) -> list[tuple[str, bytes]]:
    attributes = {"specversion": "1.0", "id": str(uuid4()), "source": "trigger", "type": event.TYPE}
    return [(f"ce_{name}", value.encode()) for name, value in attributes.items()]


def _request(n: int) -> ContentRequested:
    """One in five asks for recall only, one in three brings a missed question back, one in four reads Spanish."""
    words = vocabulary()
    activity = sorted(words.activities)[n % len(words.activities)]
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    stage: Stage = STAGES[n % len(STAGES)]
    needs = tuple(_needs(list(words.activities[activity].weights), n))
    return ContentRequested(
        request_id=uuid4(), session_id=uuid4(), mentor_id=uuid5(SPACE, f"mentor {n}"), site_id="site-001", starts_at=starts_at,
        time_zone="America/Chicago", quiz_by=starts_at - timedelta(hours=3), locale="es" if n % 4 == 0 else "en", stage=stage,
        activity=activity, site_variables=("reporting_steps", "staff_on_call", "state_hotline"), needs=needs,
        recall_only=n % 5 == 0, fading=tuple(words.skills) if n % 5 == 0 else (),
        returning=(ItemRef(module_id="reflective_listening_1", version=1, item_id="q1"),) if n % 3 == 0 else (),
    )  # fmt: skip


def _needs(skills: Sequence[str], n: int) -> Iterator[Need]:
    for place in range(min(3, len(skills))):
        yield Need(skill=skills[(n + place) % len(skills)], need=0.9 - place / 4, reason="fading", predicted_recall=0.5)
