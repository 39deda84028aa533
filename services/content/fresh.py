"""A new module that is all frame: well-formed, about its skill, and marked wherever only its author can write. Pure."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import count, cycle, islice

from services.content.module import LETTERS, write
from services.content.rules import TO_WRITE
from shared.contracts.content import Branch, Card, Item, Line, Module, Option
from shared.contracts.vocabulary import Skill, Vocabulary

EN = {
    "title": "the moment it is about, in a few words",
    "hook": "the moment, in a sentence or two. For example: Sam, 13, is late.",
    "keep_in_mind": "the one thing to keep in mind today.",
    "refer_when": "when to get the supervisor.",
    "why_title": "why it matters",
    "why_text": "one idea, why this helps. At most 60 words.",
    "example_title": "a good try",
    "example_text": "one sentence: why it works.",
    "student": "“what the young person says.”",
    "you": "“what you say, and it works.”",
    "branch_title": "a moment to choose",
    "branch_text": "the scene. What happens just before?",
    "say": "“a line that you could say.”",
    "reaction": "what the young person does then.",
    "then": "what comes of it.",
    "topic": "the topic",
    "stem": "the scene. For example: Sam, 13, says, “I forgot.”",
    "question": "What do you say?",
    "cue": "where to look, in other words.",
    "right": "the line that works, as long as these.",
    "right_why": "why it works, for him or for her.",
    "wrong": "a line that sounds right at first.",
    "wrong_why": "what it does to him or to her.",
    "open": "Write what you say.",
    "open_cue": "what a good answer has in it.",
    "prompt": "what the supervisor asks, aloud?",
    "reviewer": "the name and role of reviewer",
}
ES = {
    "title": "el momento, en pocas palabras",
    "hook": "el momento, en una o dos frases. Por ejemplo: Sam, de 13, no vino.",
    "keep_in_mind": "lo que vale recordar hoy.",
    "refer_when": "cuándo avisar a quien te supervisa.",
    "why_title": "por qué importa",
    "why_text": "una idea: por qué ayuda. Hasta 60 palabras.",
    "example_title": "un buen intento",
    "example_text": "una frase: por qué sirve.",
    "student": "“lo que dice.”",
    "you": "“lo que dices tú, y sirve.”",
    "branch_title": "un momento para elegir",
    "branch_text": "la escena. ¿Qué pasó antes?",
    "say": "“algo que podrías decir.”",
    "reaction": "lo que hace.",
    "then": "lo que pasa luego.",
    "topic": "el tema",
    "stem": "la escena. Por ejemplo: Sam, de 13, dice: “Lo olvidé.”",
    "question": "¿Qué le dices?",
    "cue": "dónde mirar, en pocas palabras.",
    "right": "lo que sirve, igual de largo.",
    "right_why": "por qué le sirve a él o a ella.",
    "wrong": "lo que suena bien al leerlo.",
    "wrong_why": "lo que le hace a él o a ella.",
    "open": "Escribe lo que le dices.",
    "open_cue": "lo que tiene un buen intento.",
    "prompt": "¿qué pregunta quien supervisa, en voz alta?",
    "reviewer": "nombre y tarea de quien lee, número",
}
HINTS = {"en": EN, "es": ES}  # in any other language the marks are explained in English
QUESTIONS = 3
WRONG = 2  # options of each question


def fresh(skill: Skill, module_id: str, locale: str, vocabulary: Vocabulary) -> str:
    """The file's text. The notes on top are for its author, and no part of the module."""
    frame, *rest = write(_module(skill, module_id, locale)).split("\n")
    notes = (f"# {note}" for note in _notes(skill, vocabulary))
    dates = ["reviewed_on:  # YYYY-MM-DD", "review_due:  # at most 12 months later"] if skill.safety else []
    end = rest.index("---")
    return "\n".join([frame, *notes, *rest[:end], *dates, *rest[end:]])


def near(word: str, vocabulary: Vocabulary) -> list[str]:
    """Codes of skills that the word may mean, by their code, a part of it, or their title."""
    wanted = word.lower().strip().replace("-", "_").replace(" ", "_")
    names = {part: code for code in vocabulary.skills for part in code.split("_") if len(part) > 4}
    names |= {code: code for code in vocabulary.skills}
    names |= {skill.title.lower().replace(" ", "_"): skill.code for skill in vocabulary.skills.values()}
    holding = [code for code in vocabulary.skills if len(wanted) > 3 and wanted in code]
    alike = [names[name] for name in get_close_matches(wanted, names, n=6, cutoff=0.75)]
    return list(dict.fromkeys([*holding, *alike]))[:3]


def next_id(skill: str, taken: Iterable[str]) -> str:
    """The first free <skill>_N."""
    used = set(taken)
    return next(name for n in count(1) if (name := f"{skill}_{n}") not in used)


def _notes(skill: Skill, vocabulary: Vocabulary) -> Iterator[str]:
    yield f"{skill.title}: {skill.what}"
    yield f"To the mentor: {skill.helps}"
    if skill.refer_when:
        yield f"The skill's own words on handing over (refer_when): {skill.refer_when}"
    yield "A wrong option ends with the code of its mistake, in backticks. Those of this skill:"
    yield from (f"  {code}: {vocabulary.mistakes[code]}" for code in skill.mistakes)
    if skill.safety:
        yield "This is a safety skill. Two people who know the field read it first. Name nobody who has not read it."
    yield f"Wherever it says {TO_WRITE}, only you can write. `jitt content check` lists what is left;"
    yield "`jitt content preview` shows the page while you write."


def _module(skill: Skill, module_id: str, locale: str) -> Module:
    hint = HINTS.get(locale.partition("-")[0], EN)
    mark = {name: f"{TO_WRITE}: {words}" for name, words in hint.items() if name not in ("question", "open")}
    return Module(
        module_id=module_id,
        locale=locale,
        skill=skill.code,
        title=mark["title"],
        hook=mark["hook"],
        keep_in_mind=mark["keep_in_mind"],
        minutes=4,
        scope_level=skill.scope,
        refer_when=mark["refer_when"],
        reviewed_by=tuple(f"{mark['reviewer']} {number}" for number in (1, 2)) if skill.safety else (),
        cards=_cards(mark),
        items=_items(skill, hint, mark),
        prompts=tuple(f"{mark['prompt']} ({number})" for number in (1, 2)),
    )


def _cards(mark: dict[str, str]) -> tuple[Card, ...]:
    scene = (Line(who="student", text=mark["student"]), Line(who="you", text=mark["you"]))
    lines = tuple(Branch(id=x, say=f"{mark['say']} ({x})", reaction=mark["reaction"], then=mark["then"]) for x in LETTERS[:3])
    return (
        Card(title=mark["why_title"], text=mark["why_text"]),
        Card(kind="example", title=mark["example_title"], text=mark["example_text"], scene=scene),
        Card(kind="branch", title=mark["branch_title"], text=mark["branch_text"], branches=lines),
    )


def _items(skill: Skill, hint: dict[str, str], mark: dict[str, str]) -> tuple[Item, ...]:
    mistakes = cycle(skill.mistakes)
    asked = [
        Item(
            id=f"q{number}",
            kind="single",
            skill=skill.code,
            safety=skill.safety and number == 1,
            topic=mark["topic"],
            stem=mark["stem"],
            question=hint["question"],
            cue=mark["cue"],
            options=_options(number, list(islice(mistakes, WRONG)), mark),
            prompt=mark["prompt"],
        )
        for number in range(1, QUESTIONS + 1)
    ]
    last = Item(
        id=f"q{QUESTIONS + 1}",
        kind="open",
        skill=skill.code,
        topic=mark["topic"],
        stem=mark["stem"],
        question=hint["open"],
        cue=mark["open_cue"],
    )
    return (*asked, last)


def _options(number: int, mistakes: list[str], mark: dict[str, str]) -> tuple[Option, ...]:
    """The right one stands in another place in each question."""
    options = [
        Option(id="", text=f"{mark['wrong']} ({n})", mistake=code, why=mark["wrong_why"]) for n, code in enumerate(mistakes, 1)
    ]
    options.insert((number - 1) % (WRONG + 1), Option(id="", text=mark["right"], right=True, why=mark["right_why"]))
    return tuple(option.model_copy(update={"id": letter}) for letter, option in zip(LETTERS, options, strict=False))
