"""`jitt feed`: calendars on the web, looked at again and again. Words in, words out; the work is in feeds."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx2
import typer

from services.trigger import (
    calendar_import,
    commands_mapping,
    feeds,
    fetching,
    mapping_file,
    mapping_preview,
    mapping_words,
    store_feeds,
)
from services.trigger.app import SERVICE
from services.trigger.calendar_import import Compared, Days, UnknownSite
from services.trigger.calendar_mapping import NO_MAPPING, CalendarMapping, written
from services.trigger.calendar_report import show_plan, show_problems, show_sessions, show_whose
from services.trigger.commands_import import known_activity
from services.trigger.commands_mapping import NOT_THERE, existing
from services.trigger.fetching import Unreachable
from services.trigger.imports import Asked
from services.trigger.store_feeds import Feed
from shared.commands import AsJson, fail, on
from shared.running import Running

app = typer.Typer(no_args_is_help=True, help=(
    "Calendars on the web (Google, Outlook, iCloud, any address of an .ics file), looked at every 15 minutes.\n\n"
    "First `jitt feed add URL --site S --mentor M --dry-run`: it shows what would be planned. Then the same without --dry-run."))
Id = Annotated[str, typer.Argument(help="As in `jitt feed list`.")]
Site = Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")]
WHOSE = "Say whose calendar it is: --mentor, or --mapping with rules that say it of each entry."
ONLY_ONE = ("This mentor has another feed, and one of the two is said to hold all of their sessions (--complete): it would "
            "cancel the other's. Remove one with `jitt feed remove`, or add them without --complete.")  # fmt: skip


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(commands_mapping.app, name="mapping")
    jitt.add_typer(app, name="feed")


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where the calendar is: https://…, http://… or webcal://…")],
    *,
    site: Site,
    mentor: Annotated[str, typer.Option(help="Whose calendar it is: the mentor's reference, as in the people's file.")] = "",
    mapping: Annotated[Path | None, typer.Option(
        help="Of several mentors: rules that say whose each entry is, as YAML or JSON.", exists=True, dir_okay=False)] = None,
    activity: Annotated[str, typer.Option(help="What entries without a category are, such as first_meeting.")] = "",
    complete: Annotated[bool, typer.Option(
        "--complete", help="It holds all sessions that it ever told of: cancel what is not in it any more.")] = False,
    minutes: Annotated[int, typer.Option("--every", min=5, max=1_440, help="Minutes between two looks.")] = 15,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look, and say what would be planned.")] = False,
    as_json: AsJson = False,
) -> None:
    """Plan sessions from a calendar on the web, from now on: of one mentor, or of those whom a mapping finds.

    Example: jitt feed add https://calendar.example.org/dana.ics --site eastfield --mentor dana --activity check_in

    Of a site: jitt feed add https://calendar.example.org/all.ics --site eastfield --mapping eastfield.yaml
    """
    if not mentor and not mapping:
        fail(WHOSE, 2)
    id = uuid4().hex[:8]
    rules = commands_mapping.usable(mapping, site, of_one_mentor=bool(mentor)) if mapping else NO_MAPPING
    asked = Asked(site, mentor, known_activity(activity), complete, "" if mentor else id)
    try:
        address = str(fetching.parsed(url))
        found = on(SERVICE, lambda running: _first_look(running, address, asked, rules))
    except Unreachable as error:
        fail(error.words)
    except UnknownSite:
        fail(f"Nothing is known of the site “{site}” yet. `jitt site list` shows those that are; `jitt site add` adds one.")
    if not as_json:
        if mapping and rules.mentor:
            show_whose(found, mapping_file.references(mapping, site))
        _show(found, "It would say: " if dry_run else "It says: ")
    if dry_run:
        return
    why_not = on(SERVICE, lambda running: _added(running, (id, address, minutes), asked, rules))
    if why_not:
        fail(why_not)
    typer.echo(json.dumps({"feed": id}) if as_json else
               f"Feed {id} added: looked at every {minutes} minutes, and for the first time in a moment.")  # fmt: skip


@app.command("list")
def list_(site: Annotated[str, typer.Option(help="Only this site's.")] = "", as_json: AsJson = False) -> None:
    """All feeds, with what came of the last look and when the next one is."""
    found = on(SERVICE, lambda running: store_feeds.list_feeds(running.pool, site))
    if as_json:
        typer.echo(json.dumps([_told(feed) for feed in found], default=str))
    elif not found:
        typer.echo("No feeds yet. `jitt feed add URL --site S --mentor M` adds one.")
    else:
        _print(found)


@app.command("show")
def show(id: Id, as_json: AsJson = False) -> None:
    """Look into one feed now and say all that is in it, with what cannot be read. Changes nothing."""
    feed = existing(id)
    found = commands_mapping.looked(feed, feeds.mapping_of(feed))
    if as_json:
        typer.echo(json.dumps(_told(feed), default=str))
        return
    _print([feed])
    _show(found, "The next look says: ")
    if feed.held:
        typer.echo(f"{feed.held} sessions are in it no more, and stay planned. If that is right: jitt feed confirm {id}")


@app.command("now")
def now(id: Id) -> None:
    """Have it looked at in a moment, instead of when it is due."""
    _soon(id, confirmed=False)
    typer.echo("It is looked at in a moment. `jitt feed list` says what came of it.")


@app.command("confirm")
def confirm(id: Id) -> None:
    """Say that the sessions which are not in the calendar any more really are off: the next look cancels them."""
    if not existing(id).held:
        fail("Nothing of this feed waits for anybody's word.")
    _soon(id, confirmed=True)
    typer.echo("They are canceled in a moment.")


@app.command("remove")
def remove(id: Id) -> None:
    """Look at it no more. What it has planned stays planned."""
    existing(id)
    on(SERVICE, lambda running: store_feeds.remove(running.pool, id))
    typer.echo("It is looked at no more. Its sessions stay planned.")


async def _first_look(running: Running, address: str, asked: Asked, mapping: CalendarMapping) -> Compared:
    known = await calendar_import.known(running, asked.site_id, mapping)
    fetched = await fetching.get(address, private=running.settings.feed_private_addresses)
    assert fetched.data is not None, "nothing was said of an earlier look"
    return await calendar_import.compare(running, fetched.data, asked, Days(), known=known)


async def _added(running: Running, feed: tuple[str, str, int], asked: Asked, mapping: CalendarMapping) -> str:
    """Why not, in words. `feed`: its id, its address, and the minutes between two looks."""
    (id, address, minutes), mentor_id = feed, asked.mentor_id
    async with running.connection() as conn, conn.transaction():
        others = await store_feeds.others(conn, mentor_id) if mentor_id else []
        if others and (asked.complete or any(others)):
            return ONLY_ONE
        row = (id, asked.site_id, mentor_id, asked.mentor_ref or None, address, asked.activity, asked.complete, minutes)
        rules = None if mapping == NO_MAPPING else written(mapping)
        is_new = await store_feeds.add(conn, row, rules, mapping.mentors)
        return "" if is_new else f"{'This mentor' if mentor_id else 'This site'} has this feed already."


def _soon(id: str, *, confirmed: bool) -> None:
    if not on(SERVICE, lambda running: store_feeds.ask_soon(running.pool, id, confirmed=confirmed)):
        fail(NOT_THERE.format(id))


def _show(found: Compared, before: str) -> None:
    show_sessions("The calendar", found.reading.instances, found.site)
    show_problems(found.problems)
    show_plan(found.plan, {}, before)


def shortened(url: str) -> str:
    """Only where it is: the rest of an address may be what keeps it private."""
    found = httpx2.URL(url)
    return f"{found.host}/…/{found.path.rpartition('/')[2][-20:]}"


def _told(feed: Feed) -> dict[str, Any]:
    return {
        "feed": feed.id, "site": feed.site_id, "mentor": feed.mentor_ref, "mapping_version": feed.mapping_version,
        "address": shortened(feed.url),
        "activity": feed.activity, "complete": feed.complete, "every_minutes": feed.minutes, "last_look": feed.asked_at,
        "outcome": feed.outcome,
        "detail": feed.detail, "failures": feed.failures, "held": feed.held, "next_look": feed.next_at,
        "needs_mapping": [mapping_preview.told(need) for need in mapping_words.parse(feed.needs)],
    }  # fmt: skip


def _print(found: list[Feed]) -> None:
    """Two lines each, and what needs mapping: a table of this would not fit a terminal."""
    for feed in found:
        whole = ", all of its sessions" if feed.complete else ""
        whose = f"{feed.mentor_ref} of {feed.site_id}" if feed.mentor_ref else f"mentors of {feed.site_id}"
        typer.echo(f"{feed.id}  {whose}: {shortened(feed.url)}, every {feed.minutes} minutes{whole}")
        last = f"{_when(feed.asked_at)}: {feed.detail}" if feed.asked_at else "Not looked at yet."
        typer.echo(f"          {last} Next look {_when(feed.next_at)}.")
        for line in mapping_words.needs_said(mapping_words.parse(feed.needs)):
            typer.echo(f"          {line}")


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
