"""QTI 3 packages, read: choices, orders and text answers; every other kind is refused by its file and the reason.

A package is somebody else's: nothing is unpacked to disk, run or fetched, no entity is expanded, and sizes have limits.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError  # the types alone: reading is defusedxml's

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.content.exchange import Answer, Fault, Question
from services.content.exchange_text import BLOCKS, MEDIA, UNSEEN, paragraphs

MIB = 1024 * 1024
LARGEST_PACKAGE = 50 * MIB
LARGEST_FILE = 2 * MIB
MOST_ENTRIES = 5_000
MOST_QUESTIONS = 500
MANIFEST = "imsmanifest.xml"
FEEDBACK = ("qti-feedback-inline", "qti-feedback-block", "qti-modal-feedback")
TEXT = ("qti-extended-text-interaction", "qti-text-entry-interaction")
READ = ("qti-choice-interaction", "qti-order-interaction", *TEXT)
NOT_SHOWN = ("qti-template-block", "qti-template-inline", "qti-stylesheet", "qti-catalog-info", "qti-companion-materials-info")
RIGHT = ("correct", "right", "true")
WRONG = ("incorrect", "wrong", "false")


class NoPackage(Exception):
    """The file is no package of questions at all."""


class _Refused(Exception):
    def __init__(self, what: str, mend: str, line: int = 1, column: int = 1) -> None:
        super().__init__(what)
        self.what, self.mend, self.line, self.column = what, mend, line, column


@dataclass(frozen=True, slots=True)
class Package:
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]


def read(data: bytes) -> Package:
    """Raises NoPackage; a fault of one question leaves the others unharmed."""
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise NoPackage("it is no zip file. Export the questions as a QTI 3 package.") from None
    with archive:
        return _read(archive)


def _read(archive: zipfile.ZipFile) -> Package:
    if len(archive.namelist()) > MOST_ENTRIES:
        raise NoPackage(f"it holds more than {MOST_ENTRIES} files. Export fewer questions at a time.")
    questions: list[Question] = []
    faults: list[Fault] = []
    for href in _items(archive):
        try:
            questions.append(replace(_question(_xml(archive, href)), group=href))
        except _Refused as refused:
            faults.append(Fault(refused.line, refused.column, refused.what, refused.mend, href))
        except RecursionError:
            faults.append(Fault(1, 1, "Its parts are nested too deeply.", "Write the question in a plainer way.", href))
    return Package(tuple(questions), tuple(faults))


def _items(archive: zipfile.ZipFile) -> Sequence[str]:
    """The files of the questions, as the manifest names them."""
    found = [name for name in archive.namelist() if posixpath.basename(name) == MANIFEST]
    if not found:
        raise NoPackage(f"it has no {MANIFEST}. Export the questions as a QTI 3 package.")
    manifest = min(found, key=lambda name: name.count("/"))
    try:
        root = _xml(archive, manifest)
    except _Refused as refused:
        raise NoPackage(f"{manifest}: {refused.what} {refused.mend}") from None
    resources = [element for element in root.iter() if _name(element) == "resource"]
    hrefs = [each.get("href", "") for each in resources if each.get("type", "").startswith("imsqti_item")]
    if not hrefs:
        raise NoPackage(f"its {MANIFEST} names no question. Export the questions themselves, not only a test.")
    if len(hrefs) > MOST_QUESTIONS:
        raise NoPackage(f"it holds {len(hrefs)} questions. Export at most {MOST_QUESTIONS} at a time.")
    folder = posixpath.dirname(manifest)
    return list(dict.fromkeys(posixpath.join(folder, unquote(href)) for href in hrefs))


def _xml(archive: zipfile.ZipFile, name: str) -> Element:
    try:
        return fromstring(_bytes(archive, name), forbid_dtd=True)
    except DefusedXmlException:
        raise _Refused("It declares a document type or entities.", "Remove the line that begins with <!DOCTYPE.") from None
    except ParseError as error:
        line, column = error.position
        raise _Refused("It is no XML.", "Export it again.", max(line, 1), column + 1) from None
    except (ValueError, LookupError):
        raise _Refused("Its encoding is unknown.", "Save it as UTF-8.") from None


def _bytes(archive: zipfile.ZipFile, name: str) -> bytes:
    path = posixpath.normpath(name)
    if path.startswith(("../", "/")) or path in ("..", ".") or "\\" in path or re.match(r"\w+:", path):
        raise _Refused("It points outside the package.", "Name a file of the package in the manifest.")
    try:
        info = archive.getinfo(path)
        with archive.open(info) as file:
            data = file.read(LARGEST_FILE + 1)
    except KeyError:
        raise _Refused("The package does not hold this file.", f"Add it, or take it out of {MANIFEST}.") from None
    except RuntimeError:
        raise _Refused("The file is locked with a password.", "Export the package without one.") from None
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, zlib.error):
        raise _Refused("The file is damaged.", "Export the package again.") from None
    if len(data) > LARGEST_FILE:
        raise _Refused(f"The file is larger than {LARGEST_FILE // MIB} MiB.", "Take pictures out of its text.")
    return data


def _question(root: Element) -> Question:
    if _name(root) == "assessmentItem":
        raise _Refused("This is QTI 2.", "Export it as QTI 3.")
    body = next((element for element in root if _name(element) == "qti-item-body"), None)
    if _name(root) != "qti-assessment-item" or body is None:
        raise _Refused("This is no question of QTI 3.", "Export it as QTI 3.")
    if root.get("adaptive") == "true":
        raise _Refused("It is adaptive: what comes next depends on the answer.", "Ask its parts as questions of their own.")
    if any(_name(element) == "qti-template-declaration" for element in root):
        raise _Refused("Its values are made up anew each time.", "Write them out.")
    interactions = [element for element in body.iter() if _name(element).endswith("-interaction")]
    if not interactions:
        return _told(Question("description", _text(body).text), root, body)
    kinds = sorted({_name(element) for element in interactions})
    if unknown := [kind for kind in kinds if kind not in READ]:
        mend = "Ask it as a choice, an order or a text answer."
        raise _Refused(f"It asks by {unknown[0].removeprefix('qti-')}, which mentors are not asked here.", mend)
    if len(interactions) > 1:
        raise _Refused(f"It asks {len(interactions)} things at once.", "Make each a question of its own.")
    return _told(_asked(root, body, interactions[0]), root, body)


def _asked(root: Element, body: Element, interaction: Element) -> Question:
    kind, identifier = _name(interaction), interaction.get("response-identifier", "RESPONSE")
    declared = next((e for e in root if _name(e) == "qti-response-declaration" and e.get("identifier") == identifier), None)
    right, shares = _right(declared), _shares(declared)
    scene = _text(body)
    prompt = next((_text(element) for element in interaction if _name(element) == "qti-prompt"), _Said())
    text = "\n\n".join(part for part in (scene.text, prompt.text) if part)
    lost = scene.lost + prompt.lost
    if kind in TEXT:
        accepted = tuple(Answer(value, right=True, share=shares.get(value)) for value in dict.fromkeys([*right, *shares]))
        return Question("short_answer" if accepted else "essay", text, answers=accepted, lost=lost)
    choices = {e.get("identifier", str(n)): e for n, e in enumerate(interaction.iter()) if _name(e) == "qti-simple-choice"}
    if kind == "qti-order-interaction":
        if sorted(right) != sorted(choices):
            raise _Refused("It does not say the right order of all its lines.", "Name every line in the correct response.")
        return Question("order", text, answers=tuple(_answer(choices[each], True, None) for each in right), lost=lost)
    rights = set(right) or {each for each, share in shares.items() if share > 0}
    many = interaction.get("max-choices", "1") != "1" or (declared is not None and declared.get("cardinality") == "multiple")
    answers = tuple(_answer(choice, each in rights, shares.get(each)) for each, choice in choices.items())
    return Question("multiple_response" if many else "single_choice", text, answers=answers, lost=lost)


def _answer(choice: Element, right: bool, share: float | None) -> Answer:
    said = _text(choice)
    why = " ".join(_text(element).text for element in choice.iter() if _name(element) in FEEDBACK)
    return Answer(said.text, right=right, share=None if right else share, feedback=why, lost=said.lost)


def _right(declared: Element | None) -> list[str]:
    correct = (element for element in declared or () if _name(element) == "qti-correct-response")
    return [value.text.strip() for element in correct for value in element if value.text and value.text.strip()]


def _shares(declared: Element | None) -> Mapping[str, float]:
    """In percent of the best one."""
    entries = [entry for element in declared or () if _name(element) == "qti-mapping" for entry in element]
    points = {entry.get("map-key", ""): _number(entry.get("mapped-value", "0")) for entry in entries}
    best = max(points.values(), default=0)
    return {key: 100 * value / best for key, value in points.items()} if best > 0 else {}


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[-+]?\d{1,9}(\.\d{1,9})?", text) else 0


def _told(question: Question, root: Element, body: Element) -> Question:
    """With the feedback that stands beside the choices: for one of them, for the right, for the wrong, or for all."""
    inside = {id(e) for choice in body.iter() if _name(choice) == "qti-simple-choice" for e in choice.iter()}
    told = [element for element in root.iter() if _name(element) in FEEDBACK and id(element) not in inside]
    answers, general = list(question.answers), []
    choices = [e.get("identifier", "") for e in body.iter() if _name(e) == "qti-simple-choice"]
    order = _right_order(root, choices) if question.kind == "order" else choices
    for element in told:
        said, of = _text(element).text, element.get("identifier", "")
        places = [n for n, identifier in enumerate(order[: len(answers)]) if identifier == of]
        places = places or [n for n, a in enumerate(answers) if of.lower() in (RIGHT if a.right else WRONG)]
        for place in places:
            answers[place] = replace(answers[place], feedback=f"{answers[place].feedback} {said}".strip())
        general += [] if places else [said]
    rubrics = ("The rubric for scorers",) if any(map(_for_scorers, root.iter())) else ()
    title = root.get("title") or ""
    return replace(question, title=title, answers=tuple(answers), general="\n\n".join(general), lost=question.lost + rubrics)


def _right_order(root: Element, choices: Sequence[str]) -> list[str]:
    declarations = [element for element in root if _name(element) == "qti-response-declaration"]
    return next((right for each in declarations if sorted(right := _right(each)) == sorted(choices)), list(choices))


@dataclass(frozen=True, slots=True)
class _Said:
    text: str = ""
    lost: tuple[str, ...] = ()


def _text(element: Element) -> _Said:
    lost: list[str] = []
    pieces = "".join(_pieces(element, lost)).split("\n")
    return _Said(paragraphs(pieces), tuple(lost))


def _pieces(element: Element, lost: list[str]) -> Iterator[str]:
    """The words, with a line end where a block begins or ends; what a mentor would not see is left out."""
    yield " ".join((element.text or "").split("\n"))
    for child in element:
        name = _name(child)
        if name == "qti-text-entry-interaction":
            yield "_____"
        elif name in MEDIA:
            lost.append(f"The picture or medium “{posixpath.basename(child.get('src') or child.get('data') or name)}”")
        elif name == "math":
            lost.append("A formula")
        elif not (name in FEEDBACK or name in NOT_SHOWN or name in UNSEEN or name in READ or _for_scorers(child)):
            block = name in BLOCKS or name in ("qti-prompt", "qti-rubric-block", "qti-content-body")
            yield "\n" * block
            yield from _pieces(child, lost)
            yield "\n" * block
        yield " ".join((child.tail or "").split("\n"))


def _for_scorers(element: Element) -> bool:
    return _name(element) == "qti-rubric-block" and "candidate" not in element.get("view", "candidate").split()


def _name(element: Element) -> str:
    """Without its namespace; comments and instructions have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
