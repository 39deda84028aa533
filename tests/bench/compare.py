"""What moved against the last release run, beyond noise.

Noise is the spread of both runs, from the lowest to the highest value of each, and a floor below which a difference says nothing
even where the spread happens to be small: a median of three, or a single value, is not the whole truth of a shared machine.
A machine is also not as fast on every day: speeds are compared in proportion to how long a fixed piece of Python took in each.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from tests.bench.report import number

# Shares of the old median, by what a name holds; the first that fits counts.
FLOORS: Mapping[str, float] = {
    "ratio": 0.10,  # both halves are measured in the same minutes, so that what is left is small
    "bytes": 0.10,  # rows are what they are, but for where vacuum was at
    "_mb": 0.15,  # memory follows how the batches fell
    "cpu": 0.25,
    "_ms": 1.00,  # a percentile of waiting doubles when anybody else works for a second
    "lag": 1.00,
}
FLOOR = 0.25  # the same virtual machine on another day is that much slower or faster
ANYWHERE = ("ratio", "bytes")  # what another machine does not change
SIZES = (*ANYWHERE, "_mb")  # what the same machine on a slower day does not change


def sentences(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[str]:
    """What moved, worse first. `before` is the document of the release run, or None when there is none."""
    if before is None:
        return ["Not compared: no release run has been put into docs/bench.json yet (`python -m tests.bench --document`)."]
    at = f"{datetime.fromisoformat(before['at']):%Y-%m-%d}"
    if "quick" in (before["size"], now["size"]) and before["size"] != now["size"]:
        return [f"Not compared: the release run of {at} is of size {before['size']}, this one {now['size']}."]
    moved = [sentence for _, sentence in sorted(_moved(before, now), key=itemgetter(0))]
    elsewhere = "" if _same_machine(before, now) else f" (made on {_machine(before)}: ratios and sizes only)"
    today = _pace(before, now)
    if abs(today - 1) > 0.1 and not elsewhere:
        elsewhere = f" (plain Python runs at {today:.2f} × its speed of then, and speeds are compared in that proportion)"
    head = f"Against the release run of {at}{elsewhere}:"
    return [head, *(f"  {sentence}" for sentence in moved)] if moved else [f"{head} nothing moved beyond noise."]


def _moved(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """(whether it is better, what happened), of figures that both runs have, in the same words: with the same sizes."""
    everything, today = _same_machine(before, now), _pace(before, now)
    for name, new in now["figures"].items():
        old = before["figures"].get(name)
        if old and old["what"] == new["what"] and (everything or any(part in name for part in ANYWHERE)):
            if today != 1 and not any(part in name for part in SIZES):
                old = _at_pace(old, today)
            if _apart(new, old) > _floor(name) * old["median"]:
                yield _said(old, new, "fell", not new["more"])
            elif _apart(old, new) > _floor(name) * old["median"]:
                yield _said(old, new, "rose", bool(new["more"]))


def _pace(before: Mapping[str, Any], now: Mapping[str, Any]) -> float:
    """How fast this machine is today, of what it was then; 1 where one of the runs does not tell."""
    then, today = before["machine"].get("yardstick_ms"), now["machine"].get("yardstick_ms")
    return then / today if then and today else 1.0


def _at_pace(old: Mapping[str, Any], today: float) -> dict[str, Any]:
    """What the old run would have found: rates fall with the machine, times rise."""
    factor = today if old["more"] else 1 / today
    return {**old, **{name: old[name] * factor for name in ("median", "lowest", "highest")}}


def _apart(lower: Mapping[str, Any], higher: Mapping[str, Any]) -> float:
    """How far all values of the one lie below all of the other; negative when the spreads overlap."""
    return float(higher["lowest"] - lower["highest"])


def _said(old: Mapping[str, Any], new: Mapping[str, Any], verb: str, better: bool) -> tuple[bool, str]:
    spread = "beyond the spread of both runs" if old["runs"] > 1 or new["runs"] > 1 else "beyond noise"
    moved = f"{new['what'].strip()} {verb} from {number(old['median'])} to {number(new['median'])}, {spread}"
    return better, f"{'better' if better else 'worse'}: {moved}"


def _floor(name: str) -> float:
    return next((floor for part, floor in FLOORS.items() if part in name), FLOOR)


def _same_machine(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return all(before["machine"].get(fact) == now["machine"].get(fact) for fact in ("cpu", "cores"))


def _machine(made: Mapping[str, Any]) -> str:
    return f"{made['machine'].get('cpu')} with {made['machine'].get('cores')} cores"
