"""Lists go on naming people who were erased: nothing of them comes in again, and nobody else is touched by it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from services.supervision import people_file
from services.supervision.people_file import Whose
from services.supervision.people_import import Before, Looked
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.privacy import NOBODY
from shared.running import Running
from tests.driving import deliver
from tests.supervision.builders import SITE
from tests.supervision.conftest import Jitt
from tests.supervision.rosters import V12, changed, files, unpacked, v11
from tests.supervision.test_commands import ADD
from tests.supervision.test_oneroster import DANA, MARCUS, NOTHING, NOW, WHOSE, after, delta, look, people

LEE, PRIYA = ids.supervisor(SITE, "lee"), ids.supervisor(SITE, "priya")
MARCUS_TOO = ids.supervisor(SITE, "marcus")
HEADER = "ref,role,name,email,supervisor_ref,back_up_ref\n"
STAFF = "dana,supervisor,Dana Ortiz,,,lee\nlee,supervisor,Lee Park,,,\n"
BOTH = V12 | {"roles": [*V12["roles"], "r9,,,marcus,secondary,teacher,,,o1,"]}


def erased(*who: Any, before: Before = NOTHING) -> Before:
    """What the site has once these people were erased: as the database then has it."""
    whose = Whose(SITE, WHOSE.time_zone, WHOSE.locale, erased=frozenset(who))
    return Before(NOW, whose, {id: known for id, known in before.known.items() if id not in who}, before.rows)


def stored(looked: Looked) -> str:
    return json.dumps([row.document for row in looked.told])


def refs(rows: Iterable[Any]) -> list[str]:
    return sorted(row.person.reference for row in rows)


@pytest.mark.parametrize(("found", "rows"), [(files(), 3), (v11(), 2)], ids=["1.2", "1.1"])
def test_of_a_mentor_who_was_erased_no_row_of_a_set_is_kept_and_nobody_is_new(found: dict[str, bytes], rows: int) -> None:
    looked = look(found, erased(MARCUS))
    assert refs(looked.compared.new) == ["dana", "lee", "priya"]
    assert str(MARCUS) not in stored(looked) and ids.mentee(SITE, "marcus") not in stored(looked)
    assert looked.parsed.notes[-1] == (
        f"{rows} rows belong to people whose data was erased. They were left out: take them out of what you send."
    )
    assert {row.file: row.document for row in looked.told if "marcus" in str(row.document)} == {}
    then = after(looked, erased(MARCUS))
    again = look(found, erased(MARCUS, before=then))
    assert (list(again.events), again.compared.unchanged) == ([], 3)


def test_rows_that_came_back_with_an_earlier_import_go_with_the_next_one() -> None:
    before = erased(MARCUS, before=after(look(files())))
    looked = look(files(), before)
    assert sorted(row.file for row in looked.told if row.document is None) == ["enrollments", "roles", "users"]
    assert str(MARCUS) not in str(after(looked, before).rows)


def test_an_erased_supervisor_leaves_the_caseload_and_the_back_ups() -> None:
    here = people(look(files(), erased(DANA)))
    assert here["marcus"].supervisor_reference is None
    assert len(here["marcus"].matches) == 1, "the match is the mentor's"
    here = people(look(files(), erased(LEE)))
    assert (here["dana"].back_up_reference, here["marcus"].supervisor_reference) == (None, "dana")


def test_a_mentor_of_an_erased_supervisor_has_not_left_with_the_next_changes() -> None:
    agents = changed("users", V12["users"][1], V12["users"][1].replace("0117,,,,,", "0117,dana,,,,"))
    before = erased(DANA, before=after(look(files(agents))))
    told = delta(enrollments=["e2,active,2026-11-30,c1,o1,dana,teacher,true,,"])
    looked = look(told, before)
    assert (looked.parsed.problems, looked.compared.gone) == ((), ())
    assert looked.parsed.notes[-1].startswith("1 row belongs to somebody whose data was erased. It was left out:")


@pytest.mark.parametrize(("who", "stays"), [(MARCUS, "supervisor"), (MARCUS_TOO, "mentor")], ids=["mentor", "staff"])
def test_who_is_both_and_is_erased_as_one_stays_the_other(who: Any, stays: str) -> None:
    before = erased(who)
    looked = look(files(BOTH), before)
    assert people(looked)["marcus"].role == stays
    assert str(who) not in stored(looked) and str(NOBODY) in stored(looked)
    then = erased(who, before=after(looked, before))
    assert look(files(BOTH), then).count == 0
    more = look(delta(roles=["r9,active,2026-11-30,marcus,secondary,teacher,,,o1,"]), then)
    assert (more.compared.new, more.compared.gone) == ((), ())


def test_a_row_of_the_small_list_about_somebody_erased_is_left_out_unread() -> None:
    whose = erased(MARCUS, LEE).whose
    found = people_file.read((HEADER + STAFF + "marcus,mentor,Marcus Bell,no address,dana,\n").encode(), whose)
    assert [(row.person.reference, row.person.back_up_reference) for row in found.rows] == [("dana", None)]
    assert found.problems == (), "what is wrong with it is nobody's business any more"
    assert found.notes == (
        "2 rows belong to people whose data was erased. They were left out: take them out of what you send.",
        "In 1 row the supervisor or back-up is somebody whose data was erased. That cell was taken as empty.",
    )


def test_a_mentor_whose_supervisor_was_erased_is_the_site_leads_and_one_of_the_same_reference_comes_in() -> None:
    whose = erased(DANA).whose
    found = people_file.read((HEADER + STAFF + "marcus,mentor,Marcus Bell,,dana,\ndana,mentor,Dana Bell,,,\n").encode(), whose)
    assert [(row.person.reference, row.person.role, row.person.supervisor_id) for row in found.rows] == [
        ("lee", "supervisor", None), ("marcus", "mentor", None), ("dana", "mentor", None),
    ]  # fmt: skip


async def in_tables(running: Running, id: Any) -> set[str]:
    async with running.connection() as conn:
        names = [row["tablename"] for row in await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'supervision'")]
        return {name for name in names for row in await conn.fetch(f"SELECT t::text AS t FROM {name} t") if str(id) in row["t"]}


async def erase(running: Running, who: Any, role: str) -> None:
    await deliver(running, PersonErased.model_validate({"mentor_id": str(who), "role": role, "site_id": SITE}, strict=False))


async def test_after_an_erasure_imports_bring_nothing_back_and_say_so(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    set_ = unpacked(tmp_path / "set", files())
    await jitt("import", "oneroster", set_, "--site", SITE)
    await erase(running, MARCUS, "mentor")
    left = await in_tables(running, MARCUS)
    assert "oneroster_row" not in left
    look = json.loads((await jitt("import", "oneroster", set_, "--site", SITE, "--dry-run", "--json")).stdout)
    assert (look["new"], look["unchanged"], look["notes"]) == (
        0, 3, ["3 rows belong to people whose data was erased. They were left out: take them out of what you send."],
    )  # fmt: skip
    assert (await jitt("import", "oneroster", set_, "--site", SITE)).stdout.splitlines()[-1] == "Nothing changed."
    small = tmp_path / "people.csv"
    small.write_text("ref,role,name\nmarcus,mentor,Marcus Bell\n")
    said = await jitt("import", "people", small, "--site", SITE)
    assert "1 row belongs to somebody whose data was erased." in said.stdout
    assert said.stdout.splitlines()[-1] == "Nothing changed."
    assert await in_tables(running, MARCUS) == left


async def test_erasing_a_supervisor_leaves_the_rows_of_their_mentors(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    agents = changed("users", V12["users"][1], V12["users"][1].replace("0117,,,,,", "0117,dana,,,,"))
    await jitt("import", "oneroster", unpacked(tmp_path, files(agents)), "--site", SITE)
    await erase(running, DANA, "staff")
    async with running.connection() as conn:
        found = await conn.fetch("SELECT document -> 'agents' AS agents FROM oneroster_row WHERE file = 'users' ORDER BY 1")
    assert [json.loads(row["agents"]) for row in found] == [[], [], [], []], "nobody's agent any more"
    none = await jitt("import", "oneroster", unpacked(tmp_path, delta(enrollments=[])), "--site", SITE)
    assert none.stdout.splitlines()[-1] == "Imported 1 person.", "who has no supervisor now, and has not left"


async def test_a_supervisor_who_was_a_mentor_too_stays_with_the_set_that_was_told(
    jitt: Jitt, running: Running, tmp_path: Path
) -> None:
    await jitt(*ADD)
    await jitt("import", "oneroster", unpacked(tmp_path, files(BOTH)), "--site", SITE)
    await erase(running, MARCUS, "mentor")
    assert "oneroster_row" not in await in_tables(running, MARCUS)
    none = await jitt("import", "oneroster", unpacked(tmp_path, delta(enrollments=[])), "--site", SITE)
    assert none.stdout.splitlines()[-1] == "Nothing changed.", "else they would have left"
