"""`jitt mail` shows the mails that were written on this machine; `jitt bounce` takes in those that came back."""

import json
import sys
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer

from services.supervision import bounces, http_notices
from services.supervision.app import SERVICE
from services.supervision.bounces import Bounce, NoBounce
from shared.commands import AsJson, fail, on
from shared.running import Running
from shared.settings import settings

SHOWN = 20
SAID = {
    "applied": "noted: {status}",
    "duplicate": "was noted before",
    "ended_already": "was noted before",
    "not_final": "noted nothing: it may still arrive",
    "no_such_notice": "no notice of ours has that id",
}


def add_to(app: typer.Typer, _: typer.Typer) -> None:
    app.command("mail")(mail)
    app.command("bounce")(bounce)


def mail(
    number: Annotated[int, typer.Argument(help="Which one to open: 1 is the newest.", min=0)] = 0,
    *,
    html: Annotated[bool, typer.Option("--html", help="Print its HTML part instead of its text.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the mails that jitt wrote on this machine, or open one.

    Without JITT_MAIL_HOST, in development, each mail is a file in .jitt/mail and goes nowhere.

    Example: jitt mail 1
    """
    folder = settings().home / "mail"
    files = sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime, reverse=True)
    if number:
        if number > len(files):
            fail(f"There {'is' if len(files) == 1 else 'are'} {len(files)} in {folder}. `jitt mail` lists them.", 2)
        typer.echo(_opened(_read(files[number - 1]), html=html))
        return
    if as_json:
        typer.echo(json.dumps([_told(file) for file in files]))
        return
    if not files:
        typer.echo(f"No mail in {folder}. {_why_none()}")
    for place, file in enumerate(files[:SHOWN], 1):
        found = _told(file)
        typer.echo(f"{place:>3}  {found['at'][11:16]}  {found['to']:<32}  {found['subject']}")
    if len(files) > SHOWN:
        typer.echo(f"     and {len(files) - SHOWN} older ones")


def bounce(
    file: Annotated[str, typer.Argument(help="A mail that came back, or a mailbox (mbox) of them; - reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """Take in mails that came back (delivery status notifications), so that supervisors see who gets no mail.

    A mail server can run it for each mail to the address in JITT_MAIL_FROM: `|jitt bounce -`.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as problem:
        fail(f"{file} cannot be read: {problem.strerror}.", 2)
    found = list(bounces.read_all(data))
    told = on(SERVICE, lambda running: _take_in(running, found))
    if as_json:
        typer.echo(json.dumps(told))
        return
    for one in told:
        typer.echo(f"{one['notice'] or 'A mail'}: {one['words']}")
    if not any(isinstance(one, Bounce) for one in found):
        fail("Nothing of this tells of a mail of ours.")


async def _take_in(running: Running, found: list[Bounce | NoBounce]) -> list[dict[str, str]]:
    return [await _taken(running, one) for one in found]


async def _taken(running: Running, one: Bounce | NoBounce) -> dict[str, str]:
    if isinstance(one, NoBounce):
        return {"notice": "", "outcome": "skipped", "words": one.words}
    report = http_notices.Report(status=one.status, reason=one.reason)
    outcome = await http_notices.told(running, one.notice_id, report, source="jitt bounce")
    words = SAID.get(outcome, outcome).format(status=f"{one.status} {one.reason or ''}".strip())
    return {"notice": str(one.notice_id), "outcome": outcome, "words": words}


def _why_none() -> str:
    if settings().mail_host:
        return f"They go to {settings().mail_host}."
    return "One is written when a training is assigned, before and after a session, and for an alert."


def _read(file: Path) -> EmailMessage:
    found = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def _told(file: Path) -> dict[str, str]:
    message = _read(file)
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return {"at": at, "to": str(message["To"]), "subject": str(message["Subject"]), "file": str(file)}


def _opened(message: EmailMessage, *, html: bool) -> str:
    body = message.get_body(("html" if html else "plain",))
    content = str(body.get_content()) if body else ""
    if html:
        return content
    names = ("Subject", "From", "To", "Reply-To", "Date", "List-Unsubscribe")
    head = [f"{name}: {message[name]}" for name in names if message[name]]
    return "\n".join([*head, "", content])
