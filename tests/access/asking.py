"""Requests to every route that there is, put straight to an application; what they ask for is drawn from both sites."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

STREAM_SECONDS = 0.3
ENDS = ("/sign-out", "/signed-in/end")  # a caller who signs out asks nothing more
UNSEEN = ("/static/", "/health/", "/metrics", "/media/", "/openapi")  # the same for everybody
WORDS: Mapping[str, Sequence[str]] = {
    "outcome": ("talked", "not_needed", "snooze_60", ""), "state": ("open", "acknowledged", "resolved", "dead"),
    "note": ("Done.",), "number": ("1", "2", "3"), "page": ("today", "alerts", "none"), "lang": ("en", "es"),
    "kind": ("now", "can_wait", "people"), "locale": ("en",), "after": ("0.0", "0", ""), "Last-Event-ID": ("0.0",),
    "limit": ("200",), "source": ("town",), "activity": ("goal_review",), "reason": ("snow_day",), "time_zone": ("UTC",),
    "at": ("cards/1", ""), "back": ("", "alerts"), "ready": ("ready",), "service": ("trigger", "supervision"),
    "path": ("/platform/dead",), "choice": ("a", "b"), "confidence": ("sure",), "text": ("Said.",), "go": ("1",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Door:
    service: str
    method: str
    path: str
    fields: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(part.strip("{}").partition(":")[0] for part in self.path.split("/") if "{" in part)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    error: Exception | None = None

    @property
    def text(self) -> str:
        return " ".join(f"{name}: {value}" for name, value in self.headers) + "\n" + self.body.decode("utf-8", "replace")

    @property
    def cookies(self) -> list[str]:
        return [value for name, value in self.headers if name == "set-cookie"]


def doors(service: str, app: FastAPI) -> list[Door]:
    """Every route of an application, with the names of what its forms and its address may say."""
    return [Door(service, method, route.path or "", _fields(route))
            for route in iter_route_contexts(app.routes) for method in sorted(getattr(route, "methods", None) or ())
            if method != "HEAD" and route.path and not route.path.startswith((*UNSEEN, *ENDS))]  # fmt: skip


def _fields(route: Any) -> tuple[str, ...]:
    """Of the route and of all that it depends on; those of a form that is one model, too."""
    names: set[str] = set()
    waiting = [dependant] if (dependant := getattr(route, "dependant", None)) else []
    while waiting:
        one = waiting.pop()
        waiting += one.dependencies
        for param in (*one.body_params, *one.query_params):
            model = getattr(param.field_info.annotation, "model_fields", None)
            names |= set(model) if model else {param.alias}
    return tuple(sorted(names))


async def ask(app: FastAPI, request: Request, address: str = "127.0.0.1") -> Answer:
    """A stream is listened to for a moment."""
    answer, sent = Answer(), False
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "method": request.method, "path": request.path, "raw_path": quote(request.path).encode(), "root_path": "",
        "query_string": request.query.encode(), "headers": [(b"host", b"jitt.test"), *request.headers],
        "client": (address, 1), "server": ("jitt.test", 80), "state": {},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.sleep(STREAM_SECONDS)
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            answer.body += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception as error:
        answer.error = error
    return answer


@dataclass(frozen=True, slots=True)
class Chooser:
    """What stands in a request: `values` by name, of both sites; `refs` are the caller's own links."""

    random: Random
    values: Mapping[str, Sequence[str]]
    csrf: str = ""
    refs: Sequence[str] = ()

    def request(self, door: Door, headers: tuple[tuple[bytes, bytes], ...]) -> Request:
        path = "/".join(self._part(part) for part in door.path.split("/"))
        pairs = [(name, self.value(name)) for name in door.fields]
        if door.method == "GET":
            return Request("GET", path, urlencode(pairs) if self.random.randrange(4) else "", self._accepting(headers))
        if path.startswith("/v1/") or not door.fields:
            content_type, body = self._json(door)
        else:
            content_type, body = "application/x-www-form-urlencoded", urlencode([*pairs, ("csrf", self.csrf)]).encode()
        return Request(door.method, path, "", (*self._accepting(headers), (b"content-type", content_type.encode())), body)

    def value(self, name: str) -> str:
        if name == "csrf":
            return self.csrf
        if name.endswith("request_id") or name == "request":
            return str(UUID(int=self.random.getrandbits(128), version=4))
        if name in ("ref", "t", "c", "m") and self.refs and self.random.randrange(4):
            return self.random.choice(self.refs)
        known = WORDS.get(name) or self.values.get(name) or self.values.get(f"{name}_id") or self._any_id()
        return self.random.choice(known)

    def _any_id(self) -> Sequence[str]:
        kinds = [name for name in self.values if name.endswith("_id") or name == "id"]
        return self.values[self.random.choice(kinds)]

    def _part(self, part: str) -> str:
        if "{" not in part:
            return part
        before, _, rest = part.partition("{")
        name, _, after = rest.partition("}")
        return before + self.value(name.partition(":")[0]) + after

    def _accepting(self, headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
        return (*headers, (b"accept", self.random.choice((b"text/html", b"text/html", b"application/json"))))

    def _json(self, door: Door) -> tuple[str, bytes]:
        """What publishers send; else the fields as they are."""
        site, number = self.value("site_id"), self.random.randrange(1_000)
        session = {
            "session_ref": self.value("session_ref"), "site_id": site, "mentor_ref": self.value("reference"), "revision": number,
            "starts_at": "2030-01-12T16:00:00Z", "time_zone": "UTC", "activity": "goal_review",
        }  # fmt: skip
        if "events" in door.path:
            event = {"specversion": "1.0", "id": f"e{number}", "source": "town", "data": session,
                     "type": self.random.choice(("site.session_scheduled.v1", "site.session_cancelled.v1"))}  # fmt: skip
            return "application/cloudevents+json", json.dumps(event).encode()
        if "cancellations" in door.path or "holidays" in door.path:
            day = f"2030-0{1 + number % 9}-1{number % 9}"
            days = {"site_id": site, "date": day, "reason": "snow_day"}
            return "application/json", json.dumps(days if "cancellations" in door.path else {"days": {day: "A day"}}).encode()
        return "application/json", json.dumps({name: self.value(name) for name in door.fields}).encode()
