"""New rules of a time zone, as a new release of the tz database brings them: the wall clock stays, the instant moves, once."""

import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.trigger import beside, sweeping, zone_files, zone_rules, zones
from services.trigger.messages import RulesChanged, RulesRead
from services.trigger.session import Status
from services.trigger.zone_rules import Rules, ZoneRules
from shared.contracts import ids
from shared.contracts.trigger import SessionPlanned
from shared.running import Running
from tests.driving import deliver, outgoing
from tests.trigger.building import afternoon, enrolled, of, scheduled, site_described
from tests.trigger.test_sweeps import kept, swept

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CHICAGO, NEW_YORK = "America/Chicago", "America/New_York"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Another tz database than the machine's: `install(Zone=other)` gives a zone the rules that another zone has here."""
    before = zoneinfo.TZPATH

    def installed(**changes: str) -> None:
        for name, other in changes.items():
            path = tmp_path / "America" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(resources.files("tzdata.zoneinfo").joinpath(*other.split("/")).read_bytes())
        zoneinfo.reset_tzpath([str(tmp_path), *before])
        forget()

    yield installed
    zoneinfo.reset_tzpath(before)
    forget()


def forget() -> None:
    """As a process that starts knows nothing of the zones."""
    ZoneInfo.clear_cache()
    zones.find_zone.cache_clear()


async def a_town(running: Running) -> None:
    """Three sessions at 4:00 pm Chicago time, one of them over, and one in New York."""
    await deliver(running, site_described(), enrolled("m1"), enrolled("m2", time_zone=NEW_YORK))
    await deliver(running, *(scheduled(afternoon(days), session_ref=f"s{days}") for days in (3, 9, -3)))
    await deliver(running, scheduled(afternoon(3), session_ref="ny", mentor_ref="m2", time_zone=NEW_YORK))


async def planned(running: Running) -> list[SessionPlanned]:
    return of(SessionPlanned, await outgoing(running))


async def test_new_rules_move_the_instant_of_each_session_to_come_once_and_leave_the_wall_clock(
    running: Running, install: Install
):
    await a_town(running)
    await beside.note_rules(running)
    assert await swept(running) == 0
    before, said = await kept(running, ids.session("east", "s3")), len(await planned(running))
    install(Chicago="America/Denver")
    await beside.note_rules(running)
    await swept(running)
    after = await kept(running, ids.session("east", "s3"))
    assert before.described and after.described
    assert (after.described.wall, after.described.starts_at) == (before.described.wall, before.described.starts_at + HOUR)
    assert after.quiz_by and before.quiz_by and after.quiz_by - before.quiz_by == HOUR
    assert (before.due_at, after.plan) == (after.due_at and after.due_at - HOUR, before.plan + 1)
    new = (await planned(running))[said:]
    assert {event.session_id for event in new} == {ids.session("east", "s3"), ids.session("east", "s9")}
    assert len(new) == 2


async def test_a_worker_that_starts_with_the_rules_that_are_known_changes_nothing(running: Running, install: Install):
    await a_town(running)
    install(Chicago="America/Denver")
    for _ in range(2):
        await beside.note_rules(running)
        await swept(running)
    said = len(await planned(running))
    install(New_York="America/Halifax")
    for _ in range(3):  # the second and third look again, for what a worker with older rules may have planned meanwhile
        await beside.note_rules(running)
        await swept(running)
    assert [event.session_id for event in (await planned(running))[said:]] == [ids.session("east", "ny")]


async def test_what_an_older_worker_planned_meanwhile_is_found_by_the_next_one_that_starts(running: Running, install: Install):
    await a_town(running)
    await beside.note_rules(running)
    install(Chicago="America/Denver")
    await beside.note_rules(running)
    await swept(running)
    install(Chicago=CHICAGO)
    await deliver(running, scheduled(afternoon(5), session_ref="late"))
    install(Chicago="America/Denver")
    await beside.note_rules(running)
    await swept(running)
    late = await kept(running, ids.session("east", "late"))
    assert late.described and late.described.starts_at == afternoon(5) + HOUR


async def test_among_many_sessions_those_few_that_are_concerned_are_all_found(
    running: Running, install: Install, monkeypatch: pytest.MonkeyPatch
):
    """The rows that are read at once are fewer than there are, as in a large network."""
    await deliver(running, site_described(), enrolled("m1", time_zone=NEW_YORK))
    refs = [f"n{n}" for n in range(40)]
    zone = dict.fromkeys(refs, NEW_YORK) | dict.fromkeys(refs[::13], CHICAGO)
    await deliver(running, *(scheduled(afternoon(3), session_ref=ref, time_zone=zone[ref]) for ref in refs))
    await beside.note_rules(running)
    said = len(await planned(running))
    install(Chicago="America/Denver")
    monkeypatch.setattr(sweeping, "READ_AT_ONCE", 7)
    await beside.note_rules(running)
    await swept(running, limit=5)
    moved = [event.session_id for event in (await planned(running))[said:]]
    assert sorted(moved) == sorted(ids.session("east", ref) for ref in refs[::13])


async def test_a_session_that_waits_or_was_cancelled_keeps_its_state(running: Running, install: Install):
    await deliver(running, site_described(), scheduled(afternoon(3), mentor_ref="unknown"))
    await beside.note_rules(running)
    install(Chicago="America/Denver")
    await beside.note_rules(running)
    await swept(running)
    waiting = await kept(running)
    assert waiting.described
    assert (waiting.status, waiting.described.starts_at) == (Status.WAITING, afternoon(3) + HOUR)
    assert await planned(running) == []


def test_zones_seen_for_the_first_time_start_no_sweep_and_a_change_starts_one_for_a_day():
    first, none = zone_rules.read(None, RulesRead(rules={"A": "1", "B": "1"}), NOW, None)
    again, still_none = zone_rules.read(first, RulesRead(rules={"A": "1", "B": "1"}), NOW, None)
    assert (none, still_none, again is first) == ([], [], True)
    changed, sweeps = zone_rules.read(first, RulesRead(rules={"A": "2", "C": "1"}), NOW, None)
    assert changed == ZoneRules({"A": Rules("2", NOW), "B": Rules("1"), "C": Rules("1")})
    assert [sweep.cause for sweep in sweeps] == [RulesChanged(time_zones=("A",))]
    same = RulesRead(rules={"A": "2", "C": "1"})
    for later, expected in ((23 * HOUR, 1), (DAY, 0)):
        found, sweeps = zone_rules.read(changed, same, NOW + later, None)
        assert (found is changed, len(sweeps)) == (True, expected)


def test_every_zone_has_a_digest_and_only_a_changed_files_differs(install: Install):
    before = zone_files.read_rules()
    assert set(before) == zoneinfo.available_timezones()
    install(Chicago="America/Denver")
    after = zone_files.read_rules()
    assert [name for name in before if before[name] != after[name]] == [CHICAGO]


@pytest.mark.parametrize(
    ("wall", "before", "expected"),
    [
        ((2026, 12, 10, 16), (2026, 12, 10, 23), (2026, 12, 10, 22)),
        ((2026, 11, 1, 1, 30), (2026, 11, 1, 7, 30), (2026, 11, 1, 7, 30)),  # comes twice: the second, as before
        ((2026, 11, 1, 1, 30), (2026, 11, 1, 6, 30), (2026, 11, 1, 6, 30)),
        ((2026, 11, 1, 1, 30), (2026, 11, 1, 9, 30), (2026, 11, 1, 6, 30)),  # neither: the first
        ((2026, 3, 8, 2, 30), (2026, 3, 8, 9, 30), (2026, 3, 8, 8, 30)),  # is skipped: as much later
    ],
)
def test_a_wall_clock_that_comes_twice_stays_the_one_it_was_and_a_skipped_one_comes_later(
    wall: tuple[int, ...], before: tuple[int, ...], expected: tuple[int, ...]
):
    found = zones.by_the_wall(datetime(*wall), ZoneInfo(CHICAGO), datetime(*before, tzinfo=UTC))  # type: ignore[arg-type]  # noqa: DTZ001
    assert found == datetime(*expected, tzinfo=UTC)  # type: ignore[arg-type]
