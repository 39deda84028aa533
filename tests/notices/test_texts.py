"""Text messages: signed JSON to one address, checked with the reference library of Standard Webhooks."""

import base64
import json

from pydantic import SecretStr
from standardwebhooks import Webhook as Reference

from services.supervision.notice_messages import ChannelChosen
from services.supervision.smtp import Accepted, Busy, Refused
from services.supervision.texting import judged
from tests.notices.server import Kept
from tests.notices.town import Town
from tests.supervision.builders import MENTOR, SITE
from tests.supervision.receiving import Reply, receiving

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()
KEYS = {"notice_keys": (SecretStr(SECRET), SecretStr("an older one"))}


async def test_who_wants_text_messages_gets_them_signed_and_no_mail(town: Town, kept: Kept, port: int) -> None:
    await town.happens(ChannelChosen(site_id=SITE, person_id=MENTOR, wanted="text"), town.assigned())
    async with receiving() as receiver:
        await town.sender(port, text_url=receiver.url, **KEYS).round()
        (got,) = receiver.got
    told = Reference(SECRET).verify(got.body, got.headers)
    notice = await town.one("training")
    assert told == json.loads(got.body)
    assert (got.id, told["id"], told["to"], told["language"]) == (str(notice.notice_id), got.id, "+1 555 555 0142", "en")
    assert told["text"].startswith("Eastfield Mentoring: your short training for ") and "/t/" in told["text"]
    assert (notice.state, notice.channel) == ("sent", "text")
    assert kept.mails == []


async def test_a_mail_that_is_refused_becomes_a_text_message(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.person("marcus", "Marcus Bell", email="gone-marcus@mail.example"), town.assigned())
    async with receiving() as receiver:
        sender = town.sender(port, text_url=receiver.url, **KEYS)
        await sender.round()
        assert receiver.got == []
        await sender.round()
        assert len(receiver.got) == 1
    notice = await town.one("training")
    assert (notice.state, notice.channel, notice.tries) == ("sent", "text", 2)
    reach = await town.reach()
    assert reach and set(reach.broken) == {"mail"}


async def test_a_receiver_that_fails_is_asked_again_with_the_same_id(town: Town, port: int) -> None:
    await town.happens(ChannelChosen(site_id=SITE, person_id=MENTOR, wanted="text"), town.assigned())
    async with receiving() as receiver:
        receiver.answer = Reply(503)
        sender = town.sender(port, text_url=receiver.url, **KEYS)
        await sender.round()
        assert (await town.one("training")).reason == "http_503"
        receiver.answer = Reply(204)
        await town.all_due()
        await sender.round()
        assert len({got.id for got in receiver.got}) == 1
    assert (await town.one("training")).state == "sent"


def test_what_a_receiver_answers() -> None:
    assert judged(200, b'{"id": "SM12"}') == Accepted("SM12")
    assert judged(202, b"<html>") == judged(202, b'{"id": 3}') == Accepted(None)
    assert judged(422, b"") == Refused("http_422")
    for status in (301, 401, 403, 404, 408, 425, 429, 500, 503):
        assert judged(status, b"") == Busy(f"http_{status}")
