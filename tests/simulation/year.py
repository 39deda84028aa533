"""One supervisor's year: their mentors' events and clocks in the order of time, through the cases' own functions."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from uuid import UUID

from services.supervision import budget, cases, digests
from services.supervision.budget import Ask
from services.supervision.digests import Digest
from services.supervision.domain import Alert, MentorCase
from services.supervision.messages import PersonListed
from shared.contracts import ids
from shared.contracts.event import Due, Event, Refused
from shared.contracts.supervision import AlertPlaced, AlertRaised
from tests.simulation import week
from tests.simulation.rates import Rates
from tests.simulation.week import DAY, HOUR
from tests.supervision import builders as make

SEPTEMBER = datetime(2026, 9, 7, 5, tzinfo=UTC)  # a Monday, midnight in Chicago
WEEK = timedelta(days=7)
SITE, ZONE = make.SITE, "America/Chicago"
Kind = str  # urgent, own, grouped, digest; info: worth knowing only


@dataclass
class Year:
    """What became of it. `asked`: by week, rule and kind. `most`: the most places taken in any seven days."""

    asked: Counter[tuple[int, str, Kind]] = field(default_factory=Counter)
    digests: Counter[int] = field(default_factory=Counter)  # lines by week
    events: int = 0
    most: int = 0
    fullest: Counter[int] = field(default_factory=Counter)  # by week: most places taken, of this supervisor
    urgent_in_a_digest: int = 0
    waiting_too_long: int = 0  # of a rule that may not wait, and does


class Desk:
    """A supervisor with their mentors. `seed` makes the year, whatever else runs."""

    def __init__(self, number: int, mentors: int, weeks: int, rates: Rates, seed: int) -> None:
        self.supervisor = ids.supervisor(SITE, f"sup{number}")
        self.draw, self.rates, self.weeks = Random(f"{seed}/{number}"), rates, weeks
        self.cases: dict[UUID, MentorCase] = {}
        self.clocks: dict[UUID, datetime] = {}
        self.rows: dict[UUID, PersonListed] = {}
        self.queue: list[tuple[datetime, int, UUID | None, Event | None]] = []
        self.order, self.year = count(), Year()
        self.places: list[tuple[datetime, UUID]] = []
        self.asks: dict[UUID, Ask] = {}
        self.digest = Digest(self.supervisor, SITE, ZONE, digests.next_monday(SEPTEMBER, ZONE))
        for n in range(mentors):
            self.enroll(number, n)

    def at(self, when: datetime, mentor: UUID | None, event: Event | None) -> None:
        heappush(self.queue, (when, next(self.order), mentor, event))

    def enroll(self, number: int, n: int) -> None:
        reference = f"m{number}-{n}"
        mentor, began = ids.mentor(SITE, reference), SEPTEMBER + self.draw.randrange(28) * DAY
        ends = SEPTEMBER + (self.rates.summer * 7 + 4) * DAY
        year = SEPTEMBER + 500 * DAY
        short = began + self.draw.randrange(60, 300) * DAY if self.draw.random() < self.rates.clearance_ends else year
        self.rows[mentor] = make.listed(
            reference=reference, supervisor_reference=f"sup{number}", match_started_on=None,
            cleared={"relationship_building": short, "safeguarding_first_response": year},
            matches=({"mentee_ref": reference, "started_on": began.date().isoformat(), "ends_on": ends.date().isoformat()},),
        )  # fmt: skip
        self.at(began, mentor, self.rows[mentor])
        if short != year:
            self.at(short - 10 * DAY, mentor, None)
        if self.draw.random() < self.rates.goodbye_planned:
            self.at(ends - 20 * DAY, mentor, week.goodbye(mentor, ends - 2 * DAY))

    def run(self) -> Year:
        for number in range(self.weeks):
            monday = SEPTEMBER + number * WEEK
            self.plan(number, monday)
            for day in range(5):
                for hour in (14, 20):  # 9 am and 3 pm
                    self.until(monday + day * DAY + (hour - 5) * HOUR)
                    self.sit_down(monday + day * DAY + (hour - 5) * HOUR, first=day == 0 and hour == 14)
            self.until(monday + WEEK)
        self.count()
        return self.year

    def plan(self, number: int, monday: datetime) -> None:
        """Next week's sessions, which are announced six days before."""
        if number in self.rates.day_off_weeks or number >= self.rates.summer:
            return
        for mentor, case in self.cases.items():
            for when, event in week.happenings(case, number, monday + WEEK, self.rates, self.draw):
                self.at(max(when, monday), mentor, event)

    def until(self, end: datetime) -> None:
        """Events, and clocks between them, each at its time."""
        while True:
            due_at, mentor = min(((at, id) for id, at in self.clocks.items()), default=(None, None))
            monday = self.digest.due_at
            event_at = self.queue[0][0] if self.queue else None
            now = min((at for at in (due_at, monday, event_at) if at), default=None)
            if now is None or now > end:
                return
            if now == due_at and mentor:
                self.decide(mentor, Due(), now)
            elif now == monday:
                self.send(now)
            else:
                _, _, whose, event = heappop(self.queue)
                if whose and event:
                    self.decide(whose, event, now)
                elif whose and self.draw.random() < self.rates.renewed_in_time:
                    self.renew(whose, now)

    def decide(self, mentor: UUID, event: Event | Due, now: datetime) -> None:
        facts = cases.Facts(lead=make.LEAD, asks=tuple(self.asks.values()))
        before = self.cases.get(mentor)
        decide = cases.due if isinstance(event, Due) else make.DECIDE[type(event)]
        result = decide(before, event, now, facts)
        self.year.events += 1
        if isinstance(result, Refused):
            return
        case, told = result
        for one in told:
            self.note(one, now)
        for change in case.changes:
            if change.alert:
                self.remember(change.alert, now)
            if change.kind == "placed" and change.alert and change.alert.place == "own" and change.alert.asked_at:
                self.places.append((change.alert.asked_at, change.alert.alert_id))
        live = tuple(a for a in case.alerts if a.live or (a.resolved_at and now - a.resolved_at < timedelta(minutes=20)))
        self.cases[mentor] = kept = replace(case, alerts=live, changes=(), entries=())
        self.clocks.pop(mentor, None)
        if kept.due_at:
            self.clocks[mentor] = kept.due_at

    def note(self, told: Event, now: datetime) -> None:
        number = (now - SEPTEMBER) // WEEK
        if isinstance(told, AlertPlaced):
            self.year.asked[number, told.rule, told.place] += 1
        elif isinstance(told, AlertRaised) and told.severity in ("urgent", "info"):
            self.year.asked[number, told.rule, told.severity] += 1

    def remember(self, alert: Alert, now: datetime) -> None:
        """As the table would: what was asked in the last eight days, and has not been put off."""
        if alert.with_role == "digest":
            self.year.urgent_in_a_digest += alert.severity == "urgent"
            self.year.waiting_too_long += alert.place == "digest" and not budget.BY_NAME[alert.rule].may_wait
        self.asks = {id: one for id, one in self.asks.items() if now - one.asked_at < 8 * DAY}
        self.asks.pop(alert.alert_id, None)
        if alert.asked_at and alert.place != "digest":
            self.asks[alert.alert_id] = Ask(alert.alert_id, alert.rule, alert.asked_at, alert.place, alert.live)

    def waiting(self) -> list[tuple[UUID, Alert]]:
        found = [(id, a) for id, case in self.cases.items() for a in case.alerts if a.live and a.state == "open"]
        return [(id, a) for id, a in found if a.with_role == "digest" or a.severity == "info"]

    def send(self, now: datetime) -> None:
        waiting = self.waiting()
        self.year.urgent_in_a_digest += sum(alert.severity == "urgent" for _, alert in waiting)
        result = digests.due(self.digest, Due(), now, digests.Facts(tuple(a.alert_id for _, a in waiting)))
        assert not isinstance(result, Refused)
        self.digest = result[0]
        self.year.digests[(now - SEPTEMBER) // WEEK] += len(waiting)

    def sit_down(self, now: datetime, *, first: bool) -> None:
        """The supervisor calls whom open alerts are about, on Monday some of whom the list is about, and keeps in touch."""
        asked = {id for id, case in self.cases.items() if any(_asks(alert) for alert in case.alerts)}
        listed = {id for id, _ in self.waiting() if self.draw.random() < self.rates.monday} if first else set()
        for mentor in sorted(asked | listed):
            if self.draw.random() < self.rates.looked_at:
                self.talk(mentor, now)
                if any(a.live and a.rule == "uncleared_function_planned" for a in self.cases[mentor].alerts):
                    self.renew(mentor, now)
        for mentor, case in sorted(self.cases.items()):
            last = max(case.talked_at, default=case.history.known_since or now)
            if now - last > self.draw.randint(*self.rates.routine_talk_days) * DAY:
                self.talk(mentor, now)

    def talk(self, mentor: UUID, now: datetime) -> None:
        holds = bool(self.cases[mentor].open_holds)
        outcome = "not_needed" if not holds and self.draw.random() < self.rates.not_needed else "talked"
        request = ids.after(mentor, f"{now.isoformat()}")
        self.decide(
            mentor, make.contact(mentor_id=mentor, session_id=None, outcome=outcome, clear=holds, request_id=request), now
        )

    def renew(self, mentor: UUID, now: datetime) -> None:
        cleared = dict.fromkeys(self.rows[mentor].cleared, SEPTEMBER + 500 * DAY)
        self.rows[mentor] = self.rows[mentor].model_copy(update={"cleared": cleared})
        self.decide(mentor, self.rows[mentor], now)

    def count(self) -> None:
        """The fullest seven days, by when the alerts asked. One that closed by itself and comes back is the same alert."""
        for at, _ in self.places:
            taken, number = len({id for one, id in self.places if at - WEEK < one <= at}), (at - SEPTEMBER) // WEEK
            self.year.most = max(self.year.most, taken)
            self.year.fullest[number] = max(self.year.fullest[number], taken)


def _asks(alert: Alert) -> bool:
    return alert.live and alert.with_role != "digest" and alert.severity != "info"


def lived(number: int, mentors: int, weeks: int, rates: Rates, seed: int) -> Year:
    return Desk(number, mentors, weeks, rates, seed).run()
