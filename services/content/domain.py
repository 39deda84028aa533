"""A module in one language and its versions; a mentor and what was chosen for each session. Pure: `now` is an argument."""

from dataclasses import field, replace
from datetime import datetime
from functools import reduce
from typing import Literal
from uuid import UUID

from services.content import choices, select
from services.content.changes import correctable, keeping_ids
from services.content.choices import Choice, Facts, Past
from services.content.corrections import corrections
from services.content.messages import ModuleSubmitted, ModuleWithdrawalAsked
from services.content.words import content_hash
from shared.contracts.content import Module, ModulePublished, ModuleWithdrawn, TrainingShared
from shared.contracts.event import Event, Refused
from shared.contracts.trigger import ContentRequested
from shared.values import value_object

Status = Literal["published", "withdrawn"]


@value_object(frozen=True, slots=True)
class Version:
    """Its module never changes; only its status does."""

    number: int
    content_hash: str
    status: Status
    module: Module
    correction: str | None = None  # what it corrects in the versions before it


@value_object(frozen=True, slots=True)
class Publication:
    """One module in one language; versions count 1, 2, 3, ..."""

    module_id: str
    locale: str
    versions: tuple[Version, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.module_id}/{self.locale}"


Published = tuple[Publication, list[Event]] | Refused


def submitted(publication: Publication | None, event: ModuleSubmitted, now: datetime, _: None) -> Published:
    """The same content as the newest version is no new version; if that one was withdrawn, it is published again."""
    if event.correction is not None:
        return corrected(publication, event, event.correction, now)
    publication = publication or Publication(event.module.module_id, event.module.locale)
    newest = publication.versions[-1] if publication.versions else None
    module = keeping_ids(newest.module, event.module) if newest else event.module
    found = content_hash(module)
    if newest is None or newest.content_hash != found:
        return _published(publication, Version(len(publication.versions) + 1, found, "published", module))
    if newest.status == "published":
        return Refused("unchanged")
    return _published(publication, replace(newest, status="published"))


def corrected(publication: Publication | None, event: ModuleSubmitted, reason: str, now: datetime) -> Published:
    """A new version, and word of each question that is right from now on; versions that had it wrong are not chosen again."""
    if publication is None:
        return Refused("nothing_to_correct")
    newest = publication.versions[-1]
    module = keeping_ids(newest.module, event.module)
    found = content_hash(module)
    if newest.content_hash == found:
        return Refused("unchanged")
    if not correctable(newest.module, module):
        return Refused("not_a_correction")
    new = Version(newest.number + 1, found, "published", module, reason)
    older = [(version.number, version.module) for version in publication.versions]
    earlier = {version.number for version in publication.versions if version.correction is not None}
    told = list(corrections(older, (new.number, new.module), reason, now, earlier))
    if not told:
        return Refused("no_key_or_reason_changed")
    wrong = {event.version for event in told if event.key_changed}
    gone = [replace(v, status="withdrawn") for v in publication.versions if v.number in wrong and v.status == "published"]
    events = [_event(publication, version) for version in (new, *gone)]
    return _with(publication, [new, *gone]), [*events, *told]


def withdrawal_asked(publication: Publication | None, event: ModuleWithdrawalAsked, now: datetime, _: None) -> Published:
    if publication is None:
        return Refused("unknown_module")
    if event.version is not None and event.version > len(publication.versions):
        return Refused("unknown_version")
    asked = [v for v in publication.versions if v.status == "published" and event.version in (None, v.number)]
    if not asked:
        return Refused("already_withdrawn")
    withdrawn = [replace(version, status="withdrawn") for version in asked]
    return _with(publication, withdrawn), [_event(publication, version) for version in withdrawn]


def _published(publication: Publication, version: Version) -> Published:
    return _with(publication, [version]), [_event(publication, version)]


def _with(publication: Publication, changed: list[Version]) -> Publication:
    versions = {version.number: version for version in (*publication.versions, *changed)}
    return replace(publication, versions=tuple(versions[number] for number in sorted(versions)))


def _event(publication: Publication, version: Version) -> ModulePublished | ModuleWithdrawn:
    kind = ModulePublished if version.status == "published" else ModuleWithdrawn
    return kind(
        module_id=publication.module_id,
        locale=publication.locale,
        version=version.number,
        content_hash=version.content_hash,
        module=version.module,
    )


@value_object(frozen=True, slots=True)
class Learner:
    """A mentor and what was chosen for them. One aggregate a mentor, so that two requests in one batch see each other."""

    mentor_id: UUID
    site_id: str
    past: Past = field(default_factory=Past)  # as it was loaded
    made: tuple[Choice, ...] = ()  # in this batch, at most one a request


Chosen = tuple[Learner, list[Event]] | Refused


def requested(learner: Learner | None, event: ContentRequested, now: datetime, facts: Facts) -> Chosen:
    """One training a request: a second session that asks for it shares it. Where nothing was suitable, the next may find one."""
    learner = learner or Learner(event.mentor_id, event.site_id)
    before = next((choice for choice in learner.made if choice.request_id == event.request_id), facts.before)
    if before and before.session_id == event.session_id:
        return Refused("already_chosen")
    if before and before.kind != "nothing":
        return learner, [_shared(event)]
    loaded = replace(learner.past, showings=facts.showings) if facts.showings else learner.past
    made = select.selected(event, now, reduce(Past.plus, learner.made, loaded), facts)
    return _choosing(learner, choices.choice(event, now, made)), [made]


def _choosing(learner: Learner, made: Choice) -> Learner:
    """In place of an earlier one for the same request, which can only have found nothing."""
    others = (choice for choice in learner.made if choice.request_id != made.request_id)
    return replace(learner, made=(*others, made))


def _shared(event: ContentRequested) -> TrainingShared:
    return TrainingShared(
        training_id=event.request_id,
        session_id=event.session_id,
        mentor_id=event.mentor_id,
        site_id=event.site_id,
        starts_at=event.starts_at,
        quiz_by=event.quiz_by,
    )
