"""Planned steps in the memory of their skill: one that was not done is an open miss until it is done in a later session. Pure.

“Partly” neither opens nor closes one. Sessions count in the order of their starts, in whatever order their check-ins are sent.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.assessment.memory import Checked, Decided, Skill, told
from shared.contracts.assessment import OpenMiss, StepChecked
from shared.contracts.event import Refused

REMEMBERED = 4  # sessions of each step: check-ins are open for three days, so that older ones cannot change


def step_checked(skill: Skill | None, event: StepChecked, now: datetime, facts: object = None) -> Decided:
    """Our own event, read back. A skill that was never trained keeps the miss, and tells of it with its first review."""
    before = skill or Skill(event.mentor_id, event.site_id, event.skill)
    this = Checked(
        step=event.step, session_id=event.session_id, starts_at=event.starts_at, done=event.done, revision=event.revision
    )
    others = tuple(one for one in before.steps if not _same(one, this))
    if any(one.revision >= this.revision for one in before.steps if _same(one, this)):
        return Refused("stale_revision")
    steps = newest((*others, this))
    items = tuple(miss for miss in before.open_misses if miss.step is None)
    was = tuple(miss for miss in before.open_misses if miss.step is not None)  # questions that were missed since stand after them
    missed = open_steps(steps)
    changed = replace(before, steps=steps, open_misses=(*items, *missed))
    return (changed, []) if missed == was else told(changed)


def newest(checked: Iterable[Checked]) -> tuple[Checked, ...]:
    """Of each step the newest sessions, and the last that opened or closed it; by step, then in time order.

    However often “partly” was said since, what is open stays open.
    """
    by_step: dict[str, list[Checked]] = {}
    for one in sorted(checked, key=lambda one: (one.step, one.starts_at, one.session_id)):
        by_step.setdefault(one.step, []).append(one)
    return tuple(one for group in by_step.values() for one in [*_last_word(group), *group[-REMEMBERED:]])


def _last_word(group: list[Checked]) -> list[Checked]:
    """Where it is older than the newest sessions."""
    decided = [one for one in group if one.done in ("did", "no")][-1:]
    return [one for one in decided if one not in group[-REMEMBERED:]]


def open_steps(checked: Iterable[Checked]) -> tuple[OpenMiss, ...]:
    """`checked` in time order of each step."""
    last = {one.step: one for one in checked if one.done in ("did", "no")}
    return tuple(
        OpenMiss(step=one.step, missed_at=one.starts_at, session_id=one.session_id) for one in last.values() if one.done == "no"
    )


def _same(one: Checked, other: Checked) -> bool:
    return (one.step, one.session_id) == (other.step, other.session_id)
