"""Requests to addresses that others have chosen: only to machines that everybody can reach, and to the one that was looked at.

A name is resolved once for each request, every address behind it is checked, and the connection is made to the first of them:
a name cannot lead elsewhere in between. The certificate is still that of the name.
"""

import asyncio
import socket
import ssl
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx2

HOLD_ANOTHER = tuple(  # an IPv4 address inside, or one of an old kind that means this network
    map(IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10"))
)


class NoSuchHost(Exception):
    """There is no server of this name."""


class Inside(Exception):
    """The name leads into a private network: of this machine, of our own network, or of the machines' own."""


async def address_of(url: httpx2.URL, *, private: bool = False) -> str:
    """The first of the host's addresses. Raises NoSuchHost; and Inside unless all of them are public or `private` ones may be."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.host, url.port or (443 if url.scheme == "https" else 80), type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise NoSuchHost(url.host) from None
    addresses = [str(where[0]) for *_, where in found]
    if not private and not all(is_public(address) for address in addresses):
        raise Inside(url.host)
    return addresses[0]


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Reading all certificates of the world takes longer than a request."""
    return httpx2.create_ssl_context(trust_env=False)


def is_public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return _public(found.ipv4_mapped)
        return _public(found) and not any(found in network for network in HOLD_ANOTHER)
    return _public(found)


def _public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def request(url: httpx2.URL, at: str, headers: dict[str, str], body: bytes | None = None) -> httpx2.Request:
    """To the machine at `at`, for the host that `url` names; with a body it is a POST."""
    own = {**headers, "Host": url.netloc.decode().rpartition("@")[2]}
    method, named = "GET" if body is None else "POST", {"sni_hostname": url.host}
    return httpx2.Request(method, url.copy_with(host=at), headers=own, content=body, extensions=named)
