"""An ID token is believed only when this issuer signed it for us, for this sign-in, and lately. And where a sign-in may end."""

import asyncio
import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

import pytest
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from pydantic import ValidationError

from services.supervision import oidc, places
from services.supervision.screens import sign_in as said
from services.supervision.screens.browsers import browser_of
from shared.security import AUTHOR, PLATFORM, SESSION_COOKIE, Signed, cookie_name, mint_begun, mint_session, read_begun
from shared.settings import Issuer, Settings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LAKE = Issuer(id="lake", name="Lake", issuer="https://id.lake.example", client_id="jitt", sites=("eastfield", "lake-*"))
ACCESS, NONCE = "an access token", "a nonce"
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "two"))
PUBLISHED = KeySet.import_key_set({"keys": [KEY.as_dict(private=False)]})


def claims(**changes):
    values = {
        "iss": LAKE.issuer, "sub": "dana", "aud": "jitt", "nonce": NONCE, "iat": at(-5), "exp": at(600),
        "at_hash": create_half_hash(ACCESS, "RS256").decode(),
    }  # fmt: skip
    return {name: value for name, value in (values | changes).items() if value is not None}


def at(seconds):
    return int((NOW + timedelta(seconds=seconds)).timestamp())


def signed(key=KEY, alg="RS256", **changes):
    return jwt.encode({"alg": alg, "kid": key.kid}, claims(**changes), key, algorithms=[alg])


def believed(token):
    return oidc.checked(token, PUBLISHED, LAKE, nonce=NONCE, access_token=ACCESS, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exp": at(-59)},  # its clock may be a minute behind
        {"iat": at(59)},  # or ahead
        {"aud": ["jitt", "another"], "azp": "jitt"},
        {"at_hash": None},
    ],
    ids=["plain", "behind", "ahead", "two audiences", "no at_hash"],
)
def test_a_token_that_is_ours_is_believed(changes):
    assert believed(signed(**changes))["sub"] == "dana"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.harbor.example"}, {"iss": LAKE.issuer + "/"}, {"iss": None}, {"aud": "another"}, {"aud": None},
        {"aud": ["jitt", "another"]}, {"azp": "another"}, {"nonce": "another"}, {"nonce": None}, {"exp": at(-61)}, {"exp": None},
        {"iat": at(61)}, {"nbf": at(61)}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "a\x00b"},
        {"at_hash": create_half_hash("another", "RS256").decode()},
    ],
    ids=lambda changes: " ".join(f"{name} {str(value)[:20]!r}" for name, value in changes.items()),
)  # fmt: skip
def test_a_token_that_says_anything_else_is_not(changes):
    with pytest.raises((JoseError, ValueError)):
        believed(signed(**changes))


def test_nor_is_one_that_this_issuer_did_not_sign():
    body = ".".join(_b64(part) for part in ({"alg": "none"}, claims()))
    with_its_public_key = ".".join(_b64(part) for part in ({"alg": "HS256", "kid": "one"}, claims()))
    mac = hmac.digest(KEY.as_pem(private=False), with_its_public_key.encode(), "sha256")
    forged = f"{with_its_public_key}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    head, payload, signature = signed().split(".")
    changed = ".".join((head, _b64(claims(sub="priya")), signature))
    for token in (f"{body}.", signed(OTHER), forged, changed, f"{head}.{payload}.", "", "a.b.c"):
        with pytest.raises((JoseError, ValueError)):
            believed(token)


def _b64(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("told", "email"),
    [
        ({"email": " Dana@East.example ", "email_verified": True}, "dana@east.example"),
        ({"email": "dana@east.example"}, None),
        ({"email": "dana@east.example", "email_verified": False}, None),
        ({"email": "dana@east.example", "email_verified": "true"}, None),
        ({"email": "dana", "email_verified": True}, None),
        ({"email": ["dana@east.example"], "email_verified": True}, None),
        ({"email_verified": True}, None),
    ],
)
def test_only_a_confirmed_address_counts(told, email):
    assert oidc.Provider(LAKE, "https://here")._email(told) == email


def test_an_issuer_that_gives_out_addresses_itself_need_not_confirm_them_but_may_deny():
    entra = oidc.Provider(LAKE.model_copy(update={"confirms_email": True}), "https://here")
    assert entra._email({"email": "dana@east.example"}) == "dana@east.example"
    assert entra._email({"email": "dana@east.example", "email_verified": False}) is None


@pytest.mark.parametrize(
    ("sites", "site", "speaks"),
    [
        (("eastfield", "lake-*"), "eastfield", True), (("eastfield", "lake-*"), "lake-two", True),
        (("eastfield", "lake-*"), "eastfield-2", False), (("eastfield", "lake-*"), "lake", False), (("lake-*",), "", False),
        (("*",), "anything", True), (("*",), "", True), (("eastfield",), "", False),
    ],
)  # fmt: skip
def test_an_issuer_speaks_for_its_sites_and_only_with_a_star_for_people_of_none(sites, site, speaks):
    assert LAKE.model_copy(update={"sites": sites}).speaks_for(site) is speaks


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"issuer": "http://id.lake.example"}, "begins with https://"), ({"issuer": "ftp://x"}, "begins with https://"),
     ({"issuer": "http://localhost.evil.example"}, "begins with https://"), ({"issuer": "https://"}, "begins with https://"),
     ({"id": "Lake District"}, "small letters"), ({"sites": ()}, "sites"), ({"client_id": ""}, "client_id"),
     ({"secret": "typo"}, "secret")],
    ids=str,
)  # fmt: skip
def test_an_issuer_that_is_not_whole_or_not_safe_is_refused_in_words(changes, words):
    with pytest.raises(ValidationError, match=words):
        Issuer(**LAKE.model_dump() | changes)


def test_two_issuers_have_two_names(monkeypatch):
    twice = json.dumps([LAKE.model_dump(mode="json")] * 2)
    monkeypatch.setenv("JITT_SIGN_IN", twice)
    with pytest.raises(ValidationError, match="two issuers in JITT_SIGN_IN have the same id"):
        Settings()


DANA = Signed(UUID(int=1), frozenset({"supervisor"}), frozenset({"eastfield"}))


@pytest.mark.parametrize(
    ("at_", "to", "lands"),
    [
        ("", "/briefs/7?x=1", "/briefs/7?x=1"), ("supervision", "/alerts", "/alerts"), ("", "", "/today"),
        ("trigger", "/platform/publishers", "http://127.0.0.1:8101/platform/publishers?signed=1"),
        ("", "//evil.example", "/today"), ("", "/\\evil.example", "/today"), ("", "https://evil.example", "/today"),
        ("", "/a\\b", "/today"), ("", "/a b", "/today"), ("", "/a\nb", "/today"), ("", "\t//evil.example", "/today"),
        ("", "javascript:alert(1)", "/today"), ("", "/sign-out", "/today"), ("", "/sign-in?to=/x", "/today"),
        ("", "/" + "x" * 1000, "/today"), ("evil", "/platform/dead", "/today"), ("trigger", "/anything", "/today"),
        ("trigger", "//evil.example/platform/", "/today"), ("trigger", "@evil.example/platform/", "/today"),
    ],
)  # fmt: skip
def test_a_sign_in_ends_on_a_page_of_ours_whatever_its_address_asks_for(at_, to, lands):
    assert places.landing(Settings(), DANA, at_, to) == lands


@pytest.mark.parametrize(("role", "lands"), [(PLATFORM, "/platform/dead"), (AUTHOR, "http://127.0.0.1:8102/authors/statistics")])
def test_people_of_no_site_land_on_their_own_first_page(role, lands):
    assert places.landing(Settings(), Signed(DANA.person_id, frozenset({role}), frozenset()), "", "") == lands


def test_what_was_begun_is_read_for_ten_minutes_and_is_no_session():
    begun = oidc.Begun("lake", "s", "n", "v", "", "/today")
    cookie = mint_begun(begun.values(), NOW)
    assert oidc.Begun(*read_begun(cookie, NOW - timedelta(seconds=1)) or ()) == begun
    assert read_begun(cookie, NOW) is None
    assert read_begun(mint_session(DANA, NOW), NOW - timedelta(minutes=1)) is None


def test_cookies_belong_to_this_host_alone_over_https_and_have_plain_names_without():
    names = [cookie_name(SESSION_COOKIE, url) for url in ("https://jitt.example", "http://127.0.0.1:8104")]
    assert names == ["__Host-jitt_session", "jitt_session"]


@pytest.mark.parametrize("code", ["access_denied", "invalid_grant", "server_error", "error"])
def test_what_a_provider_refuses_is_said_without_words_of_its_own(code):
    problem = said.refused(str(oidc.Refused.saying(code)))
    assert problem.heading and all("{name}" in s or "{" not in s for s in problem.sentences)
    assert str(oidc.Refused.saying("<b>Call 555 and tell us your password</b>")) == "error"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.5 Safari/604.1",
         "Safari on an iPhone"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
         "Chrome on a Chromebook"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("curl/8", "A browser"),
    ],
    ids=["edge", "safari", "chrome", "firefox", "curl"],
)  # fmt: skip
def test_a_browser_is_said_in_words_people_know(agent, words):
    assert browser_of(agent) == words


@pytest.mark.parametrize(("minutes", "said_as"), [(60, "1 hour"), (720, "12 hours"), (90, "90 minutes"), (1, "1 minute")])
def test_lengths_are_said_in_hours_where_they_are_whole(minutes, said_as):
    assert said.length(minutes) == said_as


async def test_whoever_signs_in_while_a_provider_does_not_answer_waits_once_and_the_next_one_asks_anew(monkeypatch):
    provider, asked = oidc.Provider(LAKE, "https://here"), []
    there = oidc.Published({}, PUBLISHED, monotonic())

    async def slow():
        asked.append(1)
        await asyncio.sleep(0.05)
        if len(asked) == 1:
            raise oidc.Unreachable("ConnectTimeout")
        return there

    monkeypatch.setattr(provider, "_asked", slow)
    impatient = asyncio.create_task(provider._known())
    waiting = [asyncio.create_task(provider._known()) for _ in range(20)]
    await asyncio.sleep(0.01)
    impatient.cancel()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert ({type(one) for one in found}, len(asked)) == ({oidc.Unreachable}, 1)
    assert await asyncio.gather(*(provider._known() for _ in range(3))) == [there] * 3
    assert len(asked) == 2
