"""Our own source, as the architecture tests read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from deploy.topology import ROOT

PACKAGES = ("services", "shared", "deploy")


def modules() -> Iterator[Path]:
    """Every module of ours that has something in it."""
    for package in PACKAGES:
        yield from sorted(file for file in (ROOT / package).rglob("*.py") if file.read_text().strip())


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())
