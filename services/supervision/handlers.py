"""Which messages touch which aggregate. Binding only: no SQL, no rules."""

from typing import Any
from uuid import UUID

from services.supervision import (
    cases,
    check_ins,
    contacts,
    days_off,
    ledger,
    people,
    preparations,
    readiness,
    regrades,
    signing,
    store,
    store_budget,
    store_cases,
    store_check_ins,
    store_days_off,
    store_ledger,
    store_links,
    store_readiness,
    store_regrades,
    store_rosters,
    store_subscribers,
)
from services.supervision.check_ins import Kept
from services.supervision.days_off import DayOff
from services.supervision.domain import MentorCase
from services.supervision.handlers_erasures import ERASURE, RECEIPTS
from services.supervision.handlers_feeds import SUBSCRIBER, WEBHOOK
from services.supervision.handlers_notices import NOTICE, REACH
from services.supervision.handlers_staff import ABSENCE, DIGEST
from services.supervision.messages import (
    AlertClosed,
    AlertLetGo,
    AlertLookedAt,
    AlertPassedOn,
    AlertTaken,
    AlertUnheard,
    ClearanceRevoked,
    ClearanceSignedOff,
    ClearanceUndone,
    ContactMade,
    ContactUndone,
    DayNoted,
    LinksRevoked,
    PersonLeft,
    PersonListed,
    RosterRowTold,
    SiteEntered,
    SupervisorLeft,
)
from services.supervision.people import Module, Person, Site, Skill
from services.supervision.preparations import Preparation, preparation_id
from services.supervision.readiness import Readiness
from shared.contracts.assessment import (
    AnswerRegraded,
    CallRequested,
    CheckInSubmitted,
    ItemAnswered,
    LinkRequested,
    ReadinessTold,
    SkillRemembered,
    TrainingCompleted,
    TrainingOpened,
)
from shared.contracts.content import (
    ItemCorrected,
    ModulePublished,
    ModuleWithdrawn,
    NothingSuitable,
    TrainingAssigned,
    TrainingShared,
)
from shared.contracts.event import Due
from shared.contracts.trigger import SessionBroughtBack, SessionCalledOff, SessionPlanned, TrainingOverdue
from shared.messaging import Clock, Handler, Read, Reads, Swept, store_erasing


def site_id(event: SiteEntered) -> str:
    return event.site_id


def person_id(event: PersonListed | PersonLeft) -> UUID:
    return event.person_id


def leavers_back_up(state: Person | None, event: Any) -> list[UUID]:
    return [state.back_up_id] if state and state.back_up_id and isinstance(event, PersonLeft) else []


def person_facts(state: Person | None, event: Any, reads: Reads) -> UUID | None:
    """Who stands in for somebody who leaves; nobody who has left, too."""
    return next((id for id in leavers_back_up(state, event) if id in reads["here"]), None)


def module_key(event: ModulePublished | ModuleWithdrawn | ItemCorrected) -> str:
    return event.key()


def mentor_id(event: Any) -> UUID:
    return UUID(str(event.mentor_id))


def readied(state: Preparation | None, event: Any) -> list[UUID]:
    """Whose supervisor is named, where a brief becomes ready."""
    if isinstance(event, TrainingCompleted):
        return [event.mentor_id]
    return [state.mentor_id] if state and isinstance(event, Due) else []


def due_training(state: Preparation | None, event: Any) -> list[UUID]:
    return [state.training_id] if state and state.training_id and isinstance(event, Due) else []


def preparation_facts(state: Preparation | None, event: Any, reads: Reads) -> preparations.Facts:
    named, asked = readied(state, event), due_training(state, event)
    if not named:
        return preparations.Facts()
    return preparations.Facts(reads["supervisor"].get(named[0]), bool(asked) and asked[0] in reads["done"])


def cancellation_id(event: SessionCalledOff | SessionBroughtBack | DayNoted) -> UUID:
    return event.cancellation_id


def called_off_mentor(state: DayOff | None, event: Any) -> list[UUID]:
    return [event.mentor_id] if isinstance(event, SessionCalledOff) else []


def day_facts(state: DayOff | None, event: Any, reads: Reads) -> days_off.Facts:
    mentors = called_off_mentor(state, event)
    return days_off.Facts(reads["supervisor"].get(mentors[0])) if mentors else days_off.Facts()


def going_up(state: MentorCase | None, event: Any) -> list[str]:
    """Whose site lead may be asked next."""
    return [state.site_id] if state and isinstance(event, Due | AlertPassedOn | AlertUnheard) else []


def handed_on(state: MentorCase | None, event: Any) -> list[UUID]:
    """Whose back-up may be asked next."""
    return [state.supervisor_id] if state and state.supervisor_id and going_up(state, event) else []


def placing(state: MentorCase | None, event: Any) -> list[UUID]:
    """Whose week an alert waits for a place in."""
    waits = state and isinstance(event, Due) and any(alert.live and alert.place_at for alert in state.alerts)
    return [state.supervisor_id] if state and waits and state.supervisor_id else []


def talked_about(state: MentorCase | None, event: Any) -> list[tuple[UUID, UUID]]:
    """The sessions of an answer that counts differently: whether somebody has acted on it."""
    if state is None or not isinstance(event, AnswerRegraded):
        return []
    return [(event.mentor_id, id) for id in state.prepared_with(event.session_id) if id]


def signed(state: MentorCase | None, event: Any) -> list[tuple[UUID, str]]:
    """The function of a mentor that is signed off: what its renewal counts."""
    return [(event.mentor_id, event.function)] if isinstance(event, ClearanceSignedOff) else []


def listed_under(state: MentorCase | None, event: Any) -> list[UUID]:
    """Whom a list names as a mentor's supervisor."""
    return [event.supervisor_id] if isinstance(event, PersonListed) and event.supervisor_id else []


def case_facts(state: MentorCase | None, event: Any, reads: Reads) -> cases.Facts:
    sites, about = going_up(state, event), talked_about(state, event)
    talked = [reads["talked"][one] for one in about if one in reads["talked"]]
    back_up, asks = handed_on(state, event), placing(state, event)
    return cases.Facts(
        lead=reads["lead"].get(sites[0]) if sites else None,
        talked_at=max(talked, default=None),
        back_up=reads["back_up"].get(back_up[0]) if back_up else None,
        asks=reads["asks"].get(asks[0], ()) if asks else (),
        evidence=next((reads["evidence"][one] for one in signed(state, event) if one in reads["evidence"]), ledger.NOTHING),
        erased=any(one in reads["erased"] for one in listed_under(state, event)),
    )


SITE = Handler[Site](
    name="site",
    on={SiteEntered: (site_id, people.entered)},
    load=store.load_sites,
    save=store.save_sites,
)
PERSON = Handler[Person](
    name="person",
    on={PersonListed: (person_id, people.listed), PersonLeft: (person_id, people.left)},
    load=store.load_people,
    save=store.save_people,
    reads={"here": Read(leavers_back_up, store.load_here)},
    facts=person_facts,
)
ROSTER_ROW = Handler[RosterRowTold](
    name="roster_row",
    on={RosterRowTold: (lambda event: event.row_id, people.row_told)},
    load=store_rosters.load_rows,
    save=store_rosters.save_rows,
)
MODULE = Handler[Module](
    name="module",
    on={ModulePublished: (module_key, people.kept), ModuleWithdrawn: (module_key, people.kept)},
    load=store.load_modules,
    save=store.save_modules,
    projection=True,
)
CORRECTION = Handler[ItemCorrected](
    name="correction",
    on={ItemCorrected: (module_key, people.corrected)},
    load=store_regrades.load_corrections,
    save=store_regrades.save_corrections,
    projection=True,
)
SKILL = Handler[Skill](
    name="skill",
    on={SkillRemembered: (people.skill_id, people.remembered)},
    load=store.load_skills,
    save=store.save_skills,
    projection=True,
)
PREPARATION = Handler[Preparation](
    name="preparation",
    on={
        SessionPlanned: (preparation_id, preparations.planned),
        TrainingAssigned: (preparation_id, preparations.assigned),
        TrainingShared: (preparation_id, preparations.shared),
        NothingSuitable: (preparation_id, preparations.nothing_suitable),
        TrainingOpened: (preparation_id, preparations.opened),
        ItemAnswered: (preparation_id, preparations.answered),
        AnswerRegraded: (preparation_id, preparations.regraded),
        TrainingCompleted: (preparation_id, preparations.completed),
    },
    load=store.load_preparations,
    save=store.save_preparations,
    reads={"supervisor": Read(readied, store.load_supervisors), "done": Read(due_training, store.load_done)},
    facts=preparation_facts,
    clock=Clock(
        store.due_preparations,
        preparations.due,
        store.rest_preparations,
        lambda p: p.due_at,
        store.OVERDUE_PREPARATIONS,
    ),
)
READINESS = Handler[Readiness](
    name="readiness",
    on={ReadinessTold: (lambda event: event.training_id, readiness.told)},
    load=store_readiness.load_readiness,
    save=store_readiness.save_readiness,
)
MENTOR_CASE = Handler[MentorCase](
    name="mentor_case",
    on={
        PersonListed: (person_id, cases.listed),
        PersonLeft: (person_id, cases.left),
        LinksRevoked: (mentor_id, cases.links_revoked),
        SessionPlanned: (mentor_id, cases.planned),
        SessionCalledOff: (mentor_id, cases.called_off),
        SessionBroughtBack: (mentor_id, cases.brought_back),
        TrainingAssigned: (mentor_id, cases.assigned),
        TrainingShared: (mentor_id, cases.shared),
        TrainingOverdue: (mentor_id, cases.overdue),
        TrainingOpened: (mentor_id, cases.opened),
        ItemAnswered: (mentor_id, cases.answered),
        AnswerRegraded: (mentor_id, regrades.regraded),
        TrainingCompleted: (mentor_id, cases.completed),
        CallRequested: (mentor_id, cases.call_requested),
        CheckInSubmitted: (mentor_id, check_ins.submitted),
        AlertLookedAt: (mentor_id, cases.looked_at),
        AlertUnheard: (mentor_id, cases.unheard),
        AlertTaken: (mentor_id, cases.taken),
        AlertLetGo: (mentor_id, cases.let_go),
        AlertPassedOn: (mentor_id, cases.passed_on),
        AlertClosed: (mentor_id, cases.closed),
        ContactMade: (mentor_id, contacts.made),
        ContactUndone: (mentor_id, contacts.undone),
        ClearanceSignedOff: (mentor_id, signing.signed_off),
        ClearanceRevoked: (mentor_id, signing.revoked),
        ClearanceUndone: (mentor_id, signing.undone),
    },
    load=store_cases.load_cases,
    save=store_cases.save_cases,
    reads={
        "lead": Read(going_up, store.load_leads),
        "back_up": Read(handed_on, store.load_back_ups),
        "asks": Read(placing, store_budget.load_asks),
        "talked": Read(talked_about, store_regrades.load_talked),
        "evidence": Read(signed, store_ledger.load_evidence),
        "erased": Read(listed_under, store_erasing.among),
    },
    facts=case_facts,
    copies=store_subscribers.copies,
    clock=Clock(store_cases.due_cases, cases.due, store_cases.rest_cases, lambda c: c.due_at, store_cases.OVERDUE),
    sweeps={SupervisorLeft: Swept(store_cases.of_supervisor, cases.supervisor_left)},
)
CHECK_IN = Handler[Kept](
    name="check_in",
    on={CheckInSubmitted: (check_ins.check_in_id, check_ins.kept)},
    load=store_check_ins.load_check_ins,
    save=store_check_ins.save_check_ins,
)
DAY_OFF = Handler[DayOff](
    name="day_off",
    on={
        SessionCalledOff: (cancellation_id, days_off.called_off),
        SessionBroughtBack: (cancellation_id, days_off.brought_back),
        DayNoted: (cancellation_id, days_off.noted),
    },
    load=store_days_off.load_days,
    save=store_days_off.save_days,
    reads={"supervisor": Read(called_off_mentor, store.load_supervisors)},
    facts=day_facts,
    copies=store_subscribers.copies,
    clock=Clock(store_days_off.due_days, days_off.due, store_days_off.rest_days, lambda d: d.due_at, store_days_off.OVERDUE),
)
LINK_REQUEST = Handler[LinkRequested](
    name="link_request",
    on={LinkRequested: (mentor_id, people.link_requested)},
    load=store_links.load_requests,
    save=store_links.save_requests,
    projection=True,
)
HANDLERS = (
    SITE, PERSON, MODULE, CORRECTION, SKILL, PREPARATION, MENTOR_CASE, DAY_OFF, LINK_REQUEST, CHECK_IN, READINESS, DIGEST,
    ABSENCE, REACH, NOTICE, WEBHOOK, SUBSCRIBER, RECEIPTS, ERASURE, ROSTER_ROW,
)  # fmt: skip
