"""One training in progress, in memory: what assessment's own pages need to show a module that was never assigned.

The site, the session and the mentor are invented; every decision is assessment's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from services.assessment import domain, grading
from services.assessment.domain import Decided, Facts
from services.assessment.messages import Answered, AnswerShown, OpenAnswered, Started, TalkPreferred
from services.assessment.training import Training, Try
from services.assessment.visits import Visit
from shared.contracts.content import AssignedItem, Item, Module, ModulePublished, ModuleRef, Reason, TrainingAssigned
from shared.contracts.event import Event, Refused
from shared.contracts.supervision import Hotline, SiteDescribed
from shared.contracts.trigger import SessionPlanned
from shared.contracts.vocabulary import vocabulary
from shared.messaging.outcome import Outcome

ZONE = "America/Chicago"
SITE = SiteDescribed(
    site_id="preview",
    name="Lakeside Mentoring",
    phone="555 555 0140",
    time_zone=ZONE,
    locales=("en", "es"),
    hotline=Hotline(label="State child protection line", number="800 555 0199"),
    reporting_steps=(
        "Call the state line yourself, today.",
        "Then call Dana Ortiz, your supervisor.",
        "Write down what was said.",
    ),
    staff_on_call="555 555 0141",
    revision=1,
)
SESSION_AT, QUIZ_BY = time(16), timedelta(hours=3)  # tomorrow, on the site's clock; and so long before it
MENTOR = SESSION = UUID(int=1)
DECIDE: Mapping[type[Event], Callable[[Training, Any, datetime, Facts], Decided]] = {
    Started: domain.started,
    Answered: domain.answered,
    AnswerShown: domain.answer_shown,
    OpenAnswered: domain.open_answered,
    TalkPreferred: domain.talk_preferred,
}


class Rehearsal:
    """`ref` names the file in addresses. The module may change under it: answers that still fit it are kept."""

    def __init__(self, ref: str, module: Module) -> None:
        self.ref = ref
        self.module = module
        self.training = Training(assigned(ref, module, datetime.now(UTC)))

    def shows(self, module: Module) -> None:
        """The file was saved."""
        if module != self.module:
            self.module = module
            self.training = fitting(self.training, module)

    def visit(self) -> Visit:
        now = datetime.now(UTC)
        current = replace(self.training, assigned=assigned(self.ref, self.module, now))
        return Visit(self.ref, current, now, session=session(self.module, now), site=SITE, modules=published(self.module))

    async def submit(self, event: Event, *, id: str, source: str) -> Outcome:
        """As a running service takes what a mentor does; nothing leaves this process."""
        return self.take(event)

    def take(self, event: Event) -> Outcome:
        visit = self.visit()
        item = visit.item(event.number) if isinstance(event, Answered | AnswerShown | OpenAnswered | TalkPreferred) else None
        facts = Facts((visit.session,) if visit.session else (), item)
        decided = DECIDE[type(event)](visit.training, event, visit.now, facts)
        if isinstance(decided, Refused):
            return Outcome("refused", uuid4(), decided.reason)
        self.training, _ = decided
        return Outcome("applied", uuid4())

    def read(self, number: int) -> None:
        self.training = replace(self.training, cards_read=max(number, self.training.cards_read))

    def again(self) -> None:
        self.training = Training(self.training.assigned)

    def begin(self) -> None:
        """Opened and not at its end, wherever it was."""
        opened = self.training.opened_at or datetime.now(UTC)
        self.training = replace(self.training, opened_at=opened, completed_at=None)

    def ask(self, number: int) -> None:
        """This question as if it had not been answered."""
        self.begin()
        tries = tuple(each for each in self.training.tries if each.number != number)
        said = tuple(each for each in self.training.said if each.number != number)
        self.training = replace(self.training, tries=tries, said=said)

    def answer(self, number: int, chosen: Sequence[str]) -> None:
        self.ask(number)
        event = {"training_id": self.training.id, "number": number, "attempt": 1, "chosen": tuple(chosen), "request_id": uuid4()}
        self.take(Answered.model_validate(event | {"confidence": "think_so"}))

    def finish(self) -> None:
        self.begin()
        self.training = replace(self.training, completed_at=datetime.now(UTC))


def fitting(training: Training, module: Module) -> Training:
    """Its answers graded by the module as it is now; those that it could not have taken are gone."""
    tries: list[Try] = []
    for number, item in enumerate(module.items, 1):
        tries += _graded(item, training.tries_at(number))
    said = tuple(each for each in training.said if each.item_id in {item.id for item in module.items if item.kind == "open"})
    return replace(training, tries=tuple(tries), said=said)


def _graded(item: Item, tries: Sequence[Try]) -> list[Try]:
    if not tries or not grading.acceptable(item, tries[0].chosen):
        return []
    first = _anew(item, tries[0])
    later = [each for each in tries[1:] if each.shown or grading.acceptable(item, each.chosen, first.chosen)]
    return [first] if first.correct else [first, *(_anew(item, each) for each in later)]


def _anew(item: Item, this: Try) -> Try:
    if this.shown:
        return this
    result = grading.grade(item, this.chosen)
    still = this.attempt == 1 and not result.correct and grading.may_retry(item)
    return this.model_copy(update={"correct": result.correct, "mistakes": result.mistakes, "open": still})


def assigned(ref: str, module: Module, now: datetime) -> TrainingAssigned:
    starts_at = _tomorrow(now)
    return TrainingAssigned(
        training_id=uuid5(UUID(int=0), ref),
        session_id=SESSION,
        mentor_id=MENTOR,
        site_id=SITE.site_id,
        starts_at=starts_at,
        time_zone=ZONE,
        locale=module.locale,
        kind="module",
        module=ModuleRef(module_id=module.module_id, version=1),
        items=tuple(AssignedItem(module_id=module.module_id, version=1, item_id=item.id) for item in module.items),
        quiz_by=starts_at - QUIZ_BY,
        reasons=(Reason(code="activity", activity=_activity(module.skill), skill=module.skill), Reason(code="never_trained")),
    )


def session(module: Module, now: datetime) -> SessionPlanned:
    activity, starts_at = _activity(module.skill) or "check_in", _tomorrow(now)
    return SessionPlanned(
        session_id=SESSION,
        site_id=SITE.site_id,
        mentor_id=MENTOR,
        starts_at=starts_at,
        time_zone=ZONE,
        minutes=45,
        activity=activity,
        function=vocabulary().activities[activity].function,
        quiz_by=starts_at - QUIZ_BY,
        revision=1,
    )


def published(module: Module) -> dict[str, ModulePublished]:
    event = ModulePublished(module_id=module.module_id, locale=module.locale, version=1, content_hash="", module=module)
    return {event.key(): event}


def _activity(skill: str) -> str | None:
    """The one that calls for the skill most."""
    weighed = {code: activity.weight(skill, "building") for code, activity in vocabulary().activities.items()}
    best = max(weighed, key=lambda code: weighed[code])
    return best if weighed[best] else None


def _tomorrow(now: datetime) -> datetime:
    zone = ZoneInfo(ZONE)
    day = (now.astimezone(zone) + timedelta(days=1)).date()
    return datetime.combine(day, SESSION_AT, zone).astimezone(UTC)
