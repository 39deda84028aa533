"""`jitt absence`: who is away, and who stands in for them. Parsing words and printing; the work is elsewhere."""

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from services.supervision import away, store_absences
from services.supervision.app import SERVICE
from services.supervision.commands_people import SiteId
from shared.commands import AsJson, fail, on
from shared.contracts import ids
from shared.pages import times
from shared.running import Running

absence_app = typer.Typer(no_args_is_help=True, help="Supervisors who are away, and who stands in for them.")
Person = Annotated[str, typer.Option(help="The reference of who is away, as in the people's file.")]


@absence_app.command("set")
def set_absence(
    site: SiteId,
    person: Person,
    delegate: Annotated[str, typer.Option(help="The reference of who stands in.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day away, such as 2026-12-21.")],
    last: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day away.")],
) -> None:
    """Note that a supervisor is away. Their mentors, briefs and alerts go to the delegate meanwhile, and come back by themselves.

    Example: jitt absence set --site eastfield --person dana --delegate omar --from 2026-12-21 --until 2027-01-02
    """
    asked = away.Asked(site, ids.supervisor(site, person), ids.supervisor(site, delegate), first.date(), last.date())
    try:
        on(SERVICE, lambda running: away.enter(running, asked))
    except away.Wrong as wrong:
        who = {"person": f"--person {person}", "delegate": f"--delegate {delegate}", "first": "--from", "last": "--until"}
        fail(f"{who[wrong.field]}: {wrong.words}.", 2)
    typer.echo(f"Noted: {person} is away from {_day(asked.first)} until {_day(asked.last)}, and {delegate} stands in.")


@absence_app.command("list")
def list_absences(site: SiteId, *, as_json: AsJson = False) -> None:
    """List the absences that go on or are still to come.

    Example: jitt absence list --site eastfield
    """
    found = on(SERVICE, lambda running: _of_site(running, site))
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found]))
    elif not found:
        typer.echo("Nobody is away, and no absence is planned.")
    for one in () if as_json else found:
        first, last = _days(one)
        typer.echo(f"{one['absence_id']}  {one['name']}: {_day(first)} to {_day(last)}. {one['delegate']} stands in.")


@absence_app.command("end")
def end_absence(absence_id: Annotated[UUID, typer.Argument(help="As `jitt absence list` shows it.")]) -> None:
    """End an absence now: its supervisor is back. One that has not begun is taken back.

    Example: jitt absence end 0b7c5b1e-6f0e-4f7d-9a53-5d5f2a1c8f10
    """
    if not on(SERVICE, lambda running: away.end(running, absence_id)):
        fail("No absence with this id goes on or is planned. `jitt absence list` shows those that are.", 2)
    typer.echo("Ended. Their mentors are with them again.")


async def _of_site(running: Running, site: str) -> list[dict[str, Any]]:
    async with running.connection() as conn:
        return await store_absences.list_absences(conn, site)


def _as_json(one: dict[str, Any]) -> dict[str, str]:
    first, last = _days(one)
    return {"absence_id": str(one["absence_id"]), "person": one["reference"], "delegate": one["delegate_reference"],
            "from": first.isoformat(), "until": last.isoformat()}  # fmt: skip


def _days(one: dict[str, Any]) -> tuple[date, date]:
    """The first and the last day, where that person is."""
    zone = times.known(one["time_zone"])
    return one["from_at"].astimezone(zone).date(), (one["until_at"] - timedelta(seconds=1)).astimezone(zone).date()


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
