"""The slow line that pages are walked on is as slow as it says, and a cut lets nothing through."""

import asyncio
from time import monotonic

import pytest

from tests.browser.slow_line import slow_line

BODY = b"x" * 25_000


async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(BODY)
    await writer.drain()
    writer.close()


async def asked(address: str) -> tuple[float, bytes]:
    host, port = address.removeprefix("http://").split(":")
    began = monotonic()
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"please\n")
    got = await reader.read()
    writer.close()
    return monotonic() - began, got


@pytest.mark.parametrize(("kbit", "rtt_ms", "least"), [(400, 400, 0.5 + 0.8), (20_000, 2, 0.0)])
async def test_it_takes_its_time_and_changes_nothing(kbit: float, rtt_ms: float, least: float) -> None:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, slow_line(address, rtt_ms=rtt_ms, down_kbit=kbit, up_kbit=kbit) as line:
        took, got = await asked(line.address)
        assert (got == BODY, took >= least, line.down.carried) == (True, True, len(BODY))
        line.switch(off=True)
        assert (await asked(line.address))[1] == b""
        line.switch(off=False)
        assert (await asked(line.address))[1] == BODY
