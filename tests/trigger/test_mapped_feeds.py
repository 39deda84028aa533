"""A calendar of several mentors, looked at again and again: what is theirs, what waits for a rule or the roster, and commands."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.trigger import feeds, mapping_file, mapping_words, store_feeds
from services.trigger.calendar_mapping import written
from services.trigger.store_feeds import Asked, Feed
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.running import Running
from tests.driving import deliver
from tests.trigger.building import enrolled
from tests.trigger.calendar_files import calendar
from tests.trigger.calendar_server import CalendarServer, Given
from tests.trigger.typed import jitt

DANA, LEE = ids.mentor("eastfield", "dana"), ids.mentor("eastfield", "lee")
DAY = (datetime.now(UTC) + timedelta(days=7)).replace(hour=16, minute=0, second=0, microsecond=0)
GUESTS = "mentor: [{by: ATTENDEE}]"
SESSIONS = "SELECT mentor_id, count(*) AS n FROM session WHERE status = 'planned' GROUP BY 1"
FEED = "SELECT feed::text FROM feed"
SAID = ("ortega", "elm street", "example.org", "tutoring")


def entries(*whose: str, title: str = "Ines Ortega, tutoring", first: int = 0) -> bytes:
    """One entry a day, of these guests."""
    lines: list[str] = []
    for n, guest in enumerate(whose, first):
        start = DAY + timedelta(days=n)
        guests = [f"ATTENDEE;CN=Ines Ortega:mailto:{one}@example.org" for one in guest.split()]
        lines += ["BEGIN:VEVENT", f"UID:e{n}", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", "DURATION:PT45M", f"SUMMARY:{title}",
                  "LOCATION:Elm Street 4", *guests, "END:VEVENT"]  # fmt: skip
    return calendar(*lines)


@pytest.fixture
def running(eastfield: Running) -> Running:
    return eastfield


def roster(ref: str, address: str = "", **changes: Any) -> Any:
    hashed = ids.address("eastfield", address or f"{ref}@example.org")
    return enrolled(mentor_id=ids.mentor("eastfield", ref), site_id="eastfield", address_hash=hashed, **changes)


async def add(running: Running, server: CalendarServer, rules: str = GUESTS, *, complete: bool = False) -> None:
    mapping = mapping_file.read(rules, "eastfield")
    async with running.connection() as conn:
        row = ("f1", "eastfield", None, None, server.url, "check_in", complete, 15)
        assert await store_feeds.add(conn, row, written(mapping), mapping.mentors)


async def the_feed(running: Running) -> Feed:
    found = await store_feeds.find(running.pool, "f1")
    assert found
    return found


async def looked(running: Running) -> Asked:
    return await feeds.look(running, await the_feed(running))


async def planned(running: Running) -> dict[str, int]:
    """Sessions by mentor."""
    refs = {ids.mentor("eastfield", ref): ref for ref in ("dana", "lee")}
    return {refs[row["mentor_id"]]: row["n"] for row in await running.pool.fetch(SESSIONS)}


async def needs(running: Running) -> dict[str, int]:
    return {need.why: need.sessions for need in mapping_words.parse((await the_feed(running)).needs)}


async def map_anew(running: Running, rules: str) -> int:
    mapping = mapping_file.read(rules, "eastfield")
    return await store_feeds.map_anew(running.pool, "f1", written(mapping), mapping.mentors)


def given(data: bytes, tag: str = "one") -> Given:
    return Given(data, headers={"ETag": f'"{tag}"'})


async def test_each_entry_is_its_guests_session_and_an_unchanged_calendar_is_not_sent_again(
    running: Running, server: CalendarServer
):
    await deliver(running, roster("lee"))
    await add(running, server)
    server.given = given(entries("dana", "lee", "dana"))
    assert (await looked(running)).detail == "3 sessions planned, 0 unchanged."
    assert await planned(running) == {"dana": 2, "lee": 1}
    assert (await looked(running)).outcome == "unchanged"
    assert server.requests[1]["if-none-match"] == '"one"'


async def test_what_waits_for_the_roster_is_planned_once_the_mentor_is_there_though_the_calendar_is_the_same(
    running: Running, server: CalendarServer
):
    await add(running, server)
    server.given = given(entries("dana", "lee", "lee"))
    assert (await looked(running)).detail == "1 session planned, 0 unchanged. Of 2 it is not said whose they are."
    assert (await planned(running), await needs(running)) == ({"dana": 1}, {"not_in_roster": 2})
    assert (await looked(running)).outcome == "unchanged"
    await deliver(running, roster("lee"))
    assert (await looked(running)).detail == "2 sessions planned, 1 unchanged."
    assert "if-none-match" not in server.requests[-1]
    assert (await planned(running), await needs(running)) == ({"dana": 1, "lee": 2}, {})
    assert (await looked(running)).outcome == "unchanged"
    await deliver(running, roster("lee", time_zone="America/Denver", revision=2))
    assert (await looked(running)).outcome == "unchanged", "that says nothing of addresses"


async def test_nothing_that_an_entry_says_is_kept_anywhere(running: Running, server: CalendarServer):
    await deliver(running, roster("lee"))
    await add(running, server, "mentor: [{by: ATTENDEE}, {by: SUMMARY, words: ines ortega, is: dana}]")
    server.given = given(entries("dana", "lee", "dana lee", "stranger", ""))
    await looked(running)
    tables = [row["table_name"] for row in await running.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'trigger'")]  # fmt: skip
    for table in tables:
        text = await running.pool.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        if table in ("inbox", "outbox"):
            payloads = await running.pool.fetch("SELECT convert_from(payload, 'UTF8') FROM outbox") if table == "outbox" else []
            text += " ".join(row[0] for row in payloads)
        assert not [word for word in SAID if word in text.casefold()], table


async def test_new_rules_are_applied_to_what_was_read_before(running: Running, server: CalendarServer):
    await add(running, server)
    server.given = given(entries("", "", "dana"))
    await looked(running)
    assert await needs(running) == {"no_rule": 2}
    assert await map_anew(running, GUESTS.replace("]", ", {by: SUMMARY, words: ines, is: dana}]")) == 2
    claimed = await store_feeds.claim(running.pool, timedelta(minutes=5))
    assert claimed and claimed.mapping_version == 2, "it is due at once"
    await feeds.look(running, claimed)
    assert (await planned(running), await needs(running)) == ({"dana": 3}, {})


async def test_rules_that_are_set_during_a_look_are_followed_at_once(running: Running, server: CalendarServer):
    await add(running, server)
    server.given = replace(given(entries("")), slow=True)
    look = asyncio.create_task(looked(running))
    while not server.requests:
        await asyncio.sleep(0.01)
    await map_anew(running, "mentor: [{is: dana}]")
    server.go_on.set()
    await look
    assert await planned(running) == {}
    feed = await the_feed(running)
    assert feed.next_at <= feed.now
    assert (await looked(running)).outcome == "read"
    assert await planned(running) == {"dana": 1}


async def test_another_guest_ends_the_session_of_the_first_and_starts_the_seconds(running: Running, server: CalendarServer):
    await deliver(running, roster("lee"))
    await add(running, server, complete=True)
    server.given = given(entries(*["dana"] * 5))
    await looked(running)
    server.given = given(entries(*["lee"] * 5), "two")
    found = await looked(running)
    assert (found.outcome, found.detail) == ("read", "5 sessions planned, 5 canceled, 0 unchanged.")
    assert await planned(running) == {"lee": 5}
    waiting = await running.pool.fetchval("SELECT count(*) FROM session WHERE status <> 'planned' AND due_at IS NOT NULL")
    assert waiting == 0, "nobody is reminded of what is another's now"


def weekly(uid: str, guest: str, *overrides: str) -> tuple[str, ...]:
    """Four sessions from DAY on, and what is different for one of them."""
    lines = (f"UID:{uid}", f"DTSTART:{DAY:%Y%m%dT%H%M%SZ}", "DURATION:PT45M", f"ATTENDEE:mailto:{guest}@example.org")
    return ("BEGIN:VEVENT", *lines, "RRULE:FREQ=WEEKLY;COUNT=4", "END:VEVENT", *overrides)


def override(uid: str, guest: str, week: int, hours: int = 0) -> tuple[str, ...]:
    at = DAY + timedelta(weeks=week)
    when = (f"RECURRENCE-ID:{at:%Y%m%dT%H%M%SZ}", f"DTSTART:{at + timedelta(hours=hours):%Y%m%dT%H%M%SZ}", "DURATION:PT45M")
    return ("BEGIN:VEVENT", f"UID:{uid}", *when, f"ATTENDEE:mailto:{guest}@example.org", "END:VEVENT")


async def starts(running: Running) -> dict[str, list[tuple[int, int]]]:
    """By mentor: the week and the hour after DAY's of each session that is planned."""
    refs = {ids.mentor("eastfield", ref): ref for ref in ("dana", "lee")}
    found: dict[str, list[tuple[int, int]]] = {ref: [] for ref in refs.values()}
    for row in await running.pool.fetch("SELECT mentor_id, starts_at FROM session WHERE status = 'planned' ORDER BY starts_at"):
        after = row["starts_at"] - DAY
        found[refs[row["mentor_id"]]].append((after.days // 7, after.seconds // 3600))
    return found


async def test_one_session_of_a_series_that_is_moved_or_given_away_touches_no_other_and_nobody_elses(
    running: Running, server: CalendarServer
):
    """Fault 5 of tests/trigger/test_known_calendar_faults.py, in one calendar of several mentors."""
    await deliver(running, roster("lee"))
    await add(running, server)
    lees = weekly("b", "lee")
    each_week = [(week, 0) for week in range(4)]
    for tag, hers, detail, expected in (
        ("plain", weekly("a", "dana"), "8 sessions planned, 0 unchanged.", {"dana": each_week, "lee": each_week}),
        ("moved", weekly("a", "dana", *override("a", "dana", 1, hours=2)), "0 sessions planned, 1 moved, 7 unchanged.",
         {"dana": [(0, 0), (1, 2), (2, 0), (3, 0)], "lee": each_week}),
        ("given away", weekly("a", "dana", *override("a", "lee", 1, hours=2)), "1 session planned, 1 canceled, 7 unchanged.",
         {"dana": [(0, 0), (2, 0), (3, 0)], "lee": [(0, 0), (1, 0), (1, 2), (2, 0), (3, 0)]}),
        ("back", weekly("a", "dana"), "1 session planned, 1 canceled, 7 unchanged.", {"dana": each_week, "lee": each_week}),
    ):  # fmt: skip
        server.given = given(calendar(*hers, *lees), tag)
        assert (tag, (await looked(running)).detail, await starts(running)) == (tag, detail, expected)


async def test_a_second_guest_ends_nobodys_session_and_is_counted_until_a_rule_says_whose_it_is(
    running: Running, server: CalendarServer
):
    await deliver(running, roster("lee"))
    await add(running, server)
    server.given = given(entries("dana"))
    await looked(running)
    server.given = given(entries("dana lee", "dana lee"), "two")
    assert (await looked(running)).detail == "0 sessions planned, 1 unchanged. Of 2 it is not said whose they are."
    assert (await planned(running), await needs(running)) == ({"dana": 1}, {"several_mentors": 2})
    await map_anew(running, "mentor: [{by: SUMMARY, words: ines, is: lee}, {by: ATTENDEE}]")
    await looked(running)
    assert (await planned(running), await needs(running)) == ({"lee": 2}, {})


async def test_a_mentor_with_another_address_is_another_guest(running: Running, server: CalendarServer):
    await add(running, server)
    server.given = given(entries("dana", "dana"))
    await looked(running)
    await deliver(running, roster("dana", "dana.new@example.org", revision=2))
    assert (await looked(running)).detail == "0 sessions planned, 2 canceled, 0 unchanged. Of 2 it is not said whose they are."
    await deliver(running, roster("dana", revision=3))
    await looked(running)
    assert await planned(running) == {"dana": 2}


async def test_much_that_is_nobodys_any_more_is_held_until_somebody_confirms_it(running: Running, server: CalendarServer):
    await add(running, server)
    server.given = given(entries(*["dana"] * 5))
    await looked(running)
    await map_anew(running, "mentor: [{by: SUMMARY, words: nobody, is: dana}]")
    assert ((await looked(running)).outcome, (await the_feed(running)).held, await planned(running)) == ("held", 5, {"dana": 5})
    await store_feeds.ask_soon(running.pool, "f1", confirmed=True)
    await looked(running)
    assert await planned(running) == {}


async def test_a_complete_calendar_of_a_site_calls_off_its_own_sessions_only(running: Running, server: CalendarServer):
    await add(running, server, complete=True)
    async with running.connection() as conn:
        other = ("f2", "eastfield", DANA, "dana", server.url + "?own", "check_in", False, 15)
        assert await store_feeds.add(conn, other)
    server.given = given(entries("dana", first=5))
    own = await store_feeds.find(running.pool, "f2")
    assert own
    await feeds.look(running, own)
    server.given = given(entries("dana", "dana"), "two")
    await looked(running)
    server.given = given(entries("dana"), "three")
    assert (await looked(running)).detail == "0 sessions planned, 1 canceled, 1 unchanged."
    assert await planned(running) == {"dana": 2}


@pytest.mark.parametrize("whose", [(DANA, "dana"), (None, None)], ids=["a mentor's own", "a site's"])
async def test_what_another_feed_told_before_it_was_removed_stays_one_session_and_is_this_ones_to_end(
    running: Running, server: CalendarServer, whose: tuple[Any, Any]
):
    await deliver(running, roster("lee"))
    async with running.connection() as conn:
        rules = None if whose[0] else written(mapping_file.read(GUESTS, "eastfield"))
        await store_feeds.add(conn, ("f0", "eastfield", *whose, server.url + "?0", "check_in", False, 15), rules)
    server.given = given(entries("dana"))
    before = await store_feeds.find(running.pool, "f0")
    assert before
    await feeds.look(running, before)
    await store_feeds.remove(running.pool, "f0")
    await add(running, server)
    await looked(running)
    assert await planned(running) == {"dana": 1}
    assert await running.pool.fetchval("SELECT count(*) FROM session") == 1
    server.given = given(entries("lee"), "two")
    await looked(running)
    assert await planned(running) == {"lee": 1}


async def test_a_mentor_who_is_erased_is_in_no_rule_and_the_others_keep_theirs(running: Running, server: CalendarServer):
    await deliver(running, roster("lee"))
    rules = "mentor: [{by: SUMMARY, words: ines, is: dana}, {by: X-REF}, {by: ATTENDEE}, {by: SUMMARY, words: leo, is: lee}]"
    await add(running, server, rules)
    server.given = given(entries("dana", "lee", title="Leo"))
    await looked(running)
    await deliver(running, PersonErased(mentor_id=DANA))
    feed = await the_feed(running)
    assert feeds.mapping_of(feed) == mapping_file.read(rules.replace("{by: SUMMARY, words: ines, is: dana}, ", ""), "eastfield")
    assert (feed.mapped, str(DANA) in str(feed)) == ([LEE], False)
    await looked(running)
    assert set(await planned(running)) == {"lee"}


# Commands.


@pytest.fixture
def rules(tmp_path: Path) -> Iterable[Path]:
    path = tmp_path / "eastfield.yaml"
    path.write_text("mentor:\n- by: ATTENDEE\n- {by: SUMMARY, words: Ines Ortega, is: dana}\nmode:\n- is: virtual\n")
    return path


async def test_a_sites_feed_from_its_first_look_to_other_rules(running: Running, server: CalendarServer, rules: Path):
    server.given = given(entries("dana", "", "stranger", "dana lee"))
    own = (server.url, "--site", "eastfield", "--activity", "check_in", "--mapping", str(rules))
    look = await jitt("feed", "add", *own, "--dry-run")
    assert "It would say: 4 sessions planned, 0 unchanged." in look.stdout, look.output
    id = json.loads((await jitt("feed", "add", *own, "--json")).stdout)["feed"]
    again = await jitt("feed", "add", *own)
    assert (again.exit_code, again.stderr.strip()) == (1, "This site has this feed already.")

    rules.write_text("mentor:\n- by: ATTENDEE\n- {by: SUMMARY, words: Leo, is: lee}\n")
    preview = await jitt("feed", "mapping", "preview", id, str(rules), "--days", "30")
    assert preview.stdout.splitlines()[0] == "The next 30 days: 2 sessions of 1 mentor.", preview.output
    assert f"{DANA}     2  first on " in preview.stdout
    assert "Needs mapping: no rule says whose 1 session is. Add a rule under mentor. It is on " in preview.stdout
    assert not [word for word in SAID if word in preview.output.casefold()]
    asked = json.loads((await jitt("feed", "mapping", "preview", id, "--json")).stdout)
    assert (asked["sessions"], asked["modes"], asked["needs"]) == (4, {"virtual": 4}, [])

    said = await jitt("feed", "mapping", "set", id, str(rules))
    assert said.stdout.startswith("Version 2 is set."), said.output
    await feeds.look(running, await store_feeds.claim(running.pool, timedelta(minutes=5)) or pytest.fail("it is due"))
    assert await planned(running) == {"dana": 2}
    shown = (await jitt("feed", "mapping", "show", id)).stdout
    assert shown.startswith("Version 2.\nmentor:\n  1. ATTENDEE has an address of the roster: whose it is\n  2. SUMMARY holds 1")
    assert "Needs mapping: 1 session names nobody of the roster." in shown
    (listed,) = json.loads((await jitt("feed", "list", "--json")).stdout)
    assert (listed["mentor"], listed["mapping_version"]) == (None, 2)
    assert [(need["why"], need["sessions"]) for need in listed["needs_mapping"]] == [("no_rule", 1), ("not_in_roster", 1)]
    assert f"{id}  mentors of eastfield: 127.0.0.1/…/dana.ics, every 15 minutes" in (await jitt("feed", "list")).stdout


@pytest.mark.parametrize(("text", "mentor", "words"), [
    ("mentor: [{by: TITLE, is: a}]", (), "eastfield.yaml: mentor, rule 1: “TITLE” is no property"),
    ("mode: [{is: virtual}]", (), "This calendar is no mentor's"),
    (GUESTS, ("--mentor", "dana"), "This calendar is one mentor's"),
])  # fmt: skip
async def test_rules_that_do_not_fit_the_calendar_are_refused(
    running: Running, rules: Path, text: str, mentor: tuple[str, ...], words: str
):
    rules.write_text(text)
    done = await jitt("feed", "add", "https://example.org/a.ics", "--site", "eastfield", "--mapping", str(rules), *mentor)
    assert (done.exit_code, words in done.stderr) == (2, True), done.output


async def test_a_feed_is_somebodys_or_has_rules(running: Running):
    done = await jitt("feed", "add", "https://example.org/a.ics", "--site", "eastfield")
    assert (done.exit_code, done.stderr.strip()) == (
        2, "Say whose calendar it is: --mentor, or --mapping with rules that say it of each entry.")  # fmt: skip


async def test_a_file_is_imported_by_the_same_rules_and_a_later_one_follows_it(running: Running, rules: Path, tmp_path: Path):
    await deliver(running, roster("lee"))
    file = tmp_path / "all.ics"
    own = (str(file), "--site", "eastfield", "--activity", "check_in", "--mapping", str(rules), "--source", "office")
    file.write_bytes(entries("dana", "lee", "stranger", title="Chat"))
    first = await jitt("import", "ics", *own)
    assert "Needs mapping: 1 session names nobody of the roster." in first.stdout, first.output
    assert first.stdout.splitlines()[-1] == "2 sessions planned, 0 unchanged."
    assert (await jitt("import", "ics", *own)).stdout.splitlines()[-1] == "0 sessions planned, 2 unchanged."
    file.write_bytes(entries("lee", "lee", title="Chat"))
    told = json.loads((await jitt("import", "ics", *own, "--json")).stdout)
    assert (told["planned"], told["cancelled"], told["needs_mapping"]) == (1, 1, [])
    assert await planned(running) == {"lee": 2}
    file.write_bytes(entries("lee", title="Chat"))
    kept = await jitt("import", "ics", *own)
    assert "1 session from earlier files is not in this one and is kept." in kept.stdout
    assert (await jitt("import", "ics", *own, "--complete")).stdout.splitlines()[-1] == (
        "0 sessions planned, 1 canceled, 1 unchanged.")  # fmt: skip
    assert await planned(running) == {"lee": 1}
