"""A real OpenID provider, certified (oidc-provider on Node): two districts, each with accounts of its own, behind TLS."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.settings import Issuer
from tests import node

HERE = Path(__file__).parent
SECRET = "a secret of the tests"
START_SECONDS = 60
Accounts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class District:
    """`accounts`: what each says of itself, by the name that one types at its sign-in. `port` 0: any."""

    id: str
    name: str
    accounts: Accounts
    sites: tuple[str, ...]
    claims_in_token: bool = False
    port: int = 0


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, which trusts itself; whoever has SSL_CERT_FILE at `file` trusts it too."""

    file: Path
    key: Path


def certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(folder / "certificate.pem", folder / "key.pem")
    found.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return found


@asynccontextmanager
async def started(tls: Certificate, console: str, districts: Sequence[District]) -> AsyncIterator[tuple[Issuer, ...]]:
    """The providers, as a console at this address is told of them. Each start signs with new keys."""
    packages = await asyncio.to_thread(node.installed, HERE)
    providers = [
        {"redirectUri": f"{console}/sign-in/from/{one.id}", "accounts": one.accounts, "claimsInToken": one.claims_in_token,
         "port": one.port} for one in districts
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        node.BIN / "node", HERE / "provider.mjs", env=node.environment() | {"PACKAGES": str(packages)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps({"certificate": str(tls.file), "key": str(tls.key), "providers": providers}).encode() + b"\n")
    await process.stdin.drain()
    line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    assert line, f"The provider did not start: exit {await process.wait()}."
    try:
        yield tuple(
            Issuer(id=one.id, name=one.name, issuer=found["issuer"], client_id="jitt", client_secret=SECRET, sites=one.sites)
            for one, found in zip(districts, json.loads(line), strict=True)
        )
    finally:
        process.stdin.close()
        await process.wait()
