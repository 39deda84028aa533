"""`python -m deploy.generate.catalogues` brings what the mentor's pages say into every language's catalogues (*.po).

A new message comes without a translation, and tests fail until somebody writes one; what no page says any more goes out.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from deploy.topology import ROOT
from shared.contracts.vocabulary import FILE as VOCABULARY
from shared.contracts.vocabulary import vocabulary

Message = str | tuple[str, ...]  # with its plural
Messages = Mapping[Message, tuple[str, ...]]  # -> the files that say it
SHARED = ROOT / "shared"
ASSESSMENT = ROOT / "services" / "assessment"
SUPERVISION = ROOT / "services" / "supervision"
HEADER = """# A catalogue of the mentor's pages. `make freeze` adds new messages; a person writes the translations.
msgid ""
msgstr ""
"Project-Id-Version: jitt-mentoring 0.1.0\\n"
"Report-Msgid-Bugs-To: \\n"
"POT-Creation-Date: 2026-11-29 18:45+0000\\n"
"PO-Revision-Date: 2026-11-29 18:45+0000\\n"
"Last-Translator: \\n"
"Language-Team: \\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
METHODS = [("**.py", "python"), ("**.jinja", "jinja2.ext:babel_extract")]
OPTIONS = {"**.jinja": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}


def said_by_all() -> Messages:
    return _extracted(SHARED)


def said_by_assessment() -> Messages:
    """What the shared pages say too is translated there."""
    shared = said_by_all()
    return {message: files for message, files in _extracted(ASSESSMENT).items() if message not in shared}


def said_by_supervision() -> Messages:
    """Mails, and the page where mentors choose them: the console itself speaks English."""
    shared = said_by_all()
    return {message: files for message, files in _extracted(SUPERVISION).items() if message not in shared}


def said_of_the_vocabulary() -> Messages:
    words = vocabulary()
    texts = [
        *(skill.helps for skill in words.skills.values()),
        *(activity.phrase for activity in words.activities.values()),
        *(step.words for activity in words.activities.values() for step in activity.steps),
        *(function.title for function in words.functions.values()),
    ]
    return dict.fromkeys(texts, (str(VOCABULARY.relative_to(ROOT)),))


CATALOGUES: Mapping[str, Callable[[], Messages]] = {
    "shared/pages/locale/{}/LC_MESSAGES/pages.po": said_by_all,
    "services/assessment/locale/{}/LC_MESSAGES/assessment.po": said_by_assessment,
    "services/supervision/locale/{}/LC_MESSAGES/mails.po": said_by_supervision,
    "services/assessment/locale/{}/LC_MESSAGES/vocabulary.po": said_of_the_vocabulary,
}


def locales() -> list[str]:
    """A folder makes a language."""
    return sorted({folder.name for pattern in CATALOGUES for folder in ROOT.glob(pattern.partition("{}")[0] + "*")})


def catalogues() -> Iterator[tuple[Path, str]]:
    """Each file with what should be in it."""
    for pattern, said in CATALOGUES.items():
        messages = said()
        for locale in locales():
            path = ROOT / pattern.format(locale)
            yield path, brought_in(path.read_text() if path.exists() else "", messages, locale)


def brought_in(text: str, messages: Messages, locale: str) -> str:
    """The catalogue with these messages and no others; translations stay as they are, and none is guessed."""
    catalog = read_po(BytesIO((text or HEADER).encode()), locale=locale)
    template = Catalog()
    for message, found_in in messages.items():
        template.add(message, locations=[(file, 0) for file in found_in])
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    written = BytesIO()
    write_po(written, catalog, width=120, include_lineno=False, ignore_obsolete=True)
    return written.getvalue().decode()


def _extracted(folder: Path) -> Messages:
    found: dict[Message, tuple[str, ...]] = {}
    for name, _line, message, _comments, _context in extract_from_dir(folder, METHODS, OPTIONS):
        file = str((folder / name).relative_to(ROOT))
        found[message] = tuple(dict.fromkeys((*found.get(message, ()), file)))
    return found


def main() -> int:
    for path, text in catalogues():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        empty = sum(not message.string or not all(message.string) for message in read_po(BytesIO(text.encode())) if message.id)
        print(f"Wrote {path.relative_to(ROOT)}{f': {empty} to translate' if empty else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
