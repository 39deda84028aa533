"""A mapping, and what waits for one, in words: reasons, counts, times and names of properties, and nothing that an entry says."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from babel.dates import format_datetime
from pydantic import TypeAdapter

from services.trigger.calendar_about import PEOPLE
from services.trigger.calendar_mapping import CalendarMapping, Rule
from services.trigger.imports import NO_ACTIVITY, SEVERAL_MENTORS, Need

NEEDS = TypeAdapter(list[Need])
WHY = {
    "no_rule": ("no rule says whose {} is", "no rule says whose {} are"),
    "not_in_roster": ("{} names nobody of the roster", "{} name nobody of the roster"),
    SEVERAL_MENTORS: ("{} is about more than one mentor", "{} are about more than one mentor"),
    NO_ACTIVITY: ("nothing says what {} is", "nothing says what {} are"),
}
HOW = {
    "no_rule": "Add a rule under mentor.",
    "not_in_roster": "Planned by itself once `jitt import people` brings in the mentor, with the address that the calendar uses.",
    SEVERAL_MENTORS: "Who had it keeps it, and nobody else gets it. Add a rule above the others that says which of them.",
    NO_ACTIVITY: "Add a rule under activity, or a category.",
}


def kept(needs: Sequence[Need]) -> str:
    """As JSON, with the feed."""
    return NEEDS.dump_json(list(needs)).decode()


def parse(needs: str) -> list[Need]:
    return NEEDS.validate_json(needs)


def needs_said(needs: Iterable[Need]) -> Iterator[str]:
    for need in needs:
        yield f"Needs mapping: {what(need)} {HOW[need.why]} {which(need)}"


def what(need: Need) -> str:
    one, several = WHY[need.why]
    return f"{one.format('1 session') if need.sessions == 1 else several.format(f'{need.sessions:,} sessions')}."


def which(need: Need) -> str:
    """When the first of them are, and which properties they have."""
    starts = "; ".join(when(at) for at in need.starts)
    first = f"It is on {starts}." if need.sessions == 1 else f"The first: {starts}."
    named = ", ".join(sorted(need.names)) + (f" and {need.more} more" if need.more else "")
    has = f" {'It has' if need.sessions == 1 else 'They have'} {named}." if need.names else ""
    return first + has


def rules_said(mapping: CalendarMapping) -> Iterator[str]:
    for name in ("mentor", "activity", "focus", "mode", "leave_out"):
        rules: tuple[Rule, ...] = getattr(mapping, name)
        if rules:
            yield f"{name}:"
        for n, rule in enumerate(rules, 1):
            yield f"  {n}. {_condition(rule, keyed=name == 'mentor')}{_answer(rule, name)}"


def when(at: datetime) -> str:
    return format_datetime(at, "EEE MMM d, y, h:mm a", locale="en_US").replace("AM", "am").replace("PM", "pm")


def _condition(rule: Rule, *, keyed: bool) -> str:
    if not rule.by:
        return "Every other entry"
    if rule.by in PEOPLE:
        return f"{rule.by} has an address of the roster"
    if not rule.phrase:
        return f"{rule.by} is there" if rule.value else rule.by
    if not keyed:
        return f"{rule.by} holds “{rule.phrase}”"
    return f"{rule.by} holds {rule.words} {'word' if rule.words == 1 else 'words'} kept as a hash ({rule.phrase[:6]})"


def _answer(rule: Rule, section: str) -> str:
    if section == "leave_out":
        return ""
    if not rule.value:
        return ": whose it is" if rule.by in PEOPLE else ": what it says"
    return f": {'mentor ' if section == 'mentor' else ''}{', '.join(rule.value)}"
