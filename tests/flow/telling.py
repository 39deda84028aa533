"""Every way to tell jitt of a session: a calendar file, CloudEvents on Kafka in two modes, and HTTPS with a token."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2

from deploy.servers import url_of
from shared.contracts import ids
from tests.flow import kafka
from tests.flow.commands import soon
from tests.flow.kafka import Record
from tests.flow.running import eventually
from tests.flow.town import KAFKA_PUBLISHER, LAKESIDE, Newcomer, Town

SCHEDULED, CANCELLED = "site.session_scheduled.v1", "site.session_cancelled.v1"
SOURCE = "https://booking.example.org/lakeside"
ACTIVITY = "safety_plan_follow_up"  # what a mentor is asked first for it is about safety
STRUCTURED = "application/cloudevents+json"
TOPIC = f"in.{KAFKA_PUBLISHER}"

Telling = Callable[[Town, Newcomer], None]


def soon_today() -> datetime:
    """Within the lead time, so that the training is assigned at once, whatever the hour."""
    return (datetime.now(UTC) + timedelta(minutes=40)).replace(second=0, microsecond=0)


def in_days(days: int) -> datetime:
    """Far enough away that nothing is due yet."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)


def scheduled(ref: str, mentor: Newcomer, starts_at: datetime, **more: Any) -> dict[str, Any]:
    data = {"session_ref": ref, "site_id": LAKESIDE, "mentor_ref": mentor.ref, "starts_at": starts_at.isoformat()}
    return data | {"time_zone": "America/Chicago", "minutes": 45, "activity": ACTIVITY} | more


def cancelled(ref: str, revision: int) -> dict[str, Any]:
    return {"session_ref": ref, "site_id": LAKESIDE, "revision": revision}


def binary(data: dict[str, Any], type: str = SCHEDULED, id: str = "") -> Record:
    attributes = {"specversion": "1.0", "id": id or uuid4().hex, "source": SOURCE, "type": type}
    return Record(json.dumps(data).encode(), tuple((f"ce_{name}", value.encode()) for name, value in attributes.items()))


def structured(data: dict[str, Any], type: str = SCHEDULED, id: str = "") -> dict[str, Any]:
    return {"specversion": "1.0", "id": id or uuid4().hex, "source": SOURCE, "type": type, "data": data}


def by_calendar(town: Town, mentor: Newcomer) -> None:
    assert import_calendar(town, mentor, entry(f"first-{mentor.ref}", soon_today())) == "1 session planned, 0 unchanged."


def by_kafka_binary(town: Town, mentor: Newcomer) -> None:
    kafka.write(TOPIC, binary(scheduled(f"binary-{mentor.ref}", mentor, soon_today())))


def by_kafka_structured(town: Town, mentor: Newcomer) -> None:
    value = json.dumps(structured(scheduled(f"structured-{mentor.ref}", mentor, soon_today()))).encode()
    kafka.write(TOPIC, Record(value, (("content-type", STRUCTURED.encode()),)))


def by_https(town: Town, mentor: Newcomer) -> None:
    event = structured(scheduled(f"https-{mentor.ref}", mentor, soon_today()), id=f"https/{mentor.ref}/0")
    assert post(town, event)["status"] == "applied"
    became = ask(town, f"/v1/events/{event['id']}", source=SOURCE).json()
    assert (became["status"], became["id"], became["source"]) == ("applied", event["id"], SOURCE)


def post(town: Town, event: dict[str, Any], code: int = 202) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {town.token}", "Content-Type": STRUCTURED}
    answer = httpx2.post(f"{url_of('trigger')}/v1/events", content=json.dumps(event), headers=headers, timeout=10)
    assert answer.status_code == code, answer.text
    return dict(answer.json())


def ask(town: Town, path: str, **query: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {town.token}"}
    return httpx2.get(f"{url_of('trigger')}{path}", params=query, headers=headers, timeout=10)


def story(town: Town, session_id: UUID) -> dict[str, Any]:
    """The session as trigger tells it; empty while it is not known."""
    answer = ask(town, f"/v1/sessions/{session_id}")
    return dict(answer.json()) if answer.status_code == 200 else {}


def known(town: Town, *refs: str) -> None:
    """Returns when trigger has every one of these sessions."""
    for ref in refs:
        eventually(partial(story, town, ids.session(LAKESIDE, ref)), f"session {ref} is planned")


@dataclass(frozen=True, slots=True)
class Entry:
    uid: str
    starts_at: datetime
    status: str = "CONFIRMED"

    def lines(self) -> list[str]:
        return ["BEGIN:VEVENT", f"UID:{self.uid}@lakeside.example.org", f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
                f"DTSTART:{self.starts_at:%Y%m%dT%H%M%SZ}", "DURATION:PT45M", f"STATUS:{self.status}", "SUMMARY:Mentoring",
                f"CATEGORIES:{ACTIVITY}", "END:VEVENT"]  # fmt: skip


def entry(uid: str, starts_at: datetime, status: str = "CONFIRMED") -> Entry:
    return Entry(uid, starts_at, status)


def import_calendar(town: Town, mentor: Newcomer, *entries: Entry) -> str:
    """The last line that the command says."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Lakeside (invented)//Calendar//EN"]
    file = town.folder / f"{mentor.ref}.ics"
    file.write_text("\r\n".join([*head, *(line for one in entries for line in one.lines()), "END:VCALENDAR", ""]), newline="")
    return import_file(file, mentor)


def import_file(file: Path, mentor: Newcomer, *more: str) -> str:
    said = soon("import", "ics", str(file), "--site", mentor.site, "--mentor", mentor.ref, *more)
    return said.strip().splitlines()[-1]
