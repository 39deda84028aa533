"""What the figures were measured on."""

from tests import pages
from tests.bench import machine


def test_facts_say_what_plain_python_does_alone_and_with_all_cores_at_work() -> None:
    found = machine.facts()
    assert found["yardstick_ms"] > 0 and found["together"] > 0.5
    assert f"plain Python takes {found['together']} times as long while all cores are at work" in pages.where(found)


def test_nothing_stays_at_work() -> None:
    with machine.at_work(2) as children:
        assert [child.poll() for child in children] == [None, None]
    assert [child.returncode for child in children] == [-9, -9]
