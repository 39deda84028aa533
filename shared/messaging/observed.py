"""What the batch transaction tells Prometheus. Labels are closed sets: services, kinds and reasons are ours."""

from collections import Counter as Counted
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Histogram

from shared.messaging.batch import Applied

MESSAGES = Counter("jitt_messages", "Messages by what became of them", ["service", "outcome"])
LETTERS = Counter("jitt_dead_letters", "Records buried, by reason", ["service", "reason"])
EVENTS = Counter("jitt_events_out", "Events put into the outbox", ["service"])
DUE = Counter("jitt_rows_due", "Rows that came due", ["service"])
SECONDS = Histogram("jitt_transaction_seconds", "One batch transaction", ["service"],
                    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10))


def counted(service: str, applied: Applied) -> None:
    for kind, number in Counted(outcome.kind for outcome in applied.outcomes).items():
        MESSAGES.labels(service, kind).inc(number)
    for letter in applied.letters:
        LETTERS.labels(service, letter.reason).inc()
    if applied.events_out:
        EVENTS.labels(service).inc(applied.events_out)
    if applied.rows_due:
        DUE.labels(service).inc(applied.rows_due)


@contextmanager
def timed(service: str) -> Iterator[None]:
    started = perf_counter()
    try:
        yield
    finally:
        SECONDS.labels(service).observe(perf_counter() - started)
