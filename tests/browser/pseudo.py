"""A language that nobody speaks: every message of the catalogues in other letters and a third longer, in folders as any other's.

Dutch lends its code, so that Babel knows its days and plurals.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from shutil import copytree
from typing import Any

from babel.messages.pofile import read_po, write_po

from deploy.generate.catalogues import CATALOGUES, ROOT
from shared.pages import languages

PACKAGES = ("shared/pages", "services/assessment")
CODE, NAME = "nl", "Nederlands"
KEPT = re.compile(r"(%\(\w+\)s|<[^>]*>)")  # placeholders and tags
LETTERS = str.maketrans("aeiounAEIOUN", "åéîøüñÅÉÎØÜÑ")
LONGER = 0.35


def said(text: str) -> str:
    """[Ñéxt xyz]: as much longer as a translation may be, in words that a line can break."""
    parts = [part if KEPT.fullmatch(part) else part.translate(LETTERS) for part in KEPT.split(text)]
    fill = " ".join(["xyz"] * max(1, round(len(KEPT.sub("", text)) * LONGER / 4)))
    return f"[{''.join(parts)} {fill}]"


@contextmanager
def added(folder: Path, monkeypatch: Any) -> Iterator[None]:
    """The catalogues with one more language, in a copy: what a translator would add, and nothing else."""
    for package in PACKAGES:
        copytree(ROOT / package / "locale", folder / package / "locale")
    for pattern in CATALOGUES:
        catalog = read_po(BytesIO((ROOT / pattern.format("es")).read_bytes()), locale=CODE)
        for message in catalog:
            if message.id:
                message.string = tuple(map(said, message.id)) if isinstance(message.id, tuple) else said(message.id)
        path = folder / pattern.format(CODE)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog)
    with monkeypatch.context() as patched:
        patched.setattr(languages, "files", lambda package: folder / package.replace(".", "/"))
        languages.codes.cache_clear()
        yield
    languages.codes.cache_clear()
