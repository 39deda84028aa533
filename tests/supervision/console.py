"""A small site for the console's tests: one afternoon of one supervisor, made of real events, and people signed in.

The zone is chosen so that it is a little after 2 pm there, whenever the tests run: a day's sessions stay on that day.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2

from services.supervision import http_sign_in
from services.supervision.messages import SiteEntered
from shared.contracts import ids
from shared.contracts.assessment import CompletedItem, OpenAnswer, SkillRemembered
from shared.contracts.content import AssignedItem, Card, Item, Module, ModulePublished, ModuleRef, Option
from shared.contracts.event import Event
from shared.contracts.supervision import Hotline
from shared.process import application_of
from shared.running import Running
from tests.driving import deliver
from tests.supervision import builders
from tests.supervision.builders import HOUR, MINUTE, SITE

MODULE = "confidentiality_limits_1"
SECRET, GRADE, GOAL = "q1", "q2", "q3"
FUNCTIONS = (
    "relationship_building", "safeguarding_first_response", "progress_accountability", "school_motivation_talk",
    "academic_help", "virtual_mentoring", "closure_support",
)  # fmt: skip
ORIGIN = "http://console.test"


NO_PROMISE = (
    "That promise cannot be kept if someone is in danger, and breaking it costs more trust than never making it."
)


def an_option(id_: str, text: str, why: str, *, right: bool = False) -> Option:
    return Option(id=id_, text=text, why=why, right=right, mistake=None if right else "promises_secrecy")


def the_module() -> ModulePublished:
    secret = Item(
        id=SECRET, kind="single", skill="confidentiality_limits", safety=True, topic="Asked to keep a secret",
        stem="Your student says: “Promise you won’t tell.”", question="What do you say first?",
        options=(
            an_option("a", "I want to hear it. If you could be in danger, I have to get help.", "It is honest.", right=True),
            an_option("b", "Of course. Whatever you tell me stays between us.", NO_PROMISE),
        ),
        prompt="If your student asks you to keep a secret today, what will your first sentence be?",
    )  # fmt: skip
    grade = Item(
        id=GRADE, kind="single", skill="confidentiality_limits", topic="Pressure at home about a grade",
        question="What do you say next?",
        options=(
            an_option("a", "That sounds like a lot of pressure.", "It says back what you heard.", right=True),
            an_option("b", "What if you did just ten minutes a day? That works for most people.",
                      "A tip answers a question the student did not ask. Ask {staff_on_call}."),
        ),
        prompt="When did you last notice yourself jumping in with a fix? What was the student saying?",
    )  # fmt: skip
    goal = Item(id=GOAL, kind="open", skill="confidentiality_limits", topic="In your own words",
                stem="Your student says the goal was “stupid anyway”.", question="What would you say first?")  # fmt: skip
    module = Module(
        module_id=MODULE, locale="en", skill="confidentiality_limits", title="What stays between us", hook="A student asks you.",
        keep_in_mind="Say what you cannot keep, first.", minutes=4, scope_level=1, refer_when="Danger.",
        cards=(Card(title="One", text="One idea."),), items=(secret, grade, goal),
        prompts=("What will you say when you meet?", "How will you end today?"),
    )  # fmt: skip
    return ModulePublished(module_id=MODULE, locale="en", version=1, content_hash="0" * 64, module=module)


@dataclass
class Afternoon:
    """What is planned at the site, and how to make more of it happen."""

    running: Running
    now: datetime
    zone: str
    trainings: dict[str, UUID] = field(default_factory=dict)
    sessions: dict[str, UUID] = field(default_factory=dict)
    starts: dict[str, datetime] = field(default_factory=dict)
    batch: list[Event] | None = None

    async def happens(self, *events: Event) -> None:
        """At once, or with the rest of the batch."""
        if self.batch is None:
            await deliver(self.running, *events)
        else:
            self.batch += events

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Folds everything that happens inside as one batch: a day is then made in a second."""
        self.batch = []
        yield
        events, self.batch = self.batch, None
        await deliver(self.running, *events)

    async def staff(self, reference: str, name: str, role: str = "supervisor", site: str = SITE) -> UUID:
        await self.happens(builders.listed(
            site_id=site, reference=reference, role=role, name=name, supervisor_reference=None, cleared={}, time_zone=self.zone,
        ))  # fmt: skip
        return ids.supervisor(site, reference)

    async def mentor(self, reference: str, name: str, supervisor: str = "dana", phone: str = "555 555 0117") -> UUID:
        until = self.now + timedelta(days=100)
        await self.happens(builders.listed(
            reference=reference, name=name, supervisor_reference=supervisor, phone=phone, time_zone=self.zone,
            cleared=dict.fromkeys(FUNCTIONS, until),
        ))  # fmt: skip
        return ids.mentor(SITE, reference)

    async def session(self, reference: str, after: timedelta, activity: str = "goal_review", mode: str = "in_person",
                      *, number: int = 14, training: bool = True) -> None:  # fmt: skip
        """A planned session, and its training with two questions and an open one."""
        self.sessions[reference], self.trainings[reference] = uuid4(), uuid4()
        self.starts[reference] = self.now + after
        await self.happens(builders.planned(
            **self.of(reference), activity=activity, function="progress_accountability", mode=mode, session_no=number,
            quiz_by=self.now + after - 3 * HOUR, time_zone=self.zone,
        ))  # fmt: skip
        if training:
            await self.happens(builders.assigned(
                **self.of_training(reference), quiz_by=self.now + after - 3 * HOUR, module=ModuleRef(module_id=MODULE, version=1),
                items=tuple(AssignedItem(module_id=MODULE, version=1, item_id=item) for item in (SECRET, GRADE, GOAL)),
                time_zone=self.zone,
            ))  # fmt: skip

    def of(self, reference: str) -> dict[str, Any]:
        return {"mentor_id": ids.mentor(SITE, reference), "session_id": self.sessions[reference],
                "starts_at": self.starts[reference]}  # fmt: skip

    def of_training(self, reference: str) -> dict[str, Any]:
        return self.of(reference) | {"training_id": self.trainings[reference]}

    async def answers(self, reference: str, item: str, tries: str, confidence: str = "think_so") -> None:
        """`tries`: “right”, “wrong”, or “wrong right”."""
        at = self.now - 9 * MINUTE
        for attempt, word in enumerate(tries.split(), 1):
            await self.happens(builders.answered(
                **self.of_training(reference), module_id=MODULE, item_id=item, skill="confidentiality_limits", attempt=attempt,
                chosen=("a",) if word == "right" else ("b",), correct=word == "right", confidence=confidence,
                mistakes=() if word == "right" else ("promises_secrecy",), safety_critical=item == SECRET,
                offered_mistakes=("promises_secrecy",), answered_at=at, received_at=at,
            ))  # fmt: skip

    async def opens(self, reference: str) -> None:
        await self.happens(builders.opened(**self.of_training(reference), opened_at=self.now - 20 * MINUTE))

    async def completes(self, reference: str, open_state: str | None = None) -> None:
        items = tuple(
            CompletedItem(module_id=MODULE, version=1, item_id=item, first_try=True, recovered=False) for item in (SECRET, GRADE)
        )
        said = (OpenAnswer.model_validate({"item_id": GOAL, "state": open_state}),) if open_state else ()
        await self.happens(builders.completed(
            **self.of_training(reference), items=items, open_answers=said, completed_at=self.now - 5 * MINUTE
        ))  # fmt: skip

    async def remembers(self, reference: str, skill: str, days_ago: int, stability: float) -> None:
        await self.happens(SkillRemembered(
            mentor_id=ids.mentor(SITE, reference), site_id=SITE, skill=skill, stability=stability, difficulty=5, decay=0.2,
            reviewed_at=self.now - timedelta(days=days_ago), revision=1,
        ))  # fmt: skip

    async def finishes(self, reference: str, grade: str = "right", sure: str = "think_so") -> None:
        await self.opens(reference)
        await self.answers(reference, SECRET, "right")
        await self.answers(reference, GRADE, grade, sure)
        await self.completes(reference)


async def an_afternoon(running: Running) -> Afternoon:
    """The site, Dana and Omar with their mentors, and Priya, the lead. Nothing is planned yet."""
    async with running.connection() as conn:
        now = await conn.fetchval("SELECT now()")
    day = Afternoon(running, now, afternoon_zone(now))
    await day.happens(the_site(day.zone), the_module())
    await day.staff("dana", "Dana Ortiz")
    await day.staff("omar", "Omar Haddad")
    await day.staff("priya", "Priya Nair", "site_lead")
    return day


def the_site(zone: str) -> Event:
    return SiteEntered(
        site_id=SITE, name="Eastfield Mentoring", phone="555 555 0100", time_zone=zone, locales=("en",),
        hotline=Hotline(label="State child protection line", number="1-800-555-0199"),
        reporting_steps=("Call the state line yourself.", "Then tell your site lead."), staff_on_call="555 555 0101",
    )  # fmt: skip


async def a_full_afternoon(running: Running) -> Afternoon:
    """Nine sessions in every state that Today tells apart."""
    day = await an_afternoon(running)
    async with day.together():
        await _nine_sessions(day)
    return day


async def _nine_sessions(day: Afternoon) -> None:
    half = timedelta(minutes=30)
    start = half - timedelta(minutes=day.now.minute % 30, seconds=day.now.second, microseconds=day.now.microsecond)
    people = (
        ("tom", "Tom Okafor", 1, "homework_help"), ("marcus", "Marcus Bell", 2, "goal_review"),
        ("leah", "Leah Whitcombe", 2, "goal_review"), ("samuel", "Samuel Adeyemi", 3, "homework_help"),
        ("rosa", "Rosa Lindqvist", 3, "goal_review"), ("ines", "Inês Carvalho", 4, "first_meeting"),
        ("devi", "Devi Raman", 5, "school_motivation"), ("anton", "Anton Kuhl", 7, "goal_review"),
        ("grace", "Grace Mbeki", 8, "closing_plan"),
    )  # fmt: skip
    for number, (reference, name, halves, activity) in enumerate(people):
        mode = "virtual" if activity == "homework_help" else "in_person"
        await day.mentor(reference, name, phone=f"555 555 01{number + 17}")
        await day.session(reference, start + halves * half, activity, mode, number=number + 1)
    await day.opens("marcus")
    await day.answers("marcus", SECRET, "wrong wrong")
    await day.answers("marcus", GRADE, "wrong right", "sure")
    await day.completes("marcus", "written")
    await day.finishes("leah")
    await day.finishes("samuel", grade="wrong right")
    await day.finishes("rosa", grade="wrong right")
    await day.finishes("ines")
    await day.happens(builders.call(
        mentor_id=ids.mentor(SITE, "ines"), kind="can_wait", pressed_at=day.now - HOUR, session_id=day.sessions["ines"],
    ))  # fmt: skip
    await day.opens("devi")
    await day.answers("devi", SECRET, "right")
    await day.finishes("grace")
    await day.remembers("marcus", "reflective_listening", 36, 12)
    await day.remembers("marcus", "open_questions", 13, 30)
    await day.remembers("marcus", "planner_routines", 70, 0.4)


def afternoon_zone(now: datetime) -> str:
    """Etc/GMT+7 is seven hours behind: the sign is the other way round."""
    behind = (now.hour - 14) % 24
    return f"Etc/GMT+{behind}" if behind <= 12 else f"Etc/GMT-{24 - behind}"


@asynccontextmanager
async def a_browser(running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that keeps cookies, as one person's browser does; it follows no redirects by itself."""
    transport = httpx2.ASGITransport(application_of(running))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"accept": "text/html"}) as client:
        yield client


@asynccontextmanager
async def signed_in(running: Running, reference: str, site: str = SITE) -> AsyncIterator[httpx2.AsyncClient]:
    link = await http_sign_in.mint_sign_in(running.pool, ids.supervisor(site, reference))
    async with a_browser(running) as client:
        response = await client.post(path_of(link))
        assert response.status_code == 303, response.text
        yield client


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def form(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with this action, as a browser would send them."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', html, re.DOTALL)
    assert found, f"no form for {action}"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))


def words(html: str) -> str:
    """What a page says, without its tags, in one line."""
    body = html.split('<main id="main" class="stack">', 1)[-1].split("</main>", 1)[0]
    plain = re.sub(r"<[^>]+>", " ", body)
    for code, character in (("&amp;", "&"), ("&#39;", "’"), ("&#34;", '"')):
        plain = plain.replace(code, character)
    return re.sub(r"\s+", " ", plain).strip()
