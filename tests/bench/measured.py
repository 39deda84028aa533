"""What the capacity model takes as measured: a bench's figures by name, and what stands in for one that is missing."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.hop import ROOT

Figures = Mapping[str, float]
PLACES = (ROOT / "docs" / "bench.json", ROOT / ".jitt" / "bench.json")
# 2026-11-25, two virtual cores (AMD EPYC) that Kafka, PostgreSQL 18.6, the services and those who send all shared.
DEFAULTS: Figures = {
    # `make bench`, three rounds of 60,000; due rows from a quick run
    "hop.events_per_s": 9_343,
    "hop.cpu_us.python": 89.1,
    "hop.cpu_us.postgres": 22.2,
    "hop.cpu_us.kafka": 14.2,
    "due.assign_per_s": 3_924,
    "rebuild.rows_per_s": 20_000,  # promised, and not measured then
    # `python -m tests.bench.loop` at 80/s; each with its share, at 150/s, of what goes on at rest
    "loop.answers_per_s": 150,
    "loop.cpu_ms_per_answer_trigger": 1.2,
    "loop.cpu_ms_per_answer_content": 0.4,
    "loop.cpu_ms_per_answer_assessment": 3.1,
    "loop.cpu_ms_per_answer_supervision": 1.4,
    "loop.cpu_ms_per_answer_postgres": 2.5,
    "loop.cpu_ms_per_answer_kafka": 2.0,
    "loop.cpu_ms_per_s_at_rest_trigger": 110,
    "loop.cpu_ms_per_s_at_rest_content": 60,
    "loop.cpu_ms_per_s_at_rest_assessment": 78,
    "loop.cpu_ms_per_s_at_rest_supervision": 83,
    "loop.cpu_ms_per_s_at_rest_postgres": 23,
    "loop.cpu_ms_per_s_at_rest_kafka": 308,
    # tests.bench.rows after tests.bench.loop at 20 answers/s for 100 s: 525 mentors, each with a session and a whole training.
    # `python -m tests.bench --only loop` measures both again, at 150 answers/s.
    # All of these rows were changed within minutes, so the room that updates leave is in here; old rows were not measured.
    "bytes_per_row.trigger.session": 1_732,
    "bytes_per_row.trigger.training": 343,
    "bytes_per_row.trigger.mentor": 687,
    "bytes_per_row.trigger.skill": 482,
    "bytes_per_row.trigger.inbox": 148,
    "bytes_per_row.content.choice": 702,
    "bytes_per_row.content.learner": 218,
    "bytes_per_row.content.inbox": 262,
    "bytes_per_row.assessment.planned_session": 687,
    "bytes_per_row.assessment.training": 4_057,
    "bytes_per_row.assessment.open_answer": 482,
    "bytes_per_row.assessment.roster": 1_045,
    "bytes_per_row.assessment.skill": 631,
    "bytes_per_row.assessment.inbox": 153,
    "bytes_per_row.supervision.preparation": 1_529,
    "bytes_per_row.supervision.answer": 336,
    "bytes_per_row.supervision.alert": 1_718,
    "bytes_per_row.supervision.alert_change": 333,
    "bytes_per_row.supervision.hold": 859,
    "bytes_per_row.supervision.person": 311,
    "bytes_per_row.supervision.mentor_case": 2_621,
    "bytes_per_row.supervision.clearance": 265,
    "bytes_per_row.supervision.clearance_entry": 288,
    "bytes_per_row.supervision.skill": 814,
    "bytes_per_row.supervision.inbox": 148,
}


def figures(file: Path | None = None) -> tuple[dict[str, float], str]:
    """Every figure of DEFAULTS, from the file where it has it; and, in words, where they come from."""
    places = [file] if file else [place for place in PLACES if place.exists()]
    if not places:
        return dict(DEFAULTS), "all figures are defaults, since there is no run of the bench here: `make bench` makes one"
    found = {name: value for name in DEFAULTS if (value := _value(_document(places[0]), name)) is not None}
    missing = Counter(name.partition(".")[0] for name in DEFAULTS if name not in found)
    said = ", ".join(f"{number} of {group}" for group, number in missing.items())
    place = places[0].relative_to(ROOT) if places[0].is_relative_to(ROOT) else places[0]
    return {**DEFAULTS, **found}, f"figures of {place}" + (f"; not in there, and so by default: {said}" if said else "")


def _document(place: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(place.read_text())
    except (OSError, ValueError) as error:
        raise SystemExit(f"{place} is no file of the bench: {error}. `make bench` writes one.") from error
    return found


def _value(made: Mapping[str, Any], name: str) -> float | None:
    """By the table's own name, since a table has a schema and bench.json nests what has dots."""
    value: Any = made
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None
