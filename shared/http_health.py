"""What a process answers to whoever watches it: is it alive, is it ready, its metrics."""

import logging
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.health import too_old, wanted_migrations, why_not_ready
from shared.messaging.gauges import Gauges
from shared.running import Running

if TYPE_CHECKING:
    from shared.working import WorkerProcess

LOG = logging.getLogger("jitt.process")


def application(running: Running, work: "WorkerProcess | None") -> Starlette:
    """All that a worker without pages serves."""
    return Starlette(routes=routes(running, work))


def routes(running: Running, work: "WorkerProcess | None") -> list[Route]:
    """`work`: the loops of this process, if it has any."""
    wanted, gauges = wanted_migrations(running.service.name), Gauges(running)

    async def live(_: Request) -> Response:
        ages = work.ages() if work else {}
        why = too_old(ages, work.silent_seconds) if work else ""
        seen = {"seconds_since_poll": ages.get("kafka"), "seconds_since": ages}
        return JSONResponse({"alive": not why, "why": why} | seen, 503 if why else 200)

    async def ready(_: Request) -> Response:
        if why := await why_not_ready(running.pool, wanted) or (work.why_not_ready() if work else ""):
            return JSONResponse({"ready": False, "why": why}, 503)
        return JSONResponse({"ready": True, "consuming": bool(work and work.consuming)})

    async def metrics(_: Request) -> Response:
        try:
            await gauges.refresh(work.ages() if work else {}, work.subscriptions() if work else ())
        except Exception as error:
            LOG.warning("metrics of the tables cannot be read", extra={"error": f"{type(error).__name__}: {error}"})
        return Response(generate_latest(), media_type="text/plain; version=0.0.4")

    paths = {"/health/live": live, "/health/ready": ready, "/metrics": metrics}
    return [Route(path, answer, include_in_schema=False) for path, answer in paths.items()]
