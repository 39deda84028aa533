"""Words of other systems as words of a module: HTML to plain text, and text that no reader of Markdown mistakes for marks."""

import re
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

Form = Literal["html", "moodle", "markdown", "plain"]
PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
LOOKS_LIKE_HTML = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|center|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strike|strong|sub|sup"
    r"|table|tbody|td|th|tr|tt|u|ul|var|audio|video|iframe|object|script|style)\b[^<>]*>|<!--|&(?:\w{2,31}|#\d{1,7});",
    re.IGNORECASE,
)
BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "div", "dl", "dt", "fieldset"),
        *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav"),
        *("ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    ]
)
MEDIA = frozenset(["img", "audio", "video", "iframe", "object", "embed", "source", "svg", "picture"])
UNSEEN = frozenset(["script", "style", "template", "title"])
INLINE = re.compile(r"[\\`*\[\]<&]|(?<!_)_{1,2}(?!_)")
BLOCK_START = re.compile(r"(?P<before>\d{0,9})(?P<mark>[#>+\-=~`|*_:.)\[])")
LABELLED = re.compile(r"(?P<name>look for|ask|reaction|then|why):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    text: str  # paragraphs are apart by an empty line
    lost: tuple[str, ...] = ()  # what stays behind: pictures and the like, each named in words


def words(text: str, form: Form) -> Words:
    if form == "html" or (form == "moodle" and LOOKS_LIKE_HTML.search(text)):
        return of_html(text)
    apart = PARAGRAPH if form == "markdown" else re.compile("\n")
    return Words(paragraphs(apart.split(text)))


def paragraphs(parts: list[str]) -> str:
    return "\n\n".join(line for line in map(one_line, parts) if line)


def one_line(text: str) -> str:
    """Without line ends and control characters, which no text for people has."""
    return " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs")).split())


def of_html(text: str) -> Words:
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except AssertionError:  # how the parser of Python 3.11 says that a declaration is broken
        return Words(paragraphs([text]))
    return Words(paragraphs("".join(reader.parts).split("\n")), tuple(reader.lost))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.lost: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in MEDIA:
            values = dict(attrs)
            name = one_line(values.get("src") or values.get("data") or tag).rpartition("/")[2]
            self.lost.append(f"The picture or medium “{name[:100]}”")
        self.unseen += tag in UNSEEN
        self.parts += ["\n"] * (tag in BLOCKS)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in UNSEEN and self.unseen > 0
        self.parts += ["\n"] * (tag in BLOCKS)

    def handle_data(self, data: str) -> None:
        self.parts += [] if self.unseen else [" ".join(re.split(r"\s", data))]


def as_markdown(text: str, form: Form) -> str:
    """Paragraphs that Markdown shows as these words, and that a module's reader takes for a paragraph."""
    return "\n\n".join(_paragraph(part, form) for part in text.split("\n\n") if part)


def _paragraph(text: str, form: Form) -> str:
    if form == "markdown":
        text = re.sub(r"^\*\*(.+)\*\*$", r"\1", text)
    else:
        text = INLINE.sub(lambda found: "".join(f"\\{c}" for c in found[0]), text)
    text = LABELLED.sub(r"\g<name>\\:", text, count=1) if LABELLED.match(text) else text
    return _escaped_start(text)


def _escaped_start(text: str) -> str:
    start = BLOCK_START.match(text)
    if not start or (start["mark"] in ".)" and not start["before"]) or (start["mark"] not in ".)" and start["before"]):
        return text
    return f"{start['before']}\\{text[start.end('before') :]}"
