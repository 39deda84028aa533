"""The order in which a person's rows are erased."""

import pytest

from deploy import topology


@pytest.mark.parametrize("service", topology.NAMES)
def test_whoever_works_on_a_persons_row_with_a_clock_has_finished_before_what_that_writes_is_deleted(service: str) -> None:
    """Erasing waits for that row first: a clock does not look at who was erased."""
    found = topology.service(service)
    places = {kept.table: place for place, kept in enumerate(found.keeps) if kept.of}
    clocks = sorted(places[one.name] for one in found.handlers if one.clock and one.name in places)
    assert clocks == list(range(len(clocks)))
