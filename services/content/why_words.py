"""Why a mentor got this training for a session, in the words of whoever answers for it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from services.content.choices import Choice
from services.content.why import Versions, Why
from shared.contracts.content import Candidate, Reason, WhyNot
from shared.contracts.trigger import Need, NeedReason
from shared.contracts.vocabulary import vocabulary
from shared.pages import times

NOT_KEPT = "Why is not known: it was chosen before jitt kept that."
NEEDED: dict[NeedReason, str] = {
    "never_trained": "never trained",
    "fading": "trained a while ago, and fading",
    "missed_last_time": "missed last time",
    "clearance_gap": "not cleared for what is planned",
}
NOTHING = {
    "no_module_for_needs": "No training: none of the modules for what this session needs could be chosen.",
    "no_known_items": "No training: nothing new was needed, and the mentor knows no question yet that could be asked again.",
    "site_variables_missing": "No training: what would fit waits for the site's own data. `jitt site show SITE` says which.",
}
PASSED_OVER: dict[WhyNot | None, str] = {
    None: "would do, but what was chosen comes first",
    "locale": "not in a language that this mentor reads ({locale}, or English)",
    "scope": "only for sessions whose plan asks for it",
    "minutes": "longer than the {minutes} minutes that the site's policy allows",
    "variables": "waits for the site's own data: {lacking}",
    "resting": "shown within the last seven days",
    "worn": "shown three times whole; now only its questions come back",
}
SITE_DATA = {
    "state_hotline": "the hotline",
    "reporting_steps": "the steps of reporting",
    "staff_on_call": "the number of staff on call",
}


def versions_of(choice: Choice) -> list[tuple[str, int]]:
    candidates = choice.why.candidates if choice.why else ()
    return [(_publication(one), one.version) for one in candidates]


def told(choice: Choice, versions: Versions) -> Iterator[str]:
    """Lines, with an empty one before each part."""
    why = choice.why
    yield from _what(choice, why, versions)
    if why is None:
        yield NOT_KEPT
        return
    yield from _part("Why", (_reason(one) for one in why.reasons))
    yield from _part("What this session needed", _needs(why))
    yield from _part("Looked at, in this order", (_candidate(one, why, versions) for one in why.candidates))


def _what(choice: Choice, why: Why | None, versions: Versions) -> Iterator[str]:
    zone = why.time_zone if why else "UTC"
    if why:
        yield f"For a session on {_when(why.starts_at, zone)}: {_activity(why.activity)}."
    yield f"Chosen on {_when(choice.at, zone)}."
    if choice.kind == "nothing":
        yield NOTHING.get(why.nothing or "", "No training.") if why else "No training."
    elif choice.kind == "recall":
        yield f"Questions only, without a module: {_questions(choice)}."
    else:
        best = next((one for one in why.candidates if one.probability), None) if why else None
        module = choice.module.module_id if choice.module else ""
        yield f"The module {_named(best, versions) if best else module}, with {len(choice.items)} questions."


def _questions(choice: Choice) -> str:
    return ", ".join(f"{item.item_id} of {item.module_id}" for item in choice.items)


def _reason(reason: Reason) -> str:
    skill = _skill(reason.skill)
    match reason.code:
        case "activity":
            return f"The plan calls for it: {skill}." if reason.activity else f"Its turn, whatever is planned: {skill}."
        case "missed":
            return "A question that was missed comes back."
        case "never_trained":
            return "The mentor never had it."
        case "clearance":
            return f"It is part of being cleared for {_function(reason.function)}."
        case "days":
            return f"The mentor last had it {_ago(reason.days or 0)}."


def _needs(why: Why) -> Iterator[str]:
    if why.recall_only:
        yield "Nothing new: no need was large enough for a module."
    for place, need in enumerate(why.needs, 1):
        yield f"{place}. {_need(need)}"


def _need(need: Need) -> str:
    recall = f", {need.predicted_recall:.0%} likely to be remembered" if need.predicted_recall is not None else ""
    return f"{_skill(need.skill)}: {NEEDED[need.reason]}{recall} (need {need.need:.2f})."


def _candidate(one: Candidate, why: Why, versions: Versions) -> str:
    return f"{_named(one, versions)}, for a need of {one.score:.2f}: {_became(one, why, versions)}."


def _became(one: Candidate, why: Why, versions: Versions) -> str:
    if one.probability:
        return "chosen"
    lacking = _lacking(one, why, versions)
    return PASSED_OVER[one.why_not].format(locale=why.locale, minutes=why.training_minutes, lacking=lacking)


def _lacking(one: Candidate, why: Why, versions: Versions) -> str:
    known = versions.get((_publication(one), one.version))
    lacking = [name for name in (known.variables if known else ()) if name not in why.site_variables]
    return " and ".join(SITE_DATA.get(name, name) for name in lacking) or "not all of it is there"


def _named(one: Candidate, versions: Versions) -> str:
    known = versions.get((_publication(one), one.version))
    title = f"“{known.title}” " if known else ""
    return f"{title}({one.module_id}, {one.locale}, version {one.version})"


def _publication(one: Candidate) -> str:
    return f"{one.module_id}/{one.locale}"


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    if found := list(lines):
        yield ""
        yield title
        yield from (f"  {line}" for line in found)


def _when(at: datetime, zone: str) -> str:
    return f"{times.date_clock(at, zone)} ({zone})"


def _ago(days: int) -> str:
    return "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"


def _skill(code: str | None) -> str:
    found = vocabulary().skills.get(code or "")
    return found.title if found else code or ""


def _function(code: str | None) -> str:
    found = vocabulary().functions.get(code or "")
    return found.title if found else code or ""


def _activity(code: str) -> str:
    found = vocabulary().activities.get(code)
    return found.title.lower() if found else code
