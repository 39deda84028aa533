"""Tokens of systems: made here, shown once, and kept as a hash. Whose they are, each service keeps for itself."""

import secrets
from hashlib import sha256

PREFIX = len("jitt_") + 4  # of a token, to tell it from others in a list; the rest stays secret


def new_token() -> str:
    return f"jitt_{secrets.token_urlsafe(32)}"


def hashed(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
