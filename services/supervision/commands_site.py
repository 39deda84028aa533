"""`jitt site`: enter sites and look at them. Parsing words and printing; the work is elsewhere."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from services.supervision import reading, reading_contacts, reading_site, sites, store
from services.supervision.app import SERVICE
from services.supervision.lacking import Lacking, lacking
from services.supervision.reading_contacts import Month
from services.supervision.screens import said
from services.supervision.screens import site as screen
from services.supervision.sites import Asked
from shared.commands import AsJson, fail, on
from shared.contracts.supervision import SiteDescribed
from shared.running import Running

site_app = typer.Typer(no_args_is_help=True, help="Sites: where sessions happen, with their own numbers to call.")
Known = tuple[SiteDescribed, Lacking]


@site_app.command("add")
def add_site(
    site_id: Annotated[str, typer.Argument(help="A short id of your own, such as eastfield.")],
    *,
    name: Annotated[str | None, typer.Option(help="As mentors know it.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone, such as America/Chicago.")] = None,
    phone: Annotated[str | None, typer.Option(help="The site's own number.")] = None,
    hotline_label: Annotated[str | None, typer.Option(help="What the child protection line of your state is called.")] = None,
    hotline: Annotated[str | None, typer.Option(help="Its number.")] = None,
    reporting_step: Annotated[list[str] | None, typer.Option(help="One step of reporting; repeat it for each, in order.")] = None,
    on_call: Annotated[str | None, typer.Option(help="The number of staff on call, for when nobody else answers.")] = None,
    locale: Annotated[list[str] | None, typer.Option(help="A language that is spoken here; the first is the usual one.")] = None,
    ask_directly: Annotated[
        bool | None, typer.Option("--ask-directly/--no-ask-directly", help="May mentors use the word suicide when they ask?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a site, or change one: what you leave out stays as it is.

    Example:

        jitt site add eastfield --name "Eastfield Mentoring" --zone America/Chicago --phone "555 555 0100" --hotline-label
        "State child protection line" --hotline "800 555 0199" --reporting-step "Call the hotline yourself." --reporting-step
        "Then call the site lead." --on-call "555 555 0101"
    """
    steps, locales = _tuple(reporting_step), _tuple(locale)
    asked = Asked(site_id, name, zone, phone, hotline_label, hotline, steps, on_call, locales, ask_directly)
    try:
        before, after = on(SERVICE, lambda running: sites.enter(running, asked))
    except sites.Incomplete as problem:
        fail(str(problem), 2)
    if as_json:
        typer.echo(after.model_dump_json())
        return
    typer.echo(_became(before, after))
    if (found := lacking(after)).data:
        typer.echo(f"Trainings that name {found.words} are not used here until you add it:\n\n{found.command}")


@site_app.command("show")
def show_site(site_id: Annotated[str, typer.Argument(help="As in `jitt site list`.")], as_json: AsJson = False) -> None:
    """One site: its own data, and which trainings wait for what is missing.

    Example: jitt site show eastfield
    """
    found = on(SERVICE, lambda running: _site(running, site_id))
    if found is None:
        fail(f"Nothing is known of the site “{site_id}” yet. `jitt site list` shows those that are; `jitt site add` adds one.")
    if as_json:
        typer.echo(json.dumps(_as_json(*found)))
        return
    for line in _shown(*found):
        typer.echo(line)


@site_app.command("list")
def list_sites(as_json: AsJson = False) -> None:
    """The sites, with what they still need.

    Example: jitt site list --json
    """
    found: list[Known] = on(SERVICE, _sites)
    if as_json:
        typer.echo(json.dumps([_as_json(*each) for each in found]))
    elif not found:
        typer.echo("No sites yet. Add one with `jitt site add`.")
    for site, needs in () if as_json else found:
        typer.echo(_line(site, needs))


def _line(site: SiteDescribed, found: Lacking) -> str:
    hotline = f"{site.hotline.label} {site.hotline.number}" if site.hotline else "no hotline yet"
    known = f"{site.site_id}   {site.name}   {site.time_zone}   {site.phone}   {hotline}"
    if not found.trainings:
        return known
    return f"{known}   {said.counted(found.trainings, 'training waits', 'trainings wait')}: jitt site show {site.site_id}"


def _shown(site: SiteDescribed, found: Lacking) -> Iterator[str]:
    """Lines, with an empty one before what is missing."""
    page = screen.page(site, found)
    yield f"{site.name} ({site.site_id})"
    for row in page.rows:
        for label, line in zip((f"{row.label}:", *[""] * len(row.lines)), row.lines, strict=False):
            yield f"  {label:<22} {line}"
    yield ""
    yield page.heading or page.missing or screen.COMPLETE
    for group in page.groups:
        yield f"  {group.sentence} {group.titles}"
    if page.command:
        yield f"Add it:\n\n{page.command}"


def _as_json(site: SiteDescribed, found: Lacking) -> dict[str, object]:
    waiting = [{"data": each.data, "trainings": each.titles} for each in found.waiting]
    return site.model_dump(mode="json") | {"missing": found.data, "waiting": waiting}


async def _site(running: Running, site_id: str) -> Known | None:
    async with running.connection() as conn:
        return await reading_site.find(conn, site_id)


async def _sites(running: Running) -> list[Known]:
    async with running.connection() as conn:
        needing = await reading_site.list_needing(conn)
        return [(site, lacking(site, needing)) for site in await store.list_sites(conn)]


def _became(before: SiteDescribed | None, after: SiteDescribed) -> str:
    if before is None:
        return f"Added {after.site_id}."
    if before == after:
        return f"Nothing changed at {after.site_id}."
    return f"Changed {after.site_id}. This is revision {after.revision}."


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return tuple(values) if values else None


@site_app.command("contacts")
def site_contacts(
    site_id: Annotated[str, typer.Argument(help="The site's id, as in `jitt site list`.")],
    *,
    months: Annotated[int, typer.Option(min=1, max=36, help="How many months, with this one.")] = 6,
    as_json: AsJson = False,
) -> None:
    """Print how many talks with mentors were logged for each match, month by month.

    Example: jitt site contacts eastfield --months 3
    """
    found = on(SERVICE, lambda running: _months(running, site_id, months))
    if found is None:
        fail(f"There is no site “{site_id}”. `jitt site list` shows those that there are.")
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"first": f"{one.first}", "per_match": one.per_match} for one in found]))
        return
    typer.echo(f"{'month':<16}{'matches':>8}{'talks':>8}{'for each match':>16}")
    for one in found:
        figure = "" if one.per_match is None else f"{one.per_match:.2f}"
        typer.echo(f"{f'{one.first:%B %Y}':<16}{one.matches:>8}{one.talks:>8}{figure:>16}")


async def _months(running: Running, site_id: str, months: int) -> list[Month] | None:
    async with running.connection() as conn:
        site = await store.find_site(conn, site_id)
        now = await reading.now(conn)
        return await reading_contacts.list_months(conn, site_id, site.time_zone, now, months) if site else None
