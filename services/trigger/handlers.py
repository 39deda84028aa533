"""Which messages touch which aggregate. Binding only: no SQL, no rules."""

from operator import attrgetter
from pathlib import Path

from services.trigger import (
    cancellations,
    copies,
    domain,
    gathering,
    holidays,
    policy,
    publishers,
    store,
    store_cancellations,
    store_copies,
    store_holidays,
    store_zone_rules,
    sweeping,
    tenants,
    zone_rules,
)
from services.trigger.announcements import noting
from services.trigger.calling_off import telling
from services.trigger.cancellations import Cancellation
from services.trigger.copies import Mentor, Site, Training
from services.trigger.holidays import SiteHolidays
from services.trigger.messages import (
    Awaited,
    CancellationUndone,
    DaysCancelled,
    HolidaysAdded,
    HolidaysRemoved,
    HolidaysSet,
    OldTokensRevoked,
    PolicyChanged,
    PolicyChosen,
    PublisherAdded,
    PublisherPaused,
    PublisherRemoved,
    PublisherSitesChanged,
    RulesChanged,
    RulesRead,
    SessionMapped,
    TokenIssued,
    ZoneChanged,
)
from services.trigger.policy import SitePolicy
from services.trigger.session import Session
from services.trigger.tenants import Credential
from services.trigger.zone_rules import ZoneRules
from shared import erasing, privacy
from shared.contracts.assessment import SkillRemembered, TrainingCompleted
from shared.contracts.content import NothingSuitable, TrainingAssigned
from shared.contracts.site import SessionCancelled, SessionHeld, SessionScheduled
from shared.contracts.supervision import MentorEnrolled, SiteDescribed
from shared.contracts.trigger import PersonErasureDone
from shared.messaging import Clock, Handler, Read, Swept

SESSION = Handler[Session](
    name="session",
    on={
        SessionScheduled: (gathering.session_id, noting(telling(domain.scheduled))),
        SessionMapped: (gathering.session_id, noting(telling(domain.scheduled))),
        SessionCancelled: (gathering.session_id, noting(telling(domain.cancelled))),
        SessionHeld: (gathering.session_id, noting(telling(domain.held))),
    },
    load=store.load_sessions,
    save=store.save_sessions,
    reads=gathering.READS,
    facts=gathering.facts,
    clock=Clock(
        claim=store.due_sessions,
        decide=domain.due,
        rest=store.rest_sessions,
        at=attrgetter("due_at"),
        overdue=store.OVERDUE,
    ),
    sweeps={
        Awaited: Swept(sweeping.waiting, domain.woken),
        ZoneChanged: Swept(sweeping.on_another_clock, domain.replanned),
        RulesChanged: Swept(sweeping.in_zones, domain.by_new_rules),
        PolicyChanged: Swept(sweeping.under_older_policy, domain.replanned),
        DaysCancelled: Swept(sweeping.on_cancelled_days, telling(domain.cancelled_with_its_day)),
        CancellationUndone: Swept(sweeping.cancelled_by, telling(domain.brought_back)),
    },
)
MENTOR = Handler[Mentor](
    name="mentor",
    on={MentorEnrolled: (attrgetter("mentor_id"), copies.enrolled)},
    load=store_copies.lock_mentors,
    save=store_copies.save_mentors,
    reads={"waited_for": Read[Mentor](lambda state, event: () if state else (event.mentor_id,), sweeping.waited_for)},
    facts=lambda state, event, reads: reads["waited_for"].get(event.mentor_id, False),
    projection=True,
)
SITE = Handler[Site](
    name="site",
    on={SiteDescribed: (attrgetter("site_id"), copies.described)},
    load=store_copies.lock_sites,
    save=store_copies.save_sites,
    reads={"waited_for": Read[Site](lambda state, event: () if state else (event.site_id,), sweeping.sites_waited_for)},
    facts=lambda state, event, reads: reads["waited_for"].get(event.site_id, False),
    projection=True,
)
SKILL = Handler[SkillRemembered](
    name="skill",
    on={SkillRemembered: (copies.skill_id, copies.remembered)},
    load=store_copies.lock_skills,
    save=store_copies.save_skills,
    projection=True,
)
TRAINING = Handler[Training](
    name="training",
    on={
        TrainingAssigned: (attrgetter("training_id"), copies.assigned),
        NothingSuitable: (attrgetter("request_id"), copies.nothing_suitable),
        TrainingCompleted: (attrgetter("training_id"), copies.completed),
    },
    load=store_copies.lock_trainings,
    save=store_copies.save_trainings,
)
POLICY = Handler[SitePolicy](
    name="policy",
    on={PolicyChosen: (attrgetter("site_id"), policy.chosen)},
    load=store_copies.lock_policies,
    save=store_copies.save_policies,
)
PUBLISHER = Handler[Credential](
    name="publisher",
    on={
        PublisherAdded: (attrgetter("name"), tenants.added),
        PublisherPaused: (attrgetter("name"), tenants.paused),
        PublisherSitesChanged: (attrgetter("name"), tenants.sites_changed),
        TokenIssued: (attrgetter("name"), tenants.token_issued),
        OldTokensRevoked: (attrgetter("name"), tenants.old_tokens_revoked),
        PublisherRemoved: (attrgetter("name"), tenants.removed),
    },
    load=publishers.lock_credentials,
    save=publishers.save_credentials,
)
CANCELLATION = Handler[Cancellation](
    name="cancellation",
    on={
        DaysCancelled: (attrgetter("cancellation_id"), cancellations.told),
        CancellationUndone: (attrgetter("cancellation_id"), cancellations.undone),
    },
    load=store_cancellations.lock_cancellations,
    save=store_cancellations.save_cancellations,
    reads={"planned": Read[Cancellation](cancellations.days_keys, store_cancellations.load_planned)},
    facts=cancellations.facts,
)
HOLIDAYS = Handler[SiteHolidays](
    name="holidays",
    on={
        HolidaysAdded: (attrgetter("site_id"), holidays.added),
        HolidaysRemoved: (attrgetter("site_id"), holidays.removed),
        HolidaysSet: (attrgetter("site_id"), holidays.put),
    },
    load=store_holidays.lock_holidays,
    save=store_holidays.save_holidays,
)
ZONE_RULES = Handler[ZoneRules](
    name="zone_rules",
    on={RulesRead: (lambda event: zone_rules.THE_ONE, zone_rules.read)},
    load=store_zone_rules.lock_rules,
    save=store_zone_rules.save_rules,
)
KEEPS = privacy.load(Path(__file__).parent)
ERASURE = erasing.handler(KEEPS, lambda event: [PersonErasureDone(mentor_id=event.mentor_id)], store_copies.erase_inside)
HANDLERS = (SESSION, MENTOR, SITE, SKILL, TRAINING, POLICY, PUBLISHER, CANCELLATION, HOLIDAYS, ZONE_RULES, ERASURE)
