"""Line drawings on cards: where they are found, and what one may hold, so that every phone shows it and nothing in it acts.

They are shown as an image, which runs no script; all the same only what draws is let in.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

from defusedxml import DefusedXmlException
from defusedxml.sax import parseString

from services.content.findings import Level
from services.content.readability import words
from services.content.rules import Broken, Rule
from shared.contracts.content import CardKind, Module, Picture
from shared.contracts.vocabulary import Vocabulary

SHIPPED = Path(__file__).parent / "library" / "pictures"
LARGEST = 8 * 1024
WIDEST, TALLEST = 280, 200  # CSS pixels: the column of a phone that is 320 wide
BACKGROUNDS = ("#f4f6f5", "#182120")  # of a page, by day and by night: those nearest to a middle tone
CONTRAST = 3  # WCAG 1.4.11
NAMESPACE = "http://www.w3.org/2000/svg"

REFERENCE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^()\s]*)\)")
PATH = re.compile(r"pictures/(?P<name>[a-z0-9][a-z0-9_-]*)\.svg")
DECLARATION = re.compile(r"\A\ufeff?\s*(?:<\?xml\s[^>]*\?>)?\s*")
BOX = re.compile(r"0 0 (?P<width>[1-9]\d{0,3}) (?P<height>[1-9]\d{0,3})")
COLOR = re.compile(r"none|#[0-9a-fA-F]{6}")
PLAIN = re.compile(r"[\w\s.,()+%-]*", re.ASCII)

SHAPES = ("g", "path", "line", "circle", "ellipse", "rect", "polyline", "polygon")
WORDY = ("title", "desc")  # nobody sees them in an image; drawing programs write them
COLORS = ("fill", "stroke")
SIZES = ("d", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "transform")
STROKES = ("stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity")
ATTRIBUTES = (*SIZES, *STROKES, "fill-opacity", "fill-rule", "opacity")
DRAW = f"Draw with {', '.join(SHAPES)}, and with nothing else."
BOX_MEND = f'Write viewBox="0 0 {WIDEST} 140" on <svg>: at most {WIDEST} wide and {TALLEST} high.'
REFERENCE_MEND = "Write “![what it shows](pictures/name.svg)”: small letters, digits, - and _."

Pictures = Callable[[str], bytes | None]  # by name; at most one byte more than LARGEST is read


def shipped(name: str) -> bytes | None:
    return _bytes(SHIPPED, name)


def near(file: Path) -> Pictures:
    """In pictures/ beside the file, else beside its folder (one for all languages), else those that ship with jitt."""
    folders = (file.parent / "pictures", file.parent.parent / "pictures", SHIPPED)
    return lambda name: next((found for folder in folders if (found := _bytes(folder, name)) is not None), None)


def _bytes(folder: Path, name: str) -> bytes | None:
    try:
        with (folder / f"{name}.svg").open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return None


class NoPicture(Exception):
    """`mend`: how its author gets one."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


def picture(match: re.Match[str], pictures: Pictures) -> Picture:
    """What a REFERENCE stands for. Its drawing is not yet judged. Raises NoPicture."""
    named = PATH.fullmatch(match["path"])
    if not named:
        raise NoPicture(f"“{match['path']}” is no picture's name.", REFERENCE_MEND)
    raw = pictures(named["name"])
    if raw is None:
        raise NoPicture(
            f"There is no {match['path']}.", "Put it into a folder named pictures beside this file, or correct the name."
        )
    if len(raw) > LARGEST:
        raise NoPicture(f"{match['path']} is larger than {LARGEST // 1024} KiB.", "Use fewer points and decimals.")
    try:
        svg = DECLARATION.sub("", raw.decode()).rstrip()
    except UnicodeDecodeError:
        raise NoPicture(f"{match['path']} is not UTF-8.", "Save it as plain SVG, in UTF-8.") from None
    box = inspect(svg).box
    return Picture(name=named["name"], alt=match["alt"].strip(), svg=svg, width=box[0], height=box[1])


@dataclass(frozen=True, slots=True)
class Fault:
    line: int
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Inspected:
    box: tuple[int, int]  # width and height in CSS pixels; 0, 0 if it does not say
    faults: tuple[Fault, ...]  # each kind once, where it first stands


@lru_cache(maxsize=64)
def inspect(svg: str) -> Inspected:
    """Never raises, whatever it is given; of a broken file the first fault is enough."""
    handler = _Handler()
    try:
        parseString(svg.encode("utf-8", "replace"), handler, forbid_dtd=True)
    except DefusedXmlException:
        handler.fault("It declares a DTD or an entity.", "Remove <!DOCTYPE …>: a drawing needs none.", line=1)
    except SAXParseException as error:
        handler.fault(f"It is not well-formed XML: {error.getMessage()}.", "Save it again as plain SVG.", error.getLineNumber())
    except (SAXException, ValueError) as error:
        handler.fault(f"It cannot be read: {error}.", "Save it again as plain SVG.", line=1)
    return Inspected(handler.box, tuple({fault.what: fault for fault in reversed(handler.faults)}.values())[::-1])


class _Handler(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.place: Locator | None = None
        self.open: list[str] = []
        self.box = (0, 0)
        self.faults: list[Fault] = []

    def fault(self, what: str, mend: str, line: int | None = None) -> None:
        here = self.place.getLineNumber() if self.place else None
        self.faults.append(Fault(line or here or 1, what, mend))

    def setDocumentLocator(self, locator: Locator) -> None:
        self.place = locator

    def processingInstruction(self, target: str, data: str) -> None:
        self.fault(f"<?{target} …?> is no drawing.", "Remove it.")

    def characters(self, content: str) -> None:
        if content.strip() and self.open[-1] not in WORDY:
            self.fault(f"“{content.strip()[:20]}” is text, which nobody translates.", "Say it on the card.")

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        if not self.open:
            self._root(name, attrs)
        elif name not in SHAPES + WORDY:
            self.fault(f"<{name}> is no shape.", DRAW)
        for key, value in attrs.items():
            self._attribute(key, value, root=not self.open)
        self.open.append(name)

    def endElement(self, name: str) -> None:
        self.open.pop()

    def _root(self, name: str, attrs: AttributesImpl) -> None:
        if name != "svg" or attrs.get("xmlns") != NAMESPACE:
            self.fault("It does not begin as an SVG.", f'Begin with <svg xmlns="{NAMESPACE}" viewBox="…">.')
        box = BOX.fullmatch(attrs.get("viewBox", ""))
        if not box or int(box["width"]) > WIDEST or int(box["height"]) > TALLEST:
            self.fault("Its size is missing, or too large for a phone.", BOX_MEND)
        else:
            self.box = int(box["width"]), int(box["height"])

    def _attribute(self, key: str, value: str, *, root: bool) -> None:
        if root and key in ("xmlns", "viewBox"):
            return
        if key in COLORS:
            self._color(key, value)
        elif key not in ATTRIBUTES:
            self.fault(f"It has {key}=…, which does not draw.", "Remove it. Colors are fill and stroke on the shape itself.")
        elif not PLAIN.fullmatch(value):
            self.fault(f"{key} holds more than numbers and words.", "Write its numbers only.")

    def _color(self, key: str, value: str) -> None:
        if not COLOR.fullmatch(value):
            self.fault(f"The {key} is “{value[:20]}”.", "Write colors as #rrggbb, or none.")
        elif key == "stroke" and value != "none" and (low := min(contrast(value, paper) for paper in BACKGROUNDS)) < CONTRAST:
            self.fault(
                f"The stroke {value} is hard to see by day or by night ({low:.1f} to 1).",
                f"Take a middle tone, {CONTRAST} to 1 on {' and on '.join(BACKGROUNDS)}: #2f86a0 or #b8742a.",
            )


def contrast(one: str, other: str) -> float:
    """Of two colours as #rrggbb, by WCAG 2: from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_drawn_for_every_phone(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, _kind, shown in _shown(module):
        for fault in inspect(shown.svg).faults:
            yield Broken(path, f"pictures/{shown.name}.svg, line {fault.line}: {fault.what}", fault.mend)


def is_told_to_who_cannot_see_it(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, _kind, shown in _shown(module):
        if not 2 <= (count := len(words(shown.alt))) <= 25:
            what = f"The picture is told in {count} {'word' if count == 1 else 'words'}."
            yield Broken(path, what, "Say what it shows between ![ and ], in 2 to 25 words.")


def leaves_a_branch_alone(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, kind, _picture in _shown(module):
        if kind == "branch":
            yield Broken(path, "A branch shows no picture: there the mentor chooses.", "Move it to a card or an example.")


RULES: tuple[tuple[str, Level, Rule], ...] = (
    ("picture", "error", is_drawn_for_every_phone),
    ("picture", "error", is_told_to_who_cannot_see_it),
    ("picture", "error", leaves_a_branch_alone),
)


def _shown(module: Module) -> Iterator[tuple[str, CardKind, Picture]]:
    for number, card in enumerate(module.cards):
        if card.picture:
            yield f"cards.{number}.picture", card.kind, card.picture
