"""What the network page may say: figures of ten or more, and none from which a smaller one could be worked out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

FEWEST = 10
LEFT_OUT = "not shown"
SUPPRESSED = "Not shown: figures of fewer than 10, and others from which such a figure could be worked out."


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
    site_id: str
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Network:
    rows: tuple[Row, ...]
    total: tuple[Cell, ...]
    sentences: tuple[str, ...]


def hidden(counts: Mapping[str, int], fewest: int = FEWEST) -> frozenset[str]:
    """Those to leave out, given that the sum of all is shown where it is at least `fewest`.

    Every count under `fewest`; then others, so that what is left out is never one count alone, nor fewer than `fewest` together.
    Which others follows from their names only: it would tell something if the smallest were taken.
    """
    out = {name for name, count in counts.items() if count < fewest}
    if not out:
        return frozenset()
    for name in sorted(counts.keys() - out, key=lambda name: sha256(name.encode()).digest()):
        if len(out) > 1 and sum(counts[one] for one in out) >= fewest:
            break
        out.add(name)
    return frozenset(out)


def network(names: Mapping[str, str], found: Mapping[str, Mapping[str, Count]]) -> Network:
    """`names` of sites by id; `found`: by measure and site. Sites are in the order of the alphabet, never of a figure."""
    none = Count(0, 0)
    columns = [_column(m, {site: found.get(m.name, {}).get(site, none) for site in names}) for m in MEASURES]
    rows = tuple(
        Row(site, names[site], tuple(cells[site] for cells, _ in columns))
        for site in sorted(names, key=lambda site: (names[site].casefold(), site))
    )
    total = tuple(cell for _, cell in columns)
    said = tuple(m.sentence.format(cell.figure) for m, cell in zip(MEASURES, total, strict=True) if cell.figure)
    return Network(rows, total, said)


def _column(measure: Measure, counts: Mapping[str, Count]) -> tuple[dict[str, Cell], Cell]:
    out = hidden({site: count.of for site, count in counts.items()})
    cells = {site: Cell(None, None) if site in out else _cell(measure, count) for site, count in counts.items()}
    whole = Count(sum(count.many for count in counts.values()), sum(count.of for count in counts.values()))
    return cells, _cell(measure, whole) if whole.of >= FEWEST else Cell(None, None)


def _cell(measure: Measure, count: Count) -> Cell:
    if measure.per == 1:
        return Cell(f"{count.many / count.of:.1f}", count.of)
    return Cell(f"{round(100 * count.many / count.of)} in 100", count.of)


def csv_rows(page: Network) -> list[Sequence[str]]:
    """The same figures for a spreadsheet, with what is left out said in words."""
    heads = [words for measure in MEASURES for words in (measure.heading, f"of {measure.counted}")]
    lines = [[row.name, *_line(row.cells)] for row in page.rows]
    return [[SUPPRESSED], ["Site", *heads], *lines, ["All sites", *_line(page.total)]]


def _line(cells: Sequence[Cell]) -> list[str]:
    return [words for cell in cells for words in (cell.figure or LEFT_OUT, LEFT_OUT if cell.of is None else str(cell.of))]
