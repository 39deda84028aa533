"""Tables that a run puts into the documentation, between two markers of its page that are named after it."""

from pathlib import Path
from typing import Any

FACTS = {"cores": "{} cores", "cpu": "{}", "memory_gib": "{} GiB", "system": "{}", "python": "Python {}",
         "postgres": "PostgreSQL {}"}  # fmt: skip


def fill(page: Path, name: str, text: str) -> None:
    """Puts `text` between the page's two markers. Raises ValueError when it does not have them."""
    begin, end = markers(name)
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} needs the two lines {begin} and {end}, in this order: the table goes between them.")
    page.write_text(f"{before}{begin}\n{text}{end}{after}")


def markers(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def where(machine: dict[str, Any]) -> str:
    """What a run was made on, in words: "AMD EPYC, 2 cores, 23.5 GiB, …"."""
    return ", ".join(words.format(machine[name]) for name, words in FACTS.items() if name in machine)
