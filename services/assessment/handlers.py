"""Which messages touch which aggregate. Binding only: no SQL, no rules."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from services.assessment import (
    check_in,
    check_in_memory,
    domain,
    link_requests,
    memory,
    regrades,
    reports,
    store,
    store_check_ins,
    store_erasing,
    store_link_requests,
    store_regrades,
    store_reports,
)
from services.assessment.check_in import CheckIn, CheckInCallPressed, CheckInSent, check_in_id
from services.assessment.domain import Facts
from services.assessment.link_requests import LinkRequest
from services.assessment.memory import Skill
from services.assessment.messages import (
    Answered,
    AnswerShown,
    CallPressed,
    ItemReportSent,
    ItemReportTakenBack,
    LanguageChosen,
    LinkAsked,
    OpenAnswered,
    ReadinessPressed,
    Started,
    TalkPreferred,
)
from services.assessment.modules import all_keys, editions, item_locale, item_of, module_keys
from services.assessment.reports import Report, report_id
from services.assessment.store import Catalogued
from services.assessment.training import Training
from shared import erasing, privacy
from shared.contracts.assessment import AnswerRegraded, ItemAnswered, PersonErasureDone, StepChecked
from shared.contracts.content import ItemCorrected, ModulePublished, ModuleWithdrawn, TrainingAssigned, TrainingShared
from shared.contracts.event import Event, Refused
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned
from shared.messaging import Handler, Read, latest
from shared.messaging.handler import Decided, Reads, Swept

E = TypeVar("E", bound=Event)


def catalogued(known: Catalogued | None, event: Catalogued, now: datetime, facts: object) -> Decided[Catalogued]:
    """A version never changes, only whether it is withdrawn; its partition keeps the order."""
    return event, []


def kept(known: E | None, event: E, now: datetime, facts: object) -> Decided[E]:
    return (event, []) if latest(known, event) else Refused("stale_revision")


def module_key(event: Catalogued | ItemCorrected) -> str:
    return event.key()


def training_id(event: Any) -> UUID:
    id_: UUID = event.training_id
    return id_


def skill_id(event: ItemAnswered | AnswerRegraded | StepChecked) -> UUID:
    return memory.skill_id(event.mentor_id, event.skill)


def report_key(event: ItemReportSent | ItemReportTakenBack) -> UUID:
    return report_id(event.training_id, event.number)


def check_in_key(event: CheckInSent | CheckInCallPressed) -> UUID:
    return check_in_id(event.session_id, event.mentor_id)


def checked_in(state: CheckIn | None, event: CheckInSent | CheckInCallPressed, reads: Reads) -> check_in.Facts:
    session = reads["session"].get(event.session_id)
    zone = reads["zone"].get(event.mentor_id) or (session.time_zone if session else "UTC")
    return check_in.Facts(session, zone)


def sessions(training: Training | None, event: Any) -> Iterable[UUID]:
    return training.session_ids if training else ()


def modules(training: Training | None, event: Any) -> Iterable[str]:
    number = getattr(event, "number", None)
    if training and isinstance(event, ItemCorrected):
        return all_keys(training.assigned)
    if training is None or number is None:
        return []
    return module_keys(seen(training, event).current, number)


def seen(training: Training, event: Any) -> Training:
    """As the page of an answer showed it."""
    return domain.as_shown(domain.as_seen(training, event), event)


def corrections(training: Training | None, event: Any) -> Iterable[str]:
    """What may have been corrected of a training that is being assigned; or since the page of an answer was made."""
    if training and isinstance(event, Answered | AnswerShown):
        return corrected_since(training, event)
    if training or not isinstance(event, TrainingAssigned):
        return []
    return [f"{edition}/{item.item_id}" for item, edition in zip(event.items, editions(event, {}), strict=True)]


def corrected_since(training: Training, event: Answered | AnswerShown) -> list[str]:
    """What may have been corrected of the version that its page showed, or of the one that was assigned."""
    now = domain.as_shown(training, event)
    later = now.later_than(event.number, event.version) if event.version else ()
    if not later:
        return []
    newest, stood = later[-1], (seen(training, event), replace(now, corrections=()))
    versions = dict.fromkeys(domain.ref_of(each, event.number).version for each in stood)
    return [f"{newest.module_id}/{newest.locale}@{version}/{newest.item_id}" for version in versions]


def facts(training: Training | None, event: Any, reads: Reads) -> Facts:
    if training is None:
        known = reads.get("corrections", {})
        asked = dict.fromkeys(corrections(training, event))
        return Facts(
            editions=editions(event, {}) if asked else (), corrections=tuple(known[key] for key in asked if key in known)
        )
    number, found = getattr(event, "number", None), reads.get("modules", {})
    asked_in = seen(training, event).current
    corrected = [reads.get("corrections", {}).get(key) for key in corrections(training, event)]
    item = item_of(asked_in, number, found) if number else None
    planned = reads.get("sessions", {})
    return Facts(
        sessions=tuple(planned[id] for id in training.session_ids if id in planned),
        item=item,
        locale=item_locale(asked_in, number, found) if number else None,
        editions=editions(training.assigned, found) if isinstance(event, ItemCorrected) else (),
        corrections=tuple(one for one in corrected if one),
    )


MODULE = Handler[Catalogued](
    name="module",
    on={ModulePublished: (module_key, catalogued), ModuleWithdrawn: (module_key, catalogued)},
    load=store.load_modules,
    save=store.save_modules,
    projection=True,
)
SESSION = Handler[SessionPlanned](
    name="planned_session",
    on={SessionPlanned: (lambda event: event.session_id, kept)},
    load=store.load_sessions,
    save=store.save_sessions,
    projection=True,
)
ROSTER = Handler[MentorEnrolled](
    name="roster",
    on={MentorEnrolled: (lambda event: event.mentor_id, kept)},
    load=store.load_roster,
    save=store.save_roster,
    projection=True,
)
SITE = Handler[SiteDescribed](
    name="site",
    on={SiteDescribed: (lambda event: event.site_id, kept)},
    load=store.load_sites,
    save=store.save_sites,
    projection=True,
)
CORRECTION = Handler[ItemCorrected](
    name="correction",
    on={ItemCorrected: (module_key, regrades.told)},
    load=store_regrades.load_corrections,
    save=store_regrades.save_corrections,
    projection=True,
)
TRAINING = Handler[Training](
    name="training",
    on={
        TrainingAssigned: (training_id, regrades.assigned),
        TrainingShared: (training_id, domain.shared),
        Started: (training_id, domain.started),
        Answered: (training_id, regrades.answered),
        AnswerShown: (training_id, regrades.answered),
        OpenAnswered: (training_id, domain.open_answered),
        TalkPreferred: (training_id, domain.talk_preferred),
        CallPressed: (training_id, domain.call_pressed),
        LanguageChosen: (training_id, domain.language_chosen),
        ReadinessPressed: (training_id, domain.readiness_pressed),
    },
    load=store.load_trainings,
    save=store.save_trainings,
    reads={
        "sessions": Read(sessions, store.find_sessions),
        "modules": Read(modules, store.find_modules),
        "corrections": Read(corrections, store_regrades.find_corrections),
    },
    facts=facts,
    sweeps={ItemCorrected: Swept(store_regrades.asked, regrades.corrected)},
)
SKILL = Handler[Skill](
    name="skill",
    on={
        ItemAnswered: (skill_id, memory.item_answered),
        AnswerRegraded: (skill_id, memory.answer_regraded),
        StepChecked: (skill_id, check_in_memory.step_checked),
    },
    load=store.load_skills,
    save=store.save_skills,
)
REPORT = Handler[Report](
    name="report",
    on={ItemReportSent: (report_key, reports.sent), ItemReportTakenBack: (report_key, reports.taken_back)},
    load=store_reports.load_reports,
    save=store_reports.save_reports,
)
LINK_REQUEST = Handler[LinkRequest](
    name="link_request",
    on={LinkAsked: (lambda event: event.mentor_id, link_requests.asked)},
    load=store_link_requests.load_requests,
    save=store_link_requests.save_requests,
)
CHECK_IN = Handler[Any](  # a call may be asked for before anything was sent: then there is no check-in to save
    name="check_in",
    on={CheckInSent: (check_in_key, check_in.sent), CheckInCallPressed: (check_in_key, check_in.call_pressed)},
    load=store_check_ins.load_check_ins,
    save=store_check_ins.save_check_ins,
    reads={
        "session": Read(lambda _, event: (event.session_id,), store.find_sessions),
        "zone": Read(lambda _, event: (event.mentor_id,), store_check_ins.find_zones),
    },
    facts=checked_in,
)
KEEPS = privacy.load(Path(__file__).parent)
ERASURE = erasing.handler(KEEPS, lambda event: [PersonErasureDone(mentor_id=event.mentor_id)], store_erasing.erase_inside)
# The order in which rows are locked.
HANDLERS = (MODULE, SESSION, ROSTER, SITE, CORRECTION, TRAINING, SKILL, REPORT, LINK_REQUEST, CHECK_IN, ERASURE)
