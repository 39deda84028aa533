"""Which tests are run first, and which by one worker."""

from pathlib import Path

from tests import order

FOLDERS = {order.folder_of(file) for file in order.TESTS.rglob("test_*.py")}


def test_every_folder_of_tests_has_its_place() -> None:
    assert set(order.LONGEST) == FOLDERS


def test_a_folder_that_shares_servers_is_one_workers_and_other_files_are_anybodys() -> None:
    assert order.unit_of("tests/flow/test_loop.py::test_x[a::b]") == order.unit_of("tests/flow/test_links.py::test_y")
    assert order.unit_of("tests/content/test_lint.py::test_x") != order.unit_of("tests/content/test_gift.py::test_y")


def test_what_takes_longest_comes_first_and_within_a_folder_nothing_changes_places() -> None:
    class Item:
        def __init__(self, name: str) -> None:
            self.path = Path(order.TESTS, name)

    items = [Item(name) for name in ("content/test_a.py", "flow/test_b.py", "browser/test_c.py", "flow/test_a.py")]
    order.longest_first(items)
    assert [str(item.path.relative_to(order.TESTS)) for item in items] == [
        "flow/test_b.py", "flow/test_a.py", "browser/test_c.py", "content/test_a.py",
    ]  # fmt: skip
