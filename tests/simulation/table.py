"""The simulated year in words: what each rule asked of a supervisor in a week, and whether the promises were kept."""

from collections.abc import Sequence

from services.supervision.budget import IN_A_WEEK
from services.supervision.rules import RULES
from tests.simulation.year import Year

KINDS = ("urgent", "own", "grouped", "digest", "info")
HEADS = ("urgent", "asked", "in a list", "Monday", "to know")


def total(years: Sequence[Year], rule: str, kind: str) -> int:
    return sum(n for year in years for (_, r, k), n in year.asked.items() if (r, k) == (rule, kind))


def kept(years: Sequence[Year]) -> bool:
    wrong = any(year.urgent_in_a_digest or year.waiting_too_long for year in years)
    return not wrong and max(year.most for year in years) <= IN_A_WEEK


def words(years: Sequence[Year], mentors: int, weeks: int, seconds: float) -> str:
    desks = len(years) * weeks
    lines = [
        f"{mentors:,} mentors, {len(years)} supervisors, {weeks} weeks: {sum(y.events for y in years):,} events and clocks "
        f"in {seconds:.0f} s.",
        "",
        "For each supervisor and week:",
        f"{'':<32}" + "".join(f"{head:>11}" for head in HEADS),
    ]
    for rule in RULES:
        numbers = [total(years, rule.name, kind) / desks for kind in KINDS]
        lines.append(f"{rule.name:<32}" + "".join(f"{n:>11.3f}" if n else f"{'':>11}" for n in numbers))
    sums = [sum(total(years, rule.name, kind) for rule in RULES) / desks for kind in KINDS]
    lines.append(f"{'all':<32}" + "".join(f"{n:>11.3f}" for n in sums))
    most = [year.most for year in years]
    listed = sum(sum(year.digests.values()) for year in years) / desks
    lines += [
        "",
        f"Most different alerts that asked one supervisor in any seven days: {max(most)} (the budget is {IN_A_WEEK}). "
        f"{sum(n == IN_A_WEEK for n in most)} of {len(most)} supervisors reached it.",
        f"Lines on Monday's list: {listed:.2f} for each supervisor and week.",
        f"Urgent alerts on a list: {sum(y.urgent_in_a_digest for y in years)}. "
        f"Alerts that may not wait, and did: {sum(y.waiting_too_long for y in years)}.",
    ]
    return "\n".join(lines)
