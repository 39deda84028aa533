"""Questions of other systems: what each becomes as an item of a module, what changes on the way, and what stays behind.

Nothing is dropped silently: each question has an outcome with its place, and what it still needs is what the linter says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from services.content import rules
from services.content.exchange_text import Form, as_markdown, one_line
from services.content.module import LETTERS, read, write
from services.content.words import typographic, variables
from shared.contracts.content import Item, ItemKind, Module, Option
from shared.contracts.vocabulary import Vocabulary

Kind = Literal[
    "single_choice", "multiple_response", "true_false", "short_answer", "numeric", "matching", "order", "essay", "description"
]
What = Literal["imported", "changed", "refused"]
KINDS: Mapping[Kind, ItemKind] = {
    "single_choice": "single",
    "true_false": "single",
    "multiple_response": "multi",
    "order": "order",
    "essay": "open",
    "short_answer": "open",
}
REFUSED: Mapping[Kind, tuple[str, str]] = {
    "numeric": ("A number is asked for, and mentors are asked what they would say or do.", "Write it as a choice of three."),
    "matching": (
        "Pairs cannot be matched here.",
        "Ask for each left side in a question of its own, with the right sides as its options.",
    ),
    "description": ("It asks nothing.", "Put its words on a card: “## Card: …”."),
}
SENTENCES = re.compile(r"(?P<before>.*[.!?…:][”\"’')\]]*)\s+(?P<last>[^.!?…]+\?[”\"’')\]]*)", re.DOTALL)
BOLD = re.compile(r"\*\*(?P<text>.+)\*\*", re.DOTALL)
LIKE_A_CODE = re.compile(r"(?P<before>.)`(?P<word>\w+)`$", re.DOTALL)  # at an option's end a module's file has its mistake there
BOLD_WORDS = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    line: int = 1
    right: bool = False
    share: float | None = None  # percent of the points, if it says so
    feedback: str = ""
    left: str | None = None  # of a pair
    mistake: str | None = None
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """What our own export says beside a question."""

    item_id: str | None = None
    skill: str | None = None
    safety: bool = False
    cue: str = ""
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """As another system has it. Texts are plain, paragraphs apart by an empty line; `form` is that of `text`."""

    kind: Kind
    text: str
    line: int = 1
    group: str = ""  # its category, or its file in a package
    title: str = ""
    form: Form = "plain"
    answers: tuple[Answer, ...] = ()
    general: str = ""  # feedback on the question as a whole
    lost: tuple[str, ...] = ()
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What could not be read. Lines and columns count from 1."""

    line: int
    column: int
    what: str
    mend: str
    group: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Need:
    line: int
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Outcome:
    line: int
    group: str
    title: str
    type: Kind
    outcome: What
    item: str | None
    notes: tuple[str, ...]
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    questions: tuple[Outcome, ...]
    module: Module | None  # None where no question could come along


@dataclass(slots=True)
class _Made:
    """One question on its way."""

    question: Question
    item: Item | None = None
    notes: list[str] = field(default_factory=list)
    refusal: Need | None = None

    def refused(self, what: str, mend: str) -> "_Made":
        self.refusal = Need(self.question.line, what, mend)
        return self


def imported(questions: Sequence[Question], module_id: str, skill: str, locale: str, vocabulary: Vocabulary) -> Imported:
    taken: set[str] = set()
    made = [_made(question, taken, skill, locale) for question in questions]
    items = tuple(each.item for each in made if each.item)
    outcomes = tuple(_outcome(each, skill, locale, vocabulary) for each in made)
    return Imported(outcomes, draft(module_id, skill, locale, items, vocabulary) if items else None)


def draft(module_id: str, skill: str, locale: str, items: tuple[Item, ...], vocabulary: Vocabulary | None = None) -> Module:
    """A module of these items. What an author has yet to write says so, and keeps it from being published."""
    known = vocabulary.skills.get(skill) if vocabulary else None
    module = Module(
        module_id=module_id,
        locale=locale,
        skill=skill,
        title=f"{rules.TO_WRITE}: what the mentor can do after this",
        hook=f"{rules.TO_WRITE}: the scene that opens the training.",
        keep_in_mind=f"{rules.TO_WRITE}: the one thing to keep in mind.",
        minutes=5,
        scope_level=2 if known and known.scope == 2 else 1,
        refer_when=f"{rules.TO_WRITE}: when to get the supervisor.",
        cards=(),
        items=items,
        prompts=(),
    )
    texts = [text for item in items for text in (item.stem, item.question, *(option.text for option in item.options))]
    return module.model_copy(update={"site_variables": variables(texts)})


def _made(question: Question, taken: set[str], skill: str, locale: str) -> _Made:
    made = _Made(question)
    if question.kind in REFUSED:
        return made.refused(*REFUSED[question.kind])
    if not question.text:
        return made.refused("The question has no words.", "Write what is asked.")
    if len(question.answers) > len(LETTERS):
        return made.refused(f"It has {len(question.answers)} options.", "Keep three, at most four.")
    if any(not answer.text for answer in question.answers):
        return made.refused("An option has no words.", "Write it, or remove it.")
    item = _item(made, _id(question, taken), question.marks.skill or skill, locale)
    if _read_back(item, skill) != item:
        return made.refused("Its words cannot be told from the marks of a module.", "Write them in a plainer way.")
    taken.add(item.id)
    made.item = item
    return made


def _id(question: Question, taken: set[str]) -> str:
    own = question.marks.item_id
    if own and re.fullmatch(r"\w+", own) and own not in taken:
        return own
    return next(f"q{number}" for number in range(1, len(taken) + 2) if f"q{number}" not in taken)


def _item(made: _Made, item_id: str, skill: str, locale: str) -> Item:
    question = made.question
    stem, asked = _asked(question)
    answers = _answers(made, locale)
    kind = _kind(made, answers)
    is_open = kind == "open"
    cue = question.marks.cue or (question.general if is_open else "")
    lost = (*question.lost, *(name for answer in question.answers for name in answer.lost))
    made.notes += [f"{name} did not come along." for name in lost]
    return Item(
        id=item_id,
        kind=kind,
        skill=skill,
        safety=question.marks.safety,
        topic=typographic(one_line(question.title).strip("# ")) or f"{rules.TO_WRITE}: the topic",
        stem=typographic(stem),
        question=typographic(asked),
        cue=typographic(one_line(cue)),
        options=() if is_open else tuple(_option(n, answer, kind) for n, answer in enumerate(answers)),
        prompt=typographic(one_line(question.marks.prompt)) if question.marks.prompt else None,
    )


def _kind(made: _Made, answers: Sequence[Answer]) -> ItemKind:
    kind = KINDS[made.question.kind]
    if kind == "single" and (count := sum(answer.right for answer in answers)) > 1:
        made.notes.append(f"{count} options are right, so that it is a question with several right ones (multi) now.")
        return "multi"
    return kind


def _asked(question: Question) -> tuple[str, str]:
    """The scene, and the question itself: the last paragraph, or a last sentence that asks."""
    before, _, last = question.text.rpartition("\n\n")
    if question.form == "markdown":
        bold = BOLD.fullmatch(last)
        if bold and (question.marks.item_id or "**" not in bold["text"]):
            return as_markdown(before, question.form), bold["text"]
        last = BOLD_WORDS.sub(r"\1", last)
    if not before and (parts := SENTENCES.fullmatch(last)):
        before, last = parts["before"], parts["last"]
    return as_markdown(before, question.form), last


def _answers(made: _Made, locale: str) -> list[Answer]:
    question = made.question
    answers = list(question.answers)
    match question.kind:
        case "true_false":
            made.notes.append("True and false are its two options. A choice needs a third, better: three things to say or do.")
            words = {"True": "Verdadero", "False": "Falso"} if locale.startswith("es") else {}
            answers = [replace(answer, text=words.get(answer.text, answer.text)) for answer in answers]
        case "short_answer":
            accepted = "; ".join(f"“{a.text}”" + (f" ({a.feedback})" if a.feedback else "") for a in answers)
            made.notes.append(
                f"It is open now: people read the answer, nothing compares it. It accepted {accepted or 'nothing'}."
            )
        case "single_choice":
            partly = [answer for answer in answers if not answer.right and (answer.share or 0) > 0]
            made.notes += [f"“{a.text}” gave {a.share:g} % of the points; here an option is right or wrong." for a in partly]
    if question.general and KINDS[question.kind] != "open" and answers:
        place = next((n for n, answer in enumerate(answers) if answer.right), 0)
        feedback = f"{answers[place].feedback} {question.general}".strip()
        answers[place] = replace(answers[place], feedback=feedback)
        made.notes.append(f"The general feedback is in the reason of option {LETTERS[place]} now.")
    return answers


def _option(number: int, answer: Answer, kind: ItemKind) -> Option:
    text = one_line(answer.text)
    mistake = answer.mistake if answer.mistake and re.fullmatch(r"\w+", answer.mistake) else None
    return Option(
        id=LETTERS[number],
        text=typographic(text if mistake else LIKE_A_CODE.sub(r"\g<before>'\g<word>'", text)),
        right=answer.right or kind == "order",
        mistake=mistake,
        why=typographic(one_line(answer.feedback)),
        place=number + 1 if kind == "order" else None,
    )


def _read_back(item: Item, skill: str) -> Item | None:
    """What a module's reader makes of this item."""
    module = read(write(draft("draft", skill, "en", (item,))), "draft.md").module
    return module.items[0] if module and len(module.items) == 1 and not module.cards and not module.prompts else None


def _outcome(made: _Made, skill: str, locale: str, vocabulary: Vocabulary) -> Outcome:
    question, item = made.question, made.item
    what: What = "refused" if item is None else "changed" if made.notes else "imported"
    needs = tuple(sorted(_needs(question, item, skill, locale, vocabulary) if item else _needs_anew(made)))
    title = question.title or (question.text if len(question.text) <= 60 else f"{question.text[:57]}…").replace("\n", " ")
    return Outcome(question.line, question.group, title, question.kind, what, item.id if item else None, tuple(made.notes), needs)


def _needs(question: Question, item: Item, skill: str, locale: str, vocabulary: Vocabulary) -> Iterator[Need]:
    """What the linter says of this item, at the places of the file it came from."""
    alone = draft("draft", skill, locale, (item,), vocabulary)
    for _, level, rule in rules.RULES:
        for broken in rule(alone, vocabulary) if level == "error" else ():
            head, _, part = broken.path.partition(f"items.{item.id}")
            if head == "" and (part or broken.path == f"items.{item.id}"):
                yield Need(_line(question, part), f"{_of_option(part)}{broken.what}", broken.mend)


def _needs_anew(made: _Made) -> Iterator[Need]:
    """What a refused question needs, to come along at the next try."""
    if made.refusal:
        yield made.refusal
    for answer in made.question.answers:
        if not answer.feedback:
            mend = "Write one as its feedback, in 6 to 30 words."
            yield Need(answer.line, f"The answer “{answer.text}” gives no reason.", mend)


def _line(question: Question, part: str) -> int:
    letter = part.removeprefix(".options.")[:1] if part.startswith(".options.") else ""
    place = LETTERS.find(letter) if letter else -1
    return question.answers[place].line if 0 <= place < len(question.answers) else question.line


def _of_option(part: str) -> str:
    return f"Option {part.removeprefix('.options.')[:1]}: " if part.startswith(".options.") else ""
