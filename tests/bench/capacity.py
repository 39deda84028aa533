"""`python -m tests.bench.capacity`: what a network of some size needs, from what was measured and what is assumed of it.

Plain arithmetic: nothing here is measured, and every number that goes in has a name.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.topology import NAMES
from shared.contracts.topics import TOPICS, events
from tests.bench.measured import Figures, figures

DAY = 86_400
SERVERS = ("postgres", "kafka")
SHOWN: Sequence[tuple[int, float | None]] = ((200_000, None), (1_000_000, None), (1_000_000, 500.0))
THERE_ARE = events(NAMES[0]).partitions

# Rows of each table, per session, mentor or skill; of the inbox, per session. Counted in the run that DEFAULTS were measured in.
ROWS: Mapping[str, Mapping[str, float]] = {
    "of sessions": {
        "trigger.session": 1, "trigger.training": 1, "content.choice": 1, "assessment.planned_session": 1,
        "assessment.training": 1, "assessment.open_answer": 0.9, "supervision.preparation": 1, "supervision.answer": 3,
        "supervision.alert": 0.1, "supervision.alert_change": 0.2, "supervision.hold": 0.1,
    },
    "planned ahead": {"trigger.session": 1, "assessment.planned_session": 1, "supervision.preparation": 1},
    "of mentors": {
        "trigger.mentor": 1, "content.learner": 1, "assessment.roster": 1, "supervision.person": 1, "supervision.mentor_case": 1,
        "supervision.clearance": 3, "supervision.clearance_entry": 3.5,
    },
    "skills": {"trigger.skill": 1, "assessment.skill": 1, "supervision.skill": 1},
    "inbox": {"trigger.inbox": 8, "content.inbox": 1, "assessment.inbox": 12, "supervision.inbox": 12},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assumed:
    """Of a network of mentors. Per session, unless said otherwise; a session has one training."""

    sites: int = 10_000
    sites_per_publisher: int = 10  # a vendor or a district speaks for several; each publisher has a topic of one partition
    sessions_per_mentor_week: float = 0.933  # 8 planned ahead in the horizon
    horizon_days: int = 60
    kept_weeks: int = 52  # how long sessions stay, with what was learned for them
    inbox_days: int = 35
    topic_days: int = 14
    peak: float = 8.0  # the busiest hour of the week against its mean: most sessions are in the afternoon
    due_in_a_minute: float = 0.06  # per mentor, in the worst minute: moments meet where bells ring
    answers: float = 4.8  # four questions, some tried twice
    skills_per_mentor: float = 12.0
    event_bytes: int = 1_000  # on a topic, with headers
    replicas: int = 3
    headroom: float = 0.5  # the share of a core that is idle at the peak
    least: int = 2  # processes of a service, so that one may be away
    events: Mapping[str, float] = field(default_factory=lambda: {
        "in.*": 2.2, "trigger.events": 5.4, "content.events": 1.0, "assessment.events": 7.9, "supervision.events": 2.8,
    })  # fmt: skip
    read: Mapping[str, float] = field(default_factory=lambda: {  # by each service, beside answers and what follows from them
        "trigger": 4.0, "content": 1.0, "assessment": 3.2, "supervision": 5.0,
    })  # fmt: skip
    read_after_due: Mapping[str, float] = field(default_factory=lambda: {  # per due row at the assign moment
        "trigger": 1.0, "content": 1.0, "assessment": 1.0, "supervision": 2.0,
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """A second of the busiest time, and how much there is. `answers_per_s`: said, or what so many mentors give at the peak."""

    mentors: int
    sessions_per_day: float
    events_per_day: float
    events_on_topics: float
    sessions_planned: float
    sessions_kept: float
    sessions_per_s: float
    events_per_s: float
    answers_per_s: float
    due_per_s: float


@dataclass(frozen=True, slots=True)
class Need:
    """`busy`: cores at work at the peak, by service and server. `readers`: of one topic, and so the partitions that it
    has to have. `gb`: of the database, by kind of row; 10^9 bytes."""

    load: Load
    busy: Mapping[str, float]
    processes: Mapping[str, int]
    cores: int
    readers: int
    kafka_partitions: int
    gb: Mapping[str, float]
    database_gb: float
    kafka_gb: float
    import_minutes: float  # until one process has taken all sessions of the horizon
    rebuild_minutes: float  # until one process has read again what is on the topics


def load(mentors: int, assumed: Assumed, answers_per_s: float | None = None) -> Load:
    per_day = mentors * assumed.sessions_per_mentor_week / 7
    each = sum(assumed.events.values())
    at_peak = per_day / DAY * assumed.peak
    return Load(
        mentors=mentors,
        sessions_per_day=per_day,
        events_per_day=per_day * each,
        events_on_topics=per_day * each * assumed.topic_days,
        sessions_planned=per_day * assumed.horizon_days,
        sessions_kept=per_day * 7 * assumed.kept_weeks,
        sessions_per_s=at_peak,
        events_per_s=at_peak * each,
        answers_per_s=at_peak * assumed.answers if answers_per_s is None else answers_per_s,
        due_per_s=mentors * assumed.due_in_a_minute / 60,
    )


def busy(peak: Load, assumed: Assumed, cost: Figures) -> dict[str, float]:
    """Cores at work when the busiest hour has its worst minute."""
    records = {name: peak.sessions_per_s * assumed.read[name] + peak.due_per_s * assumed.read_after_due[name] for name in NAMES}
    services = {name: _answers(name, peak, cost) + records[name] * cost["hop.cpu_us.python"] / 1e6 for name in NAMES}
    services["trigger"] += peak.due_per_s / cost["due.assign_per_s"]
    work = sum(records.values()) + peak.due_per_s
    return services | {name: _answers(name, peak, cost) + work * cost[f"hop.cpu_us.{name}"] / 1e6 for name in SERVERS}


def _answers(name: str, peak: Load, cost: Figures) -> float:
    """At rest, and for each answer what it takes beyond its share of that."""
    rest = cost[f"loop.cpu_ms_per_s_at_rest_{name}"]
    own = max(0.0, cost[f"loop.cpu_ms_per_answer_{name}"] - rest / cost["loop.answers_per_s"])
    return (rest + peak.answers_per_s * own) / 1_000


def database(held: Load, assumed: Assumed, cost: Figures) -> dict[str, float]:
    """Bytes by kind of row."""
    numbers = {"of sessions": held.sessions_kept, "planned ahead": held.sessions_planned, "of mentors": held.mentors,
               "skills": held.mentors * assumed.skills_per_mentor,
               "inbox": held.sessions_per_day * assumed.inbox_days}  # fmt: skip
    return {kind: numbers[kind] * sum(rows * cost[f"bytes_per_row.{table}"] for table, rows in tables.items())
            for kind, tables in ROWS.items()}  # fmt: skip


def need(mentors: int, assumed: Assumed, cost: Figures, answers_per_s: float | None = None) -> Need:
    found = load(mentors, assumed, answers_per_s)
    cores, stored = busy(found, assumed, cost), database(found, assumed, cost)
    usable = 1 - assumed.headroom
    processes = {name: max(assumed.least, math.ceil(cores[name] / usable)) for name in NAMES}
    return Need(
        load=found,
        busy=cores,
        processes=processes,
        cores=math.ceil(sum(cores.values()) / usable),
        readers=max(processes.values()),
        kafka_partitions=sum(topic.partitions for topic in TOPICS) + math.ceil(assumed.sites / assumed.sites_per_publisher),
        gb={kind: size / 1e9 for kind, size in stored.items()},
        database_gb=sum(stored.values()) / 1e9,
        kafka_gb=found.events_on_topics * assumed.event_bytes * assumed.replicas / 1e9,
        import_minutes=found.sessions_planned / cost["hop.events_per_s"] / 60,
        rebuild_minutes=found.events_on_topics / cost["rebuild.rows_per_s"] / 60,
    )


def lines(one: Need, assumed: Assumed) -> dict[str, str]:
    """A column of the table: what, and how much."""
    peak = one.load
    return {
        "sessions a day": f"{peak.sessions_per_day:,.0f}",
        "events a day": f"{peak.events_per_day / 1e6:,.1f} M",
        f"events on the topics, {assumed.topic_days} days": f"{peak.events_on_topics / 1e6:,.1f} M",
        f"sessions planned, {assumed.horizon_days} days": f"{peak.sessions_planned / 1e6:,.1f} M",
        "at the peak: events/s": f"{peak.events_per_s:,.0f}",
        "at the peak: answers/s": f"{peak.answers_per_s:,.0f}",
        "in the worst minute: due rows/s": f"{peak.due_per_s:,.0f}",
        **{f"cores at work: {name}": f"{cores:.2f}" for name, cores in one.busy.items()},
        f"cores, {assumed.headroom:.0%} of them idle": str(one.cores),
        **{f"processes of {name}": str(number) for name, number in one.processes.items()},
        f"partitions that a topic needs, of {THERE_ARE}": str(one.readers),
        "partitions of all topics": f"{one.kafka_partitions:,}",
        **{f"database, GB: {kind}": f"{size:,.1f}" for kind, size in one.gb.items()},
        f"database after {assumed.kept_weeks} weeks, GB": f"{one.database_gb:,.0f}",
        f"Kafka's disks, {assumed.replicas} copies, GB": f"{one.kafka_gb:,.0f}",
        "one process takes all planned sessions in, min": f"{one.import_minutes:,.1f}",
        "one process reads the topics again in, min": f"{one.rebuild_minutes:,.1f}",
    }


def text(needs: Sequence[Need], assumed: Assumed, where: str) -> str:
    """The table, all that was assumed, and where the rest was measured."""
    table = Table("what", box=None, pad_edge=False)
    for one in needs:
        table.add_column(f"{one.load.mentors:,} mentors\n{one.load.answers_per_s:,.0f} answers/s", justify="right")
    columns = [lines(one, assumed) for one in needs]
    for what in columns[0]:
        table.add_row(what, *(column[what] for column in columns))
    console = Console(width=130, file=StringIO(), no_color=True)
    with console.capture() as shown:
        console.print(table)
    stated = [f"  {name}: {_said(value)}" for name, value in asdict(assumed).items()]
    rows = (line.rstrip() for line in shown.get().splitlines())
    return "\n".join([*rows, "", "Assumed, per session where nothing else is said:", *stated, "", f"Measured: {where}.", ""])


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number:g}" for name, number in value.items())
    return f"{value:,}"


def markdown(file: Path) -> str:
    """As the page shows it, by the figures of that file."""
    cost, where = figures(file)
    return f"```\n{text([need(mentors, Assumed(), cost, answers) for mentors, answers in SHOWN], Assumed(), where)}```\n"


def main() -> None:
    wanted = _wanted()
    cost, where = figures(wanted.bench)
    assumed = Assumed()
    asked = [(mentors, wanted.answers) for mentors in wanted.mentors] or SHOWN
    needs = [need(mentors, assumed, cost, answers) for mentors, answers in asked]
    if wanted.json:
        print(json.dumps({"assumed": asdict(assumed), "figures": cost, "needs": [asdict(one) for one in needs]}, indent=2))
    else:
        print(text(needs, assumed, where), end="")


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench.capacity", description=__doc__)
    parser.add_argument("--mentors", type=_positive, action="append", default=[], help="how many; again for another column")
    parser.add_argument("--answers", type=float, help="answers a second at the peak, instead of what so many mentors give")
    parser.add_argument("--bench", type=Path, help="a file of the bench (else docs/bench.json, or .jitt/bench.json)")
    parser.add_argument("--json", action="store_true", help="for programs")
    wanted = parser.parse_args()
    if wanted.answers is not None and not (wanted.answers > 0 and wanted.mentors):
        parser.error("--answers is more than 0 and goes with --mentors: say how many mentors give them")
    return wanted


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
