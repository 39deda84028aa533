"""What a chaos run says in the end: a table for people, `.jitt/chaos.json` for programs, and the table in the documentation."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests import pages
from tests.chaos.oracle import Verdict
from tests.chaos.sections import Section

RECOVERY_SECONDS = 11.0  # the session timeout of these runs, 6 s, and 5
BEGIN, END = pages.markers("chaos")
COLUMNS = ("fault", "effects", "kills", "lost", "doubled", "out of order", "invented", "recovery p99", "")
WIDTH = 150  # a log of CI has none of its own
TOTALS = ("twins_caught", "twins_total", "malformed")  # figures of the parts that are added up


@dataclass(frozen=True, slots=True)
class Ran:
    sections: Sequence[Section]
    size: str
    at: datetime
    seconds: float
    machine: dict[str, Any]

    @property
    def verdict(self) -> Verdict:
        return sum((section.verdict for section in self.sections), Verdict())

    @property
    def recoveries(self) -> list[float]:
        return [seconds for section in self.sections for seconds in section.recoveries]

    def total(self, figure: str) -> int:
        return sum(int(section.figures.get(figure, 0)) for section in self.sections)


def wrong(ran: Ran) -> list[str]:
    """Everything that is not as promised, one line each."""
    lines = []
    for section in ran.sections:
        lines += [f"{section.name}: {problem}" for problem in section.problems]
        if not section.verdict.sound:
            lines += [f"{section.name}: {_counts(section.verdict)}", *(f"  {one}" for one in section.verdict.examples)]
    if (caught := ran.total("twins_caught")) < (all_twins := ran.total("twins_total")):
        lines.append(f"{all_twins - caught} of {all_twins} broken twins passed: the oracle has a hole.")
    return lines


def slow(ran: Ran) -> list[str]:
    """Everything that took longer than promised. How busy the machine is has a part in it."""
    lines = [f"{section.name}: {one}" for section in ran.sections for one in section.slow]
    if (late := p99(ran.recoveries)) > RECOVERY_SECONDS:
        lines.append(f"Recovery took {late:.1f} s (p99); promised are {RECOVERY_SECONDS:.0f} s.")
    return lines


def p99(seconds: Sequence[float]) -> float:
    """The worst, for fewer than a hundred; 0 for none."""
    return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1] if seconds else 0.0


def document(ran: Ran) -> dict[str, Any]:
    verdict = ran.verdict
    return {
        # a part that does not say how many events it made is counted by the effects that were compared
        "events": sum(int(one.figures.get("events", one.verdict.effects)) for one in ran.sections),
        "kills": sum(section.kills for section in ran.sections),
        "lost": verdict.lost, "doubled": verdict.doubled, "out_of_order": verdict.out_of_order, "invented": verdict.invented,
        **{name: ran.total(name) for name in TOTALS},
        "recovery_p99_s": round(p99(ran.recoveries), 2) if ran.recoveries else None,
        "wrong": wrong(ran), "slow": slow(ran),
        "sections": [_section(section) for section in ran.sections],
        "machine": ran.machine, "size": ran.size, "at": ran.at.isoformat(timespec="seconds"), "seconds": round(ran.seconds, 1),
    }  # fmt: skip


def write(ran: Ran, file: Path) -> dict[str, Any]:
    file.parent.mkdir(parents=True, exist_ok=True)
    made = document(ran)
    file.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    return made


def show(made: dict[str, Any]) -> None:
    table = Table(title=f"Chaos, {made['size']} form")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("fault", "") else "right", no_wrap=column != "")
    for section in made["sections"]:
        table.add_row(*map(Text, _row(section)))
    Console(width=max(WIDTH, Console().width)).print(table)
    print(f"In all {headline(made)}.")


def headline(made: dict[str, Any]) -> str:
    twins = f", {made['twins_caught']} of {made['twins_total']} broken twins caught" if made["twins_total"] else ""
    malformed = f", {made['malformed']:,} malformed records" if made["malformed"] else ""
    recovery = f"; recovery p99 {made['recovery_p99_s']} s" if made["recovery_p99_s"] is not None else ""
    return (f"{made['events']:,} events, {made['kills']} kills: {made['lost']} lost, {made['doubled']} doubled, "
            f"{made['out_of_order']} out of order, {made['invented']} invented{twins}{malformed}{recovery}; "
            f"the run took {made['seconds']:.0f} s")  # fmt: skip


def fill(page: Path, made: dict[str, Any]) -> None:
    """Puts the table between the page's two markers. Raises ValueError when it does not have them."""
    pages.fill(page, "chaos", markdown(made))


def markdown(made: dict[str, Any]) -> str:
    at = datetime.fromisoformat(made["at"]).astimezone(UTC)
    head = [f"{at:%Y-%m-%d}, size `{made['size']}`, {pages.where(made['machine'])}. In all {headline(made)}.", ""]
    lines = [pages.row(*COLUMNS), "|---" * len(COLUMNS) + "|", *(pages.row(*_row(section)) for section in made["sections"])]
    wrongs = ["", "Not as promised:", "", *(f"* {line.strip()}" for line in made["wrong"])] if made["wrong"] else []
    slows = ["", "Not kept, though nothing is lost by it:", "", *(f"* {line}" for line in made["slow"])] if made["slow"] else []
    return "\n".join([*head, *lines, *wrongs, *slows, ""])


def _section(section: Section) -> dict[str, Any]:
    verdict = section.verdict
    return {
        "name": section.name, "passed": section.passed, "effects": verdict.effects, "kills": section.kills,
        "lost": verdict.lost, "doubled": verdict.doubled, "out_of_order": verdict.out_of_order, "invented": verdict.invented,
        "recovery_p99_s": round(p99(section.recoveries), 2) if section.recoveries else None,
        "problems": section.problems, "examples": verdict.examples, "figures": section.figures, "note": section.note,
    }  # fmt: skip


def _row(section: dict[str, Any]) -> list[str]:
    late = section["recovery_p99_s"]
    said = "as promised" if section["passed"] else "wrong"
    return [section["name"], f"{section['effects']:,}", str(section["kills"]),
            *(str(section[name]) for name in ("lost", "doubled", "out_of_order", "invented")),
            f"{late} s" if late is not None else "", f"{said}, {section['note']}" if section["note"] else said]  # fmt: skip


def _counts(verdict: Verdict) -> str:
    return f"{verdict.lost} lost, {verdict.doubled} doubled, {verdict.out_of_order} out of order, {verdict.invented} invented"
