"""`jitt rebuild` on the running network: the same rows to the byte, and what somebody broke is right again."""

import json
from concurrent.futures import ThreadPoolExecutor
from re import sub
from threading import Event
from uuid import uuid4

import pytest

from shared.contracts.supervision import PersonErased
from tests.flow import kafka
from tests.flow.commands import jitt, tried
from tests.flow.database import rows
from tests.flow.people import LAST_PAGE, Learner, ask_for_new_link, link_of
from tests.flow.running import eventually
from tests.flow.telling import TOPIC, binary, by_calendar, in_days, scheduled
from tests.flow.town import Newcomer, Town

SERVICES = ("trigger", "assessment", "supervision")
BROKEN = {  # how somebody changed some rows by hand
    "trigger.mentor": "UPDATE trigger.mentor SET locale = 'xx', revision = revision + 1",
    "trigger.site": "UPDATE trigger.site SET active = false",
    "trigger.skill": "UPDATE trigger.skill SET stability = stability + 1e-9",
    "assessment.module": "UPDATE assessment.module SET document = document || '{\"version\": 9}'",
    "assessment.planned_session": "UPDATE assessment.planned_session SET revision = 0",
    "assessment.roster": "UPDATE assessment.roster SET document = document - 'locale'",
    "assessment.site": "UPDATE assessment.site SET document = document || '{\"name\": \"Elsewhere\"}'",
    "assessment.correction": "UPDATE assessment.correction SET document = document || '{\"right\": []}'",
    "supervision.module": "UPDATE supervision.module SET version = version + 90",
    "supervision.correction": "UPDATE supervision.correction SET document = document - 'reason'",
    "supervision.skill": "UPDATE supervision.skill SET remembered = '{}'",
    "supervision.link_request": "UPDATE supervision.link_request SET requested_at = requested_at + interval '1 day'",
}
SOMEBODY = "SELECT $1::uuid, site_id, revision, document FROM assessment.planned_session LIMIT 1"


@pytest.fixture(scope="module")
def learned(town: Town) -> Newcomer:
    """A mentor who walked through a training and missed a safety question; another question was corrected. All services know."""
    correct_a_reason(town)
    newcomer = next(town.newcomers)
    by_calendar(town, newcomer)
    assert Learner(link_of(newcomer)).walk()[-1] == LAST_PAGE
    assert "You asked for a new link" in ask_for_new_link(newcomer)
    eventually(lambda: all(heard(newcomer)), "the skills are known, and that a clearance is suspended")
    return newcomer


def test_every_projection_is_what_the_topics_say_to_the_byte(learned: Newcomer) -> None:
    found = json.loads(jitt("rebuild", *SERVICES, "--dry-run", "--json"))
    assert set(found) == set(BROKEN)
    for name, one in found.items():
        assert (one["wrong"], one["missing"], one["older"], one["left"]) == (0, 0, 0, 0), name
        assert one["same"] == rows(f"SELECT count(*) FROM {name}")[0][0] > 0


@pytest.mark.parametrize("table", BROKEN)
def test_rows_that_somebody_changed_are_as_they_were(learned: Newcomer, table: str) -> None:
    before = content(table)
    rows(BROKEN[table])
    only_tried = tried("rebuild", table, "--dry-run")
    assert (only_tried.code, content(table) == before) == (1, False), only_tried.out
    assert f"{len(before):,} wrong, made right" in jitt("rebuild", table)
    assert content(table) == before
    assert tried("rebuild", table, "--dry-run").code == 0


@pytest.mark.parametrize("table", BROKEN)
def test_rows_that_somebody_deleted_are_there_again(learned: Newcomer, table: str) -> None:
    before = content(table)
    rows(f"DELETE FROM {table}")
    assert f"{len(before):,} missing, put back" in jitt("rebuild", table)
    assert content(table) == before


def test_rows_older_than_the_topics_and_rows_behind_a_failed_record_stay_as_they_are(learned: Newcomer) -> None:
    old = uuid4()
    rows(f"INSERT INTO assessment.planned_session {SOMEBODY}", old)
    ((behind,),) = rows("UPDATE assessment.planned_session SET revision = 77 WHERE session_id = (SELECT session_id "
                        "FROM assessment.planned_session WHERE session_id <> $1 LIMIT 1) RETURNING session_id", old)
    rows("INSERT INTO assessment.parked (concern) VALUES ($1)", f"planned_session/{behind}")
    said = jitt("rebuild", "planned_session")
    assert "1 left as they are, because a record of theirs failed" in said
    assert "2 older than the topics, left as they are" in said
    assert dict(rows("SELECT session_id, revision FROM assessment.planned_session"))[behind] == 77
    rows("DELETE FROM assessment.parked WHERE concern = $1", f"planned_session/{behind}")
    assert "1 wrong, made right; 1 older than the topics, left as they are" in jitt("rebuild", "planned_session")
    rows("DELETE FROM assessment.planned_session WHERE session_id = $1", old)


def test_it_may_be_done_while_sessions_are_told(learned: Newcomer) -> None:
    over = Event()
    with ThreadPoolExecutor(1) as told:
        telling = told.submit(tell_until, over, learned)
        try:
            for _ in range(3):
                assert " wrong" not in (said := jitt("rebuild", "planned_session")), said
                assert " missing" not in said
        finally:
            over.set()
        assert telling.result() > 0


def test_who_was_erased_is_not_brought_back(town: Town, newcomer: Newcomer) -> None:
    assert rows("SELECT 1 FROM trigger.mentor WHERE id = $1", newcomer.id)
    erased = PersonErased(mentor_id=newcomer.id)
    kafka.write(PersonErased.TOPIC, binary(json.loads(erased.model_dump_json()), PersonErased.TYPE))
    eventually(lambda: not rows("SELECT 1 FROM trigger.mentor WHERE id = $1", newcomer.id), "trigger has forgotten them")
    jitt("rebuild", "trigger.mentor")
    assert not rows("SELECT 1 FROM trigger.mentor WHERE id = $1", newcomer.id)


def test_a_name_that_is_no_projection_is_answered_with_the_list() -> None:
    said = tried("rebuild", "trigger.session")
    assert said.code == 2
    assert "There is no projection “trigger.session”. Choose from: trigger.mentor" in said.err


def correct_a_reason(town: Town) -> None:
    file = town.folder / "ending_well_1.md"
    file.write_text(sub(r"(Why: .+)\.", r"\1, in their own time.", jitt("content", "show", "ending_well_1"), count=1))
    assert "explained better" in jitt("content", "publish", str(file), "--correction", "The reason was too short.")


def heard(mentor: Newcomer) -> list[bool]:
    skills = (f"SELECT 1 FROM {service}.skill WHERE mentor_id = $1" for service in ("trigger", "supervision"))
    suspended = ("SELECT 1 FROM trigger.mentor WHERE id = $1 AND revision > 1",
                 "SELECT 1 FROM assessment.roster WHERE mentor_id = $1 AND revision > 1",
                 "SELECT 1 FROM supervision.link_request WHERE mentor_id = $1")
    corrected = [bool(rows(f"SELECT 1 FROM {service}.correction")) for service in ("assessment", "supervision")]
    return [*corrected, *(bool(rows(query, mentor.id)) for query in (*skills, *suspended))]


def content(table: str) -> list[str]:
    return [text for (text,) in rows(f"SELECT kept::text FROM {table} kept ORDER BY 1")]


def tell_until(over: Event, mentor: Newcomer) -> int:
    """How many were told, as fast as one at a time goes."""
    number = 0
    while not over.is_set():
        kafka.write(TOPIC, *(binary(scheduled(f"meanwhile-{number + n}", mentor, in_days(9))) for n in range(20)))
        number += 20
    return number
