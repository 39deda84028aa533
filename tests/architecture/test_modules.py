"""How a module looks: it opens by saying what it holds, is short, has a name that says something, and its SQL is literal."""

import ast
import re

import pytest

from tests.architecture.reading import modules, named, tree

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "base", "core", "common", "manager", "misc"}
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|ORDER BY|VALUES|FROM|SET|JOIN)\b")
FILLING = {"format", "join", "replace"}
COUNTED = re.compile(r"INSERT 0 $")  # the server's answer to an INSERT, no statement


def opening(parsed):
    """Lines of the module's docstring; 0 without one."""
    text = ast.get_docstring(parsed, clean=True)
    return len([line for line in text.splitlines() if line.strip()]) if text else 0


def built_sql(parsed):
    """Line numbers where a statement is put together from pieces: f-strings, % and .format."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
            text = " ".join(part.value for part in (node.left, node.right) if is_text(part))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FILLING:
            text = node.func.value.value if is_text(node.func.value) else ""
        else:
            continue
        if SQL.search(text) and not COUNTED.search(text):
            yield node.lineno


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_module_opens_with_a_docstring_of_few_lines():
    assert [named(path) for path in modules() if not 1 <= opening(tree(path)) <= 3] == []


def test_no_module_is_longer_than_four_hundred_lines():
    assert [named(path) for path in modules() if len(path.read_text().splitlines()) > 400] == []


def test_no_module_has_a_name_that_says_nothing():
    names = [(named(path), part) for path in modules() for part in (*path.relative_to(path.anchor).parts[-3:-1], path.stem)]
    assert [path for path, part in names if part in EMPTY_NAMES] == []


def test_no_sql_of_a_store_is_put_together_from_pieces():
    stores = [path for path in modules() if path.stem.startswith("store")]
    assert len(stores) >= 8
    assert [(named(path), line) for path in stores for line in built_sql(tree(path))] == []


@pytest.mark.parametrize("text", [
    'f"SELECT id FROM {table}"', 'f"DELETE FROM x WHERE id = {id}"', '"SELECT id FROM %s" % table',
    '"UPDATE {} SET a = 1".format(table)', '"SELECT id FROM " + table', '" WHERE ".join(parts)',
])
def test_sql_from_pieces_is_seen(text):
    assert list(built_sql(ast.parse(text))) == [1]


@pytest.mark.parametrize("text", ['"SELECT id FROM x WHERE id = $1"', 'tag == f"INSERT 0 {len(new)}"', 'f"{name}/{locale}"'])
def test_literal_sql_and_other_text_is_no_sql_from_pieces(text):
    assert list(built_sql(ast.parse(text))) == []


def test_a_module_without_an_opening_or_with_a_long_one_is_seen():
    assert opening(ast.parse("import os")) == 0
    assert opening(ast.parse('"""One.\n\nTwo.\n"""')) == 2
