"""A mail server that keeps what it takes, durably, before it says so: `python -m tests.notices.server --kept FILE`.

What it does with an address is in its name: busy-…, gone-…, spam-…, policy-… are refused as real servers refuse, and of vanish-…
it keeps the mail and loses the connection before it can say so, once.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # aiosmtpd looks up a version in a way that Python has given up
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

RCPT = {
    "busy": "450 4.2.1 The mailbox is busy, try again later",
    "gone": "550 5.1.1 Nobody here has that name",
    "policy": "554 5.7.1 Your server is not on our list",
}
DATA = {"spam": "554 5.6.0 We do not take this"}


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    message_id: str
    dropped: bool  # a double of one that was kept before
    content: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content())


def read_kept(file: Path) -> Iterator[Mail]:
    """What a server has kept; a last line that was not written whole was never answered for."""
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        yield Mail(one["to"], one["message_id"], one["dropped"], base64.b64decode(one["content"]))


@dataclass
class Kept:
    """The handler that aiosmtpd asks. `after`: what to do with a mail that is kept, before it is answered for."""

    file: Path
    drop_doubles: bool = False
    slow_seconds: float = 0.0
    after: Callable[[Mail], Any] | None = None
    seen: set[str] = field(default_factory=set)
    vanished: set[str] = field(default_factory=set)
    greeted: int = 0

    def __post_init__(self) -> None:
        self.seen = {mail.message_id for mail in read_kept(self.file)}

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greeted += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:
        if refused := RCPT.get(address.partition("-")[0]):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        to, content = envelope.rcpt_tos[0], envelope.content or b""
        kind = to.partition("-")[0]
        if refused := DATA.get(kind):
            return refused
        data = content if isinstance(content, bytes) else content.encode()
        mail = self.keep(to, data)
        if self.after:
            self.after(mail)
        await asyncio.sleep(random.uniform(0, self.slow_seconds))
        if kind == "vanish" and to not in self.vanished:
            self.vanished.add(to)
            server.transport.close()
        return "250 2.0.0 OK, kept"

    def keep(self, to: str, content: bytes) -> Mail:
        message_id = str(message_from_bytes(content, policy=policy.default)["Message-ID"])
        mail = Mail(to, message_id, self.drop_doubles and message_id in self.seen, content)
        self.seen.add(message_id)
        line = {"to": to, "message_id": message_id, "dropped": mail.dropped, "content": base64.b64encode(content).decode()}
        with self.file.open("a") as opened:
            opened.write(json.dumps(line) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        return mail

    @property
    def mails(self) -> list[Mail]:
        return list(read_kept(self.file))


@asynccontextmanager
async def serving(kept: Kept, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """Answers its port. `options`: those of aiosmtpd's SMTP."""

    def protocol() -> SMTP:
        return SMTP(kept, hostname="mail.example", enable_SMTPUTF8=True, **options)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def signs_in(user: str, password: str) -> Callable[..., AuthResult]:
    def authenticator(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=False)  # aiosmtpd says 535 itself

    return authenticator


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--drop-doubles", action="store_true")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds at most between keeping a mail and saying so")
    chosen = parser.parse_args()
    async with serving(Kept(chosen.kept, chosen.drop_doubles, chosen.slow)) as port:
        print(port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
