"""The clearances of a caseload: what waits for the supervisor first, then every function with every mentor. No ranking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.supervision import ledger
from services.supervision.domain import MentorCase
from services.supervision.ledger import Evidence, Lack, Standing, What
from services.supervision.screens import said
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Mentor
from shared.contracts.vocabulary import vocabulary

LATELY = timedelta(days=60)  # an end that is longer ago waits for nobody
SHOWN = 30  # of what waits
PAGE = 24  # mentors in one table
Waits = Literal["hold", "sign", "ends"]
WHATS: tuple[What, ...] = ("hold", "training", "practice", "contacts", "check_ins")


@dataclass(frozen=True, slots=True)
class Cell:
    """One mentor and one function: a word, and where it leads."""

    mentor: str
    href: str
    kind: Kind
    word: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    function: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ToDo:
    """One line of what waits; `action` is its link's words."""

    mentor: str
    function: str
    kind: Kind
    word: str
    note: str
    href: str
    action: str


@dataclass(frozen=True, slots=True)
class Ledger:
    summary: str
    to_do: tuple[ToDo, ...]
    more: str  # how many others wait
    mentors: tuple[tuple[str, str], ...]  # name and address, in the order of each row's cells
    rows: tuple[Row, ...]
    before: str | None
    after: str | None
    part: str  # which mentors are shown, where it is not all


def page(
    mentors: Sequence[Mentor],
    cases: Mapping[UUID, MentorCase],
    counted: Mapping[tuple[UUID, str], Evidence],
    *,
    now: datetime,
    zone: str,
    number: int = 1,
) -> Ledger:
    """`number`: of the table's pages, from 1. What waits is said of everybody."""
    known = [mentor for mentor in mentors if mentor.id in cases]
    all_of = {mentor.id: standings(cases[mentor.id], counted, now) for mentor in known}
    waiting = [(m, s, waits) for m in known for s in all_of[m.id].values() if (waits := waits_for(s, now))]
    order = ("hold", "sign", "ends")
    waiting.sort(key=lambda one: (order.index(one[2]), one[1].until is None, one[1].until or now, one[0].name))
    last = max(1, -(-len(known) // PAGE))
    number = min(max(number, 1), last)
    shown = known[(number - 1) * PAGE : number * PAGE]
    return Ledger(
        summary=_summary([waits for _, _, waits in waiting]),
        to_do=tuple(_to_do(m, s, cases[m.id], now, zone) for m, s, _ in waiting[:SHOWN]),
        more=f"And {said.number(len(waiting) - SHOWN)} more, in the table." if len(waiting) > SHOWN else "",
        mentors=tuple((mentor.name, f"/mentors/{mentor.id}") for mentor in shown),
        rows=tuple(_rows(shown, all_of, now, zone)),
        before=f"/clearances?page={number - 1}" if number > 1 else None,
        after=f"/clearances?page={number + 1}" if number < last else None,
        part=f"Mentors {(number - 1) * PAGE + 1} to {(number - 1) * PAGE + len(shown)} of {len(known)}." if last > 1 else "",
    )


def standings(case: MentorCase, counted: Mapping[tuple[UUID, str], Evidence], now: datetime) -> dict[str, Standing]:
    """Every function that a site speaks of, in the vocabulary's order."""
    return {
        one.code: ledger.standing(case, one.code, now, counted.get((case.mentor_id, one.code), ledger.NOTHING))
        for one in vocabulary().functions.values()
        if ledger.offered(case, one)
    }


def waits_for(standing: Standing, now: datetime) -> Waits | None:
    if standing.state == "on_hold":
        return "hold"
    if standing.needs_sign_off:
        return "sign"
    if standing.due and standing.until and standing.state in ("cleared", "ended") and now - standing.until < LATELY:
        return "ends"
    return None


def _summary(waiting: Sequence[Waits]) -> str:
    signs, holds, ends = (waiting.count(one) for one in ("sign", "hold", "ends"))
    parts = [
        said.counted(signs, "waits for your sign-off", "wait for your sign-off") if signs else "",
        said.counted(holds, "is on hold", "are on hold") if holds else "",
        said.counted(ends, "ends soon or has ended", "end soon or have ended") if ends else "",
    ]
    found = [part for part in parts if part]
    return f"{said.sentence(said.listed(found))}." if found else "Nothing waits for you here."


def _rows(mentors: Sequence[Mentor], all_of: Mapping[UUID, Mapping[str, Standing]], now: datetime, zone: str) -> list[Row]:
    rows = []
    for function in vocabulary().functions.values():
        if any(function.code in all_of[mentor.id] for mentor in mentors):
            cells = (_cell(m, all_of[m.id].get(function.code), now, zone) for m in mentors)
            rows.append(Row(said.sentence(said.function(function.code)), tuple(cells)))
    return rows


def _cell(mentor: Mentor, standing: Standing | None, now: datetime, zone: str) -> Cell:
    if standing is None:
        return Cell(mentor.name, "", "idle", "Switched off")
    kind, word = status(standing, now, zone)
    return Cell(mentor.name, href(mentor.id, standing.function), kind, word, progress(standing))


def href(mentor_id: UUID, function: str) -> str:
    return f"/clearances/{mentor_id}/{function}"


def status(standing: Standing, now: datetime, zone: str) -> tuple[Kind, str]:
    """In the table and on the mentor's page."""
    if standing.state == "on_hold":
        return "hold", "On hold: talk first"
    if standing.needs_sign_off:
        return "talk", "Needs your sign-off"
    if standing.state == "cleared":
        return "ready", f"Until {said.day(standing.until, now, zone)}" if standing.until else "Cleared"
    if standing.state == "ended" and standing.until:
        return "idle", f"Ended {said.day(standing.until, now, zone)}"
    return "idle", "Revoked" if standing.state == "revoked" else "Not yet"


def progress(standing: Standing) -> str:
    """How far the training is, where that is what is missing."""
    skills = vocabulary().functions[standing.function].skills
    missing = sum(lack.what == "training" for lack in standing.lacks)
    if standing.state == "not_yet" and 0 < missing < len(skills):
        return f"{len(skills) - missing} of {len(skills)} trainings done"
    return ""


def _to_do(mentor: Mentor, standing: Standing, case: MentorCase, now: datetime, zone: str) -> ToDo:
    function = vocabulary().functions[standing.function]
    kind, word = status(standing, now, zone)
    place, action = href(mentor.id, function.code), "See what it takes"
    if standing.state == "on_hold":
        hold = case.holding(function.code)[-1]
        place, action = f"/briefs/{hold.training_id}", "Open brief"
    elif standing.needs_sign_off:
        place, action = f"{place}/sign-off", "Renew" if standing.state in ("cleared", "ended") else "Sign off"
    notes = [] if standing.state == "on_hold" else lacking(standing)
    if standing.needs_sign_off and standing.until:
        notes = [f"{'Ended' if standing.until <= now else 'Ends'} {said.day(standing.until, now, zone)}."]
    elif standing.needs_sign_off and not function.base:
        notes = ["Training done."]
    return ToDo(mentor.name, said.sentence(said.function(function.code)), kind, word, " ".join(notes), place, action)


def lacking(standing: Standing) -> list[str]:
    """What has to happen, in sentences."""
    function = vocabulary().functions[standing.function]
    of = {what: [lack for lack in standing.lacks if lack.what == what] for what in WHATS}
    found = ["A safety question was missed: talk about it first."] if of["hold"] else []
    if of["training"]:
        found.append(f"{'Training' if len(of['training']) == 1 else 'Trainings'} to come: {_skills(of['training'])}.")
    parts = [f"a training on {_skills(of['practice'])}"] if of["practice"] else []
    months = said.number(function.months or 0)
    parts += [f"{said.counted(one.count, 'more talk', 'more talks')} logged within {months} months" for one in of["contacts"]]
    parts += [
        f"{said.counted(one.count, 'more session', 'more sessions')} with the planned steps done, as the check-in says"
        for one in of["check_ins"]
    ]
    return [*found, *([f"To renew: {said.listed(parts)}."] if parts else [])]


def _skills(lacks: Sequence[Lack]) -> str:
    return said.listed(said.quoted(said.skill(lack.skill)) for lack in lacks)
