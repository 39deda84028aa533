"""`jitt policy`: what each site has chosen, for all its sessions or for one activity, and what that means for a session."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer

from services.trigger import policy_words, preview, store_copies, store_imports, zones
from services.trigger.app import SERVICE
from services.trigger.messages import PolicyChosen
from services.trigger.policy import CHANGED_MEANWHILE, OwnTiming, Policy, written
from services.trigger.zones import Start
from shared.commands import AsJson, fail, on
from shared.contracts.vocabulary import vocabulary
from shared.running import Running

NO_SITE = (
    "Nothing is known of the site “{}” yet. `jitt site list` shows those that are. "
    "To look all the same, name the session's time zone, such as --zone America/Chicago"
)
NO_START = "“{}” is no start of a session. Write a day and a time, such as “Thu 16:00”, “tomorrow 9:30” or “2026-12-10 16:00”."
NO_ZONE = "“{}” is no time zone. Use a name such as America/Chicago."
FOR_ALL = "Quiet hours and the length of a training are the site's, for every activity: set them without --activity."
MEANWHILE = (
    "Somebody changed the policy of {0} meanwhile, so yours was not set. "
    "`jitt policy show {0}` says what holds now; set again what you still want."
)

policy_app = typer.Typer(no_args_is_help=True, help="What a site has chosen: when mentors hear from us, and when never.")
SiteId = Annotated[str, typer.Argument(help="The site's id, as in `jitt site list`.")]
Activity = Annotated[str, typer.Option(help="For this activity only, such as first_meeting.")]
AssignDays = Annotated[int | None, typer.Option(min=1, max=14, help="Training: days before, at the same time.")]
Nudge = Annotated[float | None, typer.Option(min=0, max=23, help="Reminder: hours before the start.")]
QuizBy = Annotated[float | None, typer.Option(min=0, max=23, help="Quiz due: hours before the start.")]
LastCall = Annotated[float | None, typer.Option(min=0, max=180, help="Last call: minutes before the start.")]
CheckIn = Annotated[float | None, typer.Option(min=0, max=600, help="Check-in: minutes after the end.")]
Quiet = Annotated[str | None, typer.Option(help="Quiet hours of the mentor, such as 21:00.")]
Training = Annotated[int | None, typer.Option(min=1, max=5, help="The longest training, in minutes.")]
ZoneName = Annotated[str, typer.Option(help="A time zone, such as America/Chicago. Default: the site's.")]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is named on the command line."""

    own: OwnTiming
    quiet: dict[str, Any]
    training_minutes: int | None = None

    def of(self, before: Policy, activity: str) -> Policy:
        """The policy with this in it. The moments are the activity's where one is named; the rest is always the site's."""
        timing, activities = before.timing, dict(before.activities)
        if activity and self.own.chosen():
            activities[activity] = replace(activities.get(activity, OwnTiming()), **self.own.chosen())
        elif not activity:
            timing = replace(timing, **self.own.chosen())
        training_minutes = self.training_minutes or before.training_minutes
        return replace(before, timing=replace(timing, **self.quiet), training_minutes=training_minutes, activities=activities)


def named(
    *,
    assign_days: AssignDays = None,
    nudge: Nudge = None,
    quiz_by: QuizBy = None,
    last_call: LastCall = None,
    check_in: CheckIn = None,
    quiet_from: Quiet = None,
    quiet_to: Quiet = None,
) -> Wish:
    own = OwnTiming(assign_days, _hours(nudge), _hours(quiz_by), _minutes(last_call), _minutes(check_in))
    return Wish(own, _quiet(quiet_from, quiet_to))


def naming_a_wish(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of `named`, from which its `wish` is made."""
    own, options = signature(command), signature(named).parameters

    @wraps(command)
    def typed(**words: Any) -> None:
        said = {name: words.pop(name) for name in options}
        command(**words, wish=named(**said))

    parameters = [*(one for one in own.parameters.values() if one.name != "wish"), *options.values()]
    vars(typed)["__signature__"] = own.replace(parameters=parameters)  # what inspect, and so typer, takes for the truth
    typed.__annotations__ = {one.name: one.annotation for one in parameters}
    return typed


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.add_typer(policy_app, name="policy")


@policy_app.command("show")
def show(site: SiteId, as_json: AsJson = False) -> None:
    """When mentors of a site hear from us.

    Example: jitt policy show lakeside
    """
    found = on(SERVICE, lambda running: _policy(running, site))
    if as_json:
        typer.echo(written(found))
        return
    for line in policy_words.said(found):
        typer.echo(line)


@policy_app.command("set")
@naming_a_wish
def choose(
    site: SiteId,
    *,
    activity: Activity = "",
    as_site: Annotated[bool, typer.Option("--as-site", help="With --activity: no exception any more.")] = False,
    wish: Wish,
    training_minutes: Training = None,
    as_json: AsJson = False,
) -> None:
    """Change what a site has chosen, for all its sessions or for one activity. What you do not name stays as it is.

    Sessions whose training has not gone out yet follow at once; the others keep what they were planned with.
    `jitt policy preview` with the same options shows what a mentor would get, before you set it.

    Example: jitt policy set lakeside --quiet-from 20:00 --quiet-to 08:00

    One activity: jitt policy set lakeside --activity first_meeting --last-call 60
    """
    wish = replace(wish, training_minutes=training_minutes)
    _check(activity, wish, as_site)
    before = on(SERVICE, lambda running: _policy(running, site))
    wanted = _without(before, activity) if as_site else wish.of(before, activity)
    _fail_if_contradictory(wanted)
    outcome = on(
        SERVICE,
        lambda running: running.submit(PolicyChosen(site_id=site, document=written(wanted)), id=str(uuid4()), source="command"),
    )
    if outcome.reason == CHANGED_MEANWHILE:
        fail(MEANWHILE.format(site))
    if outcome.kind not in ("applied", "duplicate"):
        fail(f"That was refused: {outcome.reason}.")
    show(site, as_json)


@policy_app.command("preview")
@naming_a_wish
def look(
    site: SiteId,
    *,
    session: Annotated[str, typer.Option(help="When it would start, on the session's clock: “Thu 16:00”, “2026-12-10 16:00”.")],
    minutes: Annotated[int, typer.Option(min=5, max=480, help="How long it takes.")] = 45,
    zone: ZoneName = "",
    mentor_zone: ZoneName = "",
    notice: Annotated[float, typer.Option(min=0, max=1440, help="Announced so many hours before the start.")] = 720,
    activity: Activity = "",
    wish: Wish,
    as_json: AsJson = False,
) -> None:
    """What a mentor would get for such a session: each message with its time, or why it does not come. Nothing is saved.

    With options of `jitt policy set` it shows what they would change.

    Example: jitt policy preview lakeside --session "Thu 16:00" --mentor-zone America/New_York

    Before setting: jitt policy preview lakeside --session "Thu 7:30" --quiet-to 08:00
    """
    _check_activity(activity)
    before, site_zone = on(SERVICE, lambda running: _known(running, site))
    place = _zone(zone or site_zone or fail(NO_SITE.format(site)))
    sleeps = _zone(mentor_zone or site_zone or place.key)
    wanted = wish.of(before, activity)
    _fail_if_contradictory(wanted)
    asked = preview.Asked(_start(session, place), place.key, minutes, activity, sleeps.key, timedelta(hours=notice))
    found = preview.previewed(asked, wanted)
    if as_json:
        typer.echo(preview.document(asked, wanted, found).model_dump_json())
        return
    for line in preview.said(asked, before, wanted, found):
        typer.echo(line)


async def _policy(running: Running, site: str) -> Policy:
    return await store_copies.get_policy(running.pool, site)


async def _known(running: Running, site: str) -> tuple[Policy, str | None]:
    async with running.connection() as conn:
        return await store_copies.get_policy(conn, site), await store_imports.find_time_zone(conn, site)


def _quiet(begins: str | None, ends: str | None) -> dict[str, time]:
    found = {"quiet_from": _clock("--quiet-from", begins), "quiet_to": _clock("--quiet-to", ends)}
    return {name: at for name, at in found.items() if at is not None}


def _check(activity: str, wish: Wish, as_site: bool) -> None:
    """Exit code 2: nothing was tried."""
    _check_activity(activity)
    named = bool(wish.own.chosen())
    if activity and (wish.quiet or wish.training_minutes):
        fail(FOR_ALL, 2)
    if as_site and (named or not activity):
        fail("--as-site takes an activity's exception away: name the --activity, and nothing to set.", 2)
    if activity and not named and not as_site:
        fail(f"Say what is different for {activity}, such as --last-call 60; or --as-site, if nothing is any more.", 2)


def _check_activity(activity: str) -> None:
    codes = list(vocabulary().activities)
    if activity and activity not in codes:
        near = get_close_matches(activity, codes, 1)
        fail(f"There is no activity “{activity}”. " + (f"Did you mean {near[0]}?" if near else f"One of: {', '.join(codes)}."), 2)


def _fail_if_contradictory(wanted: Policy) -> None:
    if faults := list(wanted.faults()):
        fail(" ".join(faults))


def _without(policy: Policy, activity: str) -> Policy:
    return replace(policy, activities={code: own for code, own in policy.activities.items() if code != activity})


def _start(text: str, zone: ZoneInfo) -> Start:
    wall = preview.wall_clock(text, datetime.now(UTC).astimezone(zone)) or fail(NO_START.format(text), 2)
    return zones.start(wall.replace(tzinfo=zone), zone)


def _zone(name: str) -> ZoneInfo:
    return zones.find_zone(name) or fail(NO_ZONE.format(name), 2)


def _hours(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(hours=number)


def _minutes(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)


def _clock(option: str, text: str | None) -> time | None:
    if text is None:
        return None
    try:
        return time.fromisoformat(text.zfill(5)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        fail(f"{option}: “{text}” is no time of the day. Write hours and minutes, such as 21:00.", 2)
