"""A letter as a mail: plain text and HTML, with headers that other programs go by. Pure.

The Message-ID follows from the notice: however often it is sent, it is one message to every program that looks at that.
"""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from uuid import UUID

from jinja2 import Environment

from services.supervision.letter_desk import Letter
from services.supervision.letter_facts import Reader
from shared import pages
from shared.pages import languages

PAGES = "services.supervision"
POLICY = policy.SMTP.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class From:
    """`address`: what the server lets us send as. `console`: base address, for links of the staff's."""

    address: str
    console: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def message_id(notice_id: UUID, domain: str) -> str:
    return f"<{notice_id}@{domain}>"


def notice_of(message_id: str) -> UUID | None:
    """Whose Message-ID it is; None for a mail that is none of ours."""
    try:
        return UUID(message_id.strip().strip("<>").partition("@")[0])
    except ValueError:
        return None


def mail(notice_id: UUID, created_at: datetime, letter: Letter, reader: Reader, sender: From, *, off: str = "") -> EmailMessage:
    """`off`: where the reader says how they want to be written to; empty: they cannot. The same notice gives the same headers."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = one_line(letter.subject)
    message["From"] = Address(one_line(reader.site_name), *_split(sender.address))
    message["To"] = Address(one_line(reader.name), *_split(reader.email or ""))
    if reader.reply_to:
        message["Reply-To"] = Address("", *_split(reader.reply_to))
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = message_id(notice_id, sender.domain)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if off:
        message["List-Unsubscribe"] = f"<{off}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    values = {"letter": letter, "reader": reader, "off": off, "console": sender.console}
    env = environment(language_of(reader))
    message.set_content(env.get_template("mail.txt.jinja").render(values))
    message.add_alternative(env.get_template("mail.html.jinja").render(values), subtype="html")
    message.set_boundary(f"jitt-{notice_id}")
    message["Content-Language"] = language_of(reader)
    return message


def language_of(reader: Reader) -> str:
    return languages.spoken(PAGES, reader.locale).code if reader.mentor else languages.SOURCE


def one_line(words: str) -> str:
    """A name with a line break in it would begin a header of its own."""
    return " ".join(words.split())


def _split(address: str) -> tuple[str, str]:
    name, _, domain = one_line(address).rpartition("@")
    return name, domain


@lru_cache
def environment(code: str) -> Environment:
    return pages.environment(PAGES, languages.spoken(PAGES, code))
