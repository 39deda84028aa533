"""What the linter says: one finding each, with its place, its rule and how to mend it; as text, JSON or GitHub notes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["error", "warning"]
Format = Literal["text", "json", "github"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Lines and columns count from 1."""

    file: str
    line: int
    column: int
    level: Level
    rule: str
    what: str
    mend: str


def errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level == "error"]


def said(findings: Sequence[Finding], form: Format) -> str:
    match form:
        case "json":
            return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False)
        case "github":
            return "\n".join(_annotation(finding) for finding in findings)
        case "text":
            return "\n".join(_line(finding) for finding in findings)


def _line(f: Finding) -> str:
    return f"{f.file}:{f.line}:{f.column}: {f.level} [{f.rule}] {f.what} {f.mend}"


def _annotation(f: Finding) -> str:
    """A GitHub workflow command; its own characters are escaped as GitHub asks."""
    place = f"file={_escaped(f.file, ',:')},line={f.line},col={f.column},title={_escaped(f.rule, ',:')}"
    return f"::{f.level} {place}::{_escaped(f'{f.what} {f.mend}')}"


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
