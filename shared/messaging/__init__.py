"""The batch transaction: inbox, fold, due rows, outbox, dead letters and relay, once for every service."""

from shared.messaging.handler import Clock, Decided, Handler, Read, Reads, Stretch, Swept, latest, nothing_changed

__all__ = ["Clock", "Decided", "Handler", "Read", "Reads", "Stretch", "Swept", "latest", "nothing_changed"]
