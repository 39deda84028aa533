"""What is told of notices inside this service: somebody wants one, a sender has tried one, a provider reports on one."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event

Channel = Literal["mail", "text"]
Wanted = Literal["mail", "text", "none"]


class NoticeAsked(Event):
    """A notice that a person or a command causes; handlers make theirs themselves (`notices.new`)."""

    TYPE = "supervision.notice_asked.v1"
    KEY = "notice_id"

    notice_id: UUID
    site_id: str
    person_id: UUID
    kind: Literal["link", "record", "digest", "import"]
    about: dict[str, str] = Field(default_factory=dict, description="ids, codes and instants only")
    useful_until: AwareDatetime

    def whom(self) -> UUID:
        return self.person_id


class _OfNotice(Event):
    KEY = "notice_id"

    notice_id: UUID
    site_id: str
    person_id: UUID

    def whom(self) -> UUID:
        """A mail that was under way when its person was erased tells nothing of them any more."""
        return self.person_id


class NoticeTried(_OfNotice):
    """accepted: a server or provider has it. later: it said try again. refused: it never will. postponed: not tried yet.
    readdressed: somebody else reads it by now. passed_on: nobody could be told, and its alert has gone on to the next in line.
    """

    TYPE = "supervision.notice_tried.v1"

    tries: int
    outcome: Literal["accepted", "later", "refused", "expired", "dropped", "postponed", "readdressed", "passed_on"]
    channel: Channel | None = None
    reason: str | None = Field(None, description="a code, such as smtp_550 or session_canceled")
    again_at: AwareDatetime | None = None
    to: UUID | None = Field(None, description="readdressed: who reads it")
    address: bool = Field(True, description="refused: it is the address that takes nothing, and not this one message")
    otherwise: bool = Field(False, description="refused here, and there is another channel to try")
    provider_id: str | None = None


class NoticeReported(_OfNotice):
    """What a provider, or a mail that came back, says of a notice that was sent."""

    TYPE = "supervision.notice_reported.v1"

    status: Literal["accepted", "delivered", "delayed", "bounced", "failed"]
    channel: Channel = "mail"
    reason: str | None = None


class ChannelChosen(Event):
    """How a person wants to be written to, if at all."""

    TYPE = "supervision.channel_chosen.v1"
    KEY = "person_id"

    site_id: str
    person_id: UUID
    wanted: Wanted

    def whom(self) -> UUID:
        return self.person_id
