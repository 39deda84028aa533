"""`jitt cancel-days` and `jitt holiday`: days of a site on which nothing takes place, or perhaps not. Words in, words out."""

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from babel.dates import format_date
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from services.trigger import cancelling, holidays, store_cancellations, store_holidays
from services.trigger.app import SERVICE
from services.trigger.cancellations import Days, Progress
from services.trigger.messages import LONGEST_NAME, HolidaysAdded, HolidaysRemoved, Why
from shared.commands import AsJson, fail, on
from shared.contracts.event import Event

ISO = ["%Y-%m-%d"]
SHOWN = 50
REFUSED = {
    "unknown_cancellation": "There is no cancellation with this id. `jitt cancel-days list SITE` shows them.",
    "too_many_holidays": f"A site has {holidays.MOST:,} holidays at most. Remove old ones first.",
    "no_holidays": "None of these days is a holiday of the site. `jitt holiday list SITE` shows them.",
}
STATES = {"under_way": "under way", "done": "done", "being_undone": "being undone", "undone": "undone"}


class SiteFirst(TyperGroup):
    """`cancel-days SITE ...` is short for `cancel-days add SITE ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        short = args and not args[0].startswith("-") and args[0] not in self.commands
        return super().parse_args(ctx, ["add", *args] if short else args)


days_app = typer.Typer(
    cls=SiteFirst,
    no_args_is_help=True,
    help="Cancel every session that a site has planned on some days, such as a snow day, and take it back.\n\n"
    "Example: jitt cancel-days lakeside --from 2026-12-10 --reason snow_day --dry-run",
)
holiday_app = typer.Typer(no_args_is_help=True, help="A site's holidays: sessions planned there stay, and are warned about.")
SiteId = Annotated[str, typer.Argument(help="The site's id, as in `jitt site list`.")]
From = Annotated[datetime, typer.Option("--from", formats=ISO, help="The first day, on the site's calendar.")]
To = Annotated[datetime | None, typer.Option("--to", formats=ISO, help="The day after the last one. Default: one day.")]
Day = Annotated[datetime, typer.Argument(formats=ISO, help="The day, such as 2026-12-25.")]
Reason = Annotated[Why, typer.Option(help="Why, as a code.")]


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(days_app, name="cancel-days")
    app.add_typer(holiday_app, name="holiday")


@days_app.command("add")
def cancel(
    site: SiteId,
    *,
    first: From,
    after: To = None,
    reason: Reason,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many sessions it would mean.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel every session that is planned now on these days. Mentors and supervisors see it within seconds.

    A session that is announced later is not canceled. `add` may be left out.

    Example: jitt cancel-days lakeside --from 2026-12-10 --to 2026-12-12 --reason snow_day
    """
    days = _days(site, first, after)
    planned = on(SERVICE, lambda running: cancelling.count_planned(running, days))
    if planned is None:
        fail(_unknown(site))
    id = None if dry_run else _cancelled(days, reason)
    if as_json:
        typer.echo(json.dumps({"id": str(id) if id else None, "site": site, "sessions": planned, "dry_run": dry_run}))
    elif id is None:
        typer.echo(f"{_sessions(planned)} planned at {site} {_on(days)}. Nothing was canceled.")
    else:
        typer.echo(f"{_sessions(planned)} being canceled at {site} {_on(days)}.\nTo take it back: jitt cancel-days undo {id}")


@days_app.command("list")
def list_cancellations(site: SiteId, as_json: AsJson = False) -> None:
    """Canceled days of a site, newest first, with how far each is.

    Example: jitt cancel-days list lakeside
    """
    found = on(SERVICE, lambda running: store_cancellations.list_progress(running.pool, [site], SHOWN))
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found]))
    elif not found:
        typer.echo(f"No days of {site} were canceled.")
    else:
        Console().print(_table(found), markup=False)


@days_app.command("undo")
def undo(cancellation: Annotated[UUID, typer.Argument(help="Its id, as in `jitt cancel-days list SITE`.")]) -> None:
    """Take it back. A session that its site has told of again since stays as it was told.

    Example: jitt cancel-days undo 0b54c1de-3c4b-5d0a-9c6e-2f6f0e6f0a11
    """
    outcome = on(SERVICE, lambda running: cancelling.undo(running, cancellation, told_by=""))
    if outcome.kind == "refused":
        fail(REFUSED[outcome.reason or ""])
    typer.echo("Taken back. Its sessions come back within seconds, but for those of which something else was told since.")


@holiday_app.command("add")
def add_holiday(
    site: SiteId,
    day: Day,
    after: To = None,
    name: Annotated[str, typer.Option(help="As people call it.", metavar="TEXT")] = "",
) -> None:
    """Note a holiday. Sessions planned there stay; whoever asks for one is warned (`on_a_holiday`), and a person decides.

    Example: jitt holiday add lakeside 2026-12-25 --name "Christmas Day"
    """
    days = _days(site, day, after)
    if len(name) > LONGEST_NAME or not name.isprintable():
        fail(f"--name: {LONGEST_NAME} characters at most, in one line.", 2)
    planned = on(SERVICE, lambda running: cancelling.count_planned(running, days))
    if planned is None:
        fail(_unknown(site))
    _tell(HolidaysAdded(site_id=site, first_day=days.first, day_after=days.after, name=name))
    typer.echo(f"Noted {_on(days)}.")
    if planned:
        typer.echo(f"{_sessions(planned)} planned then. To cancel: "
                   f"jitt cancel-days {site} --from {days.first} --to {days.after} --reason holiday")  # fmt: skip


@holiday_app.command("list")
def list_holidays(site: SiteId, as_json: AsJson = False) -> None:
    """A site's holidays, with how many sessions are planned on each.

    Example: jitt holiday list lakeside
    """
    found = on(SERVICE, lambda running: store_holidays.list_holidays(running.pool, site))
    if found is None:
        fail(_unknown(site))
    if as_json:
        typer.echo(json.dumps([{"day": str(day), "name": name, "sessions": many} for day, name, many in found]))
    elif not found:
        typer.echo(f'No holidays of {site} yet. The first one: jitt holiday add {site} 2026-12-25 --name "Christmas Day"')
    for day, name, many in () if as_json else found:
        typer.echo(f"{day}  {name or 'a holiday'}" + (f"  ({_sessions(many)} planned)" if many else ""))


@holiday_app.command("remove")
def remove_holiday(site: SiteId, day: Day, after: To = None) -> None:
    """These days are no holidays after all.

    Example: jitt holiday remove lakeside 2026-12-25
    """
    days = _days(site, day, after)
    _tell(HolidaysRemoved(site_id=site, first_day=days.first, day_after=days.after))
    typer.echo(f"No holiday any more: {_on(days)}.")


def _cancelled(days: Days, reason: Why) -> UUID:
    """Typed again, it is another call: for what was announced meanwhile."""
    id, outcome = on(SERVICE, lambda running: cancelling.cancel(running, days, reason, told_by="", key=str(uuid4())))
    if outcome.kind != "applied":
        fail(f"That was refused: {outcome.reason}.")
    return id


def _tell(event: Event) -> None:
    outcome = on(SERVICE, lambda running: running.submit(event, id=str(uuid4()), source="command"))
    if outcome.kind == "refused":
        fail(REFUSED[outcome.reason or ""])


def _days(site: str, first: datetime, after: datetime | None) -> Days:
    days = Days(site, first.date(), after.date() if after else first.date() + timedelta(days=1))
    if fault := days.fault():
        fail(fault, 2)
    return days


def _unknown(site: str) -> str:
    return f"There is no site {site} yet, so nobody can say when its days begin. `jitt site list` shows them all."


def _sessions(many: int) -> str:
    return "1 session is" if many == 1 else f"{many:,} sessions are"


def _on(days: Days) -> str:
    last = days.after - timedelta(days=1)
    return f"on {_said(days.first)}" if last == days.first else f"from {_said(days.first)} through {_said(last)}"


def _said(day: date) -> str:
    return str(format_date(day, "EEEE, MMMM d, y", locale="en_US"))


def _as_json(one: Progress) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "site": one.days.site_id,
        "from": str(one.days.first),
        "to": str(one.days.after),
        "reason": one.reason,
        "state": one.state,
        "sessions": one.meant,
        "cancelled": one.cancelled,
        "told_by": one.told_by or "a command",
        "told_at": one.told_at.isoformat(),
        "undone_at": one.undone_at.isoformat() if one.undone_at else None,
    }


def _table(found: list[Progress]) -> Table:
    table = Table("Id", "Days", "Reason", "State", "Canceled", box=None)
    for one in found:
        last = one.days.after - timedelta(days=1)
        days = f"{one.days.first}" if last == one.days.first else f"{one.days.first} to {last}"
        table.add_row(str(one.id), days, one.reason, STATES[one.state], f"{one.cancelled} of {one.meant}")
    return table
