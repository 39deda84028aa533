"""`jitt import ics`: a calendar file becomes sessions. Parsing words and printing; the work is in calendar_import."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress as Bar

from services.trigger import calendar_import, calendars, commands_mapping, mapping_file, mapping_preview
from services.trigger.app import SERVICE
from services.trigger.calendar_import import Compared, Days, UnknownSite
from services.trigger.calendar_mapping import NO_MAPPING, CalendarMapping
from services.trigger.calendar_parts import Progress
from services.trigger.calendar_report import instance_json, problem_texts, show_plan, show_problems, show_sessions, show_whose
from services.trigger.calendar_zones import iana
from services.trigger.imports import NO_ACTIVITY, Asked, Plan, summary
from shared.commands import AsJson, fail, need_network, on
from shared.contracts.vocabulary import vocabulary
from shared.running import Running

DAY = ["%Y-%m-%d"]

File = Annotated[Path, typer.Argument(help="The calendar, as .ics.", exists=True, dir_okay=False, readable=True)]
Site = Annotated[str, typer.Option(help="The site's id, as in `jitt site list`.")]
Mentor = Annotated[str, typer.Option(help="Whose calendar it is: the mentor's reference, as in the people's file.")]
ActivityCode = Annotated[str, typer.Option(help="What entries without a category are, such as first_meeting.")]
ZoneName = Annotated[
    str, typer.Option(help="Dry run only: the site's time zone, such as America/Chicago. No network is needed then.")
]
From = Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day. Default: from now on.")]
To = Annotated[datetime | None, typer.Option("--to", formats=DAY, help="The day after the last. Default: 60 days later.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what the file holds and what an import would do.")]
Partial = Annotated[bool, typer.Option("--partial", help="Import what can be read, although the file has errors.")]
Complete = Annotated[
    bool, typer.Option("--complete", help="The file holds all sessions of this mentor, or source: cancel what is not in it.")
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", help="Rules that say whose each entry is, as YAML or JSON.", exists=True, dir_okay=False),
]
SourceName = Annotated[
    str, typer.Option(help="With --mapping: a name for where the file comes from. Later files of that name follow it.")
]


def add_to(_: typer.Typer, import_app: typer.Typer) -> None:
    import_app.command("ics")(ics)


@dataclass(frozen=True, slots=True)
class Job:
    """One file, and what is to be done with it."""

    name: str
    data: bytes
    asked: Asked
    mapping: CalendarMapping
    labels: Mapping[UUID, str]
    days: Days
    dry_run: bool
    partial: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the answer goes: a person's terminal, or a program."""

    as_json: bool

    @contextmanager
    def progress(self, doing: str) -> Iterator[Progress]:
        console = Console(stderr=True)
        with Bar(console=console, transient=True, disable=self.as_json or not console.is_terminal) as bar:
            task = bar.add_task(doing, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)

    def give(self, **answer: Any) -> None:
        if self.as_json:
            typer.echo(json.dumps(answer))


def ics(
    file: File,
    *,
    site: Site = "",
    mentor: Mentor = "",
    activity: ActivityCode = "",
    mapping: MappingFile = None,
    source: SourceName = "file",
    zone: ZoneName = "",
    from_: From = None,
    to: To = None,
    dry_run: DryRun = False,
    partial: Partial = False,
    complete: Complete = False,
    as_json: AsJson = False,
) -> None:
    """Plan sessions from a calendar file (.ics). Run it as often as you like: a second time changes nothing.

    A category that is an activity's code or title says what a session is; --activity says it for entries without one.

    Look first:  jitt import ics dana.ics --dry-run --zone America/Chicago

    Then import: jitt import ics dana.ics --site eastfield --mentor dana --activity check_in

    Of several mentors: jitt import ics all.ics --site eastfield --mapping eastfield.yaml
    """
    days, answer = Days(from_, to), Answer(as_json)
    if from_ and to and to <= from_:
        fail("--to is the day after the last one, so it comes after --from.", 2)
    if dry_run and zone:
        _look(file, zone, days, answer)
        return
    if zone:
        fail("--zone is for a dry run: an import uses the time zone of the site.", 2)
    if partial and complete:
        fail("--complete cancels what is not in the file, so all of it must be readable: leave out --partial.", 2)
    asked = _asked(site, mentor, activity, complete, f"file:{source}" if mapping and not mentor else "")
    rules = commands_mapping.usable(mapping, site, of_one_mentor=bool(mentor)) if mapping else NO_MAPPING
    labels = mapping_file.references(mapping, site) if mapping else {}
    job = Job(file.name, file.read_bytes(), asked, rules, labels, days, dry_run, partial)
    try:
        on(SERVICE, lambda running: _import(running, job, answer))
    except UnknownSite:
        fail(f"Nothing is known of the site “{site}” yet. `jitt site list` shows those that are; `jitt site add` adds one.")


def _look(file: Path, zone: str, days: Days, answer: Answer) -> None:
    site = iana(zone) or fail(f"“{zone}” is no time zone. Use a name such as America/Chicago.", 2)
    with answer.progress("Reading") as progress:
        reading = calendars.read(file.read_bytes(), site, days.window(datetime.now(UTC), site), progress)
    answer.give(instances=[instance_json(i) for i in reading.instances], errors=problem_texts(reading.problems))
    if not answer.as_json:
        show_sessions(file.name, reading.instances, site)
        show_problems(reading.problems)


async def _import(running: Running, job: Job, answer: Answer) -> None:
    refused: dict[str, int] = {}
    known = await calendar_import.known(running, job.asked.site_id, job.mapping)
    with answer.progress("Reading") as progress:
        found = await calendar_import.compare(running, job.data, job.asked, job.days, progress, known=known)
    stopped = not job.partial and any(problem.severity == "error" for problem in found.problems)
    if not job.dry_run and not stopped:
        with answer.progress("Planning") as progress:
            refused = dict(await calendar_import.tell(running, job.asked, found.plan, progress))
    instances = [instance_json(i) for i in found.reading.instances] if job.dry_run else []
    said = {"imported": not job.dry_run and not stopped, **_counts(found.plan), "refused": refused, "instances": instances}
    answer.give(**said, errors=problem_texts(found.problems))
    if not answer.as_json:
        _show(job, found, refused, stopped)
    _end(job, found.plan, refused, stopped)


def _show(job: Job, found: Compared, refused: Mapping[str, int], stopped: bool) -> None:
    if job.dry_run:
        show_sessions(job.name, found.reading.instances, found.site)
        if job.mapping.mentor:
            show_whose(found, job.labels)
    show_problems(found.problems)
    show_plan(found.plan, refused, "An import would say: " if job.dry_run else "Not imported: " if stopped else "")


def _end(job: Job, plan: Plan, refused: Mapping[str, int], stopped: bool) -> None:
    """Exit code 1 where nothing, or not all that was asked for, was imported. A dry run has nothing to fail at."""
    if job.dry_run:
        return
    if stopped:
        fail("Nothing was imported. Mend what is wrong, or add --partial to import the rest.")
    if refused or (plan.needs and not plan.changes and not plan.unchanged):
        raise typer.Exit(1)


def _counts(plan: Plan) -> dict[str, Any]:
    kinds = [change.kind for change in plan.changes]
    counts = {kind: kinds.count(kind) for kind in ("planned", "moved", "changed", "cancelled")}
    mapping: list[dict[str, Any]] = [{"category": category, "sessions": n} for category, n in plan.unmapped.items()]
    mapping += [mapping_preview.told(need) for need in plan.needs if need.why != NO_ACTIVITY]
    said = {"unchanged": plan.unchanged, "summary": summary(plan), "needs_mapping": mapping, "only_in_earlier_files": plan.absent}
    return counts | said


def _asked(site: str, mentor: str, activity: str, complete: bool, calendar: str) -> Asked:
    if not site or not (mentor or calendar):
        fail("Say whose calendar it is: --site with --mentor or --mapping. To only look into the file: --dry-run --zone "
             "America/Chicago.", 2)  # fmt: skip
    if len(site) > 100 or len(mentor) > 200:
        fail("A site's id has at most 100 characters, a mentor's reference at most 200.", 2)
    asked = Asked(site, mentor, known_activity(activity), complete, calendar)
    need_network()
    return asked


def known_activity(activity: str) -> str | None:
    """None for none; stops with a hint for one that is not in the vocabulary."""
    if activity and activity not in vocabulary().activities:
        fail(f"There is no activity “{activity}”. {_like(activity)}", 2)
    return activity or None


def _like(activity: str) -> str:
    codes = list(vocabulary().activities)
    near = get_close_matches(activity, codes, 1)
    return f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(codes)}."

