"""Statistics in words, for the page and the command: what the figures of a question say, and what to do about a flag. Pure."""

from collections.abc import Iterator

from services.content.figures import FEWEST, JUDGED, Code, Figures, Flag, Question

NONE_YET = f"No question has {FEWEST} answers yet."
FEW = f"Fewer than {FEWEST} answers yet."
KINDS = {"unclear": "unclear", "wrong": "wrong", "not_my_situation": "not my situation"}
ABOUT_FIT = (
    "Fit, from -1 to 1: how a right answer goes with right answers to the other questions of the same training. Near 0, the "
    f"question measures something else; below 0, look at its key. From {JUDGED} trainings."
)
MEND = {
    Code.MISSED: "Is the right answer really right, and does the scene say enough to find it? See what they take instead.",
    Code.UPSIDE_DOWN: "Look at the right answer first: so does a wrong key look. Or it catches those who think one step further.",
    Code.REPORTED: "Read it with a mentor who has not seen it, and mend what makes them stop.",
    Code.UNUSED: "It teaches nothing. Put something there that a kind person in a hurry would really say.",
    Code.LENGTH: "They may go by the length. Shorten it, or say as much in the others.",
}
LONGEST = 60


def name(question: Question) -> str:
    """boundaries_1 q2 (en, version 3)"""
    return f"{question.module_id} {question.item.id} ({question.locale}, version {question.version})"


def claim(flag: Flag, question: Question) -> str:
    """What is the matter, in a sentence."""
    found = question.figures
    match flag.code:
        case Code.MISSED:
            wrong = 100 - (found.right or 0) if found else 0
            return f"Most miss it: {wrong}% of the first tries."
        case Code.UPSIDE_DOWN:
            return "Who does well on the other questions misses this one."
        case Code.REPORTED:
            return f"Mentors say that something is off: {reports(found) if found else ''}."
        case Code.UNUSED:
            return _ended(f"Hardly anybody takes {_options(flag, question)}")
        case Code.LENGTH:
            return "The right answer is the longest by far, and nearly everybody finds it."


def advice(flag: Flag) -> str:
    return MEND[flag.code]


def said(found: Figures) -> str:
    """The figures in a few sentences; what fewer than ten stand behind is left out."""
    return " ".join(_sentences(found))


def reports(found: Figures) -> str:
    """unclear (3), wrong (1)"""
    return ", ".join(f"{words} ({found.reports[kind]})" for kind, words in KINDS.items() if kind in found.reports)


def _sentences(found: Figures) -> Iterator[str]:
    yield f"{found.answered:,} answers."
    if found.right is not None:
        again = f"; of those who tried again, {found.recovered}%" if found.recovered is not None else ""
        yield f"{found.right}% right at the first try{again}."
    if found.back_right is not None:
        yield f"When it came back later, {found.back_right}%."
    if found.seconds is not None:
        yield f"Half answered within {lasting(found.seconds)}."
    if found.fit is not None:
        yield f"Fit {found.fit:.2f}."
    if found.reports and Flag(Code.REPORTED) not in found.flags:  # which says it itself
        yield f"Reported: {reports(found)}."


def lasting(seconds: int) -> str:
    """45 seconds; 2 minutes"""
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{seconds // 60} minutes"


def _options(flag: Flag, question: Question) -> str:
    texts = [_short(option.text) for option in question.item.options if option.id in flag.options]
    return " or ".join(texts)


def _ended(sentence: str) -> str:
    return sentence if sentence.rstrip("”").endswith((".", "?", "!", "…")) else f"{sentence}."


def _short(text: str) -> str:
    """In quotes, once: authors may have written their own."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1].rstrip('“” ')}…"
        return f"{text}”" if text.startswith("“") else f"“{text}”"
    return text if text.startswith("“") else f"“{text}”"
