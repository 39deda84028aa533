"""The alert rules. A rule is a claim about a mentor's case: one pure function, and its line in RULES.

A claim rests on evidence; evidence that somebody has dealt with raises nothing again. Weights and deadlines that have
no source are our own judgement; a higher version says that a rule's meaning changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args
from uuid import UUID

from services.supervision import deadlines
from services.supervision.claims import Claim
from services.supervision.deadlines import CLOSE, HALF_HOUR, HOUR, Deadline, within, working_days
from services.supervision.domain import WEEK, CheckIn, Hold, MentorCase, Session, Training, With, suspended_by
from services.supervision.rules_match import (
    clearance_expiring,
    ending_without_goodbye,
    sessions_missed_in_a_row,
    support_contact_overdue,
)
from shared.contracts.supervision import Severity
from shared.contracts.vocabulary import vocabulary

LADDER: tuple[With, ...] = get_args(With)
SAFETY_RULES = ("confident_miss_on_safety_item", "safety_item_missed")
SHORT_CLEARANCE = 6  # months: a function that expires this soon does not wait for a second missed training
LAST_TRAININGS = 3
TUNED_BY = 20
OFTEN = 2


def safeguarding_button_pressed(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """The hotline came first on that page; this asks a person to call back (docs/evidence.md L20)."""
    yield from _calls(case, "now", "urgent")


def confident_miss_on_safety_item(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Certain and wrong about safety is the dangerous corner (docs/evidence.md L9)."""
    sure = [hold for hold in case.open_holds if hold.confidence == "sure"]
    yield from _misses(case, sure, "urgent", now)


def safety_item_missed(case: MentorCase, now: datetime) -> Iterator[Claim]:
    unsure = [hold for hold in case.open_holds if hold.confidence != "sure"]
    yield from _misses(case, unsure, "attention", now)


def out_of_scope_activity_planned(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Only chosen functions are shifted to mentors; this one never is (docs/evidence.md L19)."""
    for session in case.coming(now):
        if session.activity in vocabulary().scope_3:
            yield _about(case, session, "urgent", str(session.session_id), activity=session.activity)


def uncleared_function_planned(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """For the next session, once it is within a week; silent where an open safety alert says the same (docs/evidence.md L19)."""
    session = case.next_session(now)
    if session is None or not case.enrolled or session.starts_at - now > WEEK:
        return
    for function in session.required:
        lack = case.lack(function, session.starts_at)
        if lack and not (lack == "suspended" and _said_by_safety_alert(case, function)):
            yield _about(case, session, "attention", function, function=function, lack=lack)


def mentor_asked_to_talk(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """By the button, or in a check-in, which can take it back. Any talk answers it, whatever session it is logged for."""
    yield from _calls(case, "can_wait", "attention")
    for said in case.history.check_ins:
        if said.talk != "no":
            asked_at = said.asked_at.isoformat()
            evidence = frozenset({f"{said.session_id}/{said.talk}/{asked_at}"})  # asked again after a talk, it is asked again
            facts = {"session_id": str(said.session_id), "pressed_at": asked_at, "when": said.talk}
            severe: Severity = "urgent" if said.talk == "today" else "attention"
            yield Claim(str(said.session_id), evidence, severe, None, None, case.time_zone, facts)


def same_mistake_again(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """At the first try, in two of the mentor's last three trainings that offered it."""
    codes = sorted({code for training in case.history.trainings for code in training.made})
    trainings = _in_order(case) if codes else []
    for code in codes:
        last = [t for t in trainings if code in t.offered][-LAST_TRAININGS:]
        made = [t for t in last if code in t.made]
        if len(made) >= OFTEN:
            newest, evidence = made[-1], frozenset(str(t.training_id) for t in made)
            facts = {"mistake": code, "trainings": ",".join(str(t.training_id) for t in made)}
            starts = case.start_of(newest.session_id, newest.starts_at)
            yield Claim(code, evidence, "attention", newest.session_id, starts, case.time_zone, facts)


def training_not_done(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Asked for in good time, and not done. A second in a row, or a short clearance, needs attention (docs/evidence.md L10)."""
    before = False
    for training in _in_order(case):
        missed = _not_done(case, training)
        if missed:
            yield _undone(case, training, "attention" if before or _short(case, training) else "info")
        before = missed


def planned_step_not_delivered(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Of each step what was said of it last. Twice running needs attention: the plan, or the skill (docs/evidence.md L18)."""
    asked = {step: [c for c in case.history.check_ins if step in c.done] for c in case.history.check_ins for step in c.done}
    missed = {step: said for step, every in asked.items() if (said := _last_word(step, every)) and said.done[step] == "no"}
    for one in sorted(missed.values(), key=lambda c: (c.starts_at, c.session_id)):
        steps = sorted(step for step, said in missed.items() if said is one)
        until = {step: [c.done[step] for c in asked[step] if c.starts_at <= one.starts_at] for step in steps}
        again = [step for step in steps if until[step][-2:] == ["no", "no"]]
        facts = {"session_id": str(one.session_id), "activity": one.activity, "steps": ",".join(steps), "again": ",".join(again),
                 "session_at": one.starts_at.isoformat()}  # fmt: skip
        evidence = frozenset(f"{one.session_id}/{step}" for step in steps)
        yield Claim(str(one.session_id), evidence, "attention" if again else "info", None, None, case.time_zone, facts)


def answer_key_corrected(case: MentorCase, now: datetime) -> Iterator[Claim]:
    """Somebody had acted on a result, or it held a function, and the question was wrong (docs/evidence.md L16)."""
    for session_id in sorted({one.session_id for one in case.history.corrections}):
        found = [one for one in case.history.corrections if one.session_id == session_id]
        evidence = frozenset(f"{one.training_id}/{one.item}@{one.corrected_version}" for one in found)
        facts = {
            "training_id": str(found[0].training_id),
            "items": ",".join(one.item for one in found),
            "result": "both" if len({one.correct for one in found}) > 1 else "right" if found[0].correct else "wrong",
            "hold": next((hold for hold in ("lifted", "cleared") if hold in {one.hold for one in found}), "none"),
        }
        yield Claim(str(session_id), evidence, "info", session_id, None, case.time_zone, facts)


@dataclass(frozen=True, slots=True)
class Rule:
    """`then`: who is asked next, each after `step`. `lifts`: closes by itself when it holds no longer; `how`: what that is
    called, where it is not about a session to come.

    `talk`: a logged talk about its session (or, without a session, any talk) closes it. `digest`: it never asks for more than
    a place on Monday's list. `margin`: so long before the session somebody has to know, else the on-call number is asked.

    `budget`: how many of it a supervisor is asked about in a week. One too many waits for Monday, or where it may not wait
    (`may_wait`), it joins the others in one list. `one_line`: all that are open are one line.
    """

    holds: Callable[[MentorCase, datetime], Iterator[Claim]]
    acknowledge_by: Deadline
    version: int = 1
    then: tuple[With, ...] = ("site_lead", "on_call")
    step: timedelta = HALF_HOUR
    lifts: bool = False
    how: str = ""
    talk: bool = True
    digest: bool = False
    margin: timedelta | None = None
    budget: int | None = None
    may_wait: bool = True
    one_line: bool = False

    @property
    def name(self) -> str:
        return self.holds.__name__

    def after(self, role: With) -> With | None:
        """Who is next in line after a role. A lead who stands in for a missing supervisor is at the beginning of the line."""
        chain: tuple[With, ...] = ("supervisor", *self.then)
        place = chain.index(role) + 1 if role in chain else _beyond(chain, role)
        return chain[place] if place < len(chain) else None


def _beyond(chain: tuple[With, ...], role: With) -> int:
    """Where a role that the line leaves out would stand: everybody below it was asked already."""
    return next((i for i, one in enumerate(chain) if LADDER.index(one) > LADDER.index(role)), len(chain))


def severity(claim: Claim, raised_at: datetime) -> Severity:
    """A function that is not cleared becomes urgent when it is found less than three hours before the session."""
    close = claim.starts_at is not None and claim.starts_at - raised_at < CLOSE
    return "urgent" if close and "lack" in claim.facts else claim.severity


def to_be_tuned(ended: Sequence[str]) -> bool:
    """Whether over half of a rule's last asks were not needed; too few say nothing."""
    newest = ended[:TUNED_BY]
    return len(newest) == TUNED_BY and 2 * newest.count("not_needed") > TUNED_BY


EVERYBODY: tuple[With, ...] = ("back_up", "site_lead", "on_call")
DIGEST: tuple[With, ...] = ("digest",)

# In order of importance. The safety rules come before the rule that is silent where they speak.
RULES = (
    Rule(safeguarding_button_pressed, within(timedelta(minutes=15)), 2, EVERYBODY, step=timedelta(minutes=15)),
    Rule(confident_miss_on_safety_item, deadlines.confident_miss),
    Rule(safety_item_missed, deadlines.safety_miss, 2, EVERYBODY, margin=HOUR, budget=3, may_wait=False),
    Rule(out_of_scope_activity_planned, within(4 * HOUR), lifts=True, talk=False),
    Rule(uncleared_function_planned, deadlines.uncleared, 2, lifts=True, talk=False, margin=CLOSE, budget=3, may_wait=False),
    Rule(
        mentor_asked_to_talk, deadlines.asked_to_talk, 3, EVERYBODY, step=4 * HOUR, lifts=True, how="taken_back", may_wait=False
    ),
    Rule(same_mistake_again, working_days(3), 2, DIGEST, budget=2),
    Rule(training_not_done, deadlines.at_the_start, 2, DIGEST, lifts=True, budget=2),
    Rule(sessions_missed_in_a_row, working_days(2), lifts=True, how="lifted", budget=2),
    Rule(support_contact_overdue, deadlines.working_days_once_it_matters(5), lifts=True, how="lifted", budget=2, one_line=True),
    Rule(planned_step_not_delivered, working_days(5), 2, DIGEST, lifts=True, how="lifted", budget=1),
    Rule(clearance_expiring, deadlines.never, 1, DIGEST, lifts=True, how="lifted", talk=False, digest=True),
    Rule(ending_without_goodbye, working_days(3), lifts=True, how="lifted", talk=False, budget=1),
    Rule(answer_key_corrected, deadlines.never, 1, DIGEST, digest=True),
)
BY_NAME = {rule.name: rule for rule in RULES}
PRIORITY = {rule.name: place for place, rule in enumerate(RULES)}


def in_time(case: MentorCase, hold: Hold) -> bool:
    """Answered and known before its session began. No clock of a phone is trusted beyond opened .. received."""
    training = next((t for t in case.history.trainings if t.training_id == hold.training_id), None)
    earliest = training.opened_at if training and training.opened_at else hold.answered_at
    answered_at = min(max(hold.answered_at, earliest), hold.received_at)
    starts_at = case.start_of(_session_of(case, hold), hold.starts_at)
    return answered_at < starts_at and hold.received_at <= starts_at


def _session_of(case: MentorCase, hold: Hold) -> UUID:
    return case.session_at(hold.training_id, hold.session_id, hold.answered_at)


def _misses(case: MentorCase, holds: list[Hold], severe: Severity, now: datetime) -> Iterator[Claim]:
    """One claim per session. Heard only after its start, it is about the next session, and no longer urgent."""
    for session_id in sorted({hold.session_id for hold in holds}):
        missed = [hold for hold in holds if hold.session_id == session_id]
        facts = _missed(case, missed)
        evidence = frozenset(str(hold.hold_id) for hold in missed)
        if any(in_time(case, hold) for hold in missed):
            coming_id = _session_of(case, missed[0])
            starts_at = case.start_of(coming_id, missed[0].starts_at)
            yield Claim(str(session_id), evidence, severe, coming_id, starts_at, case.time_zone, facts)
        else:
            coming = case.next_session(now)
            starts = coming.starts_at if coming else None
            yield Claim(str(session_id), evidence, "attention", session_id, starts, case.time_zone, facts | {"late": "yes"})


def _missed(case: MentorCase, holds: list[Hold]) -> dict[str, str]:
    functions = {name for hold in holds for name in suspended_by(hold.skill, case.granted)}
    retries = [hold.retry for hold in holds]
    return {
        "training_id": str(holds[0].training_id),
        "items": ",".join(f"{hold.module_id}/{hold.item_id}" for hold in holds),
        "skill": holds[0].skill,
        "retry": next((r for r in ("wrong", "shown", "none", "right") if r in retries), "none"),
        "functions": ",".join(sorted(functions)),
    }


def _last_word(step: str, said: list[CheckIn]) -> CheckIn | None:
    """“Partly” leaves open what was open before."""
    return next((one for one in reversed(said) if one.done[step] != "partly"), None)


def _calls(case: MentorCase, kind: str, severe: Severity) -> Iterator[Claim]:
    calls = [call for call in case.history.calls if call.kind == kind]
    if calls:
        newest = max(calls, key=lambda call: call.pressed_at)
        evidence = frozenset(call.pressed_at.isoformat() for call in calls)
        facts = {"pressed_at": newest.pressed_at.isoformat()}
        yield Claim("call", evidence, severe, newest.session_id, None, case.time_zone, facts)


def _about(case: MentorCase, session: Session, severe: Severity, subject: str, **facts: str) -> Claim:
    about = f"{session.session_id}/{facts.get('lack', facts.get('activity', ''))}"
    return Claim(subject, frozenset({about}), severe, session.session_id, session.starts_at, case.time_zone, facts)


def _said_by_safety_alert(case: MentorCase, function: str) -> bool:
    """True when every hold on the function is the evidence of a safety alert that is not closed yet."""
    said = {one for alert in case.alerts if alert.live and alert.rule in SAFETY_RULES for one in alert.evidence}
    return all(str(hold.hold_id) in said for hold in case.holding(function))


def _in_order(case: MentorCase) -> list[Training]:
    starts = {session.session_id: session.starts_at for session in case.history.sessions}
    return sorted(case.history.trainings, key=lambda t: (starts.get(t.session_id, t.starts_at), t.training_id))


def _session_left(case: MentorCase, training: Training) -> UUID:
    """Which session a training that is overdue was for; one that was canceled leaves it to the next."""
    return case.session_at(training.training_id, training.session_id, training.overdue_since or training.starts_at)


def _not_done(case: MentorCase, training: Training) -> bool:
    if training.overdue_since is None or training.completed_at:
        return False
    session = case.session(_session_left(case, training))
    if session and not session.on:
        return False
    quiz_by = session.quiz_by if session else training.quiz_by
    return quiz_by is not None and quiz_by - training.overdue_since >= 12 * HOUR


def _short(case: MentorCase, training: Training) -> bool:
    session = case.session(_session_left(case, training))
    function = vocabulary().functions.get(session.function) if session else None
    return bool(function and function.months and function.months <= SHORT_CLEARANCE)


def _undone(case: MentorCase, training: Training, severe: Severity) -> Claim:
    session_id = _session_left(case, training)
    starts_at = case.start_of(session_id, training.starts_at)
    facts = {"training_id": str(training.training_id), "opened": "yes" if training.opened_at else "no"}
    evidence = frozenset({str(training.training_id)})
    return Claim(str(training.session_id), evidence, severe, session_id, starts_at, case.time_zone, facts)
