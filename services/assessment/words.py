"""What pages say that depends on facts: why this training, how many, and the site's own numbers inside a text. Pure."""

import re
from collections.abc import Iterator

from services.assessment.visits import Visit
from shared.contracts.content import Reason
from shared.contracts.supervision import SiteDescribed
from shared.contracts.vocabulary import vocabulary
from shared.pages import safeguarding, times

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WITHOUT_SITE = {
    "state_hotline": "your state’s child protection line",
    "reporting_steps": "your site’s reporting steps",
    "staff_on_call": "your site’s staff",
}
ALONE = re.compile(r"^\{reporting_steps\}$", re.MULTILINE)


def counted(n: int, one: str, many: str) -> str:
    """two cards; 12 cards"""
    return f"{NUMBERS[n] if n < len(NUMBERS) else n} {one if n == 1 else many}"


def length(visit: Visit) -> str:
    """3 short cards, then 4 questions."""
    questions = f"{visit.questions} {'question' if visit.questions == 1 else 'questions'}"
    if not visit.cards:
        return f"{questions}."
    return f"{len(visit.cards)} short {'card' if len(visit.cards) == 1 else 'cards'}, then {questions}."


def minutes(visit: Visit) -> str:
    if visit.module is None:
        return "About a minute."
    return "1 minute." if visit.module.minutes == 1 else f"{visit.module.minutes} minutes."


def why(visit: Visit) -> list[str]:
    """One to three sentences; a code that this version does not know is left out."""
    said = [sentence for reason in visit.training.assigned.reasons for sentence in _reason(reason, visit)]
    returning = sum(item.returning for item in visit.training.assigned.items)
    if returning and not any(reason.code == "missed" for reason in visit.training.assigned.reasons):
        said.append(_come_back(returning))
    return list(dict.fromkeys(said))[:3]


def _reason(reason: Reason, visit: Visit) -> Iterator[str]:
    words = vocabulary()
    skill, activity = words.skills.get(reason.skill or ""), words.activities.get(reason.activity or "")
    function = words.functions.get(reason.function or "")
    match reason.code:
        case "activity" if activity:
            plan = f"The plan for {_the_day(visit)} is {activity.phrase}."
            yield f"{plan} {skill.helps}" if skill else plan
        case "activity" if skill:
            yield skill.helps
        case "days" if reason.days is not None:
            yield f"You last practiced it {ago(reason.days)}."
        case "missed":
            yield _come_back(max(1, sum(item.returning for item in visit.training.assigned.items)))
        case "never_trained":
            yield "You have not had this one yet."
        case "clearance" if function:
            yield f"It is part of being cleared for {function.title}."


def ago(days: int) -> str:
    """yesterday, 9 days ago, 5 weeks ago"""
    if days == 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days < 14 else f"{days // 7} weeks ago"


def fill(text: str, site: SiteDescribed | None) -> str:
    """The site's own numbers and steps where the text names them; plain words where a site has not said.

    Steps that stand on a line of their own become a list.
    """
    if site and site.reporting_steps:
        listed = "\n".join(f"{n}. {step}" for n, step in enumerate(site.reporting_steps, 1))
        text = ALONE.sub(lambda _: listed, text)
    for name, value in _variables(site).items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _variables(site: SiteDescribed | None) -> dict[str, str]:
    if site is None:
        return WITHOUT_SITE
    said = {
        "state_hotline": f"{site.hotline.label}, {unbroken(site.hotline.number)}" if site.hotline else "",
        "reporting_steps": " ".join(site.reporting_steps),
        "staff_on_call": unbroken(site.staff_on_call or ""),
    }
    return {name: said[name] or plain for name, plain in WITHOUT_SITE.items()}


def unbroken(number: str) -> str:
    """A phone number that no line breaks: with no-break hyphens and spaces."""
    return number.replace("-", "\u2011").replace(" ", "\u00a0")


def _come_back(count: int) -> str:
    if count == 1:
        return "One question you missed before comes back, so you can try it again."
    return f"{counted(count, 'question', 'questions').capitalize()} you missed before come back, so you can try them again."


def _the_day(visit: Visit) -> str:
    return "today" if visit.on_day == "today" else times.day(visit.starts_at, visit.zone)


def talk(site: SiteDescribed) -> str:
    """The way to help for somebody whose link opens nothing."""
    return safeguarding.address(site.site_id)


def ending(visit: Visit, missed: int, *, hold: bool) -> str:
    """The heading of the last page."""
    if hold:
        return "Done. Talk with your supervisor first"
    if missed:
        return f"Done. {counted(missed, 'thing', 'things').capitalize()} to talk over"
    return "You are ready for your session" if visit.on_day == "today" else f"You are ready for {_the_day(visit)}"


def missed(count: int, recovered: int) -> str:
    """What was missed, without any count of what was right."""
    what = f"You missed {counted(count, 'question', 'questions')}"
    comes = "It comes back" if count == 1 else "They come back"
    return f"{what}{_on_the_second_try(count, recovered)}. {comes} before your next session."


def _on_the_second_try(missed: int, recovered: int) -> str:
    if recovered == 0:
        return ""
    if recovered == missed:
        return f" and got {'it' if missed == 1 else 'them'} right on the second try"
    return f" and got {NUMBERS[recovered]} of them right on the second try"
