"""The rules of a module that a machine can check, each a claim about one module (docs/guides/authors.md).

A rule yields what breaks it: the part, what is wrong, and how to mend it. It never looks at files or the clock.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.content.findings import Level
from services.content.languages import UNKNOWN, language
from services.content.parts import parts
from services.content.readability import sentences, words
from services.content.words import card_words, item_words
from shared.contracts.content import Card, Item, Module
from shared.contracts.vocabulary import Vocabulary

VARIABLES = ("reporting_steps", "staff_on_call", "state_hotline")
SCENE = re.compile(r"[“\"]|\b[A-ZÁÉÍÓÚÑ][\w’'-]+, (?:de )?\d{1,2}\b")
QUOTED = re.compile(r"“[^”]*”")
NUMBER = re.compile(r"\d(?:[\d().\s-]*\d)?")
HTML = re.compile(r"</?[A-Za-z][^>]*>")
VARIABLE = re.compile(r"\{(\w*)\}")
PUBLIC_NUMBERS = {"988", "911"}
YEAR = timedelta(days=366)
SOON = timedelta(days=30)  # so long before a review is due, its author is told
TO_WRITE = "TO WRITE"  # what an import leaves to its author


@dataclass(frozen=True, slots=True)
class Broken:
    path: str  # "items.q1.cue": where it stands
    what: str
    mend: str
    word: str = ""  # what to point at, if one word is at fault


Rule = Callable[[Module, Vocabulary], Iterator[Broken]]


def minutes(module: Module) -> float:
    """What a reader needs: 200 words a minute, 20 seconds an item, a branch a card, a rationale an item, and what is heard."""
    return sum(len(words(text)) for text in _read_aloud(module)) / 200 + len(module.items) / 3 + _heard(module)


def _heard(module: Module) -> float:
    """Minutes of audio and video; of one that does not say, as long as its words take to be read aloud, 150 a minute."""
    found = [card.media for card in module.cards if card.media]
    return sum(one.seconds / 60 if one.seconds else len(words(one.transcript)) / 150 for one in found)


def _read_aloud(module: Module) -> Iterator[str]:
    yield module.hook
    for card in module.cards:
        yield from (card.title, card.text, *(line.text for line in card.scene), *(branch.say for branch in card.branches))
        yield max((f"{branch.reaction} {branch.then}" for branch in card.branches), key=len, default="")
    for item in module.items:
        yield from (item.stem, item.question, *(option.text for option in item.options))
        yield max((option.why for option in item.options), key=len, default="")


def takes_five_minutes_at_most(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if (needed := minutes(module)) > 5:
        yield Broken(
            "minutes", f"Reading and answering takes about {needed:.1f} minutes, and 5 is the most.", "Cut words or a card."
        )


def says_how_long_it_takes(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if module.minutes < (needed := minutes(module)) - 0.25:
        yield Broken(
            "minutes", f"It says {module.minutes} and takes about {needed:.1f}.", "Give the next whole minute, or cut words."
        )


def has_three_to_five_cards(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if not 3 <= len(module.cards) <= 5:
        yield Broken("cards.0", f"There are {len(module.cards)} cards.", "Have three to five.")


def each_card_is_short(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for number, card in enumerate(module.cards):
        if (count := _length(card.text, *(line.text for line in card.scene))) > 60:
            yield Broken(f"cards.{number}", f"The card has {count} words.", "Keep one idea, in at most 60 words.")
        for branch in card.branches:
            if (count := _length(branch.say, branch.reaction, branch.then)) > 60:
                yield Broken(f"cards.{number}.branches.{branch.id}", f"The branch has {count} words.", "Use at most 60.")


def has_a_branch_with_consequences(module: Module, _: Vocabulary) -> Iterator[Broken]:
    found = [(number, card) for number, card in enumerate(module.cards) if card.kind == "branch"]
    if not found:
        yield Broken("cards.0", "No card lets the mentor try a line.", "Add a “## Branch: …” card with two or three lines.")
    for number, card in found:
        yield from _branches(f"cards.{number}", card)


def _branches(path: str, card: Card) -> Iterator[Broken]:
    if not 2 <= len(card.branches) <= 4:
        yield Broken(path, f"The card has {len(card.branches)} branches.", "Offer two to four “### You say: …”.")
    for branch in card.branches:
        if not (branch.reaction and branch.then):
            what = "A branch does not say what comes of it."
            yield Broken(f"{path}.branches.{branch.id}", what, "Add “Reaction: …” and “Then: …” under it.")


def shows_an_example_first(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if all(card.kind != "example" for card in module.cards):
        yield Broken("cards.0", "No card shows a good try.", "Add an “## Example: …” card, with the reason why it works.")


def is_in_a_known_language(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if language(module.locale) is UNKNOWN:
        what = f"How hard {module.locale} is to read, and which of its words do not belong here, nobody has written down."
        yield Broken("locale", what, "Let two people read it aloud. A developer adds the language to languages.py.")


def reads_easily(module: Module, _: Vocabulary) -> Iterator[Broken]:
    """At grade eight, or what comes near to it in the module's language."""
    if what := language(module.locale).hard(_taught(module)):
        yield Broken("cards.0", what, "Use shorter words and sentences.")


def no_sentence_is_over_twenty_words(module: Module, _: Vocabulary) -> Iterator[Broken]:
    yield from _long_sentences(module, over=20, up_to=10_000, mend="Make two of it: 20 words are the most.")


def few_sentences_are_over_seventeen_words(module: Module, _: Vocabulary) -> Iterator[Broken]:
    yield from _long_sentences(module, over=17, up_to=20, mend="Shorten it if you can: 17 words read better.")


def _long_sentences(module: Module, over: int, up_to: int, mend: str) -> Iterator[Broken]:
    for path, text in parts(module):
        for sentence in sentences(text) if len(words(text)) > over else ():
            if over < (count := len(words(sentence))) <= up_to:
                yield Broken(path, f"“{_short(sentence)}” has {count} words.", mend, " ".join(sentence.split()[:3]))


def has_three_to_five_items(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if not 3 <= len(module.items) <= 5:
        yield Broken("items", f"There are {len(module.items)} questions.", "Have three to five.")
    if (count := sum(item.kind == "open" for item in module.items)) != 1:
        yield Broken("items", f"{count} questions are open.", "Have exactly one: “## Question q4 (open): …”.")


def starts_in_scenes(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if sum(bool(SCENE.search(item.stem)) for item in module.items) < 2:
        mend = "Start at least two with a named young person and an age (Ana, 15), or with quoted words."
        yield Broken("items", "Fewer than two questions start in a scene.", mend)


def offers_three_options(module: Module, _: Vocabulary) -> Iterator[Broken]:
    known = language(module.locale)
    for item in _closed(module):
        path = f"items.{item.id}"
        if len(item.options) not in (3, 4):
            yield Broken(path, f"The question has {len(item.options)} options.", "Offer three, at most four.")
        if item.kind == "single" and sum(option.right for option in item.options) != 1:
            yield Broken(path, "A single choice needs one right option.", "Mark one “- [x]”, or write (multi) in the heading.")
        if item.kind == "multi" and not 0 < sum(option.right for option in item.options) < len(item.options):
            yield Broken(path, "Some options must be right and some not.", "Mark the right ones “- [x]”.")
        for option in item.options:
            if known.catch_all.search(option.text):
                yield Broken(f"{path}.options.{option.id}", "This is nothing a mentor could say or do.", "Offer a deed or words.")


def asks_in_the_positive(module: Module, _: Vocabulary) -> Iterator[Broken]:
    known = language(module.locale)
    for item in _closed(module):
        if found := known.negative.search(QUOTED.sub("", item.question)):
            what = f"The question says “{found[0]}”."
            yield Broken(f"items.{item.id}.question", what, "Ask for what works, not for what does not.", found[0])


def every_option_says_why(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for item in _closed(module):
        for option in item.options:
            if not 6 <= (count := _length(option.why)) <= 30:
                path = f"items.{item.id}.options.{option.id}.why"
                yield Broken(path, f"The reason has {count} words.", "Write “Why: …” under the option, in 6 to 30 words.")


def every_wrong_option_names_its_mistake(module: Module, vocabulary: Vocabulary) -> Iterator[Broken]:
    for item in _closed(module):
        for option in item.options:
            path, mend = f"items.{item.id}.options.{option.id}", "End the option with a code of the vocabulary: `parroting`."
            if not option.right and option.mistake is None:
                yield Broken(path, "The wrong option names no mistake.", mend)
            elif option.right and option.mistake and item.kind != "order":
                yield Broken(path, "The right option names a mistake.", "Remove the code.", option.mistake)
            elif option.mistake and option.mistake not in vocabulary.mistakes:
                yield Broken(path, f"No skill knows the mistake {option.mistake!r}.", mend, option.mistake)


def length_gives_nothing_away(module: Module, _: Vocabulary) -> Iterator[Broken]:
    items = [item for item in _closed(module) if item.options and item.kind == "single"]
    told = [item for item in items if max(item.options, key=lambda option: len(option.text)).right]
    if items and len(told) > len(items) / 2:
        what = f"The right option is the longest in {len(told)} of {len(items)} questions."
        yield Broken(f"items.{told[0].id}", what, "Shorten right options, or fill out wrong ones.")
    for item in items:
        lengths = [len(option.text) for option in item.options]
        if max(lengths) > 1.6 * min(lengths):
            what = "The longest option is over 1.6 times as long as the shortest."
            yield Broken(f"items.{item.id}", what, "Make them alike in length.")


def safety_items_are_single_and_about_safety(module: Module, vocabulary: Vocabulary) -> Iterator[Broken]:
    for item in module.items:
        skill, path = vocabulary.skills.get(item.skill), f"items.{item.id}"
        if item.safety and item.kind != "single":
            yield Broken(path, "A safety question is a single choice.", "Remove the kind from the heading's brackets.")
        if item.safety and skill and not skill.safety:
            what = f"A safety question is about a safety skill, and {item.skill} is none."
            yield Broken(path, what, "Name one in the brackets: (safety, boundaries).")


def safety_modules_print_no_numbers(module: Module, _: Vocabulary) -> Iterator[Broken]:
    """Numbers of a place are site data; a printed one is wrong somewhere. Ages and counts below 100 are fine."""
    for path, text in parts(module) if _about_safety(module) else ():
        for found in NUMBER.findall(text):
            if len(re.sub(r"\D", "", found)) > 2 and found not in PUBLIC_NUMBERS:
                mend = "Use {state_hotline}, {staff_on_call} or {reporting_steps}; only 988 and 911 are printed."
                yield Broken(path, f"The number {found} is printed.", mend, found)


def safety_modules_are_reviewed(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if not _about_safety(module):
        return
    if len(set(module.reviewed_by)) < 2:
        yield Broken("reviewed_by", "A module with safety questions has two reviewers.", "Name both under reviewed_by.")
    reviewed, due = iso(module.reviewed_on), iso(module.review_due)
    if reviewed is None or due is None:
        yield Broken("review_due", "The dates of the review are missing.", "Give reviewed_on and review_due, each as YYYY-MM-DD.")
    elif not timedelta(0) < due - reviewed <= YEAR:
        yield Broken("review_due", "The next review is not within 12 months of the last.", "Set an earlier date.")


def stays_in_scope(module: Module, vocabulary: Vocabulary) -> Iterator[Broken]:
    skill = vocabulary.skills.get(module.skill)
    if skill and module.scope_level < skill.scope:
        yield Broken("scope_level", f"{module.skill} has scope {skill.scope}.", f"Write “scope_level: {skill.scope}”.")
    known = language(module.locale)
    for item in module.items:
        for option in item.options:
            if option.right and (found := known.out_of_scope.search(option.text)):
                what = f"A right option says “{found[0]}”: that is a professional's work."
                yield Broken(f"items.{item.id}.options.{option.id}", what, "Say what a mentor does instead.", found[0])


def knows_its_skills(module: Module, vocabulary: Vocabulary) -> Iterator[Broken]:
    named = {"skill": module.skill} | {f"items.{item.id}": item.skill for item in module.items}
    for path, skill in named.items():
        if skill not in vocabulary.skills and (path == "skill" or skill != module.skill):
            yield Broken(path, f"{skill!r} is no skill.", "Use a code of the vocabulary.", skill)


def speaks_kindly(module: Module, _: Vocabulary) -> Iterator[Broken]:
    known = language(module.locale)
    for path, text in parts(module):
        for found in known.unkind.findall(text):
            yield Broken(path, f"“{found}” talks down.", "Leave it out, or say it plainly.", found)


def has_two_prompts(module: Module, _: Vocabulary) -> Iterator[Broken]:
    if len(module.prompts) != 2:
        yield Broken(
            "prompts", f"There are {len(module.prompts)} prompts.", "Give two questions that a supervisor can say aloud."
        )
    said = {f"prompts.{number}": text for number, text in enumerate(module.prompts)}
    said |= {f"items.{item.id}.prompt": item.prompt for item in module.items if item.prompt}
    for path, text in said.items():
        if (count := _length(text)) > 15:
            yield Broken(path, f"The prompt has {count} words.", "Use at most 15: it is said aloud.")


def every_item_has_a_cue(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for item in _closed(module):
        if not item.cue:
            yield Broken(f"items.{item.id}", "The question has no cue.", "Add “Look for: …”: what to look at, not the answer.")
        elif any(option.right and _same_words(option.text, item.cue) for option in item.options):
            yield Broken(f"items.{item.id}.cue", "The cue gives the answer away.", "Say where to look, in other words.")


def every_topic_is_short(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for item in module.items:
        if (count := _length(item.topic)) > 6:
            yield Broken(f"items.{item.id}", f"The topic has {count} words.", "Use at most six: it heads the supervisor's brief.")


def uses_known_variables(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, text in parts(module):
        for name in VARIABLE.findall(text):
            if name not in VARIABLES:
                mend = f"Use {', '.join('{' + known + '}' for known in VARIABLES)}."
                yield Broken(path, f"No site has {{{name}}}.", mend, f"{{{name}}}")


def holds_no_html(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, text in parts(module):
        for found in HTML.findall(text):
            yield Broken(path, f"{found} is HTML, which is not shown.", "Use Markdown.", found)


def shows_pictures_under_headings(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, text in parts(module):
        if "![" in text:
            mend = "Put it right under a card's heading, with an empty line after it."
            yield Broken(path, "A picture among words is not shown.", mend, "![")


def nothing_is_left_to_write(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, text in (*parts(module), *(("reviewed_by", name) for name in module.reviewed_by)):
        if TO_WRITE in text:
            first, mend = text.partition("\n")[0], "Put your own words in its place."
            yield Broken(path, f"“{_short(text)}” is still to be written.", mend, first)


def overdue(module: Module, today: date) -> Iterator[Broken]:
    """A warning only: a module in use must not vanish on a date."""
    due = iso(module.review_due)
    if due and due < today:
        yield Broken("review_due", f"The review was due on {due}.", "Review it again, and give the new dates.")


def due_soon(module: Module, today: date) -> Iterator[Broken]:
    due = iso(module.review_due)
    if due and today <= due <= today + SOON:
        what = f"The next review is due {'today' if due == today else f'on {due}'}."
        yield Broken("review_due", what, "Ask the two who read it, or two others; then give the new dates.")


def iso(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


RULES: tuple[tuple[str, Level, Rule], ...] = (
    ("minutes", "error", takes_five_minutes_at_most),
    ("minutes-said", "warning", says_how_long_it_takes),
    ("cards", "error", has_three_to_five_cards),
    ("card-length", "error", each_card_is_short),
    ("branch", "error", has_a_branch_with_consequences),
    ("example", "warning", shows_an_example_first),
    ("language", "warning", is_in_a_known_language),
    ("grade", "error", reads_easily),
    ("sentence", "error", no_sentence_is_over_twenty_words),
    ("sentence-long", "warning", few_sentences_are_over_seventeen_words),
    ("items", "error", has_three_to_five_items),
    ("scenes", "error", starts_in_scenes),
    ("options", "error", offers_three_options),
    ("positive", "error", asks_in_the_positive),
    ("why", "error", every_option_says_why),
    ("mistake", "error", every_wrong_option_names_its_mistake),
    ("length-cue", "warning", length_gives_nothing_away),
    ("safety", "error", safety_items_are_single_and_about_safety),
    ("numbers", "error", safety_modules_print_no_numbers),
    ("review", "error", safety_modules_are_reviewed),
    ("scope", "error", stays_in_scope),
    ("skill", "error", knows_its_skills),
    ("wording", "warning", speaks_kindly),
    ("prompts", "error", has_two_prompts),
    ("cue", "error", every_item_has_a_cue),
    ("topic", "error", every_topic_is_short),
    ("variables", "error", uses_known_variables),
    ("html", "error", holds_no_html),
    ("picture", "error", shows_pictures_under_headings),
    ("to-write", "error", nothing_is_left_to_write),
)


def _closed(module: Module) -> Iterator[Item]:
    return (item for item in module.items if item.kind != "open")


def _about_safety(module: Module) -> bool:
    return any(item.safety for item in module.items)


def _taught(module: Module) -> Iterator[str]:
    for card in module.cards:
        yield from card_words(card)
    for item in module.items:
        yield from item_words(item)


def _length(*texts: str) -> int:
    return sum(len(words(text)) for text in texts)


def _same_words(option: str, cue: str) -> bool:
    answer, hint = ({word.lower() for word in words(text)} for text in (option, cue))
    return len(answer & hint) > 0.7 * len(answer)


def _short(sentence: str) -> str:
    return sentence if len(sentence) < 60 else f"{sentence[:57]}…"
