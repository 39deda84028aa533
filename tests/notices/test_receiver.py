"""A system that follows alerts and does not answer any more: the lead of its site gets one mail."""

from datetime import timedelta

import pytest

from services.supervision import store_webhooks
from services.supervision.webhook_messages import WebhookAdded, WebhookTried
from tests.notices.server import Kept
from tests.notices.test_unheard import rounds
from tests.notices.town import Town
from tests.supervision.builders import LEAD, SITE

SINCE = (
    "UPDATE webhook SET tried_since = now() - $1::interval, failing_since = now() - $1::interval"
)


async def added(town: Town, *sites: str) -> None:
    await town.running.submit(
        WebhookAdded(name="sis-east", url="https://sis.example.org", sites=sites, secret="dev:one", place="10.0"),
        id="added", source="test",
    )  # fmt: skip


async def fails(town: Town, place: str, came: str = "failed") -> str:
    webhook = await store_webhooks.find(town.running.pool, "sis-east")
    assert webhook
    tried = WebhookTried.model_validate(
        {"name": "sis-east", "after": str(webhook.place), "place": place, "came": came, "answer": "http_503"}
    )
    await town.running.submit(tried, id=f"{place}/{came}", source="test")
    after = await store_webhooks.find(town.running.pool, "sis-east")
    assert after
    return after.state


async def test_its_lead_is_mailed_once_when_it_has_taken_nothing_for_three_days(town: Town, kept: Kept, port: int) -> None:
    await added(town, SITE)
    assert await fails(town, "11.1") == "active"
    assert await town.notices(LEAD) == [], "one failure is no news"
    await town.execute(SINCE, timedelta(days=3))
    assert await fails(town, "11.2") == "active", "given up, and the next has one try"
    assert await fails(town, "12.1") == "failing"
    await rounds(town, port)
    [mail] = [mail for mail in kept.mails if mail.to == "priya@mail.example"]
    assert str(mail.message["Subject"]) == "A system of your site hears of no alerts: “sis-east”"
    text = " ".join(mail.part("plain").split())
    assert "Your system “sis-east” has taken nothing about alerts for three days (it answers with error 503)." in text
    assert "People hear of alerts as before." in text


@pytest.mark.parametrize(("sites", "mailed"), [((SITE,), 1), ((SITE, "westfield"), 0)])
async def test_one_that_asks_for_no_more_is_told_of_at_once_and_one_of_many_sites_is_no_single_leads(
    town: Town, sites: tuple[str, ...], mailed: int
) -> None:
    await added(town, *sites)
    assert await fails(town, "11.1", "gone") == "gone"
    assert len(await town.notices(LEAD)) == mailed
