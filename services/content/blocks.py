"""A Markdown file as front matter and blocks, each with the line where it stands."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("inline")  # blocks are all we look at: a third faster
KINDS: dict[str, Literal["heading", "paragraph", "quote", "list", "other"]] = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "blockquote_open": "quote",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
}
MARKER = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
SOFT_BREAK = re.compile(r"(?<!\n)\n(?!\n|[ \t]*(?:[-*+]|\d+[.)])[ \t])[ \t]*")


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Block:
    kind: Literal["heading", "paragraph", "quote", "list", "other"]
    lines: tuple[Line, ...]  # as written; headings without their marks, quotes without ">"
    level: int = 0  # of a heading: 2 for "##"
    ordered: bool = False
    entries: tuple[tuple[Line, ...], ...] = ()  # of a list, each without its marker

    @property
    def line(self) -> int:
        return self.lines[0].number

    @property
    def text(self) -> str:
        """Lines that were only wrapped are one line again; the items of a list stay apart."""
        return SOFT_BREAK.sub(" ", "\n".join(line.text for line in self.lines)).strip()


class FrontMatterBroken(Exception):
    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


Value = str | tuple[str, ...]


def split(text: str) -> tuple[dict[str, tuple[Value, int]], list[Block]]:
    """Front matter as key -> (words, line), and the body's blocks. Raises FrontMatterBroken."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() == "---"), None)
    if not lines or lines[0].rstrip() != "---" or end is None:
        raise FrontMatterBroken(1, "The file does not open with front matter between two lines of ---.")
    return dict(_front("\n".join(lines[1:end]))), list(_blocks(lines[end + 1 :], end + 1))


def _front(text: str) -> Iterator[tuple[str, tuple[Value, int]]]:
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise FrontMatterBroken(line, f"The front matter is not YAML: {error.problem}.") from None
    if not isinstance(root, yaml.MappingNode):
        raise FrontMatterBroken(2, "The front matter holds no keys.")
    for key, value in root.value:
        yield key.value, (_value(value), key.start_mark.line + 2)


def _value(node: yaml.Node) -> Value:
    if isinstance(node, yaml.SequenceNode):
        return tuple(str(entry.value) for entry in node.value)
    return str(node.value).strip()


def _blocks(lines: Sequence[str], before: int) -> Iterator[Block]:
    tokens = MARKDOWN.parse("\n".join(lines))
    for place, token in enumerate(tokens):
        if token.level == 0 and token.map and token.nesting >= 0:
            yield _block(token, tokens[place:], lines, before)


def _block(token: Token, tokens: Sequence[Token], lines: Sequence[str], before: int) -> Block:
    kind = KINDS.get(token.type, "other")
    found = _lines(token, lines, before)
    if kind == "heading":
        found = tuple(Line(line.text.strip().strip("#").strip(), line.number) for line in found)
    if kind == "quote":
        found = tuple(Line(line.text.lstrip().removeprefix(">").strip(), line.number) for line in found)
    level = int(token.tag[1]) if kind == "heading" else 0
    entries = tuple(_entries(tokens, lines, before)) if kind == "list" else ()
    return Block(kind, found, level, token.type == "ordered_list_open", entries)


def _entries(tokens: Sequence[Token], lines: Sequence[str], before: int) -> Iterator[tuple[Line, ...]]:
    for token in tokens[1:]:
        if token.level == 0:
            return
        if token.type == "list_item_open" and token.level == 1:
            first, *rest = _lines(token, lines, before)
            yield (Line(MARKER.sub("", first.text, count=1), first.number), *(Line(x.text.strip(), x.number) for x in rest))


def _lines(token: Token, lines: Sequence[str], before: int) -> tuple[Line, ...]:
    start, end = token.map or (0, 0)
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return tuple(Line(lines[n].rstrip(), before + n + 1) for n in range(start, end))
