"""What the network page may say: figures of ten or more, and none from which a smaller one could be worked out. Pure.

Time is cut into whole months, for every table the same: of two spans that overlap, one less the other could be a small figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

FEWEST = 10
LEFT_OUT = "not shown"
SUPPRESSED = "Not shown: figures of fewer than 10, and others from which such a figure could be worked out."
SHOWN_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Measure:
    """`sentence` says the whole network's figure; `per` is what it is a share of, 100 where it is one in a hundred."""

    name: str
    heading: str
    counted: str
    sentence: str
    per: int = 100


MEASURES = (
    Measure("talks", "Talked before the session", "sessions that needed a talk",
            "Mentors and supervisors talked before {} sessions that needed it"),
    Measure("briefs", "Brief ready in time", "sessions with a training", "Briefs were ready in time before {} sessions"),
    Measure("trainings", "Training completed in time", "sessions with a training",
            "Mentors completed their training in time before {} sessions"),
    Measure("contacts", "Contacts for each match", "matches", "There were {} contacts for each match", per=1),
)  # fmt: skip
OF_SKILLS = (
    Measure("missed", "Missed at first try", "first tries", ""),
    Measure("open", "With a miss still open today", "mentors who have practiced it", ""),
    Measure("trained", "Training completed in time", "trainings about it", ""),
)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """On the clock of UTC, as sites of several zones are counted together."""

    year: int
    month: int

    @property
    def key(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def words(self) -> str:
        return f"{self.first:%B %Y}"

    @property
    def first(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    def before(self, many: int = 1) -> "Month":
        years, month = divmod(self.year * 12 + self.month - 1 - many, 12)
        return Month(years, month + 1)

    @property
    def next(self) -> datetime:
        """Its end, which is the first instant of the next one."""
        return self.before(-1).first


def whole_months(now: datetime) -> list[Month]:
    """That are over, the last one first."""
    this = Month(now.year, now.month)
    return [this.before(back) for back in range(1, SHOWN_MONTHS + 1)]


def chosen(asked: str, now: datetime) -> Month:
    """As the address says; else the last one that is over."""
    months = whole_months(now)
    return next((month for month in months if month.key == asked), months[0])


@dataclass(frozen=True, slots=True)
class Count:
    """So many `of` so many."""

    many: int
    of: int


@dataclass(frozen=True, slots=True)
class Cell:
    """`figure` is None where it is left out."""

    figure: str | None
    of: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """`id`: of a site, a skill or a month."""

    id: str
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """`rows`, by site, and `total` are of `month`, `skills` too."""

    month: Month
    rows: tuple[Row, ...]
    total: tuple[Cell, ...]
    sentences: tuple[str, ...]
    skills: tuple[Row, ...] = ()
    months: tuple[Row, ...] = ()


Counted = Mapping[str, Mapping[str, Count]]  # by measure, and by site or skill
NONE = Count(0, 0)


def hidden(counts: Mapping[str, int], fewest: int = FEWEST) -> frozenset[str]:
    """Those to leave out, given that the sum of all is shown where it is at least `fewest`.

    Every count under `fewest`; then others, so that what is left out is never fewer than `fewest` together, and each small count
    could be any small number: two that are left out and make 18 would be 9 each.
    Which others follows from their names only: it would tell something if the smallest were taken.
    """
    small = out = {name for name, count in counts.items() if count < fewest}
    if not out:
        return frozenset()
    for name in sorted(counts.keys() - out, key=lambda name: sha256(name.encode()).digest()):
        together = sum(counts[one] for one in out)
        if together >= fewest and (out > small or not _tells(together, len(small), fewest)):
            break
        out = out | {name}
    return frozenset(out)


def _tells(together: int, number: int, fewest: int = FEWEST) -> bool:
    """Whether so many small counts, of which the sum is known, cannot each be any small number: the others would be too small."""
    return together > (fewest - 1) * (number - 1)


def network(
    names: Mapping[str, str],
    month: Month,
    found: Mapping[Month, Counted],
    skills: Mapping[str, str] | None = None,
    of_skills: Counted | None = None,
) -> Network:
    """`names` of sites by id; `found`: by month, measure and site. Rows are in the order of the alphabet, never of a figure."""
    columns = [_column(measure, of_sites(names, found[month], measure)) for measure in MEASURES]
    rows = tuple(Row(site, names[site], tuple(cells[site] for cells, _ in columns)) for site in _ordered(names))
    total = tuple(cell for _, cell in columns)
    said = tuple(m.sentence.format(cell.figure) for m, cell in zip(MEASURES, total, strict=True) if cell.figure)
    months = tuple(Row(one.key, one.words, _totals(names, found[one])) for one in sorted(found, reverse=True))
    return Network(month, rows, total, said, _of_skills(skills or {}, of_skills or {}), months)


def of_sites(names: Mapping[str, str], found: Counted, measure: Measure) -> dict[str, Count]:
    return {site: found.get(measure.name, {}).get(site, NONE) for site in names}


def _totals(names: Mapping[str, str], found: Counted) -> tuple[Cell, ...]:
    return tuple(_cell(measure, sum_of(of_sites(names, found, measure))) for measure in MEASURES)


def _of_skills(names: Mapping[str, str], found: Counted) -> tuple[Row, ...]:
    """What all skills together have stands nowhere, so that a small figure alone can be left out; but how many sessions had a
    training stands in the other tables, so a small number of trainings about one skill takes others with it."""
    out = hidden({skill: count.of for skill, count in found.get("trained", {}).items() if count.of})
    shown = {**found, "trained": {skill: one for skill, one in found.get("trained", {}).items() if skill not in out}}
    rows = [Row(skill, names[skill], tuple(_cell(m, shown.get(m.name, {}).get(skill, NONE)) for m in OF_SKILLS))
            for skill in _ordered(names)]  # fmt: skip
    return tuple(row for row in rows if any(cell.figure for cell in row.cells))


def _ordered(names: Mapping[str, str]) -> list[str]:
    return sorted(names, key=lambda id: (names[id].casefold(), id))


def _column(measure: Measure, counts: Mapping[str, Count]) -> tuple[dict[str, Cell], Cell]:
    out = hidden({site: count.of for site, count in counts.items()})
    cells = {site: Cell(None, None) if site in out else _cell(measure, count) for site, count in counts.items()}
    return cells, _cell(measure, sum_of(counts))


def sum_of(counts: Mapping[str, Count]) -> Count:
    """Of all; none where there are only small ones and their sum would tell them."""
    whole = Count(sum(count.many for count in counts.values()), sum(count.of for count in counts.values()))
    small = all(count.of < FEWEST for count in counts.values())
    return NONE if small and _tells(whole.of, len(counts)) else whole


def _cell(measure: Measure, count: Count) -> Cell:
    if count.of < FEWEST:
        return Cell(None, None)
    if measure.per == 1:
        return Cell(f"{count.many / count.of:.1f}", count.of)
    return Cell(f"{round(100 * count.many / count.of)} in 100", count.of)


def csv_rows(page: Network) -> list[Sequence[str]]:
    """The same figures for a spreadsheet, with what is left out said in words."""
    lines = [[row.name, *_line(row.cells)] for row in page.rows]
    skills = [["Skill", *_heads(OF_SKILLS)], *([row.name, *_line(row.cells)] for row in page.skills)]
    months = [["Month, all sites", *_heads(MEASURES)], *([row.name, *_line(row.cells)] for row in page.months)]
    head = [[f"{page.month.words}. {SUPPRESSED}"], ["Site", *_heads(MEASURES)]]
    return [*head, *lines, ["All sites", *_line(page.total)], [], *skills, [], *months]


def _heads(measures: Sequence[Measure]) -> list[str]:
    return [words for measure in measures for words in (measure.heading, f"of {measure.counted}")]


def _line(cells: Sequence[Cell]) -> list[str]:
    return [words for cell in cells for words in (cell.figure or LEFT_OUT, LEFT_OUT if cell.of is None else str(cell.of))]
