"""`jitt import oneroster`, as somebody types it, on real Postgres: once, twice, with changes, with faults, with too many gone."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.supervision.oneroster_mapping import DEFAULT
from shared.contracts import ids
from shared.contracts.supervision import Match, MentorEnrolled
from shared.messaging.sweep import apply_sweep
from shared.running import Running
from tests.driving import outgoing
from tests.supervision.builders import MENTOR, SITE, SUPERVISOR
from tests.supervision.conftest import Jitt
from tests.supervision.rosters import V12, changed, files, unpacked, zipped
from tests.supervision.test_commands import ADD, DANA, HEADER, MARCUS

LEE = ids.supervisor(SITE, "lee")


async def come_in(jitt: Jitt, folder: Path, found: Mapping[str, bytes], *words: str) -> str:
    result = await jitt("import", "oneroster", unpacked(folder, found), "--site", "eastfield", *words)
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()[-1]


async def told(running: Running) -> list[MentorEnrolled]:
    return [event for event in await outgoing(running) if isinstance(event, MentorEnrolled)]


async def rows(running: Running, table: str) -> int:
    async with running.connection() as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM {table}"))


async def test_a_set_comes_in_once_as_a_folder_and_as_a_zip(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    look = await jitt("import", "oneroster", unpacked(tmp_path / "set", files()), "--site", "eastfield", "--dry-run")
    assert look.stdout.splitlines()[1] == "People: 4 new, 0 changed, 0 unchanged."
    assert await rows(running, "person") == await rows(running, "oneroster_row") == 0
    assert await come_in(jitt, tmp_path / "set", files()) == "Imported 4 people."
    archive = tmp_path / "set.zip"
    archive.write_bytes(zipped(files()))
    again = await jitt("import", "oneroster", archive, "--site", "eastfield", "--json")
    assert json.loads(again.stdout) | {"notes": 0} == {
        "imported": True, "new": 0, "changed": 0, "unchanged": 4, "gone": 0, "orgs": 1, "academicSessions": 1, "courses": 1,
        "classes": 1, "roles": 5, "users": 5, "enrollments": 3, "notes": 0, "leaving": [], "errors": [],
    }  # fmt: skip
    [enrolled] = await told(running)
    assert (enrolled.mentor_id, enrolled.supervisor_id) == (MENTOR, SUPERVISOR)
    mentee = ids.mentee(SITE, "y1")
    assert enrolled.matches == (Match(mentee_ref=mentee, started_on="2026-09-08", ends_on="2027-06-11"),)


async def test_no_table_and_no_event_names_a_young_person(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    await come_in(jitt, tmp_path, files())
    async with running.connection() as conn:
        found = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'supervision'")
        tables = [row["tablename"] for row in found]
        text = [str(row["t"]) for name in tables for row in await conn.fetch(f"SELECT t::text AS t FROM {name} t")]
        payloads = [bytes(row["payload"]).decode() for row in await conn.fetch("SELECT payload FROM outbox")]
    assert "Marcus" in " ".join(text)
    assert not [line for line in (*text, *payloads) if any(word in line for word in ("Canary", "Secret", "yone"))]


async def test_changes_end_a_match_and_a_deleted_supervisor_leaves_the_mentors_to_the_back_up(
    jitt: Jitt, running: Running, tmp_path: Path
) -> None:
    await jitt(*ADD)
    await come_in(jitt, tmp_path, files())
    ended = [V12["enrollments"][0], "e3,active,2026-11-30,c1,o1,y1,student,false,2026-09-08,2026-11-27"]
    assert await come_in(jitt, tmp_path, files({"enrollments": ended}, mode="delta")) == "Imported 1 person."
    gone = [V12["users"][0], V12["users"][2].replace("dana,,,", "dana,tobedeleted,2026-11-30,")]
    refused = await jitt("import", "oneroster", unpacked(tmp_path, files({"users": gone}, mode="delta")), "--site", "eastfield")
    assert refused.exit_code == 1
    assert "Leaving: “dana” (supervisor)." in refused.stdout
    assert refused.stderr.startswith("Nothing was imported. 1 of 4 people would leave, which is more than 20 %.")
    left = await come_in(jitt, tmp_path, files({"users": gone}, mode="delta"), "--force")
    assert left.endswith("1 person has left.")
    async with running.connection() as conn, conn.transaction():
        await apply_sweep(conn, "supervision", running.service.handlers)
    roster = await told(running)
    ends = [event.matches[0].ends_on for event in roster]
    assert ends == ["2027-06-11", "2026-11-27", "2026-11-27"], "once more for the new supervisor"
    assert roster[-1].supervisor_id == LEE
    assert await come_in(jitt, tmp_path, files({"users": gone}, mode="delta")) == "Nothing changed."
    assert (await jitt("sign-in", "--site", "eastfield", "--as", "dana")).exit_code != 0


async def test_a_fault_stops_the_whole_set_unless_partial_is_asked_for(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    line = V12["enrollments"][3]
    set_ = unpacked(tmp_path, files(changed("enrollments", line, line.replace(",y1,", ",y9,"))))
    stopped = await jitt("import", "oneroster", set_, "--site", "eastfield")
    assert "enrollments.csv, line 4, userSourcedId: “y9” is in no row of users.csv." in stopped.stdout
    assert (stopped.exit_code, await rows(running, "person")) == (1, 0)
    partial = await jitt("import", "oneroster", set_, "--site", "eastfield", "--partial")
    assert (partial.stdout.splitlines()[-1], await rows(running, "person")) == ("Imported 4 people.", 4)


async def test_people_of_the_small_list_stay_when_a_set_does_not_name_them(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    file = tmp_path / "people.csv"
    file.write_text(HEADER + MARCUS.replace("marcus,mentor", "leah,mentor") + DANA)
    await jitt("import", "people", file, "--site", "eastfield")
    assert await come_in(jitt, tmp_path / "set", files()) == "Imported 4 people."
    async with running.connection() as conn:
        found = await conn.fetch("SELECT reference, source, status FROM person WHERE reference IN ('leah', 'dana') ORDER BY 1")
    assert [tuple(row) for row in found] == [("dana", "oneroster", "active"), ("leah", "people_file", "active")]
    file.write_text("ref,role,name,status\nleah,mentor,Leah Bell,left\n")
    left = await jitt("import", "people", file, "--site", "eastfield")
    assert left.stdout.splitlines()[-1] == "Imported 0 people. 1 person has left."
    assert [event.status for event in await told(running) if event.mentor_id == ids.mentor(SITE, "leah")] == ["active", "left"]


async def test_a_set_alone_can_be_checked_without_a_site_and_without_a_database(jitt: Jitt, tmp_path: Path) -> None:
    result = await jitt("import", "oneroster", unpacked(tmp_path, files()), "--dry-run", "--json")
    answer = json.loads(result.stdout)
    assert (answer["users"], answer["enrollments"], answer["errors"]) == (5, 3, [])
    nobody = await jitt("import", "oneroster", tmp_path)
    assert (nobody.exit_code, nobody.stderr.startswith("Say whose people they are: --site.")) == (2, True)


async def test_the_default_mapping_can_be_taken_and_given_back(jitt: Jitt, tmp_path: Path) -> None:
    shown = await jitt("import", "oneroster", "--show-mapping")
    assert shown.stdout == DEFAULT
    mapping = tmp_path / "roles.toml"
    mapping.write_text(shown.stdout)
    look = ("import", "oneroster", unpacked(tmp_path / "set", files()), "--dry-run", "--mapping", mapping)
    assert (await jitt(*look)).exit_code == 0
    mapping.write_text("[rolls]")
    refused = await jitt(*look)
    assert (refused.exit_code, refused.stderr.strip()) == (
        2, "Nobody reads “rolls” of the mapping. Did you mean “roles”? Nothing was read.",
    )  # fmt: skip


@pytest.mark.parametrize("words", [("import", "oneroster")])
async def test_help_teaches_with_an_example(jitt: Jitt, words: tuple[str, ...]) -> None:
    result = await jitt(*words, "--help")
    assert "jitt import oneroster set.zip --site eastfield --dry-run" in " ".join(result.stdout.split())
