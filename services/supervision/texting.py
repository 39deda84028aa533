"""Text messages, by way of whatever takes JSON at JITT_TEXT_URL: a provider's, or a few lines of the network's own.

Signed as Standard Webhooks are. `webhook-id` is the notice's: who has seen it drops it, so a message may safely be sent again.
"""

import base64
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import httpx2

from services.supervision.letter_desk import Letter
from services.supervision.letter_facts import Reader
from services.supervision.smtp import Accepted, Busy, HandOver, NotOurs, Refused, Result
from shared.settings import Settings

TIMEOUT_SECONDS = 15.0
LARGEST_ANSWER = 10_000
LATER = frozenset({408, 409, 425, 429})
TOLERANCE_SECONDS = 300
ID = re.compile(r"^[!-~]{1,200}$")


@dataclass(frozen=True, slots=True)
class Texts:
    url: str
    keys: tuple[str, ...]

    async def send(self, notice_id: UUID, letter: Letter, reader: Reader, language: str, hand_over: HandOver) -> Result:
        words = " ".join(part for part in (letter.text, letter.url) if part)
        body = json.dumps({"id": str(notice_id), "to": reader.phone, "text": words, "language": language}).encode()
        headers = signed(str(notice_id), body, self.keys, datetime.now(UTC)) | {"content-type": "application/json"}
        if not await hand_over():
            return NotOurs()
        try:
            async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
                answer = await client.post(self.url, content=body, headers=headers | {"idempotency-key": str(notice_id)})
        except httpx2.HTTPError:
            return Busy("no_connection")
        return judged(answer.status_code, answer.content[:LARGEST_ANSWER])


def texts_of(settings: Settings) -> Texts | None:
    keys = tuple(key.get_secret_value() for key in settings.notice_keys)
    return Texts(settings.text_url, keys) if settings.text_url else None


def judged(status: int, body: bytes) -> Result:
    if 200 <= status < 300:
        return Accepted(_provider_id(body))
    refused = 400 <= status < 500 and status not in LATER and status not in (401, 403, 404)
    return Refused(f"http_{status}") if refused else Busy(f"http_{status}")


def signed(id: str, body: bytes, keys: tuple[str, ...], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks, with a signature by each key: all but the first are on their way out."""
    seconds = str(int(now.timestamp()))
    signatures = " ".join(f"v1,{_signature(id, seconds, body, key)}" for key in keys)
    return {"webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signatures}


def is_signed(headers: dict[str, str], body: bytes, keys: tuple[str, ...], now: datetime) -> bool:
    """Also what is sent to us: by one of our keys, and not long ago."""
    id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id or not seconds.isascii() or not seconds.isdigit() or len(seconds) > 12:
        return False
    if abs(now.timestamp() - int(seconds)) > TOLERANCE_SECONDS:
        return False
    given = [one.removeprefix("v1,") for one in headers.get("webhook-signature", "").split() if one.startswith("v1,")]
    expected = [_signature(id, seconds, body, key) for key in keys]
    return any(hmac.compare_digest(one.encode(), known.encode()) for one in given for known in expected)


def _signature(id: str, seconds: str, body: bytes, key: str) -> str:
    secret = base64.b64decode(key.removeprefix("whsec_")) if key.startswith("whsec_") else key.encode()
    return base64.b64encode(hmac.new(secret, f"{id}.{seconds}.".encode() + body, sha256).digest()).decode()


def _provider_id(body: bytes) -> str | None:
    """What a provider calls the message; anything but a plain word is left out."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    id = found.get("id") if isinstance(found, dict) else None
    return id if isinstance(id, str) and ID.match(id) else None
