"""What goes on meanwhile: sites announce, move and cancel sessions, mentors answer. What was accepted is noted.

Everybody behaves as a careful caller does: what was not acknowledged is said again, with the same id or from the same form.
"""

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.mentor import Choice, Form, Page
from deploy.servers import url_of
from shared.contracts import ids
from shared.messaging.message import inbox_id
from shared.security import Link, mint_link
from shared.settings import settings
from tests.flow.commands import jitt
from tests.flow.database import rows
from tests.flow.people import LAST_PAGE, Learner, options
from tests.flow.running import eventually
from tests.flow.telling import ACTIVITY
from tests.flow.town import COLUMNS, NUMBERS, STEPS

SCHEDULED, CANCELLED = "site.session_scheduled.v1", "site.session_cancelled.v1"
PATIENCE = 120.0
BY_HTTPS, MOVED, CANCELLED_TOO, SAID_TWICE, OVER_ALREADY = 0.05, 0.3, 0.1, 0.05, 0.02  # shares of the sessions
MINUTES = 45
OTHERS = tuple(f"other{n}" for n in range(5))  # mentors of sessions that are over: more of them would change others' sessions
EARLY = 0.75  # of the sessions: a moment that comes of one of the rest would have to be waited for
WALKERS = 6  # learners who are on their way at the same time; they mostly wait for a page
LAST_CALL, CHECK_IN = timedelta(minutes=30), timedelta(minutes=15)  # before the start; after the end


@dataclass(frozen=True, slots=True)
class Site:
    """A tenant, which says what it says by Kafka or by HTTPS."""

    name: str
    zone: str
    supervisor: str

    @property
    def bus(self) -> str:
        return f"{self.name}-bus"

    @property
    def web(self) -> str:
        return f"{self.name}-web"


SITES = (Site("lakeside", "America/Chicago", "dana"), Site("riverside", "Australia/Sydney", "rio"))
SOURCE = "https://booking.example.org"  # of both, who also use the same ids and references: only who says it tells them apart


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing that a site says of a session. `publisher` is who says it, and by which way."""

    id: str
    type: str
    data: dict[str, Any]
    publisher: str
    twice: bool = False

    @property
    def inbox_id(self) -> UUID:
        return inbox_id(self.publisher, SOURCE, self.id)


@dataclass(frozen=True, slots=True)
class Coming:
    """A moment of a session that comes while we look."""

    moment: Literal["last_call", "check_in"]
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """All that is said of one session, in order. A near one is due at once; of a learner's the training is walked through."""

    site: Site
    ref: str
    mentor: str
    near: bool
    announcements: tuple[Announcement, ...]
    coming: Coming | None = None

    @property
    def session_id(self) -> UUID:
        return ids.session(self.site.name, self.ref)

    @property
    def mentor_id(self) -> UUID:
        return ids.mentor(self.site.name, self.mentor)

    @property
    def training_id(self) -> UUID:
        starts_at = datetime.fromisoformat(next(a for a in self.announcements if a.type == SCHEDULED).data["starts_at"])
        return ids.training(self.mentor_id, starts_at.astimezone(ZoneInfo(self.site.zone)).date())


@dataclass(slots=True)
class Walked:
    """One mentor's way through a training: (question, attempt) for every answer that a page showed as taken."""

    story: Story
    answers: list[tuple[int, int]] = field(default_factory=list)
    ended: bool = False


@dataclass(slots=True)
class Done:
    """What the outside world knows to be true: the oracle's own facts."""

    stories: list[Story] = field(default_factory=list)  # wholly accepted
    walks: list[Walked] = field(default_factory=list)
    told_again: int = 0

    def add(self, more: "Done") -> None:
        self.stories += more.stories
        self.walks += more.walks
        self.told_again += more.told_again

    @property
    def calls(self) -> int:
        """Announcements that were accepted, and answers that were taken."""
        return sum(len(story.announcements) for story in self.stories) + self.answers

    @property
    def answers(self) -> int:
        return sum(len(walk.answers) for walk in self.walks)


def settle(folder: Path, mentors: int) -> dict[str, str]:
    """The trainings, the sites with so many mentors each, their publishers; answers the tokens of those who speak HTTPS."""
    jitt("content", "publish")
    tokens = {site.web: _settle(site, folder, mentors) for site in SITES}
    options()  # asked for while content is there
    eventually(lambda: rows("SELECT count(*) FROM trigger.mentor") == [((mentors + len(OTHERS)) * len(SITES),)],
               "trigger knows the rosters")
    return tokens


def _settle(site: Site, folder: Path, mentors: int) -> str:
    """Without quiet hours, so that it does not matter when this runs."""
    jitt("site", "add", site.name, "--name", site.name.title(), "--zone", site.zone, *NUMBERS, *STEPS)
    jitt("policy", "set", site.name, "--quiet-from", "00:00", "--quiet-to", "00:00")
    until, started = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}", f"{datetime.now(UTC):%Y-%m-%d}"
    cleared = f"base:{until};goal_setting_support:{until};safety_plan_awareness:{until}"
    lines = [f"{n},mentor,Mentor {n},,,{site.supervisor},,en,{started},{cleared}"
             for n in [*(f"m{n}" for n in range(mentors)), *OTHERS]]  # fmt: skip
    file = folder / f"{site.name}.csv"
    file.write_text("\n".join([COLUMNS, f"{site.supervisor},supervisor,{site.supervisor.title()} Ortiz,,,,,,,", *lines, ""]))
    jitt("import", "people", str(file), "--site", site.name)
    jitt("publisher", "add", site.bus, "--site", site.name, "--kafka")
    return next(line for line in jitt("publisher", "add", site.web, "--site", site.name).splitlines() if line.startswith("jitt_"))


def stories(number: int, seconds: float, *, near: int, mentors: int, seed: int, twice: float = SAID_TWICE,
            after: tuple[int, int] = (0, 0)) -> list[Story]:
    """What the sites say in turn within so many seconds. `near` sessions start within the hour, each of another mentor; the
    rest within two months, but for a few that are over. Of early ones some moments come meanwhile. `after`: so many sessions, and
    near ones, were told before; these have other references, and near ones other mentors."""
    told_before, near_before = after
    chance, began = random.Random(seed + told_before), datetime.now(UTC)
    every = max(1, number // near) if near else number + 1
    told: Counter[Site] = Counter()
    found = []
    for n in range(number):
        soon = near_before + n // every if near and n % every == 0 and n // every < near else None
        site = SITES[(n if soon is None else soon // 2) % len(SITES)]
        ref, told_at = f"s-{told_before + told[site]}", began + timedelta(seconds=n * seconds / number)
        told[site] += 1
        early = n < EARLY * number
        found.append(_story(site, ref, told_at, chance, near=soon, early=early, mentors=mentors, twice=twice))
    return found


def _story(site: Site, ref: str, told_at: datetime, chance: random.Random, *, near: int | None, early: bool, mentors: int,
           twice: float) -> Story:
    start, coming = _start(told_at, chance, near, early)
    mentor = f"m{near if near is not None else chance.randrange(mentors)}"
    if coming and near is None:
        mentor = chance.choice(OTHERS)
    publisher = site.web if chance.random() < BY_HTTPS else site.bus
    far, told = near is None and coming is None, []
    moves = [start, start + timedelta(hours=1)] if far and chance.random() < MOVED else [start]
    for revision, at in enumerate(moves):
        data = {"session_ref": ref, "site_id": site.name, "mentor_ref": mentor, "starts_at": at.isoformat(), "minutes": MINUTES,
                "time_zone": site.zone, "activity": ACTIVITY, "revision": revision}  # fmt: skip
        told.append(Announcement(f"{ref}/{revision}", SCHEDULED, data, publisher, chance.random() < twice))
    if far and chance.random() < CANCELLED_TOO:
        data = {"session_ref": ref, "site_id": site.name, "revision": len(moves)}
        told.append(Announcement(f"{ref}/{len(moves)}", CANCELLED, data, publisher))
    return Story(site, ref, mentor, near is not None, tuple(told), coming)


def _start(told_at: datetime, chance: random.Random, near: int | None, early: bool) -> tuple[datetime, Coming | None]:
    """When a session starts, and what comes of it soon after it is told."""
    soon = told_at + timedelta(seconds=chance.randint(5, 20))
    if near is not None and near % 2 and early:
        return soon + LAST_CALL, Coming("last_call", soon)
    if near is not None:
        return told_at + timedelta(minutes=chance.randint(40, 59)), None
    if early and chance.random() < OVER_ALREADY:
        return soon - CHECK_IN - timedelta(minutes=MINUTES), Coming("check_in", soon)
    return told_at + timedelta(days=chance.randint(3, 60), minutes=chance.randrange(480)), None


class Load:
    """Tells the stories at a steady rate, and sends learners through the trainings, until everything is accepted."""

    def __init__(self, told: Sequence[Story], tokens: dict[str, str], seconds: float, learners: int) -> None:
        self.done = Done()
        self._stories, self._tokens, self._seconds = told, tokens, seconds
        self._learners = _spread([story.session_id for story in told if story.near], learners)
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._walkers = ThreadPoolExecutor(WALKERS, thread_name_prefix="learner")
        self._walks: list[Any] = []
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def going_on(self) -> bool:
        return self._thread.is_alive()

    def finish(self) -> Done:
        """Waits for the last acknowledgement and the last page. Raises what went wrong."""
        self._thread.join(PATIENCE + self._seconds)
        assert not self._thread.is_alive(), "the load did not come to its end"
        for walk in self._walks:
            walk.result(PATIENCE)
        self._walkers.shutdown()
        if self._failed:
            raise self._failed[0]
        return self.done

    def _run(self) -> None:
        try:
            asyncio.run(self._tell())
        except BaseException as error:
            self._failed.append(error)

    async def _tell(self) -> None:
        began, gap = time.monotonic(), self._seconds / max(1, len(self._stories))
        async with httpx2.AsyncClient(timeout=10) as web:
            waiting = set()
            for n, story in enumerate(self._stories):
                if (wait := began + n * gap - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                waiting.add(asyncio.create_task(self._one(story, web)))
            await asyncio.gather(*waiting)
        if self._producer:
            await self._producer.stop()

    async def _one(self, story: Story, web: httpx2.AsyncClient) -> None:
        """What comes later of a session is said after the earlier was acknowledged, as one system would."""
        for one in story.announcements:
            for _ in range(2 if one.twice else 1):
                await (self._by_https(one, web) if one.publisher in self._tokens else self._by_kafka(one))
        self.done.stories.append(story)
        if story.session_id in self._learners:
            self._walks.append(self._walkers.submit(self._walk, story))

    async def _by_kafka(self, one: Announcement) -> None:
        attributes = {"specversion": "1.0", "id": one.id, "source": SOURCE, "type": one.type}
        headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
        key, value = one.data["session_ref"].encode(), json.dumps(one.data).encode()
        await self._until_accepted(lambda: self._send(f"in.{one.publisher}", key, value, headers))

    async def _send(self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        async with self._starting:
            if self._producer is None:
                made = AIOKafkaProducer(bootstrap_servers=settings().kafka, acks="all", enable_idempotence=True, linger_ms=5)
                try:
                    await made.start()
                except BaseException:
                    await made.stop()
                    raise
                self._producer = made
        await self._producer.send_and_wait(topic, value, key=key, headers=headers)

    async def _by_https(self, one: Announcement, web: httpx2.AsyncClient) -> None:
        event = {"specversion": "1.0", "id": one.id, "source": SOURCE, "type": one.type, "data": one.data}
        headers = {"Authorization": f"Bearer {self._tokens[one.publisher]}", "Content-Type": "application/cloudevents+json"}

        async def post() -> None:
            answer = await web.post(f"{url_of('trigger')}/v1/events", content=json.dumps(event), headers=headers)
            if answer.status_code >= 500 or answer.status_code == 429:
                raise ConnectionError(f"trigger answered {answer.status_code}")
            assert answer.status_code == 202, f"trigger answered {answer.status_code}: {answer.text}"

        await self._until_accepted(post)

    async def _until_accepted(self, say: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await say()
                return
            except (KafkaError, httpx2.TransportError, OSError) as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"not accepted within {PATIENCE:.0f} s: {error}") from error
                self.done.told_again += 1
                await asyncio.sleep(0.3)

    def _walk(self, story: Story) -> None:
        walk = Walked(story)
        self.done.walks.append(walk)
        try:
            walk.ended = Patient(link_of(story), walk).walk()[-1] == LAST_PAGE
        except BaseException as error:
            self._failed.append(error)


def _spread(sessions: Sequence[UUID], number: int) -> set[UUID]:
    """So many of them, from the first to the last: there is somebody to interrupt all the time."""
    return set(sessions[:: max(1, len(sessions) // number)][:number]) if number else set()


def link_of(story: Story) -> str:
    """As the mentor's mail would have it."""
    link = Link("training", story.training_id, story.mentor_id, 1)
    return f"{url_of('assessment')}/t/{mint_link(link, datetime.now(UTC) + timedelta(days=14))}"


class Again(httpx2.HTTPTransport):
    """Sends the same request again until it is answered by the service itself, as a person does who taps again."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                response = super().handle_request(request)
                response.read()
                if response.status_code < 500 and b"Your training is being prepared" not in response.content:
                    return response
            except httpx2.TransportError as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{request.url.path} did not answer within {PATIENCE:.0f} s") from error
            if time.monotonic() > deadline:
                return response
            time.sleep(0.3)


class Patient(Learner):
    """A learner who notes every answer that was taken."""

    def __init__(self, link: str, walk: Walked) -> None:
        super().__init__(link)
        self.client = httpx2.Client(follow_redirects=True, timeout=10, transport=Again())
        self.noted = walk

    def _choose(self, page: Page, form: Form, button: Choice) -> httpx2.Response:
        answered = super()._choose(page, form, button)
        self._note(form, 1)
        return answered

    def _press(self, page: Page, form: Form, button: Choice) -> httpx2.Response:
        answered = super()._press(page, form, button)
        if form.action.endswith("/retry"):
            self._note(form, 2)
        return answered

    def _note(self, form: Form, attempt: int) -> None:
        self.noted.answers.append((int(form.action.split("/questions/")[1].split("/")[0]), attempt))
