"""Nobody can be told of an alert: it goes on to the next in line at once, and the site's lead sees whom no message reaches."""

from uuid import UUID

import pytest

from services.supervision import reading_notices, sending, store_notices
from services.supervision.http_notices import Report, told
from services.supervision.sending import LEASE
from shared.contracts.supervision import AlertEscalated
from tests.driving import outgoing
from tests.notices.server import Kept
from tests.notices.town import Town
from tests.supervision import builders
from tests.supervision.builders import LEAD, SITE, SUPERVISOR
from tests.supervision.console import signed_in, words

ALERT = "SELECT with_role, passed_why, state FROM alert WHERE rule = 'confident_miss_on_safety_item'"
CALL = "SELECT with_role, passed_why, state FROM alert WHERE rule = 'safeguarding_button_pressed'"
OPEN = ("site_lead", "unreached", "open")


async def missed(town: Town) -> None:
    await town.happens(town.assigned(), builders.answered(starts_at=town.start))


async def alert(town: Town, statement: str = ALERT) -> tuple[str, str | None, str]:
    async with town.running.connection() as conn:
        row = await conn.fetchrow(statement)
    return row["with_role"], row["passed_why"], row["state"]


async def rounds(town: Town, port: int) -> None:
    """Until nothing is due any more."""
    sender = town.sender(port)
    while await sender.round():
        pass
    await sender.close()


def letters(kept: Kept, to: str) -> list[str]:
    return [mail.part("plain") for mail in kept.mails if mail.to == f"{to}@mail.example"]


async def test_a_supervisor_without_an_address_is_passed_over_at_once_and_the_lead_is_told_why(
    town: Town, kept: Kept, port: int
) -> None:
    before = sending.UNHEARD._value.get()
    await town.happens(town.person("dana", "Dana Ortiz", "supervisor", email=None))
    await missed(town)
    await rounds(town, port)
    assert await alert(town) == OPEN
    [letter] = letters(kept, "priya")
    assert "no message reached whoever was asked before you" in " ".join(letter.split()) and "has not acknowledged" not in letter
    assert [(e.to, e.why) for e in await outgoing(town.running) if isinstance(e, AlertEscalated)] == [(LEAD, "unreached")]
    assert sending.UNHEARD._value.get() == before + 1
    async with signed_in(town.running, "priya") as priya:
        assert "No message reached who was asked before." in words((await priya.get("/alerts")).text)
        today = words((await priya.get("/today")).text)
        assert "No message reaches Dana Ortiz. Alerts go on to the next in line at once." in today
    await town.happens(town.person("priya", "Priya Nair", "site_lead", email=None))
    async with signed_in(town.running, "priya") as priya:
        assert "No message reaches Dana Ortiz and you." in words((await priya.get("/today")).text)
    async with signed_in(town.running, "dana") as dana:
        assert "No message reaches" not in words((await dana.get("/today")).text)


async def test_a_mail_that_comes_back_passes_its_alert_on_and_the_next_one_is_passed_on_as_it_is_sent(
    town: Town, kept: Kept, port: int
) -> None:
    await missed(town)
    await rounds(town, port)
    assert (await alert(town))[0] == "supervisor"
    sent = await town.one("alert", SUPERVISOR)
    assert await told(town.running, sent.notice_id, Report(status="bounced", reason="5.1.1"), "test") == "applied"
    await rounds(town, port)
    assert await alert(town) == OPEN
    bounced = await town.one("alert", SUPERVISOR)
    assert (bounced.state, bounced.due_at) == ("bounced", None), "it is looked at once, and keeps how it ended"
    await town.happens(builders.call(session_id=builders.SESSION))
    await rounds(town, port)
    assert (await alert(town, CALL))[:2] == ("site_lead", "unreached")
    assert len(letters(kept, "dana")) == 2, "it is tried all the same: the address may work again"


async def test_a_mail_to_a_former_supervisor_that_comes_back_passes_on_nothing_that_another_one_has(
    town: Town, kept: Kept, port: int
) -> None:
    await missed(town)
    await rounds(town, port)
    sent = await town.one("alert", SUPERVISOR)
    await town.happens(
        town.person("omar", "Omar Haddad", "supervisor"), town.person("marcus", "Marcus Bell", supervisor_reference="omar")
    )
    await rounds(town, port)
    assert len(letters(kept, "omar")) == 1
    await told(town.running, sent.notice_id, Report(status="bounced", reason="5.1.1"), "test")
    await rounds(town, port)
    assert await alert(town) == ("supervisor", None, "open")


async def test_where_nobody_in_the_line_can_be_reached_it_stays_with_the_lead_until_its_deadline(town: Town, port: int) -> None:
    await town.happens(
        town.person("dana", "Dana Ortiz", "supervisor", email="gone-dana@mail.example"),
        town.person("priya", "Priya Nair", "site_lead", email=None),
    )
    await missed(town)
    await rounds(town, port)
    assert await alert(town) == OPEN
    assert [e.to_role for e in await outgoing(town.running) if isinstance(e, AlertEscalated)] == ["site_lead"]
    async with town.running.connection() as conn:
        assert await conn.fetchval("SELECT escalate_at > now() FROM alert WHERE passed_why = 'unreached'")


async def test_of_two_ways_one_that_works_is_enough(town: Town, port: int) -> None:
    """As a sender sees it: the alert of such a person goes nowhere."""
    await town.happens(town.person("dana", "Dana Ortiz", "supervisor", email="gone-dana@mail.example"))
    await missed(town)
    await rounds(town, port)
    async with town.running.connection() as conn:
        by_mail = await reading_notices.list_unreached_staff(conn, SITE, texts=False)
        by_any = await reading_notices.list_unreached_staff(conn, SITE, texts=True)
        await conn.execute("UPDATE reach SET broken = jsonb_build_object('text', broken -> 'mail')")
        by_mail_again = await reading_notices.list_unreached_staff(conn, SITE, texts=True)
    assert [[one.name for one in found] for found in (by_mail, by_any, by_mail_again)] == [["Dana Ortiz"], [], []]


async def test_what_somebody_took_meanwhile_goes_nowhere(town: Town, port: int) -> None:
    await town.happens(town.person("dana", "Dana Ortiz", "supervisor", email="gone-dana@mail.example"))
    await missed(town)
    async with town.running.connection() as conn:
        alert_id: UUID = await conn.fetchval("SELECT alert_id FROM alert WHERE rule = 'confident_miss_on_safety_item'")
    (claimed,) = [n for n in await store_notices.claim(town.running.pool, 9, LEASE) if n.kind == "alert"]
    sender = town.sender(port)
    tried = await sender._try(claimed)
    assert tried and tried.outcome == "refused"
    await town.running.submit(tried, id="tried", source="test")
    await town.happens(builders.AlertTaken(mentor_id=builders.MENTOR, alert_id=alert_id, by=SUPERVISOR))
    await rounds(town, port)
    assert await alert(town) == ("supervisor", None, "acknowledged")


@pytest.mark.parametrize("kind", ["training"])
async def test_a_mentors_mail_that_fails_passes_nothing_on(town: Town, port: int, kind: str) -> None:
    await town.happens(town.person("marcus", "Marcus Bell", email="gone-marcus@mail.example"), town.assigned())
    await rounds(town, port)
    failed = await town.one(kind)
    assert (failed.state, failed.due_at) == ("failed", None)
