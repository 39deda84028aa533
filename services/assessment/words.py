"""What pages say that depends on facts: why this training, how many, how it ended. Pure.

Whole sentences, in the visit's language; English is the id of each (shared/pages/languages.py).
"""

from collections.abc import Iterator

from babel.numbers import format_decimal

from services.assessment.visits import Visit
from shared.contracts.content import Media, Reason
from shared.contracts.supervision import SiteDescribed
from shared.contracts.vocabulary import vocabulary
from shared.pages import safeguarding
from shared.pages.languages import N_, Language

# Numbers of questions and of things; a language in which they change with the noun writes digits.
NUMBERS = (N_("one"), N_("two"), N_("three"), N_("four"), N_("five"), N_("six"), N_("seven"), N_("eight"), N_("nine"))
ORDINALS = (N_("1st"), N_("2nd"), N_("3rd"), N_("4th"), N_("5th"), N_("6th"), N_("7th"), N_("8th"), N_("9th"))


def number(n: int, language: Language) -> str:
    """two; 12"""
    return language.gettext(NUMBERS[n - 1]) if 0 < n <= len(NUMBERS) else str(n)


def ordinal(place: int, language: Language) -> str:
    """2nd; 12"""
    return language.gettext(ORDINALS[place - 1]) if 0 < place <= len(ORDINALS) else str(place)


def length(visit: Visit) -> str:
    """3 short cards, then 4 questions."""
    say, count = visit.language, len(visit.cards)
    questions = say.ngettext("%(num)s question", "%(num)s questions", visit.questions)
    if not visit.cards:
        return f"{questions}."
    cards = say.ngettext("%(num)s short card", "%(num)s short cards", count)
    return say.gettext("%(cards)s, then %(questions)s.", cards=cards, questions=questions)


def minutes(visit: Visit) -> str:
    if visit.module is None:
        return visit.language.gettext("About a minute.")
    return visit.language.ngettext("%(num)s minute.", "%(num)s minutes.", visit.module.minutes)


def megabytes(size: int, language: Language) -> str:
    """0.6 MB"""
    return language.gettext("%(size)s MB", size=format_decimal(max(size / 1e6, 0.1), "0.#", locale=language.locale))


def how_long(media: Media, language: Language) -> str:
    """40 seconds, 0.6 MB"""
    size = megabytes(media.size, language)
    if media.seconds is None:
        return size
    seconds = language.ngettext("%(num)s second", "%(num)s seconds", media.seconds)
    return f"{seconds}, {size}"


def why(visit: Visit) -> list[str]:
    """One to three sentences; a code that this version does not know is left out."""
    said = [sentence for reason in visit.training.assigned.reasons for sentence in _reason(reason, visit)]
    returning = sum(item.returning for item in visit.training.assigned.items)
    if returning and not any(reason.code == "missed" for reason in visit.training.assigned.reasons):
        said.append(_come_back(returning, visit.language))
    return list(dict.fromkeys(said))[:3]


def _reason(reason: Reason, visit: Visit) -> Iterator[str]:
    words, _ = vocabulary(), visit.language.gettext
    skill, activity = words.skills.get(reason.skill or ""), words.activities.get(reason.activity or "")
    function = words.functions.get(reason.function or "")
    match reason.code:
        case "activity" if activity:
            plan = _plan(activity.phrase, visit)
            yield f"{plan} {_(skill.helps)}" if skill else plan
        case "activity" if skill:
            yield _(skill.helps)
        case "days" if reason.days is not None:
            yield practiced(reason.days, visit.language)
        case "missed":
            yield _come_back(max(1, sum(item.returning for item in visit.training.assigned.items)), visit.language)
        case "never_trained":
            yield _("You have not had this one yet.")
        case "clearance" if function:
            yield _("It is part of being cleared for %(function)s.", function=_(function.title))


def _plan(phrase: str, visit: Visit) -> str:
    _ = visit.language.gettext
    if visit.today:
        return _("The plan for today is %(plan)s.", plan=_(phrase))
    return _("The plan for %(day)s is %(plan)s.", day=visit.day, plan=_(phrase))


def practiced(days: int, language: Language) -> str:
    """You last practiced it 5 weeks ago."""
    if days == 0:
        return language.gettext("You last practiced it today.")
    if days == 1:
        return language.gettext("You last practiced it yesterday.")
    if days < 14:
        return language.ngettext("You last practiced it %(num)s day ago.", "You last practiced it %(num)s days ago.", days)
    weeks = days // 7
    return language.ngettext("You last practiced it %(num)s week ago.", "You last practiced it %(num)s weeks ago.", weeks)


def _come_back(count: int, language: Language) -> str:
    said = language.ngettext(
        "One question you missed before comes back, so you can try it again.",
        "%(count)s questions you missed before come back, so you can try them again.",
        count,
        count=number(count, language),
    )
    return _sentence(said)


def _sentence(text: str) -> str:
    """A sentence may begin with a number in words."""
    return text[:1].upper() + text[1:]


def talk(site: SiteDescribed, language: Language) -> str:
    """The way to help for somebody whose link opens nothing."""
    return f"{safeguarding.address(site.site_id)}?lang={language.code}"


def ending(visit: Visit, missed: int, *, hold: bool) -> str:
    """The heading of the last page."""
    say = visit.language
    if hold:
        return say.gettext("Done. Talk with your supervisor first")
    if missed:
        return say.ngettext(
            "Done. One thing to talk over", "Done. %(count)s things to talk over", missed, count=_sentence(number(missed, say))
        )
    if visit.today:
        return say.gettext("You are ready for your session")
    return say.gettext("You are ready for %(day)s", day=visit.day)


def missed(count: int, recovered: int, language: Language) -> str:
    """What was missed, without any count of what was right."""
    ngettext, counted = language.ngettext, number(count, language)
    if recovered == 0:
        return ngettext(
            "You missed one question. It comes back before your next session.",
            "You missed %(count)s questions. They come back before your next session.",
            count,
            count=counted,
        )
    if recovered < count:
        return ngettext(
            "You missed %(count)s questions and got one of them right on the second try. "
            "They come back before your next session.",
            "You missed %(count)s questions and got %(right)s of them right on the second try. "
            "They come back before your next session.",
            recovered,
            count=counted,
            right=number(recovered, language),
        )
    return ngettext(
        "You missed one question and got it right on the second try. It comes back before your next session.",
        "You missed %(count)s questions and got them right on the second try. They come back before your next session.",
        count,
        count=counted,
    )
