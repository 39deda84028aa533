"""Logs as one line each: time, level, what happened, and its values. Never names, contacts or open answers."""

import logging
import sys

import structlog


def setup_logging(service: str, level: int = logging.INFO) -> None:
    """JSON lines where a machine reads (no terminal), plain lines where a person does."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    person = sys.stderr.isatty()
    last: structlog.types.Processor = structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _of(service), last]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "faststream", "uvicorn.error", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def _of(service: str) -> structlog.types.Processor:
    def add(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["service"] = service
        return event

    return add
