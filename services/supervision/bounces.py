"""Mails that came back: what a delivery status notification (RFC 3464) says of which of our notices. Pure.

Anybody can send us a mail. What one says is taken only where it names the Message-ID of a notice, which nobody outside can guess.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Literal
from uuid import UUID

from services.supervision.mailing import notice_of

ACTIONS: dict[str, Literal["delivered", "delayed", "bounced", "accepted"]] = {
    "failed": "bounced",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "accepted",
    "expanded": "accepted",
}
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
MESSAGE_ID = re.compile(r"^(?:X-)?(?:Original-)?Message-ID:\s*(<[^>\s]+>)", re.IGNORECASE | re.MULTILINE)
FROM_LINE = re.compile(rb"(?m)^From .+\n")


@dataclass(frozen=True, slots=True)
class Bounce:
    notice_id: UUID
    status: Literal["delivered", "delayed", "bounced", "accepted"]
    reason: str | None


@dataclass(frozen=True, slots=True)
class NoBounce:
    """`words`: why this mail says nothing of a notice."""

    words: str


def read_all(data: bytes) -> Iterator[Bounce | NoBounce]:
    """Each mail of a file: one mail as it came, or a mailbox (mbox) of many."""
    if not data.startswith(b"From "):
        yield read(data)
        return
    for mail in FROM_LINE.split(data):
        if mail.strip():
            yield read(mail)


def read(data: bytes) -> Bounce | NoBounce:
    mail = message_from_bytes(data, policy=policy.default)
    reports = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    if not reports:
        return NoBounce("it is no report of a delivery")
    fields = [block for block in _blocks(reports[0]) if block.get("Action")]
    if not fields:
        return NoBounce("its report does not say what happened")
    action = str(fields[0]["Action"]).strip().lower()
    if action not in ACTIONS:
        return NoBounce(f"its report says “{action[:20]}”, which is none of the known actions")
    notice_id = next((id for text in _about(mail) for found in MESSAGE_ID.findall(text) if (id := notice_of(found))), None)
    if notice_id is None:
        return NoBounce("the mail that it is about is none of ours")
    code = STATUS.search(str(fields[0].get("Status", "")))
    return Bounce(notice_id, ACTIONS[action], code[1] if code else None)


def _blocks(report: Message) -> list[Message]:
    payload = report.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _about(mail: EmailMessage | Message) -> Iterator[str]:
    """The headers of the mail that came back: whole, or its headers alone."""
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822":
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else None
            if isinstance(inner, Message):
                yield f"Message-ID: {inner.get('Message-ID', '')}"
        elif part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            yield content.decode("ascii", "replace") if isinstance(content, bytes) else ""
