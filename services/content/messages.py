"""What authors ask for: it comes in by the command line and never leaves this service."""

from pydantic import Field

from shared.contracts.content import Module
from shared.contracts.event import Event


class ModuleSubmitted(Event):
    """A module that the linter has passed, whole."""

    TYPE = "content.module_submitted.v1"

    module: Module
    correction: str | None = Field(None, min_length=1, max_length=200, description="what was wrong; None: an ordinary version")

    def key(self) -> str:
        return f"{self.module.module_id}/{self.module.locale}"


class ModuleWithdrawalAsked(Event):
    TYPE = "content.module_withdrawal_asked.v1"

    module_id: str
    locale: str
    version: int | None = Field(None, ge=1, description="None: every published version")

    def key(self) -> str:
        return f"{self.module_id}/{self.locale}"
