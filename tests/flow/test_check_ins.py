"""After the session: it ends by the clock, its mentor says how it went, and the supervisor reads it and is asked to talk."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from deploy.demo.mentor import Page
from deploy.servers import url_of
from shared.contracts import ids
from tests.assessment.checking_in import zone_where_it_is
from tests.flow.commands import jitt, soon
from tests.flow.database import rows
from tests.flow.people import Learner, Supervisor, heard, link_of, said
from tests.flow.running import eventually
from tests.flow.telling import ACTIVITY as SAFETY_PLAN
from tests.flow.telling import STRUCTURED, scheduled, structured
from tests.flow.town import COLUMNS, NUMBERS, STEPS, Newcomer, Town

HILLSIDE = "hillside"
MENTOR = Newcomer("noor", "Noor Aziz", HILLSIDE)
TRAINED = Newcomer("tess", "Tess Marlow", HILLSIDE)
ZONE = zone_where_it_is(15)  # far from anybody's quiet hours, whenever this runs
MINUTES = timedelta(minutes=45)
LEFT = timedelta(seconds=20)  # of the session, when it is announced
ACTIVITY = "goal_review"
TAPS = {"happened": "yes", "step-asked_about_the_step": "did", "step-named_what_worked": "partly", "step-reset_the_step": "no",
        "confidence": "somewhat", "talk": "today"}  # fmt: skip
MEMORY = "SELECT skill, open_misses::text FROM trigger.skill WHERE mentor_id = $1"
TALK, STEP = "mentor_asked_to_talk", "planned_step_not_delivered"


@dataclass(slots=True)
class Hillside:
    token: str
    sam: Supervisor

    def announced(self, ref: str, starts_at: datetime, mentor: Newcomer = MENTOR, activity: str = ACTIVITY) -> None:
        data = scheduled(ref, mentor, starts_at, site_id=HILLSIDE, time_zone=ZONE, activity=activity)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": STRUCTURED}
        body = json.dumps(structured(data, id=f"{ref}/{starts_at.isoformat()}"))
        answer = httpx2.post(f"{url_of('trigger')}/v1/events", content=body, headers=headers, timeout=10)
        assert answer.status_code == 202, answer.text


@pytest.fixture(scope="module")
def hillside(town: Town) -> Iterator[Hillside]:
    """A site where check-ins come at the very end of a session, and it is afternoon."""
    jitt("site", "add", HILLSIDE, "--name", "Hillside", "--zone", ZONE, *NUMBERS, *STEPS)
    until = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}"
    file = town.folder / f"{HILLSIDE}.csv"
    cleared = f"base:{until};progress_accountability:{until};safety_plan_awareness:{until}"
    mentors = [f"{one.ref},mentor,{one.name},,,sam,,en,2026-09-01,{cleared}" for one in (MENTOR, TRAINED)]
    file.write_text("\n".join([COLUMNS, "sam,supervisor,Sam Rivera,,,,,,,", *mentors, ""]))
    jitt("import", "people", str(file), "--site", HILLSIDE)
    jitt("policy", "set", HILLSIDE, "--check-in", "0")
    added = jitt("publisher", "add", "hillside-web", "--site", HILLSIDE)
    sam = Supervisor("sam", HILLSIDE)
    yield Hillside(next(line for line in added.splitlines() if line.startswith("jitt_")), sam)
    sam.leave()


def test_a_session_ends_and_what_its_mentor_says_of_it_reaches_the_next_brief_and_the_alerts(hillside: Hillside) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hillside.announced("over-soon", now + LEFT - MINUTES)
    hillside.announced("later-today", now + MINUTES)
    link = soon("link", "--check-in", "--site", HILLSIDE, "--mentor", MENTOR.ref).strip()
    _looked_at(link, "Your session is not over yet.", "How did it go?")
    [reminded] = eventually(_reminders, "the check-in is due")
    session_id = str(ids.session(HILLSIDE, "over-soon"))
    assert (reminded["session_id"], reminded["mentor_id"]) == (session_id, str(MENTOR.id))
    with httpx2.Client(follow_redirects=True, timeout=10) as phone:
        assert _sent(phone, link, "How did it go?", **TAPS).heading == "Thank you."
        [told] = heard("assessment.events", "assessment.check_in_submitted.v1", MENTOR)
        assert (told["session_id"], told["wants_to_talk"], told["revision"]) == (session_id, "today", 1)
        alerts = hillside.sam.sees("/alerts", f"{MENTOR.name} asked to talk the same day")
        assert f"{MENTOR.name} did not do a planned step: “Set the next step together”" in alerts
        brief = hillside.sam.sees(_brief_of("later-today"), "Last session")
        for words in ("Set the next step together", "Did not", "Feels somewhat confident about the next session."):
            assert words in brief
        assert _sent(phone, f"{link}?change=true", "How did it go?", **TAPS | {"talk": "no"}).heading == "Thank you."
    resolved = eventually(lambda: _of_rule("resolved", TALK), "the alert is taken back")
    assert [one["how"] for one in resolved] == ["taken_back"]
    assert "asked to talk" not in hillside.sam.look("/alerts")
    hillside.sam.press(_brief_of("later-today"), "We talked")
    assert [one["how"] for one in eventually(lambda: _of_rule("resolved", STEP), "they talked")] == ["talked"]
    assert [one["revision"] for one in said("assessment.events", "assessment.check_in_submitted.v1", MENTOR)] == [1, 2]
    assert len(said("assessment.events", "assessment.step_checked.v1", MENTOR)) == 3


def test_a_step_that_was_not_done_is_in_the_memory_that_the_next_training_is_chosen_by(hillside: Hillside) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hillside.announced("done-before", now - MINUTES - timedelta(minutes=1), TRAINED, SAFETY_PLAN)
    hillside.announced("to-prepare", now + MINUTES, TRAINED, SAFETY_PLAN)
    learner = Learner(link_of(TRAINED))
    learner.missed, learner.told = "nothing", True  # misses nothing
    learner.walk()
    heard("assessment.events", "assessment.skill_remembered.v1", TRAINED)
    link = soon("link", "--check-in", "--session", "done-before", "--site", HILLSIDE).strip()
    taps = {"happened": "yes", "step-kept_to_your_role": "no", "step-said_what_stays_private": "did",
            "step-told_the_named_adult": "did", "talk": "no"}  # fmt: skip
    with httpx2.Client(follow_redirects=True, timeout=10) as phone:
        assert _sent(phone, link, "How did it go?", **taps).heading == "Thank you."
        assert eventually(lambda: _open_steps("kept_to_your_role"), "trigger knows of the step") == ["crisis_response"]
        _sent(phone, f"{link}?change=true", "How did it go?", **taps | {"step-kept_to_your_role": "did"})
    assert eventually(lambda: not _open_steps("kept_to_your_role"), "and that it was done after all")


def _open_steps(step: str) -> list[str]:
    """The skills of this mentor in which trigger has that step open."""
    return [skill for skill, misses in rows(MEMORY, TRAINED.id) if step in {miss["step"] for miss in json.loads(misses)}]


def _reminders() -> list[dict[str, str]]:
    events = said("trigger.events", "trigger.nudge_requested.v1", MENTOR)
    return [event for event in events if event["moment"] == "check_in"]


def _looked_at(link: str, *headings: str) -> Page:
    """Once its session has arrived there."""

    def page() -> Page | None:
        found = Page(httpx2.get(link, timeout=10).text)
        return found if found.heading in headings else None

    return eventually(page, f"the page says one of {headings}")


def _sent(phone: httpx2.Client, link: str, heading: str, **taps: str) -> Page:
    _looked_at(link, heading)
    answer = phone.get(link)
    form, button = Page(answer.text).form("Send")
    return Page(phone.post(answer.url.join(form.action), data=form.filled(button, **taps)).text)


def _brief_of(ref: str) -> str:
    told = json.loads(soon("link", "--session", ref, "--site", HILLSIDE, "--json"))
    return f"/briefs/{told['training_id']}"


def _of_rule(what: str, rule: str) -> list[dict[str, str]]:
    return [one for one in said("supervision.alerts", f"supervision.alert_{what}.v1", MENTOR) if one["rule"] == rule]
