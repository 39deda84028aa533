r"""Moodle's GIFT, read: every question type of its manual, each fault with its line and column, neighbours unharmed.

Structure is looked for in a copy in which escaped characters (`\~ \= \# \{ \} \: \n \\`) are masked, so that offsets stay.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.content.exchange import Answer, Fault, Kind, Marks, Question
from services.content.exchange_text import Form, Words, words
from services.content.module import LETTERS

ESCAPE = re.compile(r"\\([~=#{}:n\\])")
FORM = re.compile(r"\[(html|moodle|markdown|plain)\]")
CATEGORY = re.compile(r"\s*\$CATEGORY:(?P<name>[^\n]*)")
WEIGHT = re.compile(r"\s*%(?P<share>-?\d{1,3}(?:[.,]\d*)?)%")
NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][-+]?\d+)?"
NUMERIC = re.compile(rf"{NUMBER}(?:\s*:\s*{NUMBER}|\s*\.\.\s*{NUMBER})?|\*")
TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}
ENDS = re.compile(r"[.?!:;,…]*")
TAG = re.compile(r"\[(?P<name>id|tag):(?P<value>(?:\\\]|[^\]])*)\]")
BESIDE = re.compile(r"(?P<name>look for|ask|why (?P<letter>[a-z])): (?P<text>.+)", re.IGNORECASE)
LARGEST = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Gift:
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]


class _Broken(Exception):
    def __init__(self, offset: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.offset, self.what, self.mend = offset, what, mend


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one question; those that are comments are empty in `text`."""

    first: int
    text: str
    masked: str
    comments: tuple[str, ...]

    def line(self, offset: int) -> int:
        return self.first + self.text.count("\n", 0, offset)

    def column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset)

    def from_offset(self, offset: int) -> "_Block":
        """The same places, with what stands before left out."""
        blank = re.sub(r"[^\n]", " ", self.text[:offset])
        return replace(self, text=blank + self.text[offset:], masked=blank + self.masked[offset:])


@dataclass(frozen=True, slots=True)
class _Part:
    """An answer as written: its mark, where its text begins and ends, where its feedback begins, and where all of it ends."""

    mark: str
    start: int
    end: int
    stop: int
    share: float | None = None
    feedback: int | None = None


def read(text: str) -> Gift:
    """Never raises."""
    questions: list[Question] = []
    faults: list[Fault] = []
    category = ""
    for block in _whole(list(_blocks(text))):
        rest = block
        if named := CATEGORY.match(block.masked):
            category = _unescaped(block.text[named.start("name") : named.end()]).strip()
            rest = block.from_offset(named.end())
        if not rest.text.strip():
            continue
        try:
            questions.append(replace(_question(rest), group=category))
        except _Broken as broken:
            place = rest.line(broken.offset), rest.column(broken.offset)
            faults.append(Fault(*place, broken.what, broken.mend, category))
    return Gift(tuple(questions), tuple(faults))


def _blocks(text: str) -> Iterator[_Block]:
    """What stands between empty lines."""
    lines: list[str] = []
    comments: list[str] = []
    for number, line in enumerate([*text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""], 1):
        if line.strip():
            comment = line.strip().startswith("//")
            comments += [line.strip()[2:].strip()] if comment else []
            lines.append("" if comment else line)
        elif lines:
            yield _block(number - len(lines), "\n".join(lines), tuple(comments))
            lines, comments = [], []


def _block(first: int, text: str, comments: tuple[str, ...]) -> _Block:
    return _Block(first, text, ESCAPE.sub("\0\0", text), comments)


def _whole(blocks: Sequence[_Block]) -> Iterator[_Block]:
    """An empty line inside braces ends nothing, as long as the brace closes before another question begins."""
    place = 0
    while place < len(blocks):
        block, end = blocks[place], _end(blocks, place)
        for other in blocks[place + 1 : end + 1]:
            gap = "\n" * (other.first - block.first - block.text.count("\n"))
            block = _block(block.first, block.text + gap + other.text, block.comments + other.comments)
        yield block
        place = end + 1


def _end(blocks: Sequence[_Block], place: int) -> int:
    """The last block that belongs to the question of this one."""
    masked = blocks[place].masked
    if "}" in masked[max(masked.find("{"), 0) :] or "{" not in masked:
        return place
    for later in range(place + 1, len(blocks)):
        masked = blocks[later].masked.lstrip()
        opening, closing = masked.find("{"), masked.find("}")
        if masked.startswith(("::", "$CATEGORY:")) or (opening >= 0 and not 0 <= closing < opening):
            return place
        if closing >= 0:
            return later
    return place


def _question(block: _Block) -> Question:
    masked = block.masked
    start = len(masked) - len(masked.lstrip())
    line, title = block.line(start), ""
    if masked.startswith("::", start):
        end = masked.find("::", start + 2)
        if end < 0:
            raise _Broken(start, "The title has no end.", "Write it between two pairs of colons, as in ::Title::.")
        title, start = _unescaped(_lines_joined(block.text[start + 2 : end])).strip(), end + 2
    opening, closing = _braces(block, start)
    if opening < 0:
        said, form = _said(block, start, len(masked), "moodle")
        return _marked(Question("description", said.text, line, title=title, form=form, lost=said.lost), block.comments)
    said, form = _said_around(block, start, opening, closing)
    general_at = masked.rfind("####", opening + 1, closing)
    general = _said(block, general_at + 4, closing, form)[0] if general_at >= 0 else Words("")
    kind, answers = _read_answers(block, opening + 1, general_at if general_at >= 0 else closing, form)
    lost = said.lost + general.lost
    question = Question(kind, said.text, line, "", title, form, tuple(answers), general.text, lost)
    return _marked(question, block.comments)


def _braces(block: _Block, start: int) -> tuple[int, int]:
    """Where the answers begin and end; -1 where there are none."""
    opening, closing = block.masked.find("{", start), block.masked.find("}", start)
    if opening < 0 and closing < 0:
        return -1, -1
    if opening < 0 or 0 <= closing < opening:
        raise _Broken(closing, "A brace closes that was never opened.", r"Begin the answers with {, or write \} if it is text.")
    if closing < 0:
        raise _Broken(opening, "The answers have no end.", r"Close them with }, or write \{ if it is text.")
    again = re.compile(r"[{}]").search(block.masked, closing + 1)
    inside = block.masked.find("{", opening + 1, closing)
    if again or inside >= 0:
        where = inside if inside >= 0 else again.start() if again else closing
        raise _Broken(where, "There is a second brace.", r"Write \{ and \} if it is text, and ask one question at a time.")
    return opening, closing


def _said_around(block: _Block, start: int, opening: int, closing: int) -> tuple[Words, Form]:
    """The question's text; a line of underscores stands for a missing word."""
    before, after = block.text[start:opening], block.text[closing + 1 :]
    closed = not after.strip() or (ENDS.fullmatch(after.strip()) and before.rstrip().endswith((*".?!:",)))
    return _formed(before if closed else f"{before}_____{after}", "moodle")


def _said(block: _Block, start: int, end: int, form: Form) -> tuple[Words, Form]:
    return _formed(block.text[start:end], form)


def _formed(raw: str, form: Form) -> tuple[Words, Form]:
    raw = _lines_joined(raw).strip()
    if own := FORM.match(raw):
        form, raw = _form(own[1]), raw[own.end() :]
    return words(_unescaped(raw), form), form


def _form(name: str) -> Form:
    forms: dict[str, Form] = {"html": "html", "moodle": "moodle", "markdown": "markdown", "plain": "plain"}
    return forms[name]


def _lines_joined(raw: str) -> str:
    """Where a file wraps its lines, no line ends; `\\n` ends one."""
    return raw.replace("\n", " ")


def _unescaped(raw: str) -> str:
    return ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], raw)


def _read_answers(block: _Block, start: int, end: int, form: Form) -> tuple[Kind, list[Answer]]:
    inside = block.masked[start:end]
    start += len(inside) - len(inside.lstrip())
    kind = _kind(inside.strip())
    match kind:
        case "essay":
            return kind, []
        case "numeric":
            return kind, _numbers(block, start + 1, end, form)
        case "matching":
            return kind, [_pair(block, part, form) for part in _parts(block, start, end, "=", least=2)]
        case "true_false":
            return kind, _truth(block, start, end, form)
        case "short_answer":
            return kind, [_answer(block, part, form) for part in _parts(block, start, end, "=", least=1)]
    answers = [_answer(block, part, form) for part in _parts(block, start, end, "~=", least=2)]
    if kind == "multiple_response":
        answers = [replace(answer, right=(answer.share or 0) > 0) for answer in answers]
    return kind, answers


def _kind(inside: str) -> Kind:
    """By what stands in the braces, as Moodle tells them apart."""
    if not inside or inside.startswith("#"):
        return "numeric" if inside else "essay"
    if "~" in inside:
        return "single_choice" if "=" in inside else "multiple_response"
    if "=" in inside and "->" in inside:
        return "matching"
    return "true_false" if inside.partition("#")[0].strip() in TRUTH else "short_answer"


def _parts(block: _Block, start: int, end: int, marks: str, least: int) -> list[_Part]:
    """Each answer from its mark to the next."""
    places = [n for n in range(start, end) if block.masked[n] in marks]
    first = places[0] if places else end
    if block.masked[start:first].strip():
        mend = "Begin each right answer with = and each wrong one with ~."
        raise _Broken(start, "Words in the braces belong to no answer.", mend)
    if len(places) < least:
        raise _Broken(start, f"There are fewer than {least} answers.", "Add some, each with = (right) or ~ (wrong).")
    return [_part(block, begin, stop) for begin, stop in zip(places, [*places[1:], end], strict=True)]


def _part(block: _Block, begin: int, end: int) -> _Part:
    start, share = begin + 1, None
    if weight := WEIGHT.match(block.masked, start, end):
        start, share = weight.end(), float(weight["share"].replace(",", "."))
    hash_at = block.masked.find("#", start, end)
    told = hash_at >= 0
    part = _Part(block.masked[begin], start, hash_at if told else end, end, share, hash_at + 1 if told else None)
    if not block.text[part.start : part.end].strip():
        raise _Broken(begin, "An answer has no words.", "Write it, or remove its mark.")
    return part


def _answer(block: _Block, part: _Part, form: Form) -> Answer:
    said = _said(block, part.start, part.end, form)[0]
    why = _feedback(block, part, form)
    right = part.mark == "=" and part.share in (None, 100.0)
    line = block.line(part.start - 1)
    return Answer(said.text, line, right, part.share, why.text, lost=said.lost + why.lost)


def _feedback(block: _Block, part: _Part, form: Form) -> Words:
    return Words("") if part.feedback is None else _said(block, part.feedback, part.stop, form)[0]


def _pair(block: _Block, part: _Part, form: Form) -> Answer:
    arrow = block.masked.find("->", part.start, part.end)
    if arrow < 0:
        raise _Broken(part.start - 1, "A pair has no arrow.", "Write “=left -> right”.")
    right = _unescaped(_lines_joined(block.text[arrow + 2 : part.end])).strip()
    if not right:
        raise _Broken(arrow, "A pair has no right side.", "Write “=left -> right”.")
    left = _said(block, part.start, arrow, form)[0]
    return Answer(words(right, "plain").text, block.line(part.start - 1), True, left=left.text, lost=left.lost)


def _truth(block: _Block, start: int, end: int, form: Form) -> list[Answer]:
    """The first feedback is for who is wrong, the second for who is right."""
    truth = TRUTH[block.masked[start:end].partition("#")[0].strip()]
    hashes = [n for n in range(start, end) if block.masked[n] == "#"][:2]
    spans = zip([n + 1 for n in hashes], [*hashes[1:], end], strict=False)
    told = [_said(block, begin, stop, form)[0] for begin, stop in spans] + [Words(""), Words("")]
    line = block.line(start)
    wrong, right = told[0], told[1]
    return [
        Answer(name, line, value is truth, feedback=(right if value is truth else wrong).text)
        for name, value in (("True", True), ("False", False))
    ]


def _numbers(block: _Block, start: int, end: int, form: Form) -> list[Answer]:
    several = "=" in block.masked[start:end]
    parts = _parts(block, start, end, "=", least=1) if several else [_part(block, start - 1, end)]
    for part in parts:
        if not NUMERIC.fullmatch(_unescaped(block.text[part.start : part.end]).strip()):
            mend = "Write 5, 5:0.1 (give or take), or 4.9..5.1 (from, to)."
            raise _Broken(part.start, "This is no number.", mend)
    return [replace(_answer(block, part, form), right=part.share in (None, 100.0)) for part in parts]


def _marked(question: Question, comments: Sequence[str]) -> Question:
    """With what comments say beside it: Moodle's ids and tags, and what our own export adds."""
    tags = [(tag["name"], tag["value"].replace("\\]", "]")) for comment in comments for tag in TAG.finditer(comment)]
    beside = {said["name"].lower(): said["text"].strip() for comment in comments if (said := BESIDE.fullmatch(comment))}
    named = dict(value.split(":", 1) for name, value in tags if name == "tag" and ":" in value)
    plain = {value for name, value in tags if name == "tag"}
    ids = [value.rpartition("/")[2] for name, value in tags if name == "id"]
    marks = Marks(
        item_id=ids[0] if ids else None,
        skill=named.get("skill"),
        safety="safety" in plain,
        cue=beside.get("look for", ""),
        prompt=beside.get("ask"),
    )
    answers = tuple(
        replace(answer, mistake=named.get(letter), feedback=answer.feedback or beside.get(f"why {letter}", ""))
        for letter, answer in zip(LETTERS, question.answers, strict=False)
    )
    kind: Kind = "order" if question.kind == "matching" and "order" in plain else question.kind
    if len(answers) < len(question.answers):
        answers = question.answers
    return replace(question, kind=kind, answers=answers, marks=marks)
