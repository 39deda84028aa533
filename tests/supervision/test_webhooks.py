"""Webhooks on real servers: order, ids and signatures, receivers that fail in every way, and addresses that nobody may name."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from standardwebhooks import Webhook as Reference
from standardwebhooks import WebhookVerificationError

from services.supervision import effects_webhooks, store_webhooks, webhook_sending, webhooks
from services.supervision.effects_webhooks import Allowed
from services.supervision.told import Cursor
from shared import outside
from shared.contracts import ids
from shared.running import Running
from shared.settings import settings
from tests.supervision.builders import SITE
from tests.supervision.conftest import Jitt
from tests.supervision.console import Afternoon
from tests.supervision.feeding import a_site, raises
from tests.supervision.receiving import Got, Receiver, Reply, becomes, receiving, sending, subscribes

NOBODY_READS = 64 * 1024 * 1024
INSIDE = Allowed(http=True, private=True)


@pytest.fixture
async def day(running: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Afternoon]:
    monkeypatch.setenv("JITT_WEBHOOK_PRIVATE_ADDRESSES", "1")
    settings.cache_clear()
    yield await a_site(replace(running, settings=settings()))
    settings.cache_clear()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits are short."""
    monkeypatch.setattr(webhooks, "WAITS", (timedelta(milliseconds=50),))


async def test_changes_arrive_in_order_signed_with_ids_and_codes_only(day: Afternoon, receiver: Receiver) -> None:
    secret = await subscribes(day.running, receiver.url)
    await raises(day, "marcus", "zoe", "leah")
    async with sending(day.running):
        await receiver.has(3)
        done = await becomes(day.running, lambda one: one.delivered_at is not None and one.tries == 0)
    told = receiver.checked(secret)
    assert [one["mentor_id"] for one in told] == [str(ids.mentor(SITE, name)) for name in ("marcus", "zoe", "leah")]
    first = json.loads(receiver.got[0].body)
    assert (first["type"], first["timestamp"]) == ("alert.raised", first["data"]["at"])
    assert not any(name in str(receiver.got) for name in ("Marcus", "Zoe", "Leah"))
    assert (done.state, done.answer) == ("active", "http_204")
    with pytest.raises(WebhookVerificationError):
        Reference(secret).verify(receiver.got[0].body.replace(b"raised", b"raised "), receiver.got[0].headers)


async def test_a_retry_is_the_same_message_and_what_comes_after_waits(day: Afternoon, receiver: Receiver, soon: None) -> None:
    secret = await subscribes(day.running, receiver.url)
    answers = iter((Reply(503), Reply(500), Reply(302, {"Location": receiver.url}), Reply(400), Reply(200, more=10)))

    async def answering(_: Got) -> Reply:
        return next(answers, Reply())

    receiver.answering = answering
    await raises(day, "marcus", "zoe")
    async with sending(day.running):
        got = await receiver.has(6)
    assert len({one.id for one in got[:5]}) == len({one.body for one in got[:5]}) == 1
    assert got[5].id != got[0].id
    assert receiver.checked(secret)[5]["mentor_id"] == str(ids.mentor(SITE, "zoe"))


async def test_each_receiver_is_told_of_its_sites_and_caseload_and_a_dead_one_holds_up_nobody(
    day: Afternoon, receiver: Receiver
) -> None:
    await day.mentor("omars", "Tom Okafor", supervisor="omar")
    await day.session("omars", timedelta(hours=3))
    async with receiving() as omars, receiving() as elsewhere, receiving() as silent:
        silent.answer = Reply(silent=True)
        await subscribes(day.running, receiver.url)
        await subscribes(day.running, omars.url, "omar", supervisor_id=ids.supervisor(SITE, "omar"))
        await subscribes(day.running, elsewhere.url, "elsewhere", sites=("westfield",))
        await subscribes(day.running, silent.url, "silent")
        await raises(day, "marcus", "omars")
        async with sending(day.running):
            await receiver.has(2)
            await omars.has(1)
            moved = await becomes(day.running, lambda one: one.delivered_at is not None, "omar")
        assert [one.news["mentor_id"] for one in omars.got] == [str(ids.mentor(SITE, "omars"))]
        assert elsewhere.got == []
        assert len(silent.got) == 1
        assert moved.place > Cursor(0, 0)


async def test_many_changes_reach_many_receivers_each_once_and_in_order(day: Afternoon, receiver: Receiver) -> None:
    for number in range(3):
        await subscribes(day.running, f"{receiver.url}/{number}", f"sis-{number}")
    await day.running.pool.execute(
        """INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id, document)
           SELECT now(), n::text, gen_random_uuid(), $1, $2, f.document
           FROM generate_series(1, 20) n, (SELECT $3::jsonb AS document) f""",
        ids.mentor(SITE, "marcus"), SITE,
        json.dumps({"rule": "r", "rule_version": 1, "severity": "info", "state": "open", "session_id": None,
                    "supervisor_id": None, "facts": {}}),
    )  # fmt: skip
    async with sending(day.running), sending(day.running):
        await receiver.has(60)
    for number in range(3):
        assert [one.news["change"] for one in receiver.got if one.path.endswith(f"/{number}")] == [str(n + 1) for n in range(20)]
    assert len({one.id for one in receiver.got}) == 60


async def test_while_a_secret_changes_both_sign_and_then_only_the_new_one(day: Afternoon, receiver: Receiver, jitt: Jitt) -> None:
    old = await subscribes(day.running, receiver.url)
    new = json.loads((await jitt("webhook", "rotate", "sis", "--json")).stdout)["secret"]
    await raises(day, "marcus")
    async with sending(day.running):
        await receiver.has(1)
        assert receiver.checked(old) == receiver.checked(new)
        last = json.loads((await jitt("webhook", "rotate", "sis", "--at-once", "--json")).stdout)["secret"]
        await raises(day, "zoe")
        await receiver.has(2)
    Reference(last).verify(receiver.got[1].body, receiver.got[1].headers)
    for ended in (old, new):
        with pytest.raises(WebhookVerificationError):
            Reference(ended).verify(receiver.got[1].body, receiver.got[1].headers)


async def test_gone_ends_it_and_is_said(day: Afternoon, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    await subscribes(day.running, receiver.url)
    receiver.answer = Reply(410)
    await raises(day, "marcus", "zoe")
    async with sending(day.running):
        await becomes(day.running, lambda one: one.state == "gone")
        await asyncio.sleep(0)
    assert len(receiver.got) == 1
    assert [(r.levelno, r.message) for r in caplog.records if r.name == "jitt.webhooks"] == [
        (logging.ERROR, "a receiver of webhooks is told no more: see `jitt webhook list`")
    ]


async def test_what_was_given_up_is_listed_and_replayed_with_its_own_id(
    day: Afternoon, receiver: Receiver, jitt: Jitt, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "GIVEN_UP", timedelta(seconds=0.5))
    await subscribes(day.running, receiver.url)
    marcus = str(ids.mentor(SITE, "marcus"))

    async def answering(got: Got) -> Reply:
        return Reply(422 if got.news["mentor_id"] == marcus else 204)

    receiver.answering = answering
    await raises(day, "marcus", "zoe")
    async with sending(day.running):
        done = await becomes(day.running, lambda one: one.delivered_at is not None)
        [dead] = json.loads((await jitt("webhook", "dead", "sis", "--json")).stdout)
        assert (dead["answer"], dead["id"]) == ("http_422", receiver.got[0].id)
        receiver.answering = None
        assert "once more" in (await jitt("webhook", "replay", "sis")).stdout
        await becomes(day.running, lambda one: not one.dead)
    assert (receiver.got[-1].id, receiver.got[-1].news["mentor_id"]) == (dead["id"], marcus)
    assert done.state == "active"
    assert (await jitt("webhook", "dead", "sis")).stdout == "Nothing was given up for sis.\n"


async def test_nobody_there_for_three_days_leaves_it_and_resuming_loses_nothing(
    day: Afternoon, receiver: Receiver, jitt: Jitt, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "GIVEN_UP", timedelta(seconds=0.3))
    await subscribes(day.running, receiver.url)
    receiver.answer = Reply(500)
    await raises(day, "marcus", "zoe", "leah")
    async with sending(day.running):
        left = await becomes(day.running, lambda one: one.state == "failing")
        count = len(receiver.got)
        assert "given up" in (await jitt("webhook", "list")).stdout
        receiver.answer = Reply()
        assert (await jitt("webhook", "resume", "sis")).exit_code == 0
        got = await receiver.has(count + 2)
        await jitt("webhook", "replay", "sis")
        await receiver.has(count + 3)
    assert len(left.dead) == 1
    assert [one.news["mentor_id"] for one in got[count:]] == [str(ids.mentor(SITE, name)) for name in ("zoe", "leah", "marcus")]


async def test_a_receiver_that_is_slow_or_talks_without_end_costs_little(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects_webhooks, "SECONDS", 1.0)
    receiver.answer = Reply(silent=True)
    slow = await effects_webhooks.send(receiver.url, {}, b"{}", INSIDE)
    receiver.answer = Reply(200, more=NOBODY_READS)
    talks = await effects_webhooks.send(receiver.url, {}, b"{}", INSIDE)
    receiver.answer = Reply(429, {"Retry-After": "90"})
    later = await effects_webhooks.send(receiver.url, {}, b"{}", INSIDE)
    assert (slow.came, slow.code) == ("failed", "timeout")
    assert (talks.came, receiver.written < NOBODY_READS / 4) == ("delivered", True)
    assert (later.came, later.code, later.wait) == ("failed", "http_429", 90.0)


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answer = Reply(307, {"Location": receiver.url + "/elsewhere"})
    answer = await effects_webhooks.send(receiver.url, {}, b"{}", INSIDE)
    assert (answer.came, answer.code, [one.path for one in receiver.got]) == ("failed", "http_307", ["/jitt"])


FORBIDDEN = (
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://10.1.2.3/", "https://172.16.0.9/", "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/", "https://[fd00:ec2::254]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[::127.0.0.1]/",
    "https://[fec0::1]/", "https://0.0.0.0/", "https://0/", "https://2130706433/", "https://0x7f.1/", "https://100.64.0.1/",
    "https://224.0.0.1/", "https://[ff02::1]/", "https://255.255.255.255/", "https://198.18.0.1/",
)  # fmt: skip


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_machines_inside_are_not_told(url: str) -> None:
    answer = await effects_webhooks.send(url, {}, b"{}", Allowed())
    assert answer.code in ("private_address", "no_such_host")
    assert answer.code == "private_address" or "0x" in url, "some systems do not read hexadecimal"


@pytest.mark.parametrize(("url", "code"), [
    ("http://example.org/", "no_https"), ("ftp://example.org/", "no_address"), ("https:///x", "no_address"),
    ("https://user:word@example.org/", "no_address"), ("file:///etc/passwd", "no_address"), ("", "no_address"),
])  # fmt: skip
async def test_what_is_no_address_for_webhooks_is_refused(url: str, code: str) -> None:
    assert (await effects_webhooks.send(url, {}, b"{}", Allowed())).code == code


async def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once_and_checked_each_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is looked at, inside when it would be connected to."""
    asked: list[str] = []
    loop, port = asyncio.get_running_loop(), int(receiver.url.split(":")[2].split("/")[0])

    async def resolved(host: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2" if len(asked) == 1 else "127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", resolved)
    monkeypatch.setattr(outside, "is_public", lambda address: address == "127.0.0.2")
    url = f"http://rebinds.example.org:{port}/jitt"
    first = await effects_webhooks.send(url, {}, b"{}", Allowed(http=True))
    assert first.code.startswith("no_answer_"), "it went to the address that was looked at, where nobody listens"
    second = await effects_webhooks.send(url, {}, b"{}", Allowed(http=True))
    assert (second.code, receiver.got) == ("private_address", [])
    assert [host for host in asked if host.startswith("rebinds")] == ["rebinds.example.org"] * 2


async def test_one_public_address_beside_a_private_one_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolved(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    assert (await effects_webhooks.send("https://both.example.org/", {}, b"{}", Allowed())).code == "private_address"


async def test_a_secret_is_shown_once_and_stands_nowhere(
    day: Afternoon, receiver: Receiver, jitt: Jitt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    added = await jitt("webhook", "add", "sis", "--site", SITE, "--url", receiver.url, "--json")
    secret = json.loads(added.stdout)["secret"]
    await raises(day, "marcus")
    async with sending(day.running):
        await receiver.has(1)
    receiver.checked(secret)
    listed = (await jitt("webhook", "list", "--json")).stdout + (await jitt("webhook", "list")).stdout
    async with day.running.connection() as conn:
        rows = str([dict(row) for table in ("webhook", "inbox", "outbox") for row in await conn.fetch(f"SELECT * FROM {table}")])
    bare = secret.removeprefix("whsec_")
    assert not [where for where in (listed, rows, caplog.text) if bare in where]


async def test_commands_say_what_is_wrong(
    day: Afternoon, jitt: Jitt, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ("webhook", "add", "sis", "--site", SITE, "--url")
    assert (await jitt(*add, receiver.url)).exit_code == 0
    said = {
        "is a webhook of that name already": await jitt(*add, receiver.url),
        "begins with https://": await jitt(*add, "ftp://example.org"),
        "Nothing is known of the site": await jitt("webhook", "add", "b", "--site", "nowhere", "--url", receiver.url),
        "small letters, digits and hyphens": await jitt("webhook", "add", "SIS!", "--site", SITE, "--url", receiver.url),
        "There is no webhook of that name": await jitt("webhook", "pause", "nobody"),
        "It is active already": await jitt("webhook", "resume", "sis"),
        "None of these is among its dead ones": await jitt("webhook", "replay", "sis", "1.1"),
    }
    assert [words for words, done in said.items() if words not in done.stderr or done.exit_code == 0] == []
    assert (await jitt("webhook", "pause", "sis")).exit_code == 0
    assert "paused" in (await jitt("webhook", "list")).stdout
    assert (await jitt("webhook", "remove", "sis")).exit_code == 0
    assert (await jitt("webhook", "list")).stdout.startswith("No webhooks yet.")
    monkeypatch.delenv("JITT_WEBHOOK_PRIVATE_ADDRESSES")
    settings.cache_clear()
    assert "inside a private network" in (await jitt(*add, receiver.url)).stderr


async def test_a_sender_that_dies_leaves_its_lease_and_the_next_one_sends_the_same(
    day: Afternoon, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sending, "LEASE", timedelta(seconds=1))
    await subscribes(day.running, receiver.url)
    await raises(day, "marcus")
    claimed = await store_webhooks.claim(day.running.pool, webhook_sending.LEASE)
    assert claimed
    assert await store_webhooks.claim(day.running.pool, webhook_sending.LEASE) is None, "it is somebody's"
    await webhook_sending.send(day.running, claimed)
    await day.running.pool.execute("UPDATE webhook SET due_at = now(), seq = $1, xact = $2::text::xid8",
                                   claimed.webhook.place.seq, str(claimed.webhook.place.xact))  # fmt: skip
    async with sending(day.running):
        first, second, *_ = await receiver.has(2)
    assert (first.id, first.body) == (second.id, second.body)
    assert all(one.id != two.id for one, two in pairwise(receiver.got[1:]))
