"""What became of everything that was accepted, read from outside: Postgres tables, topics, and what each has to be."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from deploy import topology
from shared.contracts.topics import TOPICS
from shared.settings import settings
from tests.chaos.load import Announcement, Done
from tests.chaos.oracle import Verdict, goes_back, judge, once
from tests.flow.kafka import Published, everything
from tests.flow.people import MISS_RULE

SETTLED_SECONDS = 90.0
OWN_TOPICS = tuple(topic.name for topic in TOPICS)
REVISIONS = {"supervision.roster": "mentor_id", "supervision.sites": "site_id"}
STATUSES = ("published", "withdrawn")  # of a module's version, in this order
REMINDERS = ("nudge", "last_call", "check_in")  # moments that lead to a message
LATE = timedelta(seconds=5)  # how long after its time a moment may still be on its way
OF_SOMEBODY = """
SELECT format('SELECT DISTINCT %L AS at, %I::text AS id, site_id FROM %I.%I', a.table_schema || '.' || a.table_name,
              b.column_name, a.table_schema, a.table_name)
FROM information_schema.columns a JOIN information_schema.columns b USING (table_schema, table_name)
WHERE a.column_name = 'site_id' AND table_schema = ANY($1) AND
      (b.column_name IN ('mentor_id', 'session_id') OR (table_schema, table_name, b.column_name) = ('trigger', 'session', 'id'))
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the whole network."""

    records: Sequence[Published]
    tables: Mapping[str, Sequence[asyncpg.Record]]
    at: datetime

    def said(self, type: str) -> list[Published]:
        return once(one for one in self.records if one.type == type)


LOOKS = {
    "inbox": "SELECT id FROM trigger.inbox",
    "session": "SELECT id, plan, status, revision FROM trigger.session",
    "mark": """SELECT id, m->>'moment' AS moment, m->>'outcome' AS outcome, (m->>'acted_at')::timestamptz AS acted_at
               FROM trigger.session, jsonb_array_elements(rest->'marks') AS m""",
    "answer": "SELECT training_id, item_id, attempt FROM supervision.answer ORDER BY received_at",
    "alert": "SELECT mentor_id, rule, session_id FROM supervision.alert",
    "roster": "SELECT mentor_id::text AS key, revision FROM supervision.mentor_case",
    "copied": "SELECT id::text AS key, revision FROM trigger.mentor",
    "version": "SELECT key || '/' || number AS key, status FROM content.version",
    "unsent": " UNION ALL ".join(f"SELECT type FROM {name}.outbox" for name in topology.NAMES),
    "dead": " UNION ALL ".join(f"SELECT reason, detail FROM {name}.dead_letter" for name in topology.NAMES),
}


def look() -> Seen:
    return asyncio.run(_look())


def verdict(done: Done, seen: Seen) -> Verdict:
    """Everything that has to be true of everything that was accepted."""
    parts = (_plans, _inbox, _requests, _moments, _trainings, _answers, _alerts, _compacted, _catalog, _tenants)
    return sum((part(done, seen) for part in parts), Verdict())


def settled(done: Done, say: Callable[[str], None]) -> tuple[Verdict, Seen]:
    """Looks until everything is as it must be, and once more: what comes twice comes late. Or gives up, with what is wrong."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        seen = look()
        judged = verdict(done, seen)
        if judged.sound and not unsettled(done, seen):
            break
        if time.monotonic() > deadline:
            say(f"not settled after {SETTLED_SECONDS:.0f} s: {judged.examples or unsettled(done, seen)}")
            return judged, seen
        time.sleep(1)
    time.sleep(2)
    seen = look()
    return verdict(done, seen), seen


def unsettled(done: Done, seen: Seen) -> str:
    """What is still on its way, in words; empty when nothing is."""
    if seen.tables["unsent"]:
        return f"{len(seen.tables['unsent'])} events are not sent yet"
    to_come = sum(story.coming is not None and story.coming.at > seen.at for story in done.stories)
    return f"{to_come} moments are still to come" if to_come else ""


def problems(seen: Seen) -> list[str]:
    return [f"a record was buried: {row['reason']} {row['detail']}" for row in seen.tables["dead"]]


def _plans(done: Done, seen: Seen) -> Verdict:
    """Every change of a session makes one plan, one event for it, in this order; and the last is how the session stands."""
    expected = {story.session_id: range(1, len(story.announcements) + 1) for story in done.stories}
    published = _by_key(seen.said("trigger.session_planned.v1"), "session_id", lambda data: data["revision"])
    stand = {row["id"]: [(row["plan"], row["status"])] for row in seen.tables["session"]}
    stands = {story.session_id: [(len(story.announcements), _status(story.announcements[-1]))] for story in done.stories}
    return judge("plans", expected, published) + judge("session rows", stands, stand)


def _inbox(done: Done, seen: Seen) -> Verdict:
    expected = {one.inbox_id: ["claimed"] for story in done.stories for one in story.announcements}
    there = {row["id"] for row in seen.tables["inbox"]}
    return judge("announcements", expected, {id: ["claimed"] for id in expected if id in there})


def _requests(done: Done, seen: Seen) -> Verdict:
    """A near session's assign moment has come: it leads to one decision and one request. A far one's has not."""
    near = {story.session_id: ["asked"] for story in done.stories if story.near}
    asked = _by_key(seen.said("trigger.content_requested.v1"), "session_id", lambda _: "asked")
    decided = _by_key(seen.said("trigger.decision_made.v1"), "session_id", lambda _: "asked")
    return judge("requests", near, asked) + judge("decisions", near, decided)


def _moments(done: Done, seen: Seen) -> Verdict:
    """A moment that has come was acted on or skipped, once and not before its time, or had passed when its session was planned.
    Each that was acted on is told once, and no other; moments go on coming while we look, so those of the last seconds wait."""
    coming = {(story.session_id, story.coming.moment): story.coming.at for story in done.stories if story.coming}
    came: dict[Any, list[str]] = defaultdict(list)
    marked: dict[Any, list[str]] = defaultdict(list)
    reminders: dict[Any, list[str]] = defaultdict(list)
    for row in seen.tables["mark"]:
        what = row["id"], row["moment"]
        marked[what].append("marked")
        if what in coming:
            came[what].append("in time" if row["acted_at"] >= coming[what] else f"{row['outcome']} too early")
        if row["outcome"] == "fired" and row["moment"] in REMINDERS and row["acted_at"] < seen.at - LATE:
            reminders[what].append("told")
    before = (one for one in seen.said("trigger.nudge_requested.v1") if one.at < seen.at - LATE)
    told = _by_key(before, "session_id", lambda data: data["moment"])
    said = {(id, moment): ["told"] * number for id, moments in told.items() for moment, number in Counter(moments).items()}
    return (judge("moments", {what: ["in time"] for what, at in coming.items() if at < seen.at - LATE or what in came}, came)
            + judge("marks", {what: ["marked"] for what in marked}, marked) + judge("reminders", reminders, said))  # fmt: skip


def _trainings(done: Done, seen: Seen) -> Verdict:
    near = {story.training_id: ["answered"] for story in done.stories if story.near}
    assigned = _by_key(seen.said("content.training_assigned.v1"), "training_id", lambda _: "answered")
    nothing = _by_key(seen.said("content.nothing_suitable.v1"), "request_id", lambda _: "answered")
    return judge("trainings", near, {key: [*assigned.get(key, ()), *nothing.get(key, ())] for key in assigned | nothing})


def _answers(done: Done, seen: Seen) -> Verdict:
    """What a page showed as taken is on the topic once, in order, and in supervision's table once."""
    expected = {walk.story.training_id: walk.answers for walk in done.walks}
    published: dict[UUID, list[tuple[int, int]]] = {}
    for training, answers in _by_key(seen.said("assessment.item_answered.v1"), "training_id", _item).items():
        published[training] = _numbered(answers)
    rows: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for row in seen.tables["answer"]:
        rows[row["training_id"]].append((row["item_id"], row["attempt"]))
    kept = {training: _numbered(answers) for training, answers in rows.items()}
    completed = _by_key(seen.said("assessment.training_completed.v1"), "training_id", lambda _: "completed")
    ended = {walk.story.training_id: ["completed"] for walk in done.walks if walk.ended}
    return (judge("answers", expected, published) + judge("answers in supervision", expected, kept, ordered=False)
            + judge("completed trainings", ended, completed))  # fmt: skip


def _alerts(done: Done, seen: Seen) -> Verdict:
    """Every learner misses one safety question, certain: one row, one event."""
    expected = {(walk.story.mentor_id, walk.story.session_id): [MISS_RULE] for walk in done.walks}
    rows: dict[Any, list[str]] = defaultdict(list)
    for row in seen.tables["alert"]:
        if row["rule"] == MISS_RULE:
            rows[row["mentor_id"], row["session_id"]].append(row["rule"])
    raised: dict[Any, list[str]] = defaultdict(list)
    for one in seen.said("supervision.alert_raised.v1"):
        if one.data["rule"] == MISS_RULE:
            raised[UUID(one.data["mentor_id"]), UUID(one.data["session_id"])].append(MISS_RULE)
    return judge("alerts", expected, rows) + judge("alerts on the topic", expected, raised)


def _compacted(_: Done, seen: Seen) -> Verdict:
    """The roster's and the sites' last word is the table's; trigger has copied it; no key ever went back."""
    verdict = Verdict()
    last: dict[str, list[int]] = {}
    for topic, name in REVISIONS.items():
        found: dict[str, list[int]] = defaultdict(list)
        for one in sorted((r for r in seen.records if r.topic == topic), key=lambda r: (r.partition, r.offset)):
            found[one.data[name]].append(one.data["revision"])
        verdict += goes_back(topic, found)
        if topic == "supervision.roster":
            last = {key: revisions[-1:] for key, revisions in found.items()}
    table = {row["key"]: [row["revision"]] for row in seen.tables["roster"]}
    copied = {row["key"]: [row["revision"]] for row in seen.tables["copied"]}
    return verdict + judge("the roster's last word", table, last) + judge("trigger's copies", table, copied)


def _catalog(_: Done, seen: Seen) -> Verdict:
    """The catalog's last word on each version of a module is the table's; one that was withdrawn is never published again."""
    said: dict[str, list[str]] = defaultdict(list)
    for one in sorted((r for r in seen.records if r.topic == "content.catalog"), key=lambda r: (r.partition, r.offset)):
        said["{module_id}/{locale}/{version}".format(**one.data)].append(one.data["status"])
    table = {row["key"]: [row["status"]] for row in seen.tables["version"]}
    last = {key: all_of_it[-1:] for key, all_of_it in said.items()}
    steps = {key: [STATUSES.index(status) for status in all_of_it] for key, all_of_it in said.items()}
    return judge("the catalog's last word", table, last) + goes_back("content.catalog", steps)


def _tenants(done: Done, seen: Seen) -> Verdict:
    """What is said or kept of a session or a mentor names the site that it belongs to, everywhere: both sites use the same
    references."""
    owner = {str(id): story.site.name for story in done.stories for id in (story.session_id, story.mentor_id)}
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in seen.records:
        for id in (one.data.get("session_id"), one.data.get("mentor_id")):
            if id in owner and "site_id" in one.data:
                found[one.type, id].add(one.data["site_id"])
    for row in seen.tables["tenant"]:
        if row["id"] in owner:
            found[row["at"], row["id"]].add(row["site_id"])
    return judge("whose it is", {what: [owner[what[1]]] for what in found}, {what: sorted(of) for what, of in found.items()})


def _status(last: Announcement) -> str:
    return "cancelled" if last.type.startswith("site.session_cancelled") else "planned"


def _item(data: dict[str, Any]) -> tuple[str, int]:
    return data["item_id"], data["attempt"]


def _numbered(answers: Iterable[tuple[str, int]]) -> list[tuple[int, int]]:
    """Items by the order in which they were first answered, as the pages number their questions."""
    numbers: dict[str, int] = {}
    return [(numbers.setdefault(item, len(numbers) + 1), attempt) for item, attempt in answers]


def _by_key(records: Iterable[Published], key: str, effect: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for one in records:
        found[UUID(one.data[key])].append(effect(one.data))
    return found


async def _look() -> Seen:
    conn = await asyncpg.connect(settings().postgres, timeout=10)
    try:
        at = await conn.fetchval("SELECT now()")
        of_somebody = [row[0] for row in await conn.fetch(OF_SOMEBODY, list(topology.NAMES))]
        looks = LOOKS | {"tenant": " UNION ALL ".join(of_somebody)}
        tables = {name: await conn.fetch(query) for name, query in looks.items()}
    finally:
        await conn.close()
    return Seen(await everything(*OWN_TOPICS), tables, at)
