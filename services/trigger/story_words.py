"""A session's story in the words of a coordinator. Made from the same document that programs get."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from babel.dates import format_datetime

from services.trigger import moment_words, policy_words
from services.trigger.moment_words import Clocks
from services.trigger.moments import Moment
from services.trigger.stories import AnnouncementTold, ClockChangeTold, DecisionTold, Story, TurnTold
from shared.contracts.trigger import Need, NeedReason
from shared.contracts.vocabulary import vocabulary
from shared.pages import times

STATUS = {
    "waiting": "It waits for someone we do not know yet.",
    "planned": "It is planned.",
    "cancelled": "The site canceled it.",
    "held": "The site reported that it took place.",
    "not_held": "The site reported that it did not take place.",
    "unknown_mentor": "It was never planned: a day after its start, nobody with this mentor's reference was enrolled.",
    "unknown_site": "It was never planned: a day after its start, the site was still not set up.",
}
WAITS = {
    "mentor": "Nobody with this mentor's reference is enrolled at the site. Check the reference, or import the mentor with "
    "`jitt import people`; the session goes on by itself.",
    "site": "The site is not set up yet. Set it up with `jitt site add`; the session goes on by itself.",
}
SAID = {
    "scheduled": "announced",
    "cancelled": "canceled",
    "held": "reported as held",
    "not_held": "reported as not held",
}
FIELDS = {
    "mentor": "the mentor",
    "mentee": "the young person",
    "starts_at": "the start",
    "time_zone": "the time zone",
    "minutes": "the length",
    "activity": "what is planned",
    "focus": "the focus",
    "mode": "in person or virtual",
    "match_stage": "the stage of the match",
}
REFUSED = {
    "stale_revision": "a newer revision was known already",
    "cancelled": "the session was canceled at this revision or a higher one",
    "held": "the session was reported as held at this revision or a higher one",
    "not_held": "the session was reported as not held at this revision or a higher one",
    "unknown_activity": "its activity is not in the vocabulary",
    "unknown_time_zone": "its time zone does not exist",
    "start_out_of_range": "its start is in no year that we can plan for",
}
WARNINGS = {
    "offset_disagrees": "The start came with an offset that its time zone does not have on that day. The wall clock was kept.",
    "skipped_hour": "The start names an hour that the clocks jump over that night. The session starts as much later.",
    "unknown_focus": "The site asked for a focus that nobody trains. It was left out.",
    "changed_without_revision": "The site changed the session without a higher revision. What came last counts; "
    "its system should count revisions up.",
    "on_a_holiday": "That day is a holiday of the site. The session stays planned until somebody cancels it.",
}
SOURCES = {
    "ics": "It comes from a calendar (`jitt feed` or `jitt import ics`).",
    "sheet": "It comes from a list of sessions (`jitt import sessions`).",
}
WITH_ITS_DAY = "It was canceled with its whole day. `jitt cancel-days undo {}` brings that day back."
REASONS: dict[NeedReason, str] = {
    "never_trained": "never trained",
    "fading": "trained a while ago, and fading",
    "missed_last_time": "missed last time",
    "clearance_gap": "not cleared for what is planned",
}
ASSUMED = " (assumed from the first session that we know: nobody told us)"
CHOSEN = "Which training was chosen, and why:"
FIRST = "At first: {} at revision {}. When that was is not kept."


def told(story: Story, now: datetime) -> Iterator[str]:
    """Lines, with an empty one before each part."""
    if story.now is None or story.starts_at is None:
        yield from _unannounced(story)
        return
    zone = story.time_zone or "UTC"
    clocks = Clocks(zone, story.mentor_zone or zone, changing=bool(story.clock_changes))
    yield from _what(story, clocks)
    yield from _part("What the site said", _announcements(story, clocks))
    yield from _part("Clocks", (_clock_change(one, story, clocks, now) for one in story.clock_changes))
    yield from _part("Moments", moment_words.sentences(story.now.moments, clocks, story.training))
    decision = story.now.decision
    yield from _part("What was decided", _decision(decision, clocks) if decision else _undecided(story.now, story))
    if decision and decision.available:
        yield f"  {CHOSEN} jitt content why {story.session_id}"
    for turn in story.earlier:
        happened = [*moment_words.sentences(turn.moments, clocks), *(_decision(turn.decision, clocks) if turn.decision else ())]
        yield from _part("With a mentor who had it before", happened or ["Nothing had happened yet."])


def _unannounced(story: Story) -> Iterator[str]:
    yield "All that we have heard of this session is that it was over before we knew it: " + STATUS[story.status]
    yield "Should the site announce it, what the higher revision says counts. Until then there is nothing to plan."


def _what(story: Story, clocks: Clocks) -> Iterator[str]:
    assert story.starts_at is not None, "only of a session that was announced"
    start = story.starts_at
    year = start.astimezone(times.known(clocks.session)).year
    day = f"{times.day(start, clocks.session)}, {times.date(start, clocks.session)}, {year}"
    at = f"{times.clock(start, clocks.session)}{clocks.offset(start, clocks.session)} in {clocks.session}"
    yield f"{_title(story.activity)} on {day}, at {at}, {story.minutes} minutes."
    if clocks.differ(start):
        mentors = times.date_clock(start, clocks.mentor) + clocks.offset(start, clocks.mentor)
        yield f"For the mentor, in {clocks.mentor}, that is {mentors}."
    yield WITH_ITS_DAY.format(story.cancellation_id) if story.cancellation_id else STATUS[story.status]
    if story.waiting_for:
        yield WAITS[story.waiting_for]
    for code in story.warnings:
        yield WARNINGS.get(code, code)


def _announcements(story: Story, clocks: Clocks) -> Iterator[str]:
    if story.source:
        yield SOURCES.get(story.source.partition("/")[0], f"It comes from an imported file ({story.source}).")
    if not story.announcements:
        yield f"It was announced once, at revision {story.revision}."
    before: datetime | None = None
    for one in story.announcements:
        yield _announcement(one, before, clocks)
        before = before if one.refused or one.starts_at is None else one.starts_at
    if story.announcements:
        yield _counts(story)


def _announcement(one: AnnouncementTold, before: datetime | None, clocks: Clocks) -> str:
    if one.at is None:
        return FIRST.format(SAID[one.said], one.revision)
    said = f"{clocks.when(one.at)}: {SAID[one.said]} at revision {one.revision}"
    if one.refused:
        return f"{said}. It does not count: {REFUSED.get(one.refused, one.refused)}."
    if one.said != "scheduled":
        return f"{said}."
    return f"{said}. {_changes(one, before, clocks)}"


def _changes(one: AnnouncementTold, before: datetime | None, clocks: Clocks) -> str:
    if not one.changed:
        return "Nothing in it was new."
    others = [FIELDS.get(name, name) for name in one.changed if name != "starts_at"]
    parts = [f"Changed: {_listed(others)}."] if others else []
    if "starts_at" in one.changed and one.starts_at:
        since = f"from {clocks.when(before)} " if before else ""
        parts.insert(0, f"Moved {since}to {clocks.when(one.starts_at)}, with all that had not gone out yet.")
    return " ".join(parts)


def _counts(story: Story) -> str:
    if story.status in ("cancelled", "held", "not_held"):
        return "The last word on it counts until the site announces it with a higher revision."
    return f"Revision {story.revision} counts: the highest does, and of equal ones the one that came last."


def _clock_change(change: ClockChangeTold, story: Story, clocks: Clocks, now: datetime) -> str:
    assert story.starts_at is not None, "only of a session that was announced"
    goes = ("went" if change.at <= now else "go") + (" forward" if change.minutes > 0 else " back")
    day, at = format_datetime(change.wall, "EEEE, MMMM d", locale=times.LOCALE), policy_words.clock(change.wall.time())
    by = policy_words.span(timedelta(minutes=abs(change.minutes)))
    own = change.time_zone == clocks.session
    stays = "The session stays at" if own else "For the mentor the session is at"
    then = times.clock(story.starts_at, change.time_zone)
    names = " to ".join(_zone(at, change.time_zone) for at in (change.at - timedelta(seconds=1), change.at))
    return f"The clocks in {change.time_zone} {goes} by {by} on {day} at {at}, from {names}. {stays} {then}."


def _zone(at: datetime, zone: str) -> str:
    """CST (UTC-6)"""
    name, offset = moment_words.zone_name(at, zone), moment_words.utc_offset(at, zone)
    return name if name == offset else f"{name} ({offset})"


def _undecided(turn: TurnTold, story: Story) -> Iterator[str]:
    if not any(one.moment is Moment.ASSIGN and one.state == "waiting" for one in turn.moments):
        yield "Nothing: no training was due."
        return
    yield "Nothing yet: it is decided when the training's moment comes, by what is known then."
    yield f"As things are: stage “{story.stage}”{ASSUMED if story.stage_assumed else ''}; session number {story.session_no}."


def _decision(decision: DecisionTold, clocks: Clocks) -> Iterator[str]:
    if not decision.available:
        yield f"On {clocks.when(decision.at)}: no training, because {moment_words.why(decision.reason)}."
    else:
        only = ", of two known questions only: nothing new was needed" if decision.recall_only else ""
        yield f"On {clocks.when(decision.at)}: a training was asked for{only}."
    yield f"By what was known then: {_known(decision)}."
    for place, need in enumerate(decision.needs, 1):
        yield f"{place}. {_need(need)}"


def _known(decision: DecisionTold) -> str:
    stage = f"stage “{decision.stage}”" if decision.stage else ""
    assumed = ASSUMED if "stage" in decision.assumed else ""
    number = f"the mentor's session number {decision.session_no}" if decision.session_no else ""
    policy = f"policy version {decision.policy_version}" if decision.policy_version else "the policy that everyone starts with"
    parts = [stage + assumed, number, policy, f"vocabulary version {decision.vocabulary_version}"]
    return "; ".join(part for part in parts if part)


def _need(need: Need) -> str:
    skill = vocabulary().skills.get(need.skill)
    recall = f", {need.predicted_recall:.0%} likely to be remembered" if need.predicted_recall is not None else ""
    return f"{skill.title if skill else need.skill}: {REASONS[need.reason]}{recall} (need {need.need:.2f})."


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    if found := list(lines):
        yield ""
        yield title
        yield from (f"  {line}" for line in found)


def _title(activity: str | None) -> str:
    words = vocabulary()
    found = words.activities.get(activity or "") or words.scope_3.get(activity or "")
    return found.title if found else f"A session ({activity})"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
