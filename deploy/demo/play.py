"""`make demo`: two invented sites, one mentor's session, one confident miss; told as it happens."""

import asyncio
import io
import json
import os
import sys
import time
import tomllib
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import fill
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from deploy.demo.mentor import Mentor, Page, as_shown
from deploy.network import Network, network
from deploy.servers import url_of
from shared import bus
from shared.contracts import ids
from shared.contracts.vocabulary import vocabulary
from shared.settings import settings

HERE = Path(__file__).parent
NEWCOMERS = ("Marcus Bell", "Nadia Voss", "Theo Lindgren", "Amara Diallo", "Jonas Weber", "Yuki Tanabe", "Elena Sorokina",
             "Caleb Stone", "Rosa Quintero", "Malik Greene", "Freya Holm", "Oscar Pena")
SECONDS = 90.0
WATCHED = ("trigger.events", "content.events", "assessment.events", "supervision.events", "supervision.alerts")
OPEN_ANSWER = "I would keep her on the line, ask where she is, and bring in a person who can help."


class DemoFailed(Exception):
    """The loop did not close in time; the words say what was missing."""


@dataclass(slots=True)
class Story:
    """Prints plain lines, each with the seconds since the network was ready and since the line before."""

    started: float
    last: float

    def say(self, words: str) -> None:
        now = time.monotonic()
        times = f"{now - self.started:6.1f} s  +{now - self.last:5.2f}   "
        print(fill(words, 110, initial_indent=times, subsequent_indent=" " * len(times)), flush=True)
        self.last = now


def play(home: Path, command: Callable[..., Any]) -> int:
    """The exit code. `command` runs a `jitt` command in this process."""
    stays = sys.stdout.isatty() and os.environ.get("DEMO_EXIT") != "1"
    print("Starting Kafka, PostgreSQL and four services here (nothing is installed; Ctrl-C stops everything).")
    try:
        with network(home, print) as running:
            asyncio.run(_tell(running, command))
            if stays:
                print("\nIt all stays up. Ctrl-C stops it.", flush=True)
                while True:
                    running.watch()
                    time.sleep(1)
    except KeyboardInterrupt:
        print("Stopped")
    except DemoFailed as problem:
        print(f"The demo did not get to its end: {problem}", file=sys.stderr)
        return 1
    return 0


async def _tell(running: Network, command: Callable[..., Any]) -> None:
    story = Story(time.monotonic(), time.monotonic())
    do = _quiet(command)
    number = _run_number(running.home)
    name = NEWCOMERS[(number - 1) % len(NEWCOMERS)]
    ref = f"newcomer-{number}"
    print(f"\nseconds since ready, and since the line before\n{'-' * 78}")
    async with bus.tail(settings().kafka, WATCHED) as records:
        events = Events(records, story)
        await asyncio.to_thread(_provision, do, story, ref, name)
        calendar, starts_at = _calendar(running.home, number)
        await asyncio.to_thread(_soon, do, "import", "ics", str(calendar), "--site", "eastfield", "--mentor", ref)
        mentor_id = str(ids.mentor("eastfield", ref))
        story.say(f"Eastfield's calendar says: {name}, safety plan follow-up, at {starts_at:%-I:%M %p} ({starts_at.tzname()})")
        training = await _assigned(events, story, mentor_id, name)
        link = (await asyncio.to_thread(_soon, do, "link", training["training_id"])).strip()
        walking = asyncio.create_task(asyncio.to_thread(_answer, link, training, story, name))
        alert = await events.until("supervision.alert_raised.v1", mentor_id)
        story.say(f"Alert: {alert['rule'].replace('_', ' ')} ({alert['severity']}), to {_staff(alert['supervisor_id'])}, "
                  f"to be acknowledged by {_at(alert['acknowledge_by'])}")
        await walking
        await events.until("supervision.brief_ready.v1", mentor_id)
        story.say("The brief is ready")
        await asyncio.to_thread(_show_brief, do, story, training["training_id"], name)
    print(f"{'-' * 78}\nNow look for yourself:")
    print(f"  {name}'s training: {link}")
    check_in = await asyncio.to_thread(do, "link", "--check-in", "--site", "eastfield", "--mentor", ref)
    print(f"  {name}'s check-in (opens when the session is over): {check_in.strip()}")
    print(f"  Dana's console (opens once): {await asyncio.to_thread(_sign_in, do)}", flush=True)


class Events:
    """What is published, waited for by type and mentor."""

    def __init__(self, records: Any, story: Story) -> None:
        self.records, self.story = records, story
        self.kept: list[tuple[str, dict[str, Any]]] = []

    async def until(self, type_: str, mentor_id: str) -> dict[str, Any]:
        """The next event of that type about that mentor. Raises DemoFailed when it does not come."""
        for index, (known, event) in enumerate(self.kept):
            if known == type_ and event["mentor_id"] == mentor_id:
                del self.kept[index]
                return event
        left = self.story.started + SECONDS - time.monotonic()
        try:
            async with asyncio.timeout(left):
                return await self._next(type_, mentor_id)
        except TimeoutError:
            raise DemoFailed(f"no {type_} within {SECONDS:.0f} s. The services' logs are in {settings().home}/services") from None

    async def _next(self, type_: str, mentor_id: str) -> dict[str, Any]:
        async for record in self.records:
            found = dict(record.headers)["ce_type"].decode()
            event: dict[str, Any] = json.loads(record.value)
            if found == type_ and event["mentor_id"] == mentor_id:
                return event
            if event.get("mentor_id") == mentor_id:
                self.kept.append((found, event))
        raise DemoFailed("Kafka went away")


def _provision(do: Callable[..., str], story: Story, ref: str, name: str) -> None:
    published = json.loads(do("content", "publish", "--json"))
    story.say(f"Content: {len(published)} modules, checked and published")
    for site in tomllib.loads((HERE / "sites.toml").read_text())["site"]:
        steps = [word for step in site["reporting_steps"] for word in ("--reporting-step", step)]
        do("site", "add", site["id"], "--name", site["name"], "--zone", site["zone"], "--phone", site["phone"],
           "--hotline-label", site["hotline_label"], "--hotline", site["hotline"], "--on-call", site["on_call"], *steps)
        people = _people(site["people"], ref, name)
        do("import", "people", str(people), "--site", site["id"])
        count = len(people.read_text().splitlines()) - 1
        story.say(f"Site {site['name']} ({site['zone']}), {count} people, from {site['people']}")


def _people(file: str, ref: str, name: str) -> Path:
    """The sample file with today's dates; at Eastfield a new mentor joins in every run."""
    today = datetime.now(UTC).date()
    text = (HERE / file).read_text().format(today=today, next_year=today + timedelta(days=365), ref=ref, name=name)
    made = settings().home / file
    made.write_text(text)
    return made


def _calendar(home: Path, number: int) -> tuple[Path, datetime]:
    """A calendar as a site exports it: one session, 40 minutes from now."""
    zone = ZoneInfo("America/Chicago")
    starts_at = (datetime.now(zone) + timedelta(minutes=40)).replace(second=0, microsecond=0)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Eastfield (invented)//Calendar//EN", "BEGIN:VEVENT",
             f"UID:follow-up-{number}@eastfield.example.org", f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
             f"DTSTART;TZID=America/Chicago:{starts_at:%Y%m%dT%H%M%S}", "DURATION:PT45M", "SUMMARY:Mentoring",
             "CATEGORIES:safety_plan_follow_up", "END:VEVENT", "END:VCALENDAR", ""]
    file = home / "eastfield.ics"
    file.write_text("\r\n".join(lines), newline="")
    return file, starts_at


def _soon(do: Callable[..., str], *words: str) -> str:
    """What was said a moment ago reaches the other services through Kafka: asks again for five seconds."""
    for _ in range(50):
        try:
            return do(*words)
        except DemoFailed:
            time.sleep(0.1)
    return do(*words)


async def _assigned(events: Events, story: Story, mentor_id: str, name: str) -> dict[str, Any]:
    await events.until("trigger.session_planned.v1", mentor_id)
    story.say("Session planned. It starts within a day, so the training is asked for at once")
    asked = await events.until("trigger.content_requested.v1", mentor_id)
    skills = vocabulary().skills
    needs = ", ".join(f"{skills[need['skill']].title} {need['need']:.2f} ({need['reason'].replace('_', ' ')})"
                      for need in asked["needs"])
    story.say(f"What this session needs of {name}: {needs}")
    assigned = await events.until("content.training_assigned.v1", mentor_id)
    module = assigned["module"]
    story.say(f"Assigned: {module['module_id']} version {module['version']}, the first of these needs that has a module")
    return assigned


def _answer(link: str, training: dict[str, Any], story: Story, name: str) -> None:
    """Reads every card; misses the first safety question, certain; the rest is right."""
    module_id = training["module"]["module_id"]
    module = httpx2.get(f"{url_of('content')}/v1/modules/{module_id}", timeout=5).json()["module"]
    right = [as_shown(option["text"]) for item in module["items"] for option in item["options"] if option["right"]]
    missed: list[str] = []

    def answer(question: str, options: list[str]) -> int:
        which = next(index for index, words in enumerate(options) if any(one.fullmatch(words) for one in right) == bool(missed))
        if not missed:
            missed.append(question)
            story.say(f"{name} misses a safety question, certain: “{question}” - {options[which]}")
        return which

    pages = Mentor(link, answer, OPEN_ANSWER).walk()
    story.say(f"{name} has finished: {len(pages)} pages; the last says “{pages[-1]}”")


def _show_brief(do: Callable[..., str], story: Story, training_id: str, name: str) -> None:
    """Signs in as the supervisor and reads the brief as it is on the page."""
    client = httpx2.Client(follow_redirects=True, timeout=10, headers={"Accept": "text/html"})
    entry = client.get(_sign_in(do))
    form = Page(entry.text).forms[0]
    client.post(entry.url.join(form.action), data=form.hidden, headers={"Origin": url_of("supervision")})
    brief = client.get(f"{url_of('supervision')}/briefs/{training_id}")
    for words in (name, "Talk first", OPEN_ANSWER[:30]):
        if words not in brief.text:
            raise DemoFailed(f"the brief answered {brief.status_code} and does not show “{words}”")
    story.say(f"Dana opens the brief on {name}: talk first, what was missed and why, {name}'s own sentence, two things to ask")


def _sign_in(do: Callable[..., str]) -> str:
    return do("sign-in", "--site", "eastfield", "--person", "dana").strip()


def _quiet(command: Callable[..., Any]) -> Callable[..., str]:
    def do(*words: str) -> str:
        said, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(errors):
            code = command(list(words), standalone_mode=False)
        if code:
            raise DemoFailed(f"jitt {' '.join(words)}: {errors.getvalue().strip() or f'exit {code}'}")
        return said.getvalue()

    return do


def _run_number(home: Path) -> int:
    file = home / "demo-runs"
    number = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(number))
    return number


def _staff(person_id: str | None) -> str:
    known = {str(ids.supervisor("eastfield", ref)): name for ref, name in (("dana", "Dana Ortiz"), ("priya", "Priya Nair"))}
    return known.get(person_id or "", "the staff on call")


def _at(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo('America/Chicago')):%-I:%M %p}"
