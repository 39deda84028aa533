"""Publishing a correction: the author's sentence, what would be corrected, and why it may not be, in words for authors. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.content.changes import correctable
from services.content.corrections import corrections
from services.content.publishing import Plan
from services.content.words import typographic
from shared.contracts.content import ItemCorrected

LONGEST = 200
ENDS = (".", "?", "!", "”", "…")
ANOTHER_WAY = "Publish it without --correction: then it is a new version for trainings to come, and answers stay as they are."


class NotACorrection(Exception):
    """Its words say why, and what to do instead."""


def sentence(reason: str) -> str:
    """What mentors and staff will read after “What changed:”. Raises NotACorrection."""
    said = typographic(" ".join(reason.split()))
    said = said if said.endswith(ENDS) or not said else f"{said}."
    if not said:
        raise NotACorrection("Say in one sentence what was wrong: mentors and supervisors read it.")
    if len(said) > LONGEST:
        raise NotACorrection(f"The reason has {len(said)} characters; mentors read it on a phone, so at most {LONGEST}.")
    return said


def corrected(plan: Plan, reason: str) -> list[ItemCorrected]:
    """The questions of the last version that would be corrected; never none. Raises NotACorrection."""
    name = f"{plan.module.module_id} ({plan.module.locale})"
    if plan.last is None:
        raise NotACorrection(f"{name} was never published, so there is nothing to correct. Publish it without --correction.")
    if plan.since is None:
        raise NotACorrection(f"{name} says the same as version {plan.version}: there is nothing to correct.")
    if not correctable(plan.last, plan.module):
        raise NotACorrection(f"This is more than a correction of {name}. A correction keeps every question and option in the "
                             f"same sense, and changes what is right or why. {ANOTHER_WAY}")  # fmt: skip
    found = list(corrections([(plan.since, plan.last)], (plan.version, plan.module), reason, datetime.now(UTC)))
    if not found:
        raise NotACorrection(f"Nothing of {name} that an answer is judged or explained by has changed. {ANOTHER_WAY}")
    return found


def told(found: list[ItemCorrected]) -> Iterator[str]:
    """What follows from it, below the changes."""
    if keys := [one.item_id for one in found if one.key_changed]:
        yield f"  {_listed(keys)} corrected: answers given before are graded again; mentors and supervisors see what changed."
    if reasons := [one.item_id for one in found if not one.key_changed]:
        yield f"  {_listed(reasons)} explained better: answers to the last version count as before; mentors see what changed."


def _listed(ids: list[str]) -> str:
    return f"{', '.join(ids)} {'is' if len(ids) == 1 else 'are'}"
