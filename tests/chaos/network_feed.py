"""A supervisor who watches the live feed of alerts through every restart, as a browser does: on from the last id it had."""

import json
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import httpx2

from tests.chaos.load import Done, Site
from tests.chaos.oracle import Verdict, judge
from tests.flow.people import MISS_RULE, Supervisor

FEED = "/v1/alerts/stream"
BEGINNING = "0.0"
CATCH_UP_SECONDS = 15.0
PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class News:
    """One change of an alert. `id` is its place in the feed."""

    id: str
    change: str
    rule: str
    mentor_id: UUID
    session_id: UUID | None


class Watching:
    """The site's supervisor, who reads in a thread of its own, from when it is made until `finish`."""

    def __init__(self, site: Site) -> None:
        self.news: list[News] = []
        self.connections = 0
        self.site, self._supervisor, self._last = site, Supervisor(site.supervisor, site.name), BEGINNING
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="feed", daemon=True)
        self._thread.start()

    def finish(self, done: Done) -> Verdict:
        """After everything else is as it must be: the feed shows it too, in moments."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while not self._verdict(done).sound and time.monotonic() < deadline:
            time.sleep(PAUSE)
        time.sleep(2 * PAUSE)  # what comes twice comes late
        self._over.set()
        return self._verdict(done)

    def _verdict(self, done: Done) -> Verdict:
        """The miss of every learner of the site was told once, of no other; and no place of the feed was told twice."""
        walks = [walk.story for walk in done.walks if walk.story.site == self.site]
        expected = {(story.mentor_id, story.session_id): ["raised"] for story in walks}
        told: dict[tuple[UUID, UUID | None], list[str]] = defaultdict(list)
        news = list(self.news)
        for one in news:
            if one.rule == MISS_RULE and one.change == "raised":
                told[one.mentor_id, one.session_id].append(one.change)
        places = [one.id for one in news]
        once = {id: ["told"] for id in places}
        again = {id: ["told"] * places.count(id) for id in once}
        return judge("news in the feed", expected, told) + judge("places in the feed", once, again)

    def _read(self) -> None:
        while not self._over.is_set():
            with suppress(httpx2.HTTPError, OSError):  # it was killed, or is not back yet
                self._connect()
            self._over.wait(PAUSE)

    def _connect(self) -> None:
        with self._supervisor.client.stream("GET", FEED, headers={"Last-Event-ID": self._last}, timeout=20) as answer:
            if answer.status_code != 200:
                return
            self.connections += 1
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if self._over.is_set():
                    return
                name, _, value = line.partition(": ")
                event[name] = value
                if not line and "data" in event:  # an event ends with an empty line; one that was cut off does not count
                    self._note(event)
                if not line:
                    event = {}

    def _note(self, event: dict[str, str]) -> None:
        data = json.loads(event["data"])
        session = data["session_id"]
        self.news.append(News(event["id"], data["change"], data["rule"], UUID(data["mentor_id"]), session and UUID(session)))
        self._last = event["id"]
