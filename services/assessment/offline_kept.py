"""Forms that a phone kept while it was offline: taken in their order, each as if it had been sent when its button was pressed.

The phone says how long ago that was, by one clock and its own: whether that clock is right does not matter. A form counts once,
also when it had reached us before and only our answer was lost.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.datastructures import FormData

from services.assessment import calls, guests, questions, store, store_kept
from services.assessment.guests import Closed
from services.assessment.http_reports import KINDS, pressed
from services.assessment.messages import Started
from services.assessment.questions import Asked
from services.assessment.visits import Visit
from shared.contracts.event import Event
from shared.messaging.fold import concern
from shared.messaging.outcome import Outcome
from shared.pages.languages import N_, Language
from shared.running import Running

MOST = 100  # forms at once
LONGEST_MS = 60 * 86_400_000  # nothing is older than a link lives
PATH = re.compile(r"start|call|cards/([1-9]\d?)|questions/([1-9]\d?)(/retry|/report)?")
REFUSED = {
    "session_started": N_("These answers could not be sent, because the session had started. They are deleted from this phone."),
    "session_canceled": N_(
        "These answers could not be sent, because the session was canceled. They are deleted from this phone."
    ),
    "revoked": N_("These answers could not be sent, because the link is no longer in use. They are deleted from this phone."),
}
NOT_SENT = N_("These answers could not be sent. They are deleted from this phone.")
NO_CALL = N_("Your supervisor could not be told. Please call.")
CORRECTED = N_("Sent. We corrected question %(number)s meanwhile. Look at it again: it says what counts now.")
AGAIN = N_("You had answered this on another phone or computer before. The first answer counts.")
LATE = N_("Sent. Your supervisor sees it, marked late.")
SENT = N_("All answers sent.")
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000)]


class Form(BaseModel):
    """`path`: where it would have been posted, below the training; `age`: milliseconds since its button was pressed."""

    path: Annotated[str, Field(pattern=f"^({PATH.pattern})$")]
    fields: Annotated[list[tuple[Text, Text]], Field(max_length=60)]
    age: Annotated[float, Field(allow_inf_nan=False)]

    @property
    def is_answer(self) -> bool:
        return self.path.startswith("questions/") and not self.path.endswith("/report")

    @property
    def number(self) -> int:
        return int("".join(c for c in self.path if c.isdigit()) or 0)

    @property
    def data(self) -> FormData:
        return FormData([(name, value) for name, value in self.fields])

    @property
    def said(self) -> str:
        """The same each time that the phone sends it: all but its age."""
        return sha256(repr((self.path, self.fields)).encode()).hexdigest()

    @property
    def waited(self) -> timedelta:
        return timedelta(milliseconds=min(max(self.age, 0.0), LONGEST_MS))


class Forms(BaseModel):
    forms: Annotated[list[Form], Field(max_length=MOST)]


@dataclass(frozen=True, slots=True)
class Taken:
    """`again`: the question was answered before, by another form. `wait`: not decided, to be sent once more."""

    result: Literal["sent", "again", "refused", "wait"]
    reason: str = ""
    late: bool = False
    corrected: bool = False  # after the page was made: what counts now is not what the phone said


@dataclass(slots=True)
class Stamped:
    """Submits what the pages would, with the time at which it was done. The domain knows a form that it had before."""

    running: Running
    visit: Visit
    form: Form
    outcome: Outcome | None = None

    async def submit(self, event: Event, *, id: str, source: str) -> Outcome:
        name = "pressed_at" if isinstance(event, Started) else "answered_at"
        at = {name: self.visit.now - self.form.waited} if name in type(event).model_fields else {}
        self.outcome = await submit(self.running, self.form, event.model_copy(update=at), source)
        return self.outcome


async def submit(running: Running, form: Form, event: Event, source: str) -> Outcome:
    """Whether it was here before is the domain's to know, so that it has an id of its own each time. But behind a failed record
    nothing is decided, and the phone goes on trying: there the same form has one id, and is set aside once."""
    if not await store_kept.stand_still(running.pool, concerned(running, event)):
        return await running.submit(event, id=str(uuid4()), source=source)
    outcome = await running.submit(event, id=f"kept/{form.said}", source=source, by_id=True)
    return replace(outcome, kind="parked") if outcome.kind == "duplicate" else outcome


def concerned(running: Running, event: Event) -> list[str]:
    decides = [(handler, handler.on[type(event)]) for handler in running.service.handlers if type(event) in handler.on]
    return [concern(handler, key_of(event)) for handler, (key_of, _) in decides]


async def take(running: Running, request: Request, ref: str, forms: list[Form]) -> list[Taken]:
    """Stops at the first that has to wait, so that the order is kept. Raises what the database raises."""
    taken: list[Taken] = []
    for form in forms:
        visit = await guests.welcome(running, request, ref)
        taken.append(_without(visit) if isinstance(visit, Closed) else await take_one(running, visit, form))
        if taken[-1].result == "wait":
            break
    return taken


def _without(found: Closed) -> Taken:
    """A link that is broken may be opened anew; one that is over is not coming back."""
    return Taken("refused", "revoked") if found.reason in ("revoked", "expired") else Taken("wait", found.reason)


async def take_one(running: Running, visit: Visit, form: Form) -> Taken:
    stamped = Stamped(running, visit, form)
    if form.path == "call":
        return Taken("sent") if await calls.asked_before(running, visit, dict(form.fields)) else Taken("refused", "no_call")
    number = form.number
    source = f"training/{visit.id}"
    if form.path == "start":
        await stamped.submit(Started(training_id=visit.id), id="", source=source)
    elif form.path.startswith("cards/"):
        await store.put_bookmark(running.pool, visit.id, number)
        return Taken("sent")
    else:
        item = visit.item(number)
        if item is None:
            return Taken("wait", "preparing") if number <= visit.questions else Taken("refused", "no_such_question")
        await _question(stamped, Asked(visit, number, item), form)
    return _taken(stamped.outcome, visit, form)


async def _question(stamped: Stamped, asked: Asked, form: Form) -> None:
    fields = form.data
    if form.path.endswith("/report"):
        kind = next((each for each in KINDS if each == fields.get("kind")), None)
        if asked.answered and (event := pressed(asked, kind)):
            await stamped.submit(event, id="", source=f"training/{asked.visit.id}")
    elif form.path.endswith("/retry"):
        await questions.second_try(stamped, asked, fields)
    elif asked.item.kind == "open":
        await questions.write(stamped, asked, fields)
    else:
        await questions.first_try(stamped, asked, fields)


def _taken(outcome: Outcome | None, visit: Visit, form: Form) -> Taken:
    """Without an outcome the page had seen by itself that nothing is to be submitted."""
    tries, said = visit.training.tries_at(form.number), visit.training.said_at(form.number)
    known = {*(each.request_id for each in tries), *([said.request_id] if said else [])}
    had_before = questions.request_of(form.data) in known
    if had_before or (outcome and outcome.kind in ("applied", "duplicate")):
        return Taken("sent", late=form.is_answer and visit.late, corrected=form.is_answer and outdated(visit, form))
    if outcome is None or outcome.reason == "already_answered":
        return Taken("again") if known else Taken("refused", "not_understood")
    return Taken("wait" if outcome.kind != "refused" else "refused", outcome.reason or "")


def outdated(visit: Visit, form: Form) -> bool:
    """Whether its page showed a version that has been corrected since."""
    version = questions.version_of(form.data)
    return bool(version and visit.training.later_than(form.number, version))


def told(forms: list[Form], taken: list[Taken], language: Language) -> str:
    """One sentence for the line under the header; empty when nothing that a person waits for was among them."""
    if any(form.path == "call" and each.result == "refused" for form, each in zip(forms, taken, strict=False)):
        return language.gettext(NO_CALL)
    answers = [each for form, each in zip(forms, taken, strict=False) if form.is_answer]
    reasons = {each.reason for each in answers if each.result == "refused"}
    if reasons:
        return language.gettext(next((REFUSED[reason] for reason in REFUSED if reason in reasons), NOT_SENT))
    if any(each.result == "again" for each in answers):
        return language.gettext(AGAIN)
    sent = [each for each in answers if each.result == "sent"]
    corrected = [form.number for form, each in zip(forms, taken, strict=False) if each.corrected]
    if corrected:
        return language.gettext(CORRECTED, number=corrected[0])
    if len(sent) < sum(form.is_answer for form in forms):  # the line says how many wait
        return ""
    return language.gettext(LATE if any(each.late for each in sent) else SENT) if sent else ""
