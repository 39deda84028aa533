"""What mentors say after their sessions: kept for the next brief, and taken into the mentor's case. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.supervision import cases
from services.supervision.cases import Decided, Facts
from services.supervision.domain import CheckIn, MentorCase
from shared.contracts import ids
from shared.contracts.assessment import CheckInSubmitted
from shared.contracts.event import Event, Refused


@dataclass(frozen=True, slots=True)
class Kept:
    """As it came; a higher revision replaces it."""

    submitted: CheckInSubmitted

    @property
    def id(self) -> UUID:
        return check_in_id(self.submitted)


def check_in_id(event: CheckInSubmitted) -> UUID:
    return ids.after(event.session_id, f"check_in/{event.mentor_id}")


def kept(known: Kept | None, event: CheckInSubmitted, now: datetime, _: object) -> tuple[Kept, list[Event]] | Refused:
    if known and known.submitted.revision >= event.revision:
        return Refused("stale_revision")
    return Kept(event), []


def submitted(case: MentorCase | None, event: CheckInSubmitted, now: datetime, _: Facts) -> Decided:
    """The rules see it at once: what is taken back closes its alert, what is new raises one."""
    was = case or MentorCase(event.mentor_id, event.site_id)
    known = next((one for one in was.history.check_ins if one.session_id == event.session_id), None)
    if known and known.revision >= event.revision:
        return Refused("stale_revision")
    this = CheckIn(
        session_id=event.session_id,
        starts_at=event.starts_at,
        happened=event.happened,
        done={one.step: one.done for one in event.steps},
        talk=event.wants_to_talk,
        asked_at=known.asked_at if known and known.talk == event.wants_to_talk else event.at,
        revision=event.revision,
        activity=event.activity,
    )
    others = tuple(one for one in was.history.check_ins if one is not known)
    ordered = tuple(sorted((*others, this), key=lambda one: (one.starts_at, one.session_id)))
    return cases.settled(case, replace(was, history=replace(was.history, check_ins=ordered)), now)
