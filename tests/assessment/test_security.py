"""Links, cookies and tokens: what was not minted here, or is too old, opens nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from shared import security
from shared.security import (
    Expired,
    Forged,
    Link,
    Signed,
    mint_internal,
    mint_link,
    mint_session,
    read_internal,
    read_link,
    read_session,
)
from shared.settings import settings

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
LINK = Link("training", UUID(int=5), UUID(int=6), 3)


def with_keys(monkeypatch, *keys):
    changed = settings().model_copy(update={"link_keys": tuple(SecretStr(key) for key in keys)})
    monkeypatch.setattr(security, "settings", lambda: changed)


def test_a_link_says_what_was_minted_until_it_expires():
    token = mint_link(LINK, LATER)
    assert read_link(token, NOW) == LINK
    assert read_link(token, LATER - timedelta(seconds=1)) == LINK
    assert read_link(token, LATER) == Expired(LINK)


def test_a_link_fits_a_line_and_a_path():
    token = mint_link(LINK, LATER)
    assert len(token) < 120
    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert token.count(".") == 1


def test_any_change_of_one_character_is_forged():
    token = mint_link(LINK, LATER)
    body = range(token.index("."))
    changed = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in body]
    assert {read_link(t, NOW) for t in changed} == {Forged()}


def test_another_spelling_of_the_same_signature_is_forged():
    """The last letter of 32 bytes in base64 has two bits to spare."""
    token = mint_link(LINK, LATER)
    last = ALPHABET.index(token[-1])
    spellings = [token[:-1] + ALPHABET[last ^ spare] for spare in (1, 2, 3)]
    assert {read_link(t, NOW) for t in (*spellings, f"{token}=", f"{token}!", f"{token[:-1]} {token[-1]}")} == {Forged()}
    session = mint_session(Signed(UUID(int=1), frozenset(), frozenset()), LATER)
    assert read_session(f"{session}=", NOW) is None


@pytest.mark.parametrize("token", ["", ".", "x", "é.é", "\ud800.x", "a" * 10_000, "\x00.\x00"])
def test_what_is_no_token_is_forged(token):
    assert read_link(token, NOW) == Forged()
    assert read_session(token, NOW) is None
    assert read_internal(token, NOW) is None


def test_a_rotated_key_still_reads_and_a_removed_one_does_not(monkeypatch):
    with_keys(monkeypatch, "old")
    token = mint_link(LINK, LATER)
    with_keys(monkeypatch, "new", "old")
    assert read_link(token, NOW) == LINK
    assert mint_link(LINK, LATER) != token
    with_keys(monkeypatch, "new")
    assert read_link(token, NOW) == Forged()


def test_one_kind_of_token_is_no_other():
    internal = mint_internal("open-answers", uuid4(), uuid4(), LATER)
    session = mint_session(Signed(uuid4(), frozenset({"lead"}), frozenset({"east"})), LATER)
    assert read_session(internal, NOW) is None
    assert read_internal(session, NOW) is None
    assert read_link(session, NOW) == Forged()


def test_a_session_says_who_until_it_expires():
    signed = Signed(UUID(int=1), frozenset({"supervisor", "lead"}), frozenset({"east", "west"}))
    cookie = mint_session(signed, NOW + timedelta(minutes=15))
    assert read_session(cookie, NOW) == signed
    assert read_session(cookie, NOW + timedelta(minutes=15)) is None
