"""Guessing a link: a hundred thousand tries, in eight ways, open nothing."""

import random
import string
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest
from pydantic import SecretStr

from shared import security
from shared.security import KINDS, Expired, Forged, Link, mint_internal, mint_link, mint_session, read_link
from shared.settings import settings
from tests.assessment.building import MENTOR, TRAINING

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
GUESSES = 100_000
ALPHABET = string.ascii_letters + string.digits + "-_"
REAL = Link("training", TRAINING, MENTOR, 1)


def random_bytes(chance):
    while True:
        yield urlsafe_b64encode(chance.randbytes(45)).rstrip(b"=").decode() + "." + text(chance, 43)


def random_lengths(chance):
    while True:
        yield text(chance, chance.randrange(120)) + "." + text(chance, chance.randrange(60))


def bits_flipped(chance):
    """One to three bits of a real link, in its body or in its signature."""
    raw = bytearray(mint_link(REAL, LATER).encode())
    while True:
        changed = bytearray(raw)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(7)
        if changed != raw:
            yield changed.decode("ascii", "replace")


def letters_changed(chance):
    """Of the body alone, with the signature that belongs to another body."""
    body, _, signature = mint_link(REAL, LATER).partition(".")
    while True:
        at = chance.randrange(len(body))
        if (letter := chance.choice(ALPHABET)) != body[at]:
            yield f"{body[:at]}{letter}{body[at + 1 :]}.{signature}"


def cut_short(chance):
    while True:
        token = mint_link(Link("training", UUID(int=chance.getrandbits(128)), MENTOR, 1), LATER)
        yield token[: chance.randrange(len(token))]


def put_together(chance):
    """The body of one good link with the signature of another: another kind, training, mentor, epoch or end."""
    tokens = [
        mint_link(Link(kind, UUID(int=n), UUID(int=m), epoch), LATER + timedelta(days=days))
        for kind in KINDS for n in (1, 2) for m in (1, 2) for epoch in (1, 2) for days in (0, 1)
    ]  # fmt: skip
    while True:
        one, other = chance.sample(tokens, 2)
        yield one.partition(".")[0] + "." + other.partition(".")[2]


def other_keys(chance):
    """Signed by the same code, with keys that are not ours."""
    own = settings().link_keys[0].get_secret_value()
    keys = ["guess", f"{own} ", own.upper(), own[:-1], *(text(chance, 20) for _ in range(50))]
    with pytest.MonkeyPatch.context() as patch:
        signers = []
        for key in keys:
            changed = settings().model_copy(update={"link_keys": (SecretStr(key),)})
            patch.setattr(security, "settings", lambda changed=changed: changed)
            signers.append(security._link_signer())
    body = mint_link(REAL, LATER).encode().partition(b".")[0]
    while True:
        yield chance.choice(signers).sign(chance.choice([body, urlsafe_b64encode(chance.randbytes(45))])).decode()


def other_tokens(chance):
    """Signed by us, for something else."""
    while True:
        id_ = UUID(int=chance.getrandbits(128))
        yield mint_internal("open-answers", id_, MENTOR, LATER)
        yield mint_session(security.Signed(id_, frozenset({"lead"}), frozenset({"east"})), LATER)


WAYS = (random_bytes, random_lengths, bits_flipped, letters_changed, cut_short, put_together, other_keys, other_tokens)


def text(chance, length):
    return "".join(chance.choices(ALPHABET, k=length))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_of_a_hundred_thousand_guesses_none_is_accepted(way):
    """An eighth of them in each way; the seed is fixed, so that a failure can be looked at."""
    tried = islice(way(random.Random(20_261_129)), GUESSES // len(WAYS))
    assert [token for token in tried if read_link(token, NOW) != Forged()] == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_ways_of_guessing_are_different_guesses(way):
    """A generator that says the same all the time would prove nothing."""
    tried = list(islice(way(random.Random(1)), 500))
    assert len(set(tried)) > 100
    assert mint_link(REAL, LATER) not in tried


def test_a_reader_that_forgets_the_signature_would_be_noticed(monkeypatch):
    monkeypatch.setattr(security.Signer, "unsign", lambda self, token: token.encode().rpartition(b".")[0])
    accepted = [token for token in islice(letters_changed(random.Random(1)), 500) if read_link(token, NOW) != Forged()]
    assert len(accepted) > 100


def text_of(kind, epoch=1):
    return mint_link(Link(kind, TRAINING if kind in ("training", "check_in") else MENTOR, MENTOR, epoch), LATER)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_signed_with_the_rest(kind):
    body, _, signature = text_of(kind).partition(".")
    swapped = [f"{text_of(other).partition('.')[0]}.{signature}" for other in KINDS if other != kind]
    assert {read_link(token, NOW) for token in swapped} == {Forged()}
    assert read_link(f"{body}.{signature}", NOW).kind == kind


def test_an_expired_link_is_never_taken_for_a_good_one():
    token = mint_link(REAL, NOW)
    assert read_link(token, NOW) == Expired(REAL)
