"""What became of a notice later: a provider's report, a mail that came back, and what a mentor and the console see of it."""

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import httpx2
import pytest

from services.supervision import bounces, http_notices, texting
from services.supervision.bounces import Bounce, NoBounce
from services.supervision.http_notices import Report
from services.supervision.messages import LinksRevoked
from shared.contracts.assessment import LinkRequested
from shared.security import Link, mint_link
from shared.settings import DEVELOPMENT_KEY
from tests.notices.server import Kept
from tests.notices.town import Town
from tests.supervision.builders import MENTOR
from tests.supervision.console import a_browser, signed_in, words

DSN = """From: mailer-daemon@mx.mail.example
To: notices@mentoring.example
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail could not be delivered to marcus@mail.example.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.mail.example

Final-Recipient: rfc822; marcus@mail.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 unknown user

--b
Content-Type: {part}

{about}
--b--
"""


def returned(message_id: str, action: str = "failed", part: str = "text/rfc822-headers") -> bytes:
    return DSN.format(action=action, part=part, about=f"Subject: x\nMessage-ID: {message_id}\n\n").encode()


async def sent(town: Town, port: int) -> UUID:
    await town.happens(town.assigned())
    await town.sender(port).round()
    return (await town.one("training")).notice_id


async def post(
    town: Town, notice_id: UUID, body: bytes, key: str = DEVELOPMENT_KEY, at: datetime | None = None
) -> httpx2.Response:
    headers = texting.signed(str(notice_id), body, (key,), at or datetime.now(UTC)) | {"accept": "application/json"}
    async with a_browser(town.running) as client:
        return await client.post(f"/v1/notices/{notice_id}/status", content=body, headers=headers)


async def test_a_provider_reports_a_bounce_and_the_console_shows_it(town: Town, port: int) -> None:
    notice_id = await sent(town, port)
    answer = await post(town, notice_id, b'{"status": "bounced", "reason": "5.1.1"}')
    assert (answer.status_code, answer.json()) == (202, {"outcome": "applied"})
    again = await post(town, notice_id, b'{"status": "bounced", "reason": "5.1.1"}')
    assert (again.status_code, again.json()) == (202, {"outcome": "duplicate"})
    assert (await town.one("training")).state == "bounced"
    async with signed_in(town.running, "dana") as client:
        today = await client.get("/today")
        assert "Messages do not reach one mentor: Marcus Bell" in words(today.text)
        page = words((await client.get(f"/mentors/{MENTOR}")).text)
        assert "Messages have not reached Marcus since today at" in page
        assert "The link to the training came back, today at" in page


async def test_a_delivery_ends_the_trouble(town: Town, port: int) -> None:
    notice_id = await sent(town, port)
    await post(town, notice_id, b'{"status": "delivered"}')
    assert (await town.one("training")).state == "delivered"
    assert await town.reach() is None


@pytest.mark.parametrize(
    ("body", "key", "late", "status"),
    [
        (b'{"status": "bounced"}', "somebody else's", 0, 401),
        (b'{"status": "bounced"}', DEVELOPMENT_KEY, 600, 401),
        (b'{"status": "eaten"}', DEVELOPMENT_KEY, 0, 422),
        (b"bounced", DEVELOPMENT_KEY, 0, 422),
        (b'{"status": "bounced", "reason": "gone: marcus@mail.example"}', DEVELOPMENT_KEY, 0, 422),
        (b'{"status": "bounced"}', DEVELOPMENT_KEY, 0, 404),
    ],
)
async def test_a_report_that_cannot_be_taken_says_why(town: Town, body: bytes, key: str, late: int, status: int) -> None:
    answer = await post(town, UUID(int=5), body, key, datetime.now(UTC) - timedelta(seconds=late))
    assert answer.status_code == status
    assert len(answer.json()["error"]) > 20


async def test_nothing_is_reported_of_what_was_not_sent(town: Town) -> None:
    await town.happens(town.assigned())
    notice_id = (await town.one("training")).notice_id
    assert (await post(town, notice_id, b'{"status": "delivered"}')).status_code == 409


async def test_a_mail_that_came_back_is_noted_by_its_message_id(town: Town, kept: Kept, port: int) -> None:
    await sent(town, port)
    found = bounces.read(returned(kept.mails[0].message_id))
    assert isinstance(found, Bounce)
    report = Report(status=found.status, reason=found.reason)
    assert await http_notices.told(town.running, found.notice_id, report, "test") == "applied"
    notice = await town.one("training")
    assert (notice.state, notice.reason) == ("bounced", "5.1.1")


@pytest.mark.parametrize("part", ["text/rfc822-headers", "message/rfc822"])
def test_a_bounce_is_read_with_the_mail_or_its_headers(part: str) -> None:
    assert bounces.read(returned(f"<{UUID(int=7)}@mentoring.example>", part=part)) == Bounce(UUID(int=7), "bounced", "5.1.1")


def test_a_mailbox_holds_many_and_what_is_no_report_is_said() -> None:
    mail = EmailMessage()
    mail["Subject"] = "Out of office"
    mail.set_content("Back on Monday.")
    one = returned(f"<{UUID(int=7)}@mentoring.example>", action="delayed")
    mailbox = b"From daemon Mon Nov 30\n" + one + b"\nFrom marcus Mon Nov 30\n" + bytes(mail)
    assert list(bounces.read_all(mailbox)) == [
        Bounce(UUID(int=7), "delayed", "5.1.1"),
        NoBounce("it is no report of a delivery"),
    ]
    assert bounces.read(returned("<CAF1@mail.gmail.com>")) == NoBounce("the mail that it is about is none of ours")
    assert isinstance(bounces.read(returned("<x@y>", action="eaten")), NoBounce)


async def test_a_mentor_chooses_no_mail_by_the_link_in_a_mail(town: Town, kept: Kept, port: int) -> None:
    await sent(town, port)
    off = str(kept.mails[0].message["List-Unsubscribe"]).strip("<>")
    assert off in kept.mails[0].part("plain")
    path = "/" + off.split("/", 3)[3]
    async with a_browser(town.running) as client:
        page = await client.get(path)
        assert page.status_code == 200 and "How we write to you" in page.text and "Eastfield Mentoring" in page.text
        assert (await town.reach()) is None, "opening it changes nothing"
        saved = await client.post(path, data={"wanted": "none"})
        assert saved.status_code == 303
        assert "We do not write to you any more." in words((await client.get(saved.headers["location"])).text)
        assert (await client.post(path, data={"wanted": "mail"})).status_code == 303
        one_click = await client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert one_click.status_code == 303
        for wrong in (path[:-2] + "xx", path.replace("/eastfield/", "/westfield/")):
            assert (await client.get(wrong)).status_code == 404
            assert (await client.post(wrong, data={"wanted": "mail"})).status_code == 404
    reach = await town.reach()
    assert reach and reach.wanted == "none"
    async with signed_in(town.running, "dana") as client:
        assert "Marcus chose to get no messages." in words((await client.get(f"/mentors/{MENTOR}")).text)


async def test_a_link_that_is_years_old_still_ends_mails(town: Town) -> None:
    old = mint_link(Link("mail", MENTOR, MENTOR, 1), datetime.now(UTC) - timedelta(days=700))
    other = mint_link(Link("record", MENTOR, MENTOR, 1), datetime.now(UTC) + timedelta(days=7))
    async with a_browser(town.running) as client:
        assert (await client.post(f"/mail/eastfield/{old}", data={"List-Unsubscribe": "One-Click"})).status_code == 303
        assert (await client.get(f"/mail/eastfield/{other}")).status_code == 404
    reach = await town.reach()
    assert reach and reach.wanted == "none"


async def test_a_revoked_link_changes_nothing_and_shows_nothing(town: Town) -> None:
    """It may be in somebody else's hands. The next mail has a new one."""
    await town.happens(LinksRevoked(mentor_id=MENTOR))
    ends = datetime.now(UTC) + timedelta(days=7)
    revoked, now = (mint_link(Link("mail", MENTOR, MENTOR, epoch), ends) for epoch in (1, 2))
    async with a_browser(town.running) as client:
        assert (await client.post(f"/mail/eastfield/{revoked}", data={"wanted": "none"})).status_code == 404
        shown = await client.get(f"/mail/eastfield/{revoked}")
        assert (shown.status_code, "This link does not work" in shown.text) == (404, True)
        assert (await client.post(f"/mail/eastfield/{now}", data={"wanted": "none"})).status_code == 303


async def test_the_page_speaks_the_mentors_language(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.person("marcus", "Marcos Bell", locale="es"), town.assigned())
    await town.sender(port).round()
    mail = kept.mails[0]
    assert "Hola, Marcos:" in mail.part("plain") and mail.message["Content-Language"] == "es"
    off = str(mail.message["List-Unsubscribe"]).strip("<>")
    async with a_browser(town.running) as client:
        page = await client.get("/" + off.split("/", 3)[3])
        assert "Cómo te escribimos" in page.text and '<html lang="es">' in page.text


async def test_a_new_link_that_was_asked_for_is_mailed_and_the_console_says_so(town: Town, kept: Kept, port: int) -> None:
    await sent(town, port)
    now = datetime.now(UTC)
    await town.happens(LinkRequested(mentor_id=MENTOR, site_id="eastfield", training_id=UUID(int=4), requested_at=now))
    await town.sender(port).round()
    assert str(kept.mails[-1].message["Subject"]) == "Your new link"
    assert re.search(r"/t/\S+", kept.mails[-1].part("plain"))
    async with signed_in(town.running, "dana") as client:
        assert "It was mailed today at" in words((await client.get(f"/mentors/{MENTOR}")).text)
