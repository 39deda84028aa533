"""Why a training was chosen: what was asked for and what was considered, kept beside the choice for whoever asks later."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import AwareDatetime

from shared.contracts.content import Candidate, NothingSuitable, Reason, TrainingAssigned
from shared.contracts.event import Part
from shared.contracts.trigger import ContentRequested, Need


class Why(Part):
    """Codes and figures only. `nothing`: why there was no training."""

    starts_at: AwareDatetime
    time_zone: str
    activity: str
    locale: str
    training_minutes: int
    site_variables: tuple[str, ...] = ()
    recall_only: bool = False
    needs: tuple[Need, ...] = ()
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    nothing: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What a version is called, and which of the site's data it needs."""

    title: str
    variables: tuple[str, ...]


Versions = Mapping[tuple[str, int], Named]  # by publication (module/language) and number


def why(event: ContentRequested, made: TrainingAssigned | NothingSuitable) -> Why:
    return Why(
        starts_at=event.starts_at,
        time_zone=event.time_zone,
        activity=event.activity,
        locale=event.locale,
        training_minutes=event.training_minutes,
        site_variables=event.site_variables,
        recall_only=event.recall_only,
        needs=event.needs,
        reasons=() if isinstance(made, NothingSuitable) else made.reasons,
        candidates=made.candidates,
        nothing=made.reason if isinstance(made, NothingSuitable) else None,
    )
