"""What happens to a receiver of webhooks: by command, and by its answers. None of it leaves this service."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event

NAME = r"^[a-z0-9](-?[a-z0-9]){0,59}$"
Came = Literal["delivered", "failed", "gone", "nothing"]


class _OfWebhook(Event):
    KEY = "name"

    name: str = Field(pattern=NAME)


class WebhookAdded(_OfWebhook):
    TYPE = "supervision.webhook_added.v1"

    url: str = Field(max_length=1_000)
    sites: tuple[str, ...] = Field(min_length=1, max_length=1_000)
    supervisor_id: UUID | None = Field(None, description="only of this supervisor's mentors")
    secret: str = Field(description="sealed")
    place: str = Field(description="it is told of what comes after this place in the feed")


class WebhookSecretChanged(_OfWebhook):
    TYPE = "supervision.webhook_secret_changed.v1"

    secret: str = Field(description="sealed")
    at_once: bool = Field(False, description="the old one signs no more; else it does for another day")


class WebhookPaused(_OfWebhook):
    TYPE = "supervision.webhook_paused.v1"

    paused: bool = Field(description="False: go on, also after it was given up")


class WebhookRemoved(_OfWebhook):
    TYPE = "supervision.webhook_removed.v1"


class WebhookReplayed(_OfWebhook):
    """Those of its dead ones are sent once more; none named: all of them."""

    TYPE = "supervision.webhook_replayed.v1"

    places: tuple[str, ...] = ()


class WebhookTried(_OfWebhook):
    """What came of sending one change. `nothing`: there was none for it up to that place."""

    TYPE = "supervision.webhook_tried.v1"

    after: str = Field(description="the place that it stood at")
    place: str = Field(description="of the change that was sent")
    came: Came
    answer: str = Field(max_length=60, description="a code, such as http_503 or timeout")
    again: bool = Field(False, description="one of its dead ones, which somebody replays")
    wait: float = Field(0.0, ge=0, description="seconds that the receiver asks us to wait")
