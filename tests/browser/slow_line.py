"""A slow line to a server: every byte of every connection shares it, those of a page's worker too, and waits its way.

Chromium's own switch slows down the page alone: what its worker fetches meanwhile, and what it passes on, would come at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

PIECE = 1_400  # bytes, about one packet


@dataclass(slots=True)
class Way:
    """One direction: packets leave one after the other, and arrive half a round trip later."""

    kbit: float
    delay: float
    free_at: float = 0.0
    carried: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        giving = asyncio.create_task(_give(arriving, writer))
        loop = asyncio.get_running_loop()
        try:
            while piece := await reader.read(PIECE):
                self.free_at = max(self.free_at, loop.time()) + len(piece) / (self.kbit * 125)
                self.carried += len(piece)
                arriving.put_nowait((self.free_at + self.delay, piece))
                await asyncio.sleep(max(0.0, self.free_at - loop.time()))
            arriving.put_nowait((loop.time() + self.delay, b""))
            await giving
        except ConnectionError:
            pass  # one end hung up: so does the other
        finally:
            giving.cancel()
            writer.close()


async def _give(arriving: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
    loop, piece = asyncio.get_running_loop(), b"-"
    with suppress(ConnectionError):
        while piece:
            at, piece = await arriving.get()
            await asyncio.sleep(max(0.0, at - loop.time()))
            writer.write(piece)


@dataclass(slots=True)
class Line:
    """`cut`: nothing gets through, as in a tunnel."""

    address: str
    up: Way
    down: Way
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    cut: bool = False

    def switch(self, *, off: bool) -> None:
        self.cut = off
        for task in self.tasks if off else ():
            task.cancel()


@asynccontextmanager
async def slow_line(to: str, *, rtt_ms: float, down_kbit: float, up_kbit: float) -> AsyncIterator[Line]:
    """An address that leads to this one. A new connection costs one round trip more, as its handshake would."""
    host, port = to.removeprefix("http://").split(":")
    line = Line("", Way(up_kbit, rtt_ms / 2_000), Way(down_kbit, rtt_ms / 2_000))

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(rtt_ms / 1_000)
        if line.cut:
            writer.close()
            return
        there, back = await asyncio.open_connection(host, int(port))
        ways = [asyncio.create_task(line.up.carry(reader, back)), asyncio.create_task(line.down.carry(there, writer))]
        line.tasks.update(ways)
        await asyncio.gather(*ways, return_exceptions=True)
        line.tasks.difference_update(ways)

    server = await asyncio.start_server(joined, "127.0.0.1", 0)
    line.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
        for task in line.tasks:
            task.cancel()
        await asyncio.gather(*line.tasks, return_exceptions=True)
