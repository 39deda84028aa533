"""Handing a mail to an SMTP server, over connections that stay open. Up to the last line of a mail nothing has happened: what is
broken off there was never sent. Whoever loses the connection after it cannot know, and says so (`Unsure`). RFC 1047 tells why.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from time import monotonic

import aiosmtplib
from aiosmtplib import SMTP

from services.supervision.mailing import From
from shared.settings import Settings

TIMEOUT_SECONDS = 30.0
IDLE_SECONDS = 20.0  # many servers close a connection that says nothing for a minute
SIGN_IN_FIRST = frozenset({530, 535, 538})
ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Accepted:
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Not now, or not from us as we are: both may pass."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """For good. `address`: it is the address that takes nothing, and not this one mail."""

    reason: str
    address: bool = True


@dataclass(frozen=True, slots=True)
class Unsure:
    """The server may have it."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Another sender has claimed the notice since."""


Result = Accepted | Busy | Refused | Unsure | NotOurs
HandOver = Callable[[], Awaitable[bool]]  # noted before the server may have it; False: it is somebody else's by now


class Server:
    """`send` may run many times at once; each has a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sender = From(settings.mail_from, settings.supervision_url)
        self._idle: list[tuple[float, SMTP]] = []

    async def send(self, message: EmailMessage, to: str, hand_over: HandOver) -> Result:
        try:
            smtp = await self._connection()
        except (aiosmtplib.SMTPException, OSError) as error:
            return Busy(_code(error))
        result = await self._over(smtp, message, to, hand_over)
        if isinstance(result, Accepted | Refused) and smtp.is_connected:
            self._idle.append((monotonic(), smtp))
        else:
            smtp.close()
        return result

    async def _over(self, smtp: SMTP, message: EmailMessage, to: str, hand_over: HandOver) -> Result:
        if no := await self._addressed(smtp, to):
            return no
        if not await hand_over():
            return NotOurs()
        try:
            answer = await smtp.data(message.as_bytes())
        except aiosmtplib.SMTPResponseException as error:
            return judged(error.code, error.message, address=False)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Unsure(_code(error))
        return Accepted(answer.message[:200] or None)

    async def _addressed(self, smtp: SMTP, to: str) -> Busy | Refused | None:
        """None: the server takes mail from us for that address."""
        try:
            await smtp.mail(self.sender.address)
            await smtp.rcpt(to)
        except aiosmtplib.SMTPSenderRefused as error:
            return Busy(reason_of(error.code, error.message))  # nothing that the reader's address could mend
        except aiosmtplib.SMTPResponseException as error:
            return judged(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Busy(_code(error))
        return None

    async def _connection(self) -> SMTP:
        """One that is open and answers, else a new one."""
        while self._idle:
            since, smtp = self._idle.pop()
            if monotonic() - since < IDLE_SECONDS and await _still_there(smtp):
                return smtp
            smtp.close()
        chosen = self.settings
        smtp = SMTP(
            hostname=chosen.mail_host,
            port=chosen.mail_port,
            username=chosen.mail_user or None,
            password=chosen.mail_password.get_secret_value() or None,
            use_tls=chosen.mail_tls == "tls",
            start_tls=chosen.mail_tls == "starttls",
            local_hostname=self.sender.domain,
            timeout=TIMEOUT_SECONDS,
        )
        await smtp.connect()
        return smtp

    async def close(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()


async def _still_there(smtp: SMTP) -> bool:
    try:
        await smtp.rset(timeout=5)
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True


class Folder:
    """In development without a server: a file for each mail. The same mail is the same file."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.sender = From(settings.mail_from, settings.supervision_url)

    async def send(self, message: EmailMessage, to: str, hand_over: HandOver) -> Result:
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        return Accepted() if await hand_over() and await asyncio.to_thread(self._write, name, bytes(message)) else NotOurs()

    def _write(self, name: str, mail: bytes) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".{name}.{os.getpid()}"
        part.write_bytes(mail)
        part.replace(self.folder / f"{name}.eml")
        return True

    async def close(self) -> None:
        return None


class Nowhere:
    """In production without a server: notices wait for one until they are of no use."""

    def __init__(self, settings: Settings) -> None:
        self.sender = From(settings.mail_from, settings.supervision_url)

    async def send(self, message: EmailMessage, to: str, hand_over: HandOver) -> Result:
        return Busy("no_mail_server")

    async def close(self) -> None:
        return None


Post = Server | Folder | Nowhere


def post_of(settings: Settings) -> Post:
    if settings.mail_host:
        return Server(settings)
    return Folder(settings.home / "mail", settings) if settings.mode == "development" else Nowhere(settings)


def judged(code: int, message: str, *, address: bool = True) -> Busy | Refused:
    """4xx: later. 5xx: never, but x.7.x: what a server's policy holds against us can be mended (SPF, a list of senders)."""
    enhanced = ENHANCED.search(message)
    about_us = code in SIGN_IN_FIRST or (enhanced is not None and enhanced[2] == "7")
    reason = reason_of(code, message)
    return Busy(reason) if code < 500 or about_us else Refused(reason, address)


def reason_of(code: int, message: str) -> str:
    """smtp_550 5.1.1: the codes alone, since servers repeat the address in their words."""
    enhanced = ENHANCED.search(message)
    return f"smtp_{code} {enhanced[0]}" if enhanced else f"smtp_{code}"


def _code(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return reason_of(error.code, error.message)
    return "timed_out" if isinstance(error, TimeoutError) else "no_connection"
