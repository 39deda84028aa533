"""`python -m deploy.generate` writes the generated documents; with --check it writes nothing and names what is old."""

import json
import sys
from pathlib import Path
from typing import Any

from deploy.generate import asyncapi, contracts, openapi
from deploy.generate.kept import kept_page
from deploy.generate.page import topology_page
from deploy.topology import ROOT

DOCS = ROOT / "docs"


def documents() -> dict[str, str]:
    """Path below docs/ -> text."""
    apis = {f"openapi/{service.name}.json": _json(openapi.document(service)) for service in contracts.services()}
    return {"topology.md": topology_page(), "kept.md": kept_page(), "asyncapi.json": _json(asyncapi.document())} | apis


def old(made: dict[str, str], folder: Path) -> list[str]:
    """One sentence per document that is not there, is not what the code says now, or belongs to no service any more."""
    wrong = [name for name, text in made.items() if not (folder / name).exists() or (folder / name).read_text() != text]
    left_over = [name for file in folder.glob("openapi/*.json") if (name := f"openapi/{file.name}") not in made]
    return [
        *(f"{folder.name}/{name} is old. Run `make freeze` and commit what it writes." for name in wrong),
        *(f"{folder.name}/{name} belongs to no service. Delete it." for name in sorted(left_over)),
    ]


def write(made: dict[str, str], folder: Path) -> None:
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    made = documents()
    if "--check" in arguments:
        found = old(made, DOCS)
        print("\n".join(found) or "Generated documents are fresh.", file=sys.stderr if found else sys.stdout)
        return 1 if found else 0
    write(made, DOCS)
    print(f"Wrote {', '.join(f'docs/{name}' for name in made)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
