"""What people and commands tell trigger. These events come in by HTTP or the command line and never leave the service."""

from pydantic import Field

from shared.contracts.event import Event


class PolicyChosen(Event):
    TYPE = "trigger.policy_chosen.v1"
    KEY = "site_id"

    site_id: str = Field(min_length=1, max_length=100)
    document: str = Field(description="the policy's JSON; its version number is ours to give")


class PublisherAdded(Event):
    TYPE = "trigger.publisher_added.v1"
    KEY = "name"

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,49}$", description="also the name of its topic, in.<name>")
    sites: tuple[str, ...] = Field(min_length=1, max_length=20_000, description="the sites that it may speak for")
    kafka: bool = Field(False, description="speaks through its own topic; else over HTTPS with a token")
    token_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="hex; the token itself is never kept")


class PublisherPaused(Event):
    TYPE = "trigger.publisher_paused.v1"
    KEY = "name"

    name: str
    paused: bool


class TokenIssued(Event):
    TYPE = "trigger.token_issued.v1"
    KEY = "name"

    name: str
    token_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    only: bool = Field(False, description="earlier tokens stop working at once")
