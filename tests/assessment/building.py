"""A small training to play with: one module of three cards and four questions, for a session on Thursday at 4:00 pm."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.content import (
    AssignedItem,
    Branch,
    Card,
    Item,
    Line,
    Module,
    ModulePublished,
    ModuleRef,
    Option,
    Picture,
    Reason,
    TrainingAssigned,
)
from shared.contracts.supervision import Hotline, MentorEnrolled, SiteDescribed
from shared.contracts.trigger import SessionPlanned

START = datetime(2026, 11, 26, 22, tzinfo=UTC)  # 4:00 pm in Chicago
QUIZ_BY = START - timedelta(hours=3)
OPENED_AT = START - timedelta(hours=20)
TRAINING, SESSION, MENTOR = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
ZONE = "America/Chicago"


def option(id_: str, text: str, *, right: bool = False, mistake: str | None = None, place: int | None = None) -> Option:
    return Option(id=id_, text=text, right=right, mistake=mistake, why=f"Because of what {id_} does for the talk.", place=place)


SINGLE = Item(
    id="q1",
    kind="single",
    skill="reflective_listening",
    topic="pressure at home about a grade",
    stem="You ask about the study goal. Ana, 14, says: “My mom asks about the grade every single night.”",
    question="What do you say first?",
    cue="the reply that shows you heard the feeling, before anything else.",
    options=(
        option("a", "“What if you did just ten minutes a day?”", mistake="fixes_first"),
        option("b", "“The pressure makes it hard even to start.”", right=True),
        option("c", "“Why don’t you want to open it?”", mistake="asks_instead"),
    ),
)
SAFETY = Item(
    id="q2",
    kind="single",
    skill="disclosure_response",
    safety=True,
    topic="a promise to keep a secret",
    stem="Jaylen, 13, says: “You have to swear not to tell.”",
    question="You say:",
    cue="honesty now, so that trust can last.",
    options=(
        option("a", "“I swear I won’t tell a soul.”", mistake="promises_secrecy"),
        option("b", "“I can’t promise that. I’m listening.”", right=True),
        option("c", "“Then it’s better not to tell me.”", mistake="hands_off_duty"),
    ),
)
MULTI = Item(
    id="q3",
    kind="multi",
    skill="reflective_listening",
    topic="what a reflection is",
    question="Which of these say back what you heard?",
    cue="a guess with a period at the end.",
    options=(
        option("a", "“It feels like a lot.”", right=True),
        option("b", "“Have you tried a planner?”", mistake="fixes_first"),
        option("c", "“You wish she asked about something else.”", right=True),
    ),
)
ORDER = Item(
    id="q4",
    kind="order",
    skill="change_talk",
    topic="the steps of the talk",
    question="In which order do you go?",
    cue="their reasons come before any plan.",
    options=(
        option("a", "Ask what they like about it", place=1),
        option("b", "Say back the reasons you heard", place=2),
        option("c", "Ask what they want to do", mistake="rushing_to_plan", place=3),
    ),
)
OPEN = Item(
    id="q5",
    kind="open",
    skill="reflective_listening",
    topic="your own reflection",
    question="The goal was “stupid anyway”. What would you say first?",
)
PAIR = Item(
    id="q6",
    kind="single",
    skill="reflective_listening",
    topic="two ways",
    question="Which one?",
    options=(option("a", "Wait", right=True), option("b", "Fill the silence", mistake="topping")),
)
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100">'
    '<path d="M20 50C60 10 140 10 180 50" fill="none" stroke="#2f86a0" stroke-width="3"/></svg>'
)
CARDS = (
    Card(
        title="A reflection is a guess with a period",
        picture=Picture(name="arc", alt="An arc from one side to the other", svg=DRAWING, width=200, height=100),
        text="Say back **what you heard**, then stop. If it is about harm: {state_hotline}.",
    ),
    Card(
        kind="example", title="Three tries", text="A good try, with the reason.", scene=(Line(who="student", text="Whatever."),)
    ),
    Card(
        kind="branch",
        title="When we fix it fast",
        text="A student, 14, set a goal in September.",
        scene=(Line(who="student", text="I missed two again."), Line(who="you", text="You just need to start earlier.")),
        branches=(
            Branch(
                id="a",
                say="“Two missed, and it feels like that’s just who you are.”",
                reaction="Kind of. Yeah.",
                then="The student goes on.",
            ),
            Branch(id="b", say="“Why did you miss them?”", reaction="I don’t know.", then="The student looks away."),
        ),
    ),
)


def published(*items: Item, **changes: Any) -> ModulePublished:
    values: dict[str, Any] = {
        "module_id": "reflective_listening_1",
        "locale": "en",
        "skill": "reflective_listening",
        "title": "Say it back before you advise",
        "hook": "He’ll say school was “whatever”. You have one sentence.",
        "keep_in_mind": "Before your first suggestion, say back what you heard in one sentence.",
        "minutes": 4,
        "scope_level": 1,
        "refer_when": "Hopeless words: get help the way your crisis steps say.",
        "cards": CARDS,
        "items": items or (SINGLE, SAFETY, MULTI, OPEN),
        "prompts": ("“What did you hear?”",),
    } | changes
    module = Module(**values)
    return ModulePublished(module_id=module.module_id, locale=module.locale, version=1, content_hash="0" * 64, module=module)


def assigned(*items: Item, **changes: Any) -> TrainingAssigned:
    values: dict[str, Any] = {
        "training_id": TRAINING,
        "session_id": SESSION,
        "mentor_id": MENTOR,
        "site_id": "east",
        "starts_at": START,
        "time_zone": ZONE,
        "locale": "en",
        "kind": "module",
        "module": ModuleRef(module_id="reflective_listening_1", version=1),
        "items": tuple(
            AssignedItem(module_id="reflective_listening_1", version=1, item_id=i.id)
            for i in items or (SINGLE, SAFETY, MULTI, OPEN)
        ),
        "quiz_by": QUIZ_BY,
        "reasons": (
            Reason(code="activity", activity="goal_review", skill="reflective_listening"),
            Reason(code="days", skill="reflective_listening", days=35),
        ),
    }
    return TrainingAssigned(**values | changes)


def planned(**changes: Any) -> SessionPlanned:
    values: dict[str, Any] = {
        "session_id": SESSION,
        "site_id": "east",
        "mentor_id": MENTOR,
        "starts_at": START,
        "time_zone": ZONE,
        "minutes": 45,
        "activity": "goal_review",
        "function": "progress_accountability",
        "quiz_by": QUIZ_BY,
        "revision": 1,
    }
    return SessionPlanned(**values | changes)


def enrolled(**changes: Any) -> MentorEnrolled:
    values: dict[str, Any] = {
        "mentor_id": MENTOR,
        "site_id": "east",
        "supervisor_id": UUID(int=0xD),
        "time_zone": ZONE,
        "revision": 1,
    }
    return MentorEnrolled(**values | changes)


def site(**changes: Any) -> SiteDescribed:
    values: dict[str, Any] = {
        "site_id": "east",
        "name": "Eastfield Mentoring",
        "phone": "555 555 0100",
        "time_zone": ZONE,
        "hotline": Hotline(label="State child protection", number="1-800-555-0199"),
        "reporting_steps": ("Call the state hotline.", "Write down the young person’s own words on the site’s form."),
        "staff_on_call": "555 555 0101",
        "revision": 1,
    }
    return SiteDescribed(**values | changes)
