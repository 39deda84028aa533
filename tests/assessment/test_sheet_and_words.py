"""The stylesheet's promises, computed from its tokens, and the words that no page may use."""

import re
from itertools import chain
from pathlib import Path

import pytest

from services.assessment import words
from services.assessment.training import Training
from services.assessment.visits import Visit
from shared.pages import assets
from shared.pages.languages import ENGLISH
from shared.pages.site_words import fill
from tests.assessment.building import OPENED_AT, QUIZ_BY, SINGLE, assigned, planned, published, site

ROOT = Path(__file__).parents[2]
SHEET = assets()["jitt.css"].body.decode()
TEXT, EDGE = 4.5, 3.0
PAIRS = [
    *((fore, back, TEXT) for fore in ("ink", "ink-2") for back in ("paper", "surface", "sunk", "care-tint")),
    *((fore, back, TEXT) for fore in ("accent", "ok", "care", "safety") for back in ("paper", "surface")),
    *((fore, f"{fore}-tint", TEXT) for fore in ("ok", "care", "safety")),
    *((f"on-{fore}", fore, TEXT) for fore in ("accent", "safety")),
    *((fore, back, EDGE) for fore in ("edge", "focus") for back in ("paper", "surface", "safety-tint")),
]
BANNED = re.compile(r"\b(wrong|oops|incorrect|score board|great job|well done|congratulations)\b|!", re.IGNORECASE)


def tokens(block):
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", block))


LIGHT = tokens(SHEET[: SHEET.index("@media (prefers-color-scheme")])
DARK = LIGHT | tokens(SHEET[SHEET.index("@media (prefers-color-scheme") : SHEET.index("*, ::before")])


def luminance(color):
    digits = color.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_pair_of_colors_has_enough_contrast(scheme):
    low = [(fore, back) for fore, back, least in PAIRS if contrast(scheme[fore], scheme[back]) < least]
    assert low == []


def test_the_stylesheet_stays_within_twelve_kilobytes():
    assert len(SHEET.encode()) <= 12 * 1024


@pytest.mark.parametrize(
    "file",
    sorted(chain((ROOT / "services/assessment/templates").iterdir(), [ROOT / "shared/pages/error.jinja"])),
    ids=lambda f: f.name,
)
def test_no_page_scolds_praises_or_shouts(file):
    said = re.sub(r"\{[%#].*?[%#]\}|\{\{.*?\}\}|<[^>]*>", " ", file.read_text(), flags=re.DOTALL)
    assert BANNED.search(said) is None


def a_visit(**changes):
    values = {"ref": "r", "training": Training(assigned()), "now": OPENED_AT, "session": planned(), "site": site()}
    key = "reflective_listening_1/en@1"
    return Visit(**values | {"modules": {key: published(SINGLE)}} | changes)


def test_a_sites_steps_become_a_list_where_they_stand_alone():
    told = fill("Do these today:\n\n{reporting_steps}\n\nThen rest.", site())
    assert "1. Call the state hotline.\n2. Write down" in told


def test_without_a_site_a_text_still_reads_well():
    assert fill("Call {state_hotline}.", None) == "Call your state’s child protection line."


@pytest.mark.parametrize(("days", "said"), [(0, "today"), (1, "yesterday"), (13, "13 days ago"), (35, "5 weeks ago")])
def test_time_past_is_said_as_people_say_it(days, said):
    assert words.practiced(days, ENGLISH) == f"You last practiced it {said}."


def test_why_this_one_is_said_from_the_reasons_and_never_longer_than_three_sentences():
    assert words.why(a_visit()) == [
        "The plan for Thursday is a look at the goal. Saying back what you heard helps a young person feel understood.",
        "You last practiced it 5 weeks ago.",
    ]


@pytest.mark.parametrize(
    ("missed", "hold", "heading"),
    [
        (0, False, "You are ready for Thursday"),
        (2, False, "Done. Two things to talk over"),
        (1, True, "Done. Talk with your supervisor first"),
    ],
)
def test_the_last_page_says_what_comes_next(missed, hold, heading):
    assert words.ending(a_visit(), missed, hold=hold) == heading


def test_on_the_day_itself_the_session_is_said_to_be_today():
    today = a_visit(now=QUIZ_BY)
    assert today.today
    assert words.ending(today, 0, hold=False) == "You are ready for your session"
