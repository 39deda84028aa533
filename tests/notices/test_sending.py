"""Notices leave: over a real SMTP server, once, to whom they are for, and what comes of them is told."""

import re
import ssl
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.supervision import store_notices
from services.supervision.messages import AlertTaken
from services.supervision.notice_messages import ChannelChosen
from services.supervision.sending import LEASE, Pace
from shared.contracts.supervision import NoticeDelivered
from shared.contracts.trigger import NudgeRequested
from shared.security import Link, read_link
from tests.driving import outgoing
from tests.notices.server import Kept, Mail, serving, signs_in
from tests.notices.town import Town
from tests.provider import certificate
from tests.supervision import builders
from tests.supervision.builders import LEAD, MENTOR, SESSION, SITE, SUPERVISOR, TRAINING

LINK = re.compile(r"https?://\S+/t/(\S+)")


def subjects(kept: Kept) -> list[str]:
    return [str(mail.message["Subject"]) for mail in kept.mails]


async def states(town: Town, person_id: UUID = MENTOR) -> list[tuple[str, str]]:
    return [(notice.kind, notice.state) for notice in await town.notices(person_id)]


async def test_a_training_is_mailed_with_a_link_that_opens_it(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned())
    await town.sender(port).round()
    assert await states(town) == [("training", "sent")]
    (mail,) = kept.mails
    assert mail.to == "marcus@mail.example"
    assert str(mail.message["Subject"]).endswith(": your short training")
    found = LINK.search(mail.part("plain"))
    assert found
    link = read_link(found[1], town.start)
    assert link == Link("training", TRAINING, MENTOR, 1)
    told = [event for event in await outgoing(town.running) if isinstance(event, NoticeDelivered)]
    assert [(event.kind, event.state, event.channel, event.person_id) for event in told] == [("training", "sent", "mail", MENTOR)]


async def test_the_same_event_twice_is_one_mail(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned())
    await town.happens(town.assigned())
    sender = town.sender(port)
    await sender.round()
    await sender.round()
    assert len(kept.mails) == 1


async def test_a_link_has_the_epoch_of_when_it_is_sent(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned(), builders.LinksRevoked(mentor_id=MENTOR))
    await town.sender(port).round()
    found = LINK.search(kept.mails[0].part("plain"))
    assert found
    link = read_link(found[1], town.start)
    assert isinstance(link, Link) and link.epoch == 2


async def test_each_moment_is_mailed_and_what_needs_no_mail_is_dropped(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned())
    for moment in ("nudge", "last_call"):
        await town.happens(
            NudgeRequested(mentor_id=MENTOR, site_id=SITE, session_id=SESSION, training_id=TRAINING, moment=moment)
        )
    await town.happens(builders.completed(starts_at=town.start))
    await town.sender(port).round()
    assert sorted(await states(town)) == [("last_call", "dropped"), ("nudge", "dropped"), ("training", "dropped")]
    assert (await town.one("nudge")).reason == "training_done"
    assert [mail for mail in kept.mails if mail.to.startswith("marcus")] == []


async def test_a_session_that_moves_is_mailed_once_with_its_newest_time(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned())
    await town.sender(port).round()
    await town.happens(town.planned(revision=2, starts_at=town.start + timedelta(days=1)))
    await town.happens(town.planned(revision=3, starts_at=town.start + timedelta(days=2)))
    await town.sender(port).round()
    moved = [notice for notice in await town.notices() if notice.kind == "moved"]
    assert sorted(notice.state for notice in moved) == ["dropped", "sent"]
    assert len([one for one in subjects(kept) if one.startswith("Your session moved")]) == 1


async def test_an_alert_is_mailed_to_the_supervisor_and_not_to_who_comes_too_late(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned(), builders.answered(starts_at=town.start))
    async with town.running.connection() as conn:
        alert_id = await conn.fetchval("SELECT alert_id FROM alert WHERE rule = 'confident_miss_on_safety_item'")
    await town.sender(port).round()
    (mail,) = [one for one in kept.mails if one.to == "dana@mail.example" and "Talk first" in str(one.message["Subject"])]
    assert "Marcus Bell" in str(mail.message["Subject"])
    assert f"/alerts#alert-{alert_id}" in mail.part("plain")
    assert mail.message["List-Unsubscribe"] is None
    assert str(mail.message["Reply-To"]) == "priya@mail.example"
    await town.happens(AlertTaken(mentor_id=MENTOR, alert_id=alert_id, by=SUPERVISOR))
    assert await states(town, LEAD) == []


async def test_a_server_that_is_busy_is_asked_again_and_its_mail_arrives_once(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.person("marcus", "Marcus Bell", email="busy-marcus@mail.example"), town.assigned())
    sender = town.sender(port)
    await sender.round()
    waiting = await town.one("training")
    assert (waiting.state, waiting.tries, waiting.reason) == ("waiting", 1, "smtp_450 4.2.1")
    await town.happens(town.person("marcus", "Marcus Bell"))
    await town.all_due()
    await sender.round()
    assert (await town.one("training")).state == "sent"
    assert len(kept.mails) == 1


async def test_nothing_listens_and_nothing_is_lost(town: Town, kept: Kept) -> None:
    await town.happens(town.assigned())
    await town.sender(9).round()
    assert (await town.one("training")).reason == "no_connection"
    async with serving(kept) as port:
        await town.all_due()
        await town.sender(port).round()
    assert (await town.one("training")).state == "sent"


async def test_an_address_that_is_gone_fails_at_once_and_shows(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.person("marcus", "Marcus Bell", email="gone-marcus@mail.example"), town.assigned())
    await town.sender(port).round()
    assert await states(town) == [("training", "failed")]
    reach = await town.reach()
    assert reach and reach.none_works and reach.broken["mail"].reason == "smtp_550 5.1.1"
    told = [event for event in await outgoing(town.running) if isinstance(event, NoticeDelivered)]
    assert [(event.state, event.reason) for event in told] == [("failed", "smtp_550 5.1.1")]


async def test_what_a_server_holds_against_us_is_not_held_against_the_address(town: Town, port: int) -> None:
    await town.happens(town.person("marcus", "Marcus Bell", email="policy-marcus@mail.example"), town.assigned())
    await town.sender(port).round()
    assert await states(town) == [("training", "waiting")]
    assert await town.reach() is None
    await town.happens(town.person("marcus", "Marcus Bell", email="spam-marcus@mail.example"))
    await town.all_due()
    await town.sender(port).round()
    assert (await town.one("training")).reason == "smtp_554 5.6.0"
    assert await town.reach() is None


async def test_nobody_without_an_address_is_forgotten(town: Town, port: int) -> None:
    await town.happens(town.person("marcus", "Marcus Bell", email=None), town.assigned())
    await town.sender(port).round()
    reach = await town.reach()
    assert reach and reach.broken["mail"].reason == "no_address"


async def test_what_a_server_may_have_waits_and_goes_out_again_as_the_same_message(town: Town, kept: Kept, port: int) -> None:
    """The server keeps the mail and loses the connection before it says so. Nobody can know: the wait is for a report."""
    await town.happens(town.person("marcus", "Marcus Bell", email="vanish-marcus@mail.example"), town.assigned())
    sender = town.sender(port)
    await sender.round()
    unsure = await town.one("training")
    assert unsure.state == "handed_over" and unsure.due_at and unsure.handed_at
    assert timedelta(seconds=600) <= unsure.due_at - unsure.handed_at < timedelta(seconds=660), "since it was written"
    assert await sender.round() == 0, "not before the wait is over"
    await town.all_due()
    await sender.round()
    assert (await town.one("training")).state == "sent"
    assert len({mail.message_id for mail in kept.mails}) == 1


async def test_whoever_lost_a_claim_hands_nothing_over(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.assigned())
    (slow,) = [n for n in await store_notices.claim(town.running.pool, 9, LEASE) if n.kind == "training"]
    await town.all_due()
    await town.sender(port).round()
    await town.sender(port).send(slow)
    assert len(kept.mails) == 1
    assert (await town.one("training")).state == "sent"


async def test_who_wants_no_mail_gets_none(town: Town, kept: Kept, port: int) -> None:
    await town.happens(ChannelChosen(site_id=SITE, person_id=MENTOR, wanted="none"), town.assigned())
    await town.sender(port).round()
    assert await states(town) == [("training", "dropped")]
    assert kept.mails == []


async def test_without_a_server_each_mail_is_a_file(town: Town, tmp_path: Path) -> None:
    await town.happens(town.assigned())
    await town.sender(home=tmp_path).round()
    notice = await town.one("training")
    (file,) = (tmp_path / "mail").glob("*.eml")
    assert file.stem == str(notice.notice_id)
    assert Mail("", "", False, file.read_bytes()).message["To"] == "Marcus Bell <marcus@mail.example>"


async def test_in_production_without_a_server_notices_wait(town: Town, tmp_path: Path) -> None:
    await town.happens(town.assigned())
    await town.sender(home=tmp_path, mode="production").round()
    assert (await town.one("training")).reason == "no_mail_server"
    assert not (tmp_path / "mail").exists()


async def test_a_few_connections_carry_many_mails(town: Town, kept: Kept, port: int) -> None:
    people = [town.person(f"m{n}", f"Mentor {n}") for n in range(8)]
    await town.happens(*people)
    sender = town.sender(port)
    for person in people:
        await town.happens(town.assigned(mentor_id=person.person_id, training_id=UUID(int=person.person_id.int ^ 1)))
        await sender.round()
    await sender.close()
    assert len(kept.mails) == 8
    assert kept.greeted == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd", "ignore::UserWarning:aiosmtpd")
async def test_a_server_that_wants_tls_and_a_password_gets_both(
    town: Town, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem.file, pem.key)
    guarded = {"auth_required": True, "auth_require_tls": False, "authenticator": signs_in("jitt", "right")}
    await town.happens(town.assigned())
    monkeypatch.setenv("SSL_CERT_FILE", str(pem.file))
    async with serving(kept, context, **guarded) as port:
        for password, reason in (("wrong", "smtp_535 5.7.8"), ("right", None)):
            await town.all_due()
            await town.sender(port, mail_tls="tls", mail_user="jitt", mail_password=SecretStr(password)).round()
            assert (await town.one("training")).reason == reason
    assert len(kept.mails) == 1
    assert await town.reach() is None, "none of this is the fault of an address"


@pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd", "ignore::UserWarning:aiosmtpd")
async def test_a_server_that_begins_without_tls_gets_the_mail_only_after_starttls_and_only_where_its_certificate_is_known(
    town: Town, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem.file, pem.key)
    await town.happens(town.assigned())
    ways = (("none", True, "smtp_530"), ("starttls", False, "no_connection"), ("starttls", True, None))
    async with serving(kept, tls_context=context, require_starttls=True) as port:
        for mail_tls, known, reason in ways:
            if known:
                monkeypatch.setenv("SSL_CERT_FILE", str(pem.file))
            else:
                monkeypatch.delenv("SSL_CERT_FILE")
            await town.all_due()
            await town.sender(port, mail_tls=mail_tls).round()
            found = (await town.one("training")).reason
            assert (found or "").split(" ")[0] == (reason or ""), (mail_tls, known, found)
            assert len(kept.mails) == (reason is None)
    assert await town.reach() is None, "none of this is the fault of an address"


def test_mails_to_one_domain_leave_one_after_the_other() -> None:
    pace = Pace(2.0)
    assert [pace.turn("mail.example", 100.0) for _ in range(3)] == [0.0, 0.5, 1.0]
    assert pace.turn("other.example", 100.0) == 0.0
    assert pace.turn("mail.example", 200.0) == 0.0
