"""What must be true of a place, from what it was told; and what its tables and the topics show, compared by the oracle."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.chaos.kernel.ground import Place, Said, reader, unsent
from tests.chaos.kernel.ledger import Alerted, Asked, Kept, Pledged, Stated
from tests.chaos.oracle import Verdict, goes_back, judge, once
from tests.messaging.tally_service import Added, Rung, Totalled

RAISE = 1_000  # what the sweep adds to every tally
LEAST = 10_001  # numbers begin here: some small ones mean something to the tally service


@dataclass(slots=True)
class Accepted:
    """What a place was told, by what its effects must be: numbers in order, a bell, an alert per broken pledge, one sweep.

    Tallies are all there before the sweep is asked for: one made within its half minute may be raised or not.
    """

    numbers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    bells: set[str] = field(default_factory=set)
    pledges: dict[str, bool] = field(default_factory=dict)  # True: to be alerted about
    swept: set[str] = field(default_factory=set)

    def heard(self, *events: Added | Pledged | Kept | Asked) -> None:
        for event in events:
            match event:
                case Added(tally=tally, number=number):
                    self.numbers[tally].append(number)
                    if event.ring_in_ms is not None:
                        self.bells.add(tally)
                case Pledged(pledge=pledge):
                    self.pledges[pledge] = True
                case Kept(pledge=pledge):
                    self.pledges[pledge] = False
                case Asked(pledge=pledge):
                    self.pledges[pledge] = False
                    self.swept = set(self.numbers)

    def next_number(self, tally: str) -> int:
        return LEAST + len(self.numbers[tally])


@dataclass(slots=True)
class Rows:
    seen: dict[str, list[int]]
    totals: dict[str, int]
    rung: dict[str, list[int]]
    versions: dict[str, int]
    ledgers: dict[str, tuple[int, int]]
    shelves: dict[str, int]
    alerts: dict[str, list[int]]
    letters: list[str]


async def rows(place: Place) -> Rows:
    async with place.running.connection() as conn:
        tallies = await conn.fetch("SELECT id, seen, total, rung, version FROM tally")
        ledgers = await conn.fetch("SELECT id, total, revision FROM ledger")
        shelves = await conn.fetch("SELECT id, total FROM shelf")
        pledges = await conn.fetch("SELECT id, alerts FROM pledge")
        letters = await conn.fetch("SELECT reason || ': ' || detail AS words FROM dead_letter")
    return Rows(
        {row["id"]: list(row["seen"]) for row in tallies}, {row["id"]: row["total"] for row in tallies},
        {row["id"]: list(range(1, row["rung"] + 1)) for row in tallies}, {row["id"]: row["version"] for row in tallies},
        {row["id"]: (row["revision"], row["total"]) for row in ledgers},
        {row["id"].removeprefix("shelf-"): row["total"] for row in shelves},
        {row["id"]: list(range(1, row["alerts"] + 1)) for row in pledges}, [row["words"] for row in letters],
    )  # fmt: skip


async def verdict(place: Place, accepted: Accepted, *, published: bool = True) -> Verdict:
    """`published`: judged from the topics; else from what waits in the outbox, where no relay runs."""
    told = await reader().said(place.name) if published else await unsent(place)
    return compare(accepted, await rows(place), told)


def compare(accepted: Accepted, rows: Rows, told: Sequence[Said]) -> Verdict:
    return _of_tables(accepted, rows) + _of_topics(accepted, told) + judge("dead letters", {}, {"all": rows.letters})


def _of_tables(accepted: Accepted, rows: Rows) -> Verdict:
    numbers, sums = accepted.numbers, {tally: sum(numbers) for tally, numbers in accepted.numbers.items()}
    raised = {tally: total + RAISE * (tally in accepted.swept) for tally, total in sums.items()}
    stated = {tally: [(len(numbers[tally]), total)] for tally, total in sums.items()}
    alerts = {pledge: [1] if broken else [] for pledge, broken in accepted.pledges.items()}
    return (
        judge("numbers", numbers, rows.seen)
        + judge("the total", _each(raised), _each(rows.totals))
        + judge("the ledger", stated, _each(rows.ledgers))
        + judge("the shelf", _each(sums), _each(rows.shelves))
        + judge("bells", {tally: [1] for tally in accepted.bells}, rows.rung)
        + judge("the sweep's version", {tally: [1] for tally in accepted.swept}, {k: [v] for k, v in rows.versions.items() if v})
        + judge("alerts", alerts, rows.alerts)
    )


def _of_topics(accepted: Accepted, told: Sequence[Said]) -> Verdict:
    """Totals as steps: each is the one before plus the number that was added, or plus what the sweep adds."""
    first = once(told)
    steps, raises = _steps([one for one in first if one.type == Totalled.TYPE])
    revisions = _by_key(first, Stated, "revision")
    raw = _by_key(told, Stated, "revision")
    bells, alerts = _by_key(first, Rung, "times"), _by_key(first, Alerted, "times")
    ends = {tally: [len(numbers)] for tally, numbers in accepted.numbers.items()}
    return (
        judge("totals on the topic", accepted.numbers, steps)
        + judge("the sweep's totals on the topic", {tally: [RAISE] for tally in accepted.swept}, raises)
        + judge("revisions on the compacted topic", {t: range(1, len(n) + 1) for t, n in accepted.numbers.items()}, revisions)
        + judge("what compaction leaves", ends, {tally: found[-1:] for tally, found in raw.items()})
        + goes_back("the compacted topic", revisions)
        + judge("bells on the topic", {tally: [1] for tally in accepted.bells}, bells)
        + judge("alerts on the topic", {pledge: [1] for pledge, broken in accepted.pledges.items() if broken}, alerts)
    )


def _each(values: dict[str, int] | dict[str, tuple[int, int]]) -> dict[str, list[int | tuple[int, int]]]:
    return {key: [value] for key, value in values.items()}


def _by_key(told: Iterable[Said], event: type[Stated | Rung | Alerted], field_name: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for one in sorted(told, key=lambda one: (one.partition, one.offset)):
        if one.type == event.TYPE:
            found[one.key].append(one.body[field_name])
    return found


def _steps(totals: Iterable[Said]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    steps: dict[str, list[int]] = defaultdict(list)
    raises: dict[str, list[int]] = defaultdict(list)
    before: dict[str, int] = defaultdict(int)
    for one in totals:
        step = one.body["total"] - before[one.key]
        before[one.key] = one.body["total"]
        (raises if step == RAISE else steps)[one.key].append(step)
    return steps, raises
