"""`jitt site`, `jitt import people` and `jitt link`, as somebody types them, on real Postgres."""

import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.supervision import commands
from shared.contracts import ids
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.running import Running
from shared.security import Expired, Link, read_link
from tests.driving import deliver, outgoing
from tests.supervision.builders import MENTOR, SUPERVISOR, TRAINING, assigned
from tests.supervision.conftest import Jitt
from tests.supervision.test_pages_site import a_version

ADD = ("site", "add", "eastfield", "--name", "Eastfield Mentoring", "--zone", "America/Chicago", "--phone", "555 555 0100")
STEPS = ("--reporting-step", "Call.", "--reporting-step", "Tell us.")
NUMBERS = ("--hotline-label", "State line", "--hotline", "800 555 0199", *STEPS, "--on-call", "555 555 0101")
HEADER = "ref,role,name,email,phone,supervisor_ref,time_zone,locale,match_started_on,cleared\n"
MARCUS = "marcus,mentor,Marcus Bell,marcus@example.org,,dana,,,2026-09-01,base:2027-06-30\n"
DANA = "dana,supervisor,Dana Ortiz,,,,,,,\n"


@pytest.fixture
def people(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "people.csv"
        path.write_text(HEADER + text)
        return path

    return write


async def test_a_site_is_added_changed_and_listed(jitt: Jitt, running: Running) -> None:
    first = await jitt(*ADD)
    assert first.stdout.splitlines()[0] == "Added eastfield."
    assert "--hotline" in first.stdout, "what it still needs is said"
    assert (await jitt("site", "add", "eastfield", *NUMBERS)).stdout == "Changed eastfield. This is revision 2.\n"
    assert (await jitt(*ADD)).stdout == "Nothing changed at eastfield.\n", "what is left out stays as it is"
    (site,) = json.loads((await jitt("site", "list", "--json")).stdout)
    assert (site["hotline"]["number"], site["reporting_steps"], site["revision"]) == ("800 555 0199", ["Call.", "Tell us."], 2)
    assert [e.revision for e in await outgoing(running) if isinstance(e, SiteDescribed)] == [1, 2]


async def test_a_site_shows_what_it_lacks_which_trainings_wait_and_the_command_that_adds_it(jitt: Jitt, running: Running) -> None:
    news = a_version(site_variables=("state_hotline", "reporting_steps"))
    await deliver(running, news)
    await jitt(*ADD)
    shown = (await jitt("site", "show", "eastfield")).stdout
    assert "Not used here yet: one training" in shown
    assert "One training needs your state’s child protection line and your steps of reporting. “If they tell you" in shown
    _, add = shown.split("Add it:\n\njitt ")
    assert "jitt site show eastfield" in (await jitt("site", "list")).stdout
    [listed] = json.loads((await jitt("site", "list", "--json")).stdout)
    assert listed["missing"] == ["state_hotline", "reporting_steps", "staff_on_call"]
    assert listed["waiting"][0]["trainings"] == ["If they tell you something scary"]
    filled = add.replace("Its number", "988").replace("A number that is always answered", "555 555 0101")
    assert (await jitt(*shlex.split(filled.replace("\\\n", "")))).stdout.startswith("Changed eastfield.")
    shown = (await jitt("site", "show", "eastfield")).stdout
    assert "Every training can be used here." in shown
    assert "  Steps of reporting:    The first step\n                         The next step\n" in shown


async def test_a_site_that_nobody_knows_is_not_shown(jitt: Jitt) -> None:
    answer = await jitt("site", "show", "nowhere")
    assert (answer.exit_code, "`jitt site list` shows those that are" in answer.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("site", "add", "eastfield"), "A new site needs --name and --zone and --phone too."),
        (("site", "add", "East Field"), "“East Field” cannot be a site's id."),
        ((*ADD, "--zone", "Chicago"), "“Chicago” is no time zone. Use a name such as America/Chicago."),
        ((*ADD, "--phone", "later"), "“later” is no phone number. Write --phone like “555 555 0100”."),
        ((*ADD, "--hotline", "988"), "A hotline needs its name and its number: --hotline-label and --hotline."),
        ((*ADD, "--locale", "English"), "“English” is no language. Write --locale like en or es."),
    ],
)
async def test_a_site_that_nobody_could_call_is_refused_in_words(jitt: Jitt, words: tuple[str, ...], problem: str) -> None:
    result = await jitt(*words)
    assert (result.exit_code, result.stderr.strip().startswith(problem)) == (2, True), result.stderr


async def test_people_come_in_once(jitt: Jitt, running: Running, people: Callable[[str], Path]) -> None:
    await jitt(*ADD)
    file = people(MARCUS + DANA)
    look = await jitt("import", "people", file, "--site", "eastfield", "--dry-run")
    assert look.stdout == "2 rows: 2 new, 0 changed, 0 unchanged.\n"
    first = await jitt("import", "people", file, "--site", "eastfield")
    assert (first.exit_code, first.stdout.splitlines()[-1]) == (0, "Imported 2 people.")
    assert (await jitt("import", "people", file, "--site", "eastfield")).stdout.splitlines()[-1] == "Nothing changed."
    (enrolled,) = [event for event in await outgoing(running) if isinstance(event, MentorEnrolled)]
    assert (enrolled.mentor_id, enrolled.supervisor_id) == (MENTOR, SUPERVISOR)
    assert [c.function for c in enrolled.clearances] == ["relationship_building", "safeguarding_first_response"]


async def test_a_row_that_goes_back_to_what_it_was_counts_again(
    jitt: Jitt, running: Running, people: Callable[[str], Path]
) -> None:
    await jitt(*ADD)
    for text in (MARCUS, MARCUS.replace("2026-09-01", "2026-10-01"), MARCUS):
        assert (await jitt("import", "people", people(text + DANA), "--site", "eastfield")).exit_code == 0
    started = [e.matches[0].started_on for e in await outgoing(running) if isinstance(e, MentorEnrolled)]
    assert started == ["2026-09-01", "2026-10-01", "2026-09-01"]


async def test_a_broken_row_stops_the_whole_file_unless_partial_is_asked_for(
    jitt: Jitt, running: Running, people: Callable[[str], Path]
) -> None:
    await jitt(*ADD)
    file = people(MARCUS + DANA + "leah,mentr,Leah,,,,,,,\n")
    result = await jitt("import", "people", file, "--site", "eastfield")
    assert result.exit_code == 1
    assert "Line 4, role: “mentr” is no role." in result.stdout
    assert result.stderr == "Nothing was imported. Mend these rows, or add --partial to import the rest.\n"
    assert [e for e in await outgoing(running) if isinstance(e, MentorEnrolled)] == []
    partial = await jitt("import", "people", file, "--site", "eastfield", "--partial", "--json")
    answer = json.loads(partial.stdout)
    assert (answer["imported"], answer["new"], len(answer["errors"])) == (True, 2, 1)


async def test_of_a_thousand_rows_with_one_fault_none_comes_in_until_it_is_mended_and_then_each_comes_once(
    jitt: Jitt, running: Running, people: Callable[[str], Path]
) -> None:
    async def known() -> list[int]:
        persons = await running.pool.fetchval("SELECT count(*) FROM person")
        return [persons, sum(isinstance(event, MentorEnrolled) for event in await outgoing(running))]

    await jitt(*ADD)
    rows = [f"m{number},mentor,Mentor {number},,,,,,,\n" for number in range(1_000)]
    wrong = [*rows[:499], "m499,mentor,Mentor 499,,,,Mars/Base,,,\n", *rows[500:]]
    command = ("import", "people", people("".join(wrong)), "--site", "eastfield")
    look, refused = await jitt(*command, "--dry-run"), await jitt(*command)
    assert [told.stdout.count("Line 501, time_zone: “Mars/Base”") for told in (look, refused)] == [1, 1]
    assert (look.exit_code, refused.exit_code, await known()) == (0, 1, [0, 0])
    assert (await jitt(*command, "--partial")).stdout.splitlines()[-1] == "Imported 999 people."
    people("".join(rows))
    assert (await jitt(*command)).stdout.splitlines()[-1] == "Imported 1 person."
    assert (await jitt(*command)).stdout.splitlines()[-1] == "Nothing changed."
    assert await known() == [1_000, 1_000]


async def test_people_of_a_site_that_nobody_added_are_refused(jitt: Jitt, people: Callable[[str], Path]) -> None:
    result = await jitt("import", "people", people(DANA), "--site", "westfield")
    assert (result.exit_code, result.stderr.split(".")[0]) == (1, "Nothing is known of the site “westfield” yet")


async def test_twelve_hundred_people_come_in_by_chunks(jitt: Jitt, running: Running, people: Callable[[str], Path]) -> None:
    await jitt(*ADD)
    rows = "".join(MARCUS.replace("marcus", f"mentor{number}") for number in range(1_200))
    assert (await jitt("import", "people", people(rows + DANA), "--site", "eastfield")).exit_code == 0
    async with running.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM mentor_case WHERE enrolled") == 1_200
        assert await conn.fetchval("SELECT count(*) FROM outbox WHERE type LIKE '%mentor_enrolled%'") == 1_200


async def test_a_link_opens_the_newest_training_until_two_weeks_after_its_session(jitt: Jitt, running: Running) -> None:
    async with running.connection() as conn:
        start = await conn.fetchval("SELECT now() + interval '1 day'")
    await deliver(running, assigned(starts_at=start))
    for words in ((TRAINING,), ("--site", "eastfield", "--mentor", "marcus"), ("--session", assigned().session_id)):
        url = (await jitt("link", *words)).stdout.strip()
        token = urlsplit(url).path.removeprefix("/t/")
        assert read_link(token, start) == Link("training", TRAINING, MENTOR, 1)
        assert not isinstance(read_link(token, start + commands.LINK_LIFE), Link)


async def test_a_records_link_is_the_mentors_own_and_works_for_ninety_days(
    jitt: Jitt, running: Running, people: Callable[[str], Path]
) -> None:
    await jitt(*ADD)
    await jitt("import", "people", people(DANA + MARCUS), "--site", "eastfield")
    result = await jitt("link", "--record", "--site", "eastfield", "--mentor", "marcus", "--json")
    printed = json.loads(result.stdout)
    path, token = urlsplit(printed["url"]).path.rsplit("/", 1)
    opened, mentor_id = read_link(token, datetime.now(UTC)), ids.mentor("eastfield", "marcus")
    assert (path, printed["mentor_id"], opened) == ("/m", str(mentor_id), Link("record", mentor_id, mentor_id, 1))
    assert isinstance(read_link(token, datetime.now(UTC) + timedelta(days=90, minutes=-1)), Link)
    assert isinstance(read_link(token, datetime.now(UTC) + timedelta(days=90)), Expired)


async def test_revoking_ends_what_was_printed_and_the_next_link_is_of_a_new_epoch(
    jitt: Jitt, running: Running, people: Callable[[str], Path]
) -> None:
    await jitt(*ADD)
    await jitt("import", "people", people(DANA + MARCUS), "--site", "eastfield")
    result = await jitt("link", "--revoke", "--site", "eastfield", "--mentor", "marcus")
    assert result.stdout.startswith("Every link that this mentor had opens nothing any more")
    url = (await jitt("link", "--record", "--site", "eastfield", "--mentor", "marcus")).stdout.strip()
    opened = read_link(url.rpartition("/")[2], datetime.now(UTC))
    assert isinstance(opened, Link)
    assert opened.epoch == 2
    assert [event.link_epoch for event in await outgoing(running) if isinstance(event, MentorEnrolled)] == [1, 2]


@pytest.mark.parametrize("what", ["--record", "--revoke"])
async def test_nobodys_links_are_refused_in_words(jitt: Jitt, what: str) -> None:
    result = await jitt("link", what, "--site", "eastfield", "--mentor", "nobody")
    assert (result.exit_code, result.stderr.strip()) == (
        1, "Site “eastfield” has no mentor with the reference “nobody”. Import people first.",
    )  # fmt: skip
    assert (await jitt("link", what, "--mentor", "marcus")).exit_code == 2
    assert (await jitt("link", "--record", "--revoke", "--site", "eastfield", "--mentor", "marcus")).exit_code == 2


async def test_a_link_to_nothing_is_refused_in_words(jitt: Jitt) -> None:
    assert (await jitt("link")).exit_code == 2
    result = await jitt("link", "--site", "eastfield", "--mentor", "nobody")
    assert (result.exit_code, result.stderr.split(".")[0]) == (1, "No training is known for that")


async def test_a_link_that_has_ended_is_not_printed(jitt: Jitt, running: Running) -> None:
    async with running.connection() as conn:
        await deliver(running, assigned(starts_at=await conn.fetchval("SELECT now() - interval '15 days'")))
    result = await jitt("link", TRAINING)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("The link to that training ended two weeks after its session.")


@pytest.mark.parametrize("words", [("site", "add"), ("site", "list"), ("import", "people"), ("link",)])
async def test_help_teaches_with_an_example(jitt: Jitt, words: tuple[str, ...]) -> None:
    result = await jitt(*words, "--help")
    assert f"jitt {' '.join(words)} " in " ".join(result.stdout.split())
