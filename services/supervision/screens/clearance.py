"""One function of one mentor: where it stands, what it takes, what was done; and the two forms, to sign off and to revoke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.supervision import ledger
from services.supervision.domain import UNDO, Mark, MentorCase
from services.supervision.ledger import Standing
from services.supervision.screens import said
from services.supervision.screens.axis import Kind
from services.supervision.screens.facts import Entry, Mentor, Staff
from services.supervision.screens.ledger import href, lacking, status
from shared.contracts.vocabulary import Function, vocabulary
from shared.pages import times

WAYS = {"observed": "Observed: in a session or a role-play", "talked_through": "Talked through"}
SEEN = {"observed": "observed", "talked_through": "talked through"}
REASONS = {
    "not_as_agreed": "It did not go as agreed",
    "asked_by_mentor": "The mentor asked for it",
    "not_needed": "It is not needed any more",
    "site_decided": "The site decided it",
    "by_mistake": "It was signed off by mistake",
}


@dataclass(frozen=True, slots=True)
class Need:
    words: str
    kind: Kind
    status: str


@dataclass(frozen=True, slots=True)
class Line:
    """`now`: it changed what the mentor may do."""

    at: str
    iso: str
    words: str
    until: str
    now: bool


@dataclass(frozen=True, slots=True)
class Undo:
    words: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    mentor: str
    first_name: str
    function: str
    href: str
    kind: Kind
    word: str
    until: str
    lacks: tuple[str, ...]
    brief: str | None
    action: str | None
    can_revoke: bool
    undo: Undo | None
    needs: tuple[Need, ...]
    sign_off: str
    renewal: str
    keeps: str
    lines: tuple[Line, ...]


def page(mentor: Mentor, case: MentorCase, standing: Standing, entries: Sequence[Entry], *, viewer: Staff, now: datetime) -> Page:
    function, zone = vocabulary().functions[standing.function], viewer.zone
    kind, word = _now(standing, now, zone)
    holds = case.holding(function.code)
    return Page(
        title=f"{mentor.name}: {said.function(function.code)}",
        mentor=mentor.name,
        first_name=said.first_name(mentor.name),
        function=said.sentence(said.function(function.code)),
        href=href(mentor.id, function.code),
        kind=kind,
        word=word,
        until=_until(standing, now, zone),
        lacks=tuple(lacking(standing)),
        brief=f"/briefs/{holds[-1].training_id}" if holds else None,
        action=_action(standing),
        can_revoke=standing.state in ("cleared", "on_hold", "ended"),
        undo=_undo(case, function.code, viewer, now),
        needs=tuple(_need(case, function, skill, now, zone) for skill in function.skills),
        sign_off=said.curly(function.sign_off) or "No sign-off: it comes with the trainings.",
        renewal=renewal(function),
        keeps=said.curly(function.keeps),
        lines=tuple(_line(one, viewer, now) for one in entries),
    )


def _now(standing: Standing, now: datetime, zone: str) -> tuple[Kind, str]:
    """Without the day, which stands beside it."""
    kind, word = status(standing, now, zone)
    return kind, "Cleared" if kind == "ready" else "Ended" if standing.state == "ended" and kind == "idle" else word


def _until(standing: Standing, now: datetime, zone: str) -> str:
    if standing.state not in ("cleared", "on_hold", "ended") or standing.until is None:
        return ""
    verb = "Ended" if standing.until <= now else "Valid until"
    return f"{verb} {said.day(standing.until, now, zone)}."


def _action(standing: Standing) -> str | None:
    if not standing.needs_sign_off:
        return None
    return "Renew" if standing.state in ("cleared", "ended") else "Sign off"


def _undo(case: MentorCase, function: str, viewer: Staff, now: datetime) -> Undo | None:
    mark = ledger.last_mark(case, function)
    if mark is None or mark.by != viewer.id or now - mark.at >= UNDO:
        return None
    done = {"signed_off": "Signed off", "renewed": "Renewed", "revoked": "Revoked"}[mark.act]
    at = said.moment(mark.at, now, viewer.zone)
    return Undo(f"{done} {'' if ' at ' in at else 'at '}{at}.", mark)


def _need(case: MentorCase, function: Function, skill: str, now: datetime, zone: str) -> Need:
    words = said.sentence(said.skill(skill))
    if any(hold.skill == skill for hold in case.open_holds):
        return Need(words, "hold", "Talk first")
    if at := case.history.trained.get(skill):
        return Need(words, "ready", f"Done {said.day(at, now, zone)}")
    return Need(words, "idle", "Before the match" if function.base else "Not done yet")


def renewal(function: Function) -> str:
    """What it takes to go on after the end."""
    if function.months is None:
        return "It ends with the match."
    renew, month = function.renew, said.counted(function.months, "month", "months")
    more = ["one training on the skill practiced longest ago"]
    if renew.each_skill:
        more = ["one question of each skill that comes back"]
    if renew.contacts:
        more.append(f"{said.counted(renew.contacts, 'talk', 'talks')} logged in {month}")
    if renew.check_ins:
        more.append(f"{said.counted(renew.check_ins, 'session', 'sessions')} with the planned steps done, as the check-in says")
    if function.sign_off:
        more.append("your sign-off again")
    where = " It is for one match only." if function.per_match else ""
    return f"It is valid for {month}.{where} To renew it in the last month: {said.listed(more)}."


def _line(entry: Entry, viewer: Staff, now: datetime) -> Line:
    until = f"Until {said.day(entry.until, now, viewer.zone)}." if entry.until and entry.state == "cleared" else ""
    return Line(
        at=said.sentence(said.day(entry.at, now, viewer.zone)),
        iso=times.iso(entry.at, viewer.zone),
        words=_words(entry, viewer),
        until=until,
        now=entry.state == "cleared",
    )


def _words(entry: Entry, viewer: Staff) -> str:
    by = "you" if entry.by == viewer.id else entry.by_name or "somebody"
    how, _, lines = entry.evidence.partition("/")
    seen = f"{SEEN.get(how, how)}, all {said.counted(int(lines), 'line', 'lines')} of the checklist" if lines.isdigit() else ""
    return {
        "granted": "Cleared by your site’s list of people.",
        "trained": "Cleared: the trainings are done.",
        "signed_off": f"Signed off by {by}: {seen}.",
        "renewed": f"Renewed by {by}: {seen}.",
        "revoked": f"Revoked by {by}: {said.lower(REASONS.get(entry.evidence, entry.evidence))}.",
        "undone": f"Taken back by {by}.",
        "match_ended": "Ended with the match.",
        "safety_miss": "On hold: a safety question was missed.",
        "talked_through": f"Talked through by {by}, and cleared again.",
        "answer_corrected": "No longer on hold: the question was corrected.",
    }.get(entry.why, said.sentence(entry.why.replace("_", " ")))


@dataclass(frozen=True, slots=True)
class SignOff:
    """The form. `way`: how it was seen, where there is one way only."""

    heading: str
    evidence: str
    task: str
    ways: tuple[tuple[str, str], ...]
    way: tuple[str, str] | None
    lines: tuple[str, ...]
    valid: str
    button: str
    href: str
    keeps: str


def sign_off(mentor: Mentor, case: MentorCase, standing: Standing, *, viewer: Staff, now: datetime) -> SignOff:
    function, zone = vocabulary().functions[standing.function], viewer.zone
    again = standing.state in ("cleared", "ended")
    ways = tuple((way, WAYS[way]) for way in function.ways)
    end = ledger.ends(now, function, case.time_zone)
    months = said.counted(function.months or 0, "month", "months")
    return SignOff(
        heading=f"{'Renew' if again else 'Clear'} {mentor.name} for {said.quoted(said.function(function.code))}?",
        evidence=_evidence(case, function, now, zone),
        task=said.curly(function.sign_off),
        ways=ways if len(ways) > 1 else (),
        way=ways[0] if len(ways) == 1 else None,
        lines=tuple(said.curly(line) for line in function.checklist),
        valid=f"Valid {months}, until {times.long_date(end, zone)}." if end else "It ends with the match.",
        button=f"{'Renew' if again else 'Sign off'} as {viewer.name}",
        href=href(mentor.id, function.code),
        keeps=said.curly(function.keeps),
    )


def _evidence(case: MentorCase, function: Function, now: datetime, zone: str) -> str:
    if function.base:
        return "The site’s training before the match stands in for the short trainings."
    done = [at for skill in function.skills if (at := case.history.trained.get(skill))]
    return f"Training done {said.day(max(done), now, zone)}. No safety question is open." if done else ""
