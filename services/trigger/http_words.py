"""What the API's description says: examples that work as they stand, and what each answer means."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import HTTPException
from pydantic import ValidationError

from services.trigger.answers import Result
from services.trigger.door import BATCH, STRUCTURED
from shared import db

SOURCE_HOLIDAYS = "holidays"
NO_SITE = "“{}” is not set up yet, so nobody can say when its days begin. Check the id, or have the site added."
TWICE = "holidays: {} is in it twice. Give each day once."

BINARY = "Binary mode: headers ce-id, ce-source, ce-type, ce-specversion; the body is the event's data alone."
TOO_MANY = "Too many wrong tokens from your address. Wait a minute; a right token still works."
TOO_FAST = "Too many {what} from {publisher}: {rate:g} a second at most. This was not taken. Wait {wait} s, and send it again."
NOT_KNOWN = "Send your publisher's token: Authorization: Bearer jitt_…"
BUSY = "The database is busy. Nothing was accepted: send it again."
NOT_FOUND = "There is no such session at your sites."
NO_CANCELLATION = "There is no such cancellation at your sites. GET /v1/cancellations lists them."
SITE_NOT_KNOWN = "site_id: “{}” is not set up yet, so nobody can say when its days begin. Check the id, or have the site added."
KEY_REUSED = "This Idempotency-Key was used before for other days. Give every call a key of its own."
WHICH_DAYS = "Say which days: `date` for one, or `from` and `to`, the day after the last one. Write them as 2026-12-10."

DATA: dict[str, Any] = {
    "session_ref": "booking-4711",
    "site_id": "lakeside",
    "mentor_ref": "volunteer-23",
    "starts_at": "2026-12-10T16:00:00-06:00",
    "time_zone": "America/Chicago",
    "minutes": 45,
    "activity": "homework_help",
    "revision": 0,
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "booking-4711-0",
    "source": "https://booking.example.org/lakeside",
    "type": "site.session_scheduled.v1",
    "datacontenttype": "application/json",
    "data": DATA,
}
CANCELLED: dict[str, Any] = EVENT | {
    "id": "booking-4711-1",
    "type": "site.session_cancelled.v1",
    "data": {"session_ref": "booking-4711", "site_id": "lakeside", "revision": 1},
}
PAUSED = ("This publisher is paused. GET /v1/rejected says what could not be read; mend that, and ask the people who run jitt to "
          "resume you.")  # fmt: skip
NOT_ALLOWED: dict[int | str, dict[str, Any]] = {
    401: {"description": "The token is missing or not known."},
    429: {
        "description": "Too many requests or events from this publisher in this moment, or wrong tokens from this address. "
        "Nothing was taken. `Retry-After` says how many seconds to wait."
    },
}
CANCELLATIONS = NOT_ALLOWED | {404: {"description": NO_CANCELLATION}}
HOLIDAYS = NOT_ALLOWED | {
    403: {"description": "The token does not stand for this site."},
    404: {"description": "The site is not set up yet. `error` says what to do."},
}
SET_HOLIDAYS: dict[int | str, dict[str, Any]] = HOLIDAYS | {
    403: {"description": "The token does not stand for this site. Or the publisher is paused."},
    422: {"description": "Not understood. Nothing was changed; `error` names the place."},
    503: {"description": BUSY},
}
CANCEL: dict[str, Any] = {
    "status_code": 202,
    "responses": {
        200: {"description": "A dry run: nothing was done. `sessions` says how many it would mean."},
        202: {"description": "Durable. The sessions follow within seconds; ask for it again to see how far it is."},
        401: NOT_ALLOWED[401],
        403: {"description": "The token does not stand for this site. Or the publisher is paused."},
        409: {"description": KEY_REUSED},
        422: {"description": "Not understood, or the site is not set up yet. `error` says what to do."},
        429: NOT_ALLOWED[429],
        503: {"description": BUSY},
    },
}
UNDO: dict[str, Any] = {
    "status_code": 202,
    "responses": CANCELLATIONS | {202: {"description": "Durable. Undone once is undone."}, 503: {"description": BUSY}},
}
EVENTS: dict[str, Any] = {
    "status_code": 202,
    "response_model": Result,
    "responses": {
        202: {"description": "Durable. `status` says what became of it; `refused` needs a look at `words`."},
        207: {"description": "A batch of which some events were not accepted: `results` has one answer per event."},
        401: NOT_ALLOWED[401],
        403: {"description": "`not_your_site`: the token does not stand for this site. Or the publisher is paused."},
        409: {"description": "`id_reused`: this id came before with other content."},
        413: {"description": "More than 256 KiB in one event, or more than 1,000 events in a batch."},
        422: {"description": "Not understood. `words` names the field and says what to do. Mend it, and keep the id."},
        429: NOT_ALLOWED[429],
        503: {"description": BUSY},
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {
                    "schema": {"type": "object"},
                    "examples": {
                        "scheduled": {"summary": "A session, or its new time", "value": EVENT},
                        "cancelled": {"summary": "A session that will not take place", "value": CANCELLED},
                    },
                },
                BATCH: {"schema": {"type": "array", "items": {"type": "object"}}, "example": [EVENT, CANCELLED]},
                "application/json": {
                    "schema": {"type": "object", "description": BINARY},
                    "example": DATA,
                },
            },
        }
    },
}


@contextmanager
def or_busy() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if db.is_transient(error):
            raise HTTPException(503, BUSY, {"Retry-After": "5"}) from error
        raise


def words_of(error: ValidationError) -> str:
    """The first thing that is wrong in a body, and where; never what was in it."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the whole'}: {first['msg']}."
