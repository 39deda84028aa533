"""Bringing a service to life: its pages, its worker, or both in one process.

Kafka or Postgres being away stops nothing for good: pages say so, the worker waits. What cannot be mended ends the process
with an error, so that whoever watches it starts it again.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import uvicorn
import uvloop

from shared import access, db, http_health
from shared.running import Running
from shared.runtime import spare_what_stays, until_one_ends
from shared.service import Service
from shared.settings import settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.working import WorkerProcess

Role = Literal["web", "worker", "all"]
LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 75  # how long a connection may rest: while a mentor reads, and longer than the minute that proxies keep one


def start(service: Service, role: Role, port: int, *, host: str = LOOPBACK) -> None:
    """Runs to its end. A large batch costs the same on either loop; on uvloop a page and a batch of a few records cost less."""
    uvloop.run(run(service, role, port, host=host))


async def run(service: Service, role: Role, port: int, silent_seconds: float | None = None, *, host: str = LOOPBACK) -> None:
    """Until it is told to stop. Raises when the process should be started anew, after `silent_seconds` without a sign of life."""
    web = await access.open_pool(service.name) if role in ("web", "all") else None
    pool = await db.open_pool(db.service_dsn(service.name), f"jitt {service.name} web", least=0)
    running = Running(service, pool, settings(), web)
    work = _worker(running, silent_seconds) if role in ("worker", "all") else None
    app = application_of(running, work) if role in ("web", "all") else http_health.application(running, work)
    server = _Server(uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, server_header=False,
                                    timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=5))  # fmt: skip
    spare_what_stays()
    try:
        await until_one_ends(server.serve(), *((work.run(),) if work else ()))
    finally:
        if work:
            await work.close()
        await asyncio.gather(*(db.close_pool(one) for one in (pool, web) if one))


def _worker(running: Running, silent_seconds: float | None) -> "WorkerProcess":
    from shared.working import WorkerProcess

    return WorkerProcess(running, silent_seconds)


class _Server(uvicorn.Server):
    """uvicorn raises a signal again when it has stopped, which would end us before the consumer has left its group."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def application_of(running: Running, work: "WorkerProcess | None" = None) -> "FastAPI":
    """The service's web application; also what tests open."""
    from fastapi import FastAPI  # with all that belongs to pages, half the time that a worker would need to start again

    from shared import http, http_dead

    pages = running.pages
    own, dead = running.service.routes(pages), http_dead.routes(running, work.subscriptions if work else tuple)
    title, life = f"jitt {running.service.name}", own.lifespan_context
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.running = pages  # the one that its routes use
    app.router.routes.extend([*http.joined(own, dead).routes, *http_health.routes(running, work)])
    http.install(app)
    return app
