"""A mentor with a history asks for everything, and to be erased: it is handed out, then found nowhere, and nothing late brings it
back. Real processes, real topics; the words that are looked for are the mentor's own."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from shared.contracts import ids
from shared.contracts.supervision import MentorForgotten
from shared.privacy import NOBODY
from tests.flow import kafka, looking
from tests.flow.commands import jitt, tried
from tests.flow.database import rows
from tests.flow.people import LAST_PAGE, OPEN_ANSWER, Learner, Supervisor, brief_of, link_of
from tests.flow.running import eventually
from tests.flow.telling import TOPIC, binary, in_days, scheduled, soon_today
from tests.flow.town import COLUMNS, LAKESIDE, Newcomer, Town

CANARY = Newcomer("canary-ref-7731", "Zelda Quartzmoor")
MAIL, PHONE, YOUNG = "zelda.quartzmoor@canary.example.org", "555 000 7731", "canary-young-7731"
WORDS = (CANARY.ref, CANARY.name, MAIL, PHONE, YOUNG, OPEN_ANSWER[:40])
LEDGERS = {f"{name}.erased" for name in ("trigger", "content", "assessment", "supervision")}
LOGS = {"supervision.audit", "supervision.operated", "assessment.open_answer_read"}  # opaque ids only, by decision


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The people's file that names the mentor, outside of the network's home."""
    return tmp_path_factory.mktemp("list") / "canary.csv"


@pytest.fixture(scope="module")
def person(town: Town, file: Path) -> Newcomer:
    """Listed, trained, with a missed safety question, an open answer, a talk, a session to come, and a dead letter."""
    listed = CANARY.row(datetime.now(UTC)).split(",")
    listed[3:5] = [MAIL, PHONE]
    staff = "dana,supervisor,Dana Ortiz,,,,,,,\nlee,supervisor,Lee Arden,,,,,,,"
    file.write_text("\n".join([COLUMNS, staff, ",".join(listed), ""]))
    jitt("import", "people", str(file), "--site", LAKESIDE)
    kafka.write(TOPIC, binary(scheduled("canary-1", CANARY, soon_today(), mentee_ref=YOUNG)))
    kafka.write(TOPIC, binary(scheduled("canary-2", CANARY, in_days(9), mentee_ref=YOUNG)))
    kafka.write(TOPIC, binary(scheduled("canary-3", CANARY, in_days(9), minutes=-1)))
    assert Learner(link_of(CANARY)).walk()[-1] == LAST_PAGE
    dana = Supervisor("dana")
    dana.sees(brief_of(CANARY), OPEN_ANSWER[:40])
    dana.leave()
    eventually(lambda: rows("SELECT 1 FROM trigger.dead_letter WHERE value LIKE '%canary-3%'::bytea"), "the letter is buried")
    return CANARY


@pytest.fixture(scope="module")
def brief(person: Newcomer) -> str:
    return brief_of(person)


def test_everything_is_handed_out_to_read_and_as_data(person: Newcomer, tmp_path: Path) -> None:
    out = tmp_path / "theirs"
    said = jitt("export", person.ref, "--site", LAKESIDE, "--out", str(out))
    assert "It names the person" in said
    page, data = (out / "read-me.html").read_text(), json.loads((out / "everything.json").read_text())
    for words in (person.name, MAIL, PHONE, OPEN_ANSWER, "until the person is erased"):
        assert words in page
    assert "names and contacts" in data and "words that a mentor wrote" in data and "trainings and answers" in data
    assert [row["text"] for row in data["words that a mentor wrote"][0]["rows"]] == [OPEN_ANSWER]
    assert (out / "read-me.html").stat().st_mode & 0o077 == 0
    assert tried("export", person.ref, "--site", LAKESIDE, "--out", str(out)).code == 2  # not over what is there
    [done] = [one for one in json.loads(jitt("audit", "--about", str(person.id), "--json")) if one["command"] == "export"]
    assert (done["service"], done["site_id"]) == ("supervision", LAKESIDE) and "@" in done["operator"]


def test_a_dry_run_counts_and_erases_nothing(person: Newcomer) -> None:
    found = json.loads(jitt("erase", person.ref, "--site", LAKESIDE, "--dry-run", "--json"))
    assert found["person_id"] == str(person.id)
    assert found["rows"]["names and contacts"] == 1 and found["rows"]["sessions"] >= 2
    assert "Aborted" in tried("erase", person.ref, "--site", LAKESIDE).err  # nobody typed the reference
    assert rows("SELECT name FROM supervision.person WHERE person_id = $1", person.id) == [(person.name,)]


def test_before_the_erasure_the_search_finds_every_word(person: Newcomer) -> None:
    """Else finding none afterwards would say nothing. The open answer is sealed: in tables it is found by its rows."""
    found = looking.in_tables(WORDS)
    assert {person.ref, person.name, MAIL, PHONE} <= {word for words in found.values() for word in words}
    assert rows("SELECT 1 FROM assessment.open_answer WHERE mentor_id = $1", person.id)
    assert looking.in_topics(WORDS) == {TOPIC: {person.ref, YOUNG}}


def test_an_erased_mentor_is_found_nowhere_within_a_minute(person: Newcomer, brief: str, town: Town) -> None:
    began = time.monotonic()
    found = json.loads(jitt("erase", person.ref, "--site", LAKESIDE, "--yes", "--json"))
    took = time.monotonic() - began
    assert found["complete"] and set(found["receipts"]) == {"trigger", "content", "assessment", "supervision"}
    assert took < 60, f"{took:.1f} s"
    assert all(found["rows"][name] for name in found["rows"]), found["rows"]
    assert looking.in_tables(WORDS) == {}
    assert looking.in_files(town.network.home, WORDS) == {}
    assert looking.in_topics(WORDS) == {TOPIC: {person.ref, YOUNG}}  # what the site itself sent: for 14 days
    assert looking.in_tables([str(person.id)]).keys() <= LEDGERS | LOGS | {"supervision.erasure"}
    eventually(lambda: looking.last_values("supervision.roster", str(person.id))[-1:] == [None], "the roster forgets the mentor")
    said = jitt("erase", "status", str(person.id))
    assert "supervision  done after" in said and "then this is closed" in said
    dana = Supervisor("dana")
    assert "This record was erased on request" in dana.look(brief, 410)
    dana.leave()


def test_nothing_late_brings_the_mentor_back(person: Newcomer, file: Path) -> None:
    kafka.write(TOPIC, binary(scheduled("canary-1", person, in_days(12), revision=9)))
    kafka.write(TOPIC, binary(scheduled("after-canary", Newcomer("ada-abernathy", ""), in_days(12))))
    jitt("import", "people", str(file), "--site", LAKESIDE)
    other = ids.session(LAKESIDE, "after-canary")
    eventually(lambda: rows("SELECT 1 FROM trigger.session WHERE id = $1", other), "trigger has read it")
    assert looking.in_tables([str(person.id), *WORDS]).keys() <= LEDGERS | LOGS | {"supervision.erasure"}


def test_after_a_restore_the_erasure_is_done_again_before_anybody_comes_in(person: Newcomer, town: Town) -> None:
    """As a backup of before would have it: a mentor, a supervisor and a site lead are back, and of the staff only one service's
    ledger knows anything, of the lead not even what they were."""
    lea, kim = ids.supervisor(LAKESIDE, "lea"), ids.supervisor(LAKESIDE, "kim")
    back = {person.id: "mentor", lea: "supervisor", kim: "site_lead"}
    for id, role in back.items():
        rows("INSERT INTO supervision.person (person_id, site_id, role, reference, name, time_zone, locale, row_hash) "
             "VALUES ($1, $2, $3, $3, $4, 'UTC', 'en', '')", id, LAKESIDE, role, f"{CANARY.name} {role}")  # fmt: skip
    assert {found[0] for found in rows("SELECT name FROM supervision.person WHERE name LIKE $1", f"{CANARY.name}%")}
    rows("INSERT INTO content.learner (mentor_id, site_id) VALUES ($1, $2)", person.id, LAKESIDE)
    rows("INSERT INTO supervision.contact (contact_id, mentor_id, site_id, outcome, at, by_person, cleared) "
         "VALUES ($1, $2, $3, 'talked', now(), $4, '{}')", ids.after(lea, "talk"), uuid4(), LAKESIDE, lea)  # fmt: skip
    for service in ("trigger", "assessment", "supervision"):
        rows(f"DELETE FROM {service}.erased")
    rows("INSERT INTO content.erased (person_id, role) VALUES ($1, 'staff'), ($2, '')", lea, kim)
    found = json.loads(jitt("erase", "reapply", "--json"))
    assert found["rows"] >= 5 and found["people"] >= 3
    assert looking.in_tables([CANARY.name]) == {}
    assert rows("SELECT by_person FROM supervision.contact WHERE contact_id = $1", ids.after(lea, "talk")) == [(NOBODY,)]
    assert rows("SELECT role FROM supervision.erased WHERE person_id = ANY($1) ORDER BY role", list(back)) == [
        ("",), ("mentor",), ("staff",),
    ]  # fmt: skip
    printed = [json.loads(line) for line in jitt("erase", "ledger").splitlines()]
    assert {(one["mentor_id"], one["role"]) for one in printed} >= {
        (str(person.id), "mentor"), (str(lea), "staff"), (str(kim), "staff"),
    }  # fmt: skip


def test_a_worker_whose_database_was_restored_does_it_by_itself(person: Newcomer, town: Town) -> None:
    """Its offsets were restored too: it reads the topic of erasures again, and is not ready before that is applied."""
    rows("DELETE FROM content.erased")
    rows("DELETE FROM content.consumed WHERE topic = 'supervision.erased'")
    rows("CREATE TABLE content.inbox_before AS TABLE content.inbox")
    rows("DELETE FROM content.inbox")
    rows("INSERT INTO content.learner (mentor_id, site_id) VALUES ($1, $2)", person.id, LAKESIDE)
    town.crash("content")
    rows("INSERT INTO content.inbox TABLE content.inbox_before ON CONFLICT DO NOTHING")  # other tests have this network, too
    rows("DROP TABLE content.inbox_before")
    assert rows("SELECT 1 FROM content.erased WHERE person_id = $1", person.id)
    assert not rows("SELECT 1 FROM content.learner WHERE mentor_id = $1", person.id)


def test_mentors_of_an_erased_supervisor_go_to_the_sites_lead(person: Newcomer, newcomer: Newcomer) -> None:
    lee = ids.supervisor(LAKESIDE, "lee")
    rows("UPDATE supervision.mentor_case SET supervisor_id = $2 WHERE mentor_id = $1", newcomer.id, lee)
    assert rows("SELECT name FROM supervision.person WHERE person_id = $1", lee) == [("Lee Arden",)]
    found = json.loads(jitt("erase", "lee", "--site", LAKESIDE, "--yes", "--json"))
    assert found["complete"] and found["role"] == "staff"
    eventually(lambda: rows("SELECT supervisor_id FROM supervision.mentor_case WHERE mentor_id = $1", newcomer.id) == [(None,)],
               "the mentor is nobody's")  # fmt: skip
    assert not rows("SELECT 1 FROM supervision.person WHERE person_id = $1", lee)


def test_the_record_that_ends_the_rosters_word_has_no_value(person: Newcomer) -> None:
    assert looking.last_values(MentorForgotten.TOPIC, str(person.id))[-1] is None
