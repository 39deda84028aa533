"""What a mapping makes of a calendar's coming days: what goes to whom, and what needs mapping. Nothing that an entry says."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.trigger import imports, mapping_words
from services.trigger.calendar_import import Compared
from services.trigger.imports import LEFT_OUT, Meant, Need

MOST_MENTORS = 40


@dataclass(frozen=True, slots=True)
class Preview:
    """`labels`: the site's own references of mentors, where the file that was given names them."""

    days: int
    meant: tuple[Meant, ...]
    needs: tuple[Need, ...]
    left_out: int
    labels: Mapping[UUID, str]

    def said(self) -> Iterator[str]:
        yield from self.whose()
        if self.left_out:
            yield f"Left out by a rule: {_many(self.left_out, 'session')}."
        yield from mapping_words.needs_said(self.needs)

    def whose(self) -> Iterator[str]:
        """Of what is somebody's."""
        mentors = self._mentors()
        yield f"The next {self.days} days: {_many(len(self.meant), 'session')} of {_many(len(mentors), 'mentor')}."
        for mentor_id, starts in mentors[:MOST_MENTORS]:
            yield f"  {self._label(mentor_id):<36}  {len(starts):>4}  first on {mapping_words.when(min(starts))}"
        if len(mentors) > MOST_MENTORS:
            yield f"  … and {len(mentors) - MOST_MENTORS} more. --json lists them all."
        for what, counts in (("Activity", self._activities()), ("Focus", self._focus()), ("Mode", self._modes())):
            if counts:
                yield f"{what}: {', '.join(f'{name} {n}' for name, n in counts.items())}."

    def told(self) -> dict[str, Any]:
        mentors = [{"mentor": self._label(id), "sessions": len(starts), "first": min(starts).isoformat()}
                   for id, starts in self._mentors()]  # fmt: skip
        return {"days": self.days, "sessions": len(self.meant), "mentors": mentors, "activities": self._activities(),
                "focus": self._focus(), "modes": self._modes(), "left_out": self.left_out,
                "needs": [told(need) for need in self.needs]}  # fmt: skip

    def _mentors(self) -> list[tuple[UUID, list[datetime]]]:
        """Those with most sessions first."""
        of: dict[UUID, list[datetime]] = {}
        for i, meaning in self.meant:
            if meaning.mentor_id:
                of.setdefault(meaning.mentor_id, []).append(i.starts_at)
        return sorted(of.items(), key=lambda one: (-len(one[1]), self._label(one[0])))

    def _label(self, mentor_id: UUID) -> str:
        return self.labels.get(mentor_id, str(mentor_id))

    def _activities(self) -> dict[str, int]:
        return _counted(meaning.activity or "" for _, meaning in self.meant)

    def _focus(self) -> dict[str, int]:
        return _counted(skill for _, meaning in self.meant for skill in meaning.focus)

    def _modes(self) -> dict[str, int]:
        return _counted(meaning.mode for _, meaning in self.meant)


def of(found: Compared, span: timedelta, labels: Mapping[UUID, str]) -> Preview:
    """Of what would be planned in that time from now on."""
    until = found.now + span
    both = zip(found.reading.instances, found.meanings, strict=True)
    coming = [(i, m) for i, m in both if not i.cancelled and i.start_utc < until]
    return Preview(
        days=span.days,
        meant=tuple((i, m) for i, m in coming if m.mentor_id and m.activity),
        needs=imports.needs(coming),
        left_out=sum(m.why == LEFT_OUT for _, m in coming),
        labels=labels,
    )


def told(need: Need) -> dict[str, Any]:
    """For programs."""
    return {"why": need.why, "sessions": need.sessions, "first": [at.isoformat() for at in need.starts],
            "properties": sorted(need.names), "more_properties": need.more}  # fmt: skip


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _many(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
