"""Sign-in with a district's own account: OpenID Connect, authorization code with PKCE. It says who somebody is, nothing more.

Every call has a time-out and nothing here touches the database. What a provider publishes is kept for ten minutes.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Self

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from shared.settings import Issuer

SECONDS = 8.0
KEPT_SECONDS = 600.0
SKEW_SECONDS = 60  # how far a provider's clock may be off
MOST_SUBJECT = 255
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
CODE = re.compile(r"[a-z_]{1,40}")
DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps while its user is at the provider. `at` and `to`: the page that was asked for."""

    issuer: str
    state: str
    nonce: str
    verifier: str
    at: str
    to: str

    def values(self) -> list[str]:
        return list(astuple(self))


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is at an issuer. `email` is there only when the issuer has confirmed it."""

    issuer: str
    subject: str
    email: str | None


class Unreachable(Exception):
    """The provider does not answer, or not as one."""


class Unsound(Exception):
    """What the provider said cannot be relied on; the message says why, for the log."""


class Refused(Exception):
    """The provider refused; the message is its code, such as access_denied."""

    @classmethod
    def saying(cls, code: str) -> Self:
        return cls(code if CODE.fullmatch(code) else "error")


@dataclass(frozen=True, slots=True)
class Published:
    """What a provider says of itself, and the keys it signs with."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float


class Provider:
    """One issuer, as this process knows it."""

    def __init__(self, issuer: Issuer, callback: str) -> None:
        self.issuer, self.callback = issuer, callback
        self._published: Published | None = None
        self._asking: asyncio.Task[Published] | None = None

    async def address(self, begun: Begun, *, other: bool) -> str:
        """Where the browser goes. `other`: to choose another account than the one that is signed in there."""
        published = await self._known()
        asked = {"nonce": begun.nonce} | ({"prompt": self.issuer.prompt} if other else {})
        async with self._client(published) as client:
            where, _ = client.create_authorization_url(
                published.metadata["authorization_endpoint"], state=begun.state, code_verifier=begun.verifier, **asked
            )
        return str(where)

    async def account(self, code: str, begun: Begun, now: datetime) -> Account:
        """Spends the code. Raises Refused, Unsound or Unreachable."""
        published = await self._known()
        async with self._client(published) as client:
            token = await self._exchanged(client, published, code, begun)
            claims = await self._claims(str(token.get("id_token") or ""), str(token.get("access_token")), begun, now)
            told = claims if "email" in claims else claims | await self._user_info(client, published, claims["sub"])
        return Account(self.issuer.issuer, claims["sub"], self._email(told))

    async def ending(self) -> str:
        """Where one signs out there; '' where that is not said."""
        try:
            found = (await self._known()).metadata.get("end_session_endpoint")
        except (Unreachable, Unsound):
            return ""
        return (
            found if isinstance(found, str) and found.startswith(("https://", "http://127.0.0.1:", "http://localhost:")) else ""
        )

    async def _exchanged(self, client: AsyncOAuth2Client, published: Published, code: str, begun: Begun) -> Mapping[str, Any]:
        try:
            token: Mapping[str, Any] = await client.fetch_token(
                published.metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=begun.verifier
            )
        except OAuthError as error:
            raise Refused.saying(str(error.error)) from None
        except httpx2.HTTPError as error:
            raise Unreachable(type(error).__name__) from None
        except ValueError:
            raise Unsound("the token endpoint answered no JSON") from None
        return token

    async def _claims(self, id_token: str, access_token: str, begun: Begun, now: datetime) -> dict[str, Any]:
        """A key that is not known, or no longer fits, may be a new one: the keys are asked for once more."""
        sent: Any = {"nonce": begun.nonce, "access_token": access_token, "now": now}
        try:
            return checked(id_token, (await self._known()).keys, self.issuer, **sent)
        except (InvalidKeyIdError, BadSignatureError):
            self._published = None
        except (JoseError, ValueError) as error:
            raise Unsound(_why(error)) from None
        try:
            return checked(id_token, (await self._known()).keys, self.issuer, **sent)
        except (JoseError, ValueError) as error:
            raise Unsound(_why(error)) from None

    async def _user_info(self, client: AsyncOAuth2Client, published: Published, subject: str) -> dict[str, Any]:
        """What is not in the ID token; it counts only for the same subject."""
        where = published.metadata.get("userinfo_endpoint")
        found = await _json(client, where) if isinstance(where, str) else {}
        if found and found.get("sub") != subject:
            raise Unsound("userinfo is about somebody else")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    def _email(self, told: Mapping[str, Any]) -> str | None:
        email, confirmed = told.get("email"), told.get("email_verified", self.issuer.confirms_email)
        return email.strip().lower() if isinstance(email, str) and confirmed is True and "@" in email else None

    async def _known(self) -> Published:
        """Whoever comes while it is asked waits for that answer, also where there is none: not each for one of their own."""
        if self._published is not None and monotonic() - self._published.at <= KEPT_SECONDS:
            return self._published
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._asked())
        self._published = await asyncio.shield(self._asking)
        return self._published

    async def _asked(self) -> Published:
        async with httpx2.AsyncClient(timeout=SECONDS) as client:
            metadata = await _json(client, self.issuer.issuer.rstrip("/") + DISCOVERY)
            if metadata.get("issuer") != self.issuer.issuer:
                raise Unsound("its discovery document names another issuer")
            if missing := [name for name in ENDPOINTS if not isinstance(metadata.get(name), str)]:
                raise Unsound(f"its discovery document has no {missing[0]}")
            found = await _json(client, metadata["jwks_uri"])
        try:
            return Published(metadata, KeySet.import_key_set({"keys": found["keys"]}), monotonic())
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unsound(f"its keys cannot be read: {_why(error)}") from None

    def _client(self, published: Published) -> AsyncOAuth2Client:
        secret = self.issuer.client_secret.get_secret_value()
        methods = published.metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        how = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return AsyncOAuth2Client(
            client_id=self.issuer.client_id, client_secret=secret, scope="openid email", redirect_uri=self.callback,
            token_endpoint_auth_method=how if secret else "none", code_challenge_method="S256", timeout=SECONDS,
        )  # fmt: skip


def checked(id_token: str, keys: KeySet, issuer: Issuer, *, nonce: str, access_token: str, now: datetime) -> dict[str, Any]:
    """The claims of an ID token that this issuer signed for us, for this sign-in, and lately. Raises what joserfc raises."""
    decoded = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
    wanted = {
        "iss": {"essential": True, "value": issuer.issuer},
        "aud": {"essential": True, "value": issuer.client_id},
        "sub": {"essential": True},
    }
    params = {"nonce": nonce, "client_id": issuer.client_id, "access_token": access_token}
    claims = CodeIDToken(decoded.claims, decoded.header, wanted, params)
    claims.validate(now=int(now.timestamp()), leeway=SKEW_SECONDS)
    if len(claims["sub"]) > MOST_SUBJECT or "\x00" in claims["sub"]:
        raise ValueError("sub is longer than 255 characters, or holds a NUL")
    return dict(claims)


async def _json(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    try:
        answer = await client.get(url)
        answer.raise_for_status()
        found = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unreachable(type(error).__name__) from None
    except ValueError:
        raise Unreachable("no JSON") from None
    if not isinstance(found, dict):
        raise Unreachable("no JSON object")
    return found


def _why(error: Exception) -> str:
    """Never the token itself."""
    return f"{type(error).__name__}: {getattr(error, 'description', '') or error}"[:200]
