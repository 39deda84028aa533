"""`jitt feed mapping`: whose the entries of a calendar are, and what for. Words in, words out."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from services.trigger import calendar_import, feeds, fetching, mapping_file, mapping_preview, mapping_words, store_feeds
from services.trigger.app import SERVICE
from services.trigger.calendar_import import Compared, Days, UnknownSite
from services.trigger.calendar_mapping import CalendarMapping, written
from services.trigger.fetching import Unreachable
from services.trigger.mapping_file import Unusable
from services.trigger.store_feeds import Feed
from shared.commands import AsJson, fail, on
from shared.running import Running

app = typer.Typer(no_args_is_help=True, help=(
    "Whose session each entry of a calendar is, and what for: by guests, or by words in titles and places.\n\n"
    "First `jitt feed mapping preview ID FILE`: it shows what would go to whom. Then `jitt feed mapping set ID FILE`."))
Id = Annotated[str, typer.Argument(help="As in `jitt feed list`.")]
File = Annotated[Path, typer.Argument(help="The rules, as YAML or JSON.", exists=True, dir_okay=False, readable=True)]
NOT_THERE = "There is no feed “{}”. `jitt feed list` shows those that are."
NOTHING = "This feed has no mapping. docs/guides/sites.md shows one; `jitt feed mapping set` sets it."
ONE_MENTORS = ("This calendar is one mentor's, so all of its sessions are theirs: leave out “mentor”. A calendar of several "
               "mentors is added without --mentor, with --mapping.")  # fmt: skip
NOBODYS = "This calendar is no mentor's: say under “mentor” whose its entries are."


@app.command("set")
def choose(id: Id, file: File, as_json: AsJson = False) -> None:
    """Give a feed these rules, instead of those that it had. It is read whole again in a moment, and what they change is told.

    Keep your file: words that say whose an entry is may be names, and of those jitt keeps hashes only.

    Example: jitt feed mapping set c5c4745d eastfield.yaml
    """
    feed = existing(id)
    mapping = usable(file, feed.site_id, of_one_mentor=feed.mentor_ref is not None)
    version = on(SERVICE, lambda running: store_feeds.map_anew(running.pool, id, written(mapping), mapping.mentors))
    typer.echo(json.dumps({"feed": id, "version": version}) if as_json else
               f"Version {version} is set. The calendar is read in a moment; `jitt feed list` says what came of it.")  # fmt: skip


@app.command("show")
def show(id: Id, as_json: AsJson = False) -> None:
    """The rules that a feed has, and what waits for a rule or for the roster."""
    feed = existing(id)
    mapping, needs = feeds.mapping_of(feed), mapping_words.parse(feed.needs)
    if as_json:
        rules = {name: [_rule_json(rule) for rule in several] for name, several in asdict(mapping).items()}
        typer.echo(json.dumps({"feed": id, "version": feed.mapping_version, "rules": rules, "needs": json.loads(feed.needs)}))
        return
    typer.echo(f"Version {feed.mapping_version}." if feed.mapping else NOTHING)
    for line in (*mapping_words.rules_said(mapping), *mapping_words.needs_said(needs)):
        typer.echo(line)


@app.command("preview")
def preview(
    id: Id,
    file: Annotated[Path | None, typer.Argument(
        help="Rules to try. Without: those that the feed has.", exists=True, dir_okay=False, readable=True)] = None,
    *,
    days: Annotated[int, typer.Option(min=1, max=60, help="So many days from now on.")] = 14,
    as_json: AsJson = False,
) -> None:
    """Look into the calendar now: which sessions would go to whom, and what would need mapping. Changes nothing.

    It shows counts, times, ids and references; nothing of what an entry says.

    Example: jitt feed mapping preview c5c4745d eastfield.yaml --days 7
    """
    feed = existing(id)
    mapping = usable(file, feed.site_id, of_one_mentor=feed.mentor_ref is not None) if file else feeds.mapping_of(feed)
    found = looked(feed, mapping)
    labels = mapping_file.references(file, feed.site_id) if file else {}
    shown = mapping_preview.of(found, timedelta(days=days), labels)
    if as_json:
        typer.echo(json.dumps(shown.told()))
        return
    for line in shown.said():
        typer.echo(line)


def existing(id: str) -> Feed:
    feed = on(SERVICE, lambda running: store_feeds.find(running.pool, id))
    return feed or fail(NOT_THERE.format(id))


def usable(file: Path, site_id: str, *, of_one_mentor: bool) -> CalendarMapping:
    try:
        mapping = mapping_file.opened(file, site_id)
    except Unusable as error:
        fail(str(error), 2)
    if of_one_mentor and mapping.mentor:
        fail(ONE_MENTORS, 2)
    if not of_one_mentor and not mapping.mentor:
        fail(NOBODYS, 2)
    return mapping


def looked(feed: Feed, mapping: CalendarMapping) -> Compared:
    """Into the calendar as it is now."""

    async def look(running: Running) -> Compared:
        known = await calendar_import.known(running, feed.site_id, mapping)
        fetched = await fetching.get(feed.url, private=running.settings.feed_private_addresses)
        assert fetched.data is not None, "nothing was said of an earlier look"
        return await calendar_import.compare(running, fetched.data, feeds.asked_of(feed), Days(), known=known)

    try:
        return on(SERVICE, look)
    except Unreachable as error:
        fail(error.words)
    except UnknownSite:
        fail(f"Nothing is known of the site “{feed.site_id}” yet. `jitt site list` shows those that are.")


def _rule_json(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if value}
