"""A mentor with a phone: what a training needs to arrive, the link to it, and a browser-like client without JavaScript."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx2

from shared.contracts.event import Event
from shared.running import Running
from shared.security import Link, mint_link
from tests.assessment.building import CARDS, MENTOR, TRAINING, assigned, enrolled, planned, published, site
from tests.driving import deliver, outgoing

HERE = f"/t/{TRAINING}"
HTML = {"accept": "text/html,application/xhtml+xml"}


@dataclass
class Phone:
    """What a person does with a page: open it, read its words, fill in its form and press one of its buttons."""

    client: httpx2.AsyncClient
    running: Running
    status: int = 0
    path: str = ""
    html: str = ""
    headers: Any = field(default_factory=dict)
    pages: Running | None = None  # what the application itself uses, for a test that takes its database away

    async def open(self, path: str) -> str:
        return self._arrived(await self.client.get(path, headers=HTML, follow_redirects=True))

    async def press(self, action: str, **fields: Any) -> str:
        """Posts the form whose action ends so, with its hidden fields; follows where it leads."""
        form = next(f for f in forms(self.html) if f.action.endswith(action))
        return self._arrived(
            await self.client.post(form.action, data={**form.hidden, **fields}, headers=HTML, follow_redirects=True)
        )

    async def post(self, path: str, **fields: Any) -> str:
        return self._arrived(await self.client.post(path, data=fields, headers=HTML, follow_redirects=True))

    def _arrived(self, response: httpx2.Response) -> str:
        self.status, self.path, self.headers = response.status_code, response.url.path, response.headers
        self.html = response.text
        return self.words

    @property
    def words(self) -> str:
        body = re.sub(r"<svg.*?</svg>|<head>.*?</head>", " ", self.html, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.html, re.DOTALL)
        return unescape(found[1]).rpartition(" · ")[0] if found else ""

    @property
    def heading(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return " ".join(unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", found[1], flags=re.DOTALL)).split()) if found else ""


@dataclass
class Form:
    action: str
    hidden: dict[str, str]


def forms(html: str) -> list[Form]:
    found = re.findall(r'<form method="\w+" action="([^"]+)"[^>]*>(.*?)</form>', html, re.DOTALL)
    hidden = r'<input type="hidden" name="([^"]+)" value="([^"]*)">'
    return [Form(unescape(action), dict(re.findall(hidden, inner))) for action, inner in found]


def link_to(training_id: UUID = TRAINING, epoch: int = 1, days: int = 14) -> str:
    return mint_link(Link("training", training_id, MENTOR, epoch), datetime.now(UTC) + timedelta(days=days))


def soon(**changes: Any) -> dict[str, datetime]:
    """A session tomorrow at this time, answers due three hours before."""
    starts_at = datetime.now(UTC) + timedelta(**(changes or {"days": 1}))
    return {"starts_at": starts_at, "quiz_by": starts_at - timedelta(hours=3)}


async def arrive(running: Running, *items: Any, times: dict[str, datetime] | None = None, **assignment: Any) -> None:
    """Everything that a training needs, in the usual order."""
    when = times or soon()
    events: list[Event] = [site(), enrolled(), planned(**when), published(*items), assigned(*items, **when, **assignment)]
    outcomes = await deliver(running, *events)
    assert [o.kind for o in outcomes] == ["applied"] * 5


async def told(running: Running) -> list[str]:
    return [event.TYPE.removeprefix("assessment.").removesuffix(".v1") for event in await outgoing(running)]


async def begin(phone, link, *items):
    """At the first question."""
    await arrive(phone.running, *items)
    await phone.open(f"/t/{link()}")
    await phone.press("/start")
    for number in range(1, len(CARDS) + 1):
        await phone.press(f"/cards/{number}")
    assert phone.path == f"{HERE}/questions/1"
