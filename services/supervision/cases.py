"""What happens to a mentor's case: each function takes the case and what happened, and tells what follows. Pure.

Events of several topics come in any order, so a case may begin with any of them, and each keeps what it knows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.supervision import alerts, clearances, ledger
from services.supervision.alerts import Line, Told
from services.supervision.budget import Ask
from services.supervision.domain import (
    CORRECTED_LATELY,
    PAST,
    REMEMBERED_CHECK_INS,
    REMEMBERED_DAYS_OFF,
    REMEMBERED_PAST,
    REMEMBERED_TALKS,
    REMEMBERED_TO_COME,
    REMEMBERED_TRAININGS,
    UNDO,
    Alert,
    Call,
    Hold,
    MentorCase,
    Retry,
    Session,
    Training,
)
from services.supervision.messages import (
    AlertClosed,
    AlertLetGo,
    AlertLookedAt,
    AlertPassedOn,
    AlertTaken,
    AlertUnheard,
    LinksRevoked,
    PersonLeft,
    PersonListed,
    SupervisorLeft,
)
from services.supervision.rules import BY_NAME
from shared.contracts import ids
from shared.contracts.assessment import AnswerRegraded, CallRequested, ItemAnswered, TrainingCompleted, TrainingOpened
from shared.contracts.content import TrainingAssigned, TrainingShared
from shared.contracts.event import Due, Event, Refused
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff, SessionPlanned, TrainingOverdue

LOOKS = 5  # a clock that still stands in the past after these is a bug, and is reported as one
Decided = tuple[MentorCase, list[Event]] | Refused


@dataclass(frozen=True, slots=True)
class Facts:
    """`lead` and `back_up`: who is next where an alert may have to go on. `talked_at`: the last contact about a session.

    `asks`: what the supervisor was asked in the last week, where an alert waits for its place in it.
    `erased`: the supervisor whom a list names was erased, although the site still tells of them.
    """

    lead: UUID | None = None
    talked_at: datetime | None = None
    back_up: UUID | None = None
    asks: tuple[Ask, ...] = ()
    evidence: ledger.Evidence = ledger.NOTHING  # where a clearance is signed off
    erased: bool = False

    @property
    def line(self) -> Line:
        return {"back_up": self.back_up, "site_lead": self.lead}


def listed(case: MentorCase | None, event: PersonListed, now: datetime, facts: Facts) -> Decided:
    """A mentor in the people's file. A function that the file leaves out keeps the clearance it has. Nobody's alerts wait for a
    supervisor who was erased: without one, they are the site lead's."""
    if event.role != "mentor":
        return Refused("not_a_mentor")
    was = case or MentorCase(event.person_id, event.site_id)
    new = replace(
        was,
        enrolled=True,
        supervisor_id=None if facts.erased else event.supervisor_id,
        time_zone=event.time_zone,
        locale=event.locale,
        matches=event.all_matches,
        status="active",
        address_hash=ids.address(event.site_id, event.email) if event.email else None,
    )
    return settled(case, alerts.with_supervisor(ledger.listed(new, event.cleared), now), now)


def left(case: MentorCase | None, event: PersonLeft, now: datetime, _: Facts) -> Decided:
    """Their matches end today where they are; what is about somebody's safety stays open until a person has closed it."""
    if event.role != "mentor" or case is None:
        return Refused("not_a_mentor" if event.role != "mentor" else "unknown_mentor")
    if case.status == "left":
        return case, []
    today = now.astimezone(ZoneInfo(case.time_zone)).date().isoformat()
    ended = tuple(m if m.ends_on and m.ends_on < today else m.model_copy(update={"ends_on": today}) for m in case.matches)
    return settled(case, replace(case, status="left", matches=ended), now)


def supervisor_left(case: MentorCase | None, event: SupervisorLeft, now: datetime, _: Facts) -> Decided:
    if case is None or case.supervisor_id != event.supervisor_id:
        return Refused("another_supervisor")
    return settled(case, alerts.with_supervisor(replace(case, supervisor_id=event.back_up_id), now), now)


def links_revoked(case: MentorCase | None, event: LinksRevoked, now: datetime, _: Facts) -> Decided:
    """The roster tells everybody the new epoch; links of an older one open nothing."""
    if case is None or not case.enrolled:
        return Refused("unknown_mentor")
    return settled(case, replace(case, link_epoch=case.link_epoch + 1), now)


def planned(case: MentorCase | None, event: SessionPlanned, now: datetime, _: Facts) -> Decided:
    case_or_new = case or MentorCase(event.mentor_id, event.site_id)
    known = case_or_new.session(event.session_id)
    if known and known.revision >= event.revision:
        return Refused("stale_revision")
    session = Session(
        session_id=event.session_id,
        starts_at=event.starts_at,
        quiz_by=event.quiz_by,
        activity=event.activity,
        function=event.function,
        mode=event.mode,
        status=event.status,
        revision=event.revision,
        mentee_ref=event.mentee_ref,
    )
    others = tuple(s for s in case_or_new.history.sessions if s.session_id != session.session_id)
    return settled(case, remembering(case_or_new, sessions=(*others, session)), now)


def called_off(case: MentorCase | None, event: SessionCalledOff, now: datetime, _: Facts) -> Decided:
    """With a day of the site: nobody missed it."""
    was = case or MentorCase(event.mentor_id, event.site_id)
    others = tuple(id for id in was.history.called_off if id != event.session_id)
    return settled(case, remembering(was, called_off=(*others, event.session_id)[-REMEMBERED_DAYS_OFF:]), now)


def brought_back(case: MentorCase | None, event: SessionBroughtBack, now: datetime, _: Facts) -> Decided:
    if case is None or event.session_id not in case.history.called_off:
        return Refused("not_called_off")
    left_off = tuple(id for id in case.history.called_off if id != event.session_id)
    return settled(case, remembering(case, called_off=left_off), now)


def assigned(case: MentorCase | None, event: TrainingAssigned, now: datetime, _: Facts) -> Decided:
    training = replace(
        _training(case, event), assigned=True, starts_at=event.starts_at, quiz_by=event.quiz_by, skill=ledger.skill_of(event)
    )
    return settled(case, ledger.learned(_with_training(case, event, training), training), now)


def shared(case: MentorCase | None, event: TrainingShared, now: datetime, _: Facts) -> Decided:
    known = _training(case, event)
    others = known.shared if event.session_id in known.session_ids else (*known.shared, event.session_id)
    return settled(case, _with_training(case, event, replace(known, shared=others)), now)


def opened(case: MentorCase | None, event: TrainingOpened, now: datetime, _: Facts) -> Decided:
    training = _training(case, event)
    first = min(training.opened_at, event.opened_at) if training.opened_at else event.opened_at
    return settled(case, _with_training(case, event, replace(training, opened_at=first)), now)


def completed(case: MentorCase | None, event: TrainingCompleted, now: datetime, _: Facts) -> Decided:
    training = replace(_training(case, event), completed_at=event.completed_at)
    return settled(case, ledger.learned(_with_training(case, event, training), training), now)


def overdue(case: MentorCase | None, event: TrainingOverdue, now: datetime, _: Facts) -> Decided:
    training = replace(_training(case, event), overdue_since=event.assigned_at)
    return settled(case, _with_training(case, event, training), now)


def answered(case: MentorCase | None, event: ItemAnswered, now: datetime, _: Facts) -> Decided:
    """The first try decides; the retry only says how it went on."""
    known = case or MentorCase(event.mentor_id, event.site_id)
    if event.attempt == 2:
        return settled(case, _retried(known, event), now)
    known = ledger.practiced(known, event)
    if not event.safety_critical:
        training = _training(case, event)
        offered = tuple(sorted({*training.offered, *event.offered_mistakes, *event.mistakes}))
        training = replace(training, offered=offered, made=tuple(sorted((*training.made, *event.mistakes))))
        return settled(case, _with_training(known, event, training), now)
    if event.correct:
        return settled(case, known, now)
    return settled(case, _holding(known, event, now), now)


def _holding(case: MentorCase, event: ItemAnswered, now: datetime) -> MentorCase:
    hold = Hold(
        hold_id=hold_id(event),
        training_id=event.training_id,
        session_id=event.session_id,
        module_id=event.module_id,
        version=event.version,
        item_id=event.item_id,
        skill=event.skill,
        confidence=event.confidence,
        answered_at=event.answered_at,
        received_at=event.received_at,
        starts_at=event.starts_at,
        held_at=now,
    )
    others = tuple(h for h in case.history.holds if h.hold_id != hold.hold_id)
    return remembering(case, holds=(*others, hold))


def _retried(case: MentorCase, event: ItemAnswered) -> MentorCase:
    return with_retry(case, hold_id(event), "shown" if event.shown else "right" if event.correct else "wrong")


def with_retry(case: MentorCase, of: UUID, retry: Retry) -> MentorCase:
    holds = tuple(replace(h, retry=retry) if h.hold_id == of else h for h in case.history.holds)
    return case if holds == case.history.holds else remembering(case, holds=holds)


def hold_id(event: ItemAnswered | AnswerRegraded) -> UUID:
    return ids.after(event.training_id, f"{event.module_id}/{event.item_id}")


def call_requested(case: MentorCase | None, event: CallRequested, now: datetime, _: Facts) -> Decided:
    known = case or MentorCase(event.mentor_id, event.site_id)
    call = Call(event.kind, event.pressed_at, event.session_id)
    recent = tuple(c for c in known.history.calls if c.kind != event.kind or now - c.pressed_at < timedelta(days=30))
    return settled(case, remembering(known, calls=(*recent, call)), now)


def taken(case: MentorCase | None, event: AlertTaken, now: datetime, _: Facts) -> Decided:
    def act(case: MentorCase, alert: Alert) -> Decided:
        if alert.state == "acknowledged":
            return (case, []) if alert.acknowledged_by == event.by else Refused("already_acknowledged")
        return _followed(case, alerts.taken(case, alert, event.by, now), now)

    return _on_alert(case, event.alert_id, act)


def let_go(case: MentorCase | None, event: AlertLetGo, now: datetime, _: Facts) -> Decided:
    """As it was: its deadline counts as if nobody had taken it."""

    def act(case: MentorCase, alert: Alert) -> Decided:
        if alert.state != "acknowledged" or alert.acknowledged_by != event.by or alert.acknowledged_at is None:
            return Refused("not_taken_by_them")
        if now - alert.acknowledged_at > UNDO:
            return Refused("too_late_to_undo")
        return _followed(case, alerts.let_go(case, alert, now), now)

    return _on_alert(case, event.alert_id, act)


def looked_at(case: MentorCase | None, event: AlertLookedAt, now: datetime, _: Facts) -> Decided:
    """Once for each person, as long as it is open."""

    def act(case: MentorCase, alert: Alert) -> Decided:
        if alert.state != "open" or any(one.by == event.by for one in alert.seen):
            return Refused("already_acknowledged" if alert.state != "open" else "seen_already")
        return _followed(case, alerts.seen(case, alert, event.by, now), now)

    return _on_alert(case, event.alert_id, act)


def unheard(case: MentorCase | None, event: AlertUnheard, now: datetime, facts: Facts) -> Decided:
    """On to the next in line at once, unless it is with somebody else by now. Monday's list is no person who could be asked, and
    nothing is sent to the number on call: there it goes at its deadline, and until then whoever it is with may see it."""

    def act(case: MentorCase, alert: Alert) -> Decided:
        if alert.state != "open" or alert.with_role != event.with_role or event.to not in (None, alert.asked):
            return Refused("with_somebody_else")
        if alerts.next_in_line(alert, facts.line) in (None, "digest", "on_call"):
            return Refused("nobody_next_in_line")
        return _followed(case, alerts.escalated(case, alert, facts.line, now, "unreached"), now)

    return _on_alert(case, event.alert_id, act)


def passed_on(case: MentorCase | None, event: AlertPassedOn, now: datetime, facts: Facts) -> Decided:
    """To the next in line now, instead of at the deadline."""

    def act(case: MentorCase, alert: Alert) -> Decided:
        if BY_NAME[alert.rule].after(alert.with_role) in (None, "digest"):
            return Refused("nobody_next_in_line")
        again = replace(alert, state="open", acknowledged_at=None, acknowledged_by=None)
        return _followed(case, alerts.escalated(case, again, facts.line, now, "asked"), now)

    return _on_alert(case, event.alert_id, act)


def closed(case: MentorCase | None, event: AlertClosed, now: datetime, _: Facts) -> Decided:
    """With a note. What is urgent cannot be closed before a named person took it."""

    def act(case: MentorCase, alert: Alert) -> Decided:
        if not event.note.strip():
            return Refused("note_needed")
        if alert.state == "open" and alert.severity == "urgent":
            return Refused("acknowledge_first")
        return _followed(case, alerts.resolved(case, alert, now, how="noted", by=event.by, note=event.note.strip()), now)

    return _on_alert(case, event.alert_id, act)


def _on_alert(case: MentorCase | None, alert_id: UUID, act: Callable[[MentorCase, Alert], Decided]) -> Decided:
    alert = alerts.find(case.alerts, alert_id) if case else None
    if case is None or alert is None:
        return Refused("unknown_alert")
    return act(case, alert) if alert.live else Refused("already_resolved")


def due(case: MentorCase, _: Due, now: datetime, facts: Facts) -> Decided:
    """Acts on every clock that has come. A look at the rules may bring a deadline that has passed: it acts on that too."""
    case, events = _knowing(case, now), list[Event]()
    for _look in range(LOOKS):
        if case.due_at is None or case.due_at > now:
            break
        case, told = alerts.came_due(case, facts.line, facts.asks, now)
        case, more = alerts.reviewed(case, now)
        events += [*told, *more]
    return case, events


def settled(
    before: MentorCase | None, after: MentorCase, now: datetime, events: list[Event] | None = None, contact_id: UUID | None = None
) -> tuple[MentorCase, list[Event]]:
    """What every change leads to: the roster and ledger first, then the rules."""
    if after is before:
        return after, events or []
    after = _knowing(after, now)
    after, told = clearances.published(before, ledger.followed(after, now), now, contact_id)
    after, more = alerts.reviewed(_forgetting(after, now), now)
    return after, [*(events or []), *told, *more]


def _knowing(case: MentorCase, now: datetime) -> MentorCase:
    """Since when talks are known, and the last of them."""
    if case.enrolled and case.history.known_since is None:
        case = remembering(case, known_since=now)
    talked = {c.contact_id: c for c in case.history.contacts if c.outcome == "talked"}
    undone = {id for id, c in talked.items() if c.undone_at}
    talks = {**case.talks, **{id: c.talked_at or c.at for id, c in talked.items()}}
    newest = sorted(talks.keys() - undone, key=lambda id: (talks[id], id))[-REMEMBERED_TALKS:]
    known = {id: talks[id] for id in newest}
    return case if known == case.talks else replace(case, talks=known)


def _followed(case: MentorCase, told: Told, now: datetime) -> Decided:
    return settled(case, told[0], now, told[1])


def remembering(case: MentorCase, **changes: Any) -> MentorCase:
    return replace(case, history=replace(case.history, **changes))


def _training(case: MentorCase | None, event: Any) -> Training:
    known = next((t for t in case.history.trainings if t.training_id == event.training_id), None) if case else None
    return known or Training(event.training_id, event.session_id, event.starts_at)


def _with_training(case: MentorCase | None, event: Any, training: Training) -> MentorCase:
    known = case or MentorCase(event.mentor_id, event.site_id)
    others = tuple(t for t in known.history.trainings if t.training_id != training.training_id)
    ordered = sorted((*others, training), key=lambda t: (t.starts_at, t.training_id))
    return remembering(known, trainings=tuple(ordered[-REMEMBERED_TRAININGS:]))


def _forgetting(case: MentorCase, now: datetime) -> MentorCase:
    """What has no say any more: sessions long over, but for the last ones and those of trainings; old holds and corrections."""
    of_trainings = {id for training in case.history.trainings for id in training.session_ids}
    ordered = sorted(case.history.sessions, key=lambda s: (s.starts_at, s.session_id))
    past = [s for s in ordered if s.starts_at <= now]
    on, off = ([s for s in ordered if s.starts_at > now and s.on is on] for on in (True, False))
    next_ones = (*past[-REMEMBERED_PAST:], *on[:REMEMBERED_TO_COME], *off[:REMEMBERED_TO_COME])
    known = {s.session_id for s in next_ones} | of_trainings | {alert.session_id for alert in case.alerts if alert.live}
    sessions = tuple(s for s in case.history.sessions if now - PAST < s.starts_at <= now or s.session_id in known)
    holds = tuple(h for h in case.history.holds if h.over_at is None or now - h.over_at < 2 * UNDO)
    corrections = tuple(c for c in case.history.corrections if now - c.at < CORRECTED_LATELY)
    marks = tuple(m for m in case.history.marks if now - m.at < 2 * UNDO)
    claimed = {alert.subject for alert in case.alerts if alert.live}
    newest = case.history.check_ins[-REMEMBERED_CHECK_INS:]
    check_ins = tuple(c for c in case.history.check_ins if c in newest or str(c.session_id) in claimed)
    kept = replace(case.history, sessions=sessions, holds=holds, corrections=corrections, check_ins=check_ins, marks=marks)
    return case if kept == case.history else replace(case, history=kept)
