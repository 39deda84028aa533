"""A snow day: one call cancels all that a site has planned, everywhere, and another brings it back."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2

from deploy.servers import url_of
from shared.contracts import ids
from tests.flow import kafka
from tests.flow.commands import jitt
from tests.flow.database import rows
from tests.flow.running import eventually
from tests.flow.telling import post, scheduled, structured
from tests.flow.town import LAKESIDE, Newcomer, Town

MANY = 20
CHICAGO = ZoneInfo("America/Chicago")
THE_DAY = datetime.now(CHICAGO).date() + timedelta(days=200)  # on which no other test plans anything
EIGHT = datetime.combine(THE_DAY, time(8), CHICAGO)
SNOW_DAY = {"site_id": LAKESIDE, "date": THE_DAY.isoformat(), "reason": "snow_day"}
ASSESSMENT = "SELECT document ->> 'status' FROM assessment.planned_session WHERE session_id = ANY($1::uuid[])"
SUPERVISION = "SELECT status FROM supervision.preparation WHERE session_id = ANY($1::uuid[])"


def test_a_cancelled_day_is_cancelled_for_everybody_once_and_comes_back_for_everybody(town: Town, newcomer: Newcomer) -> None:
    sessions = [_announced(town, newcomer, n) for n in range(MANY)]
    _everywhere(sessions, "planned")
    looked = jitt("cancel-days", LAKESIDE, "--from", THE_DAY.isoformat(), "--reason", "snow_day", "--dry-run")
    assert looked.startswith(f"{MANY} sessions are planned at {LAKESIDE} on ")
    id = _call(town, "POST", "", SNOW_DAY)["id"]
    _everywhere(sessions, "cancelled")
    assert _once(town, id, "done")["cancelled"] == MANY
    eventually(lambda: [len(one["sessions"]) for one in _alerts(id, "day_called_off")][-1:] == [MANY], "the supervisor is told")
    assert len({one["alert_id"] for one in _alerts(id, "day_called_off")}) == 1
    _call(town, "DELETE", f"/{id}")
    _everywhere(sessions, "planned")
    undone = _once(town, id, "undone")
    assert (undone["sessions"], undone["cancelled"]) == (MANY, 0)
    eventually(lambda: [one["how"] for one in _alerts(id, "day_called_off_closed")] == ["lifted"], "the alert closes by itself")
    assert _heard(sessions) == {str(id): ["planned", "cancelled", "planned"] for id in sessions}


def _announced(town: Town, mentor: Newcomer, n: int) -> UUID:
    ref = f"snow-{n}"
    post(town, structured(scheduled(ref, mentor, EIGHT + timedelta(minutes=30 * n))))
    return ids.session(LAKESIDE, ref)


def _everywhere(sessions: list[UUID], status: str) -> None:
    for query in (ASSESSMENT, SUPERVISION):
        eventually(lambda query=query: [one for (one,) in rows(query, sessions)] == [status] * MANY, f"all are {status}: {query}")


def _call(town: Town, method: str, path: str, body: dict[str, Any] | None = None, code: int = 202) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {town.token}"}
    answer = httpx2.request(method, f"{url_of('trigger')}/v1/cancellations{path}", json=body, headers=headers, timeout=10)
    assert answer.status_code == code, answer.text
    return dict(answer.json())


def _once(town: Town, id: str, state: str) -> dict[str, Any]:
    """The cancellation as it is told, once it has come so far."""

    def told() -> dict[str, Any] | None:
        found = _call(town, "GET", f"/{id}", code=200)
        return found if found["state"] == state else None

    return eventually(told, f"it is {state}")


def _alerts(cancellation: str, kind: str) -> list[dict[str, Any]]:
    told = {one.id: one.data for one in kafka.read("supervision.alerts") if one.type == f"supervision.{kind}.v1"}
    return [data for data in told.values() if data["cancellation_id"] == cancellation]


def _heard(sessions: list[UUID]) -> dict[str, list[str]]:
    """What everybody was told of each session, in order; each event once, however often the relay had to publish it."""
    events = {one.id: one for one in kafka.read("trigger.events") if one.type == "trigger.session_planned.v1"}
    heard: dict[str, list[str]] = {str(id): [] for id in sessions}
    for event in events.values():
        if event.data["session_id"] in heard:
            heard[event.data["session_id"]].append(event.data["status"])
    return heard
