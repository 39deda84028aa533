"""Line drawings on cards: read from beside the file, told in words, and refused where they could do more than draw."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content.lint import LIBRARY, check
from services.content.module import read, write
from services.content.pictures import BACKGROUNDS, LARGEST, NAMESPACE, contrast, inspect
from services.content.words import content_hash
from shared.contracts.content import Picture
from tests.content.building import a_module

TODAY = date(2026, 11, 29)
NAME = "reflective_listening_9.md"
HEADING = "## Card: A guess\n"
SHAPE = '<path d="M4 4L20 20" fill="none" stroke="#2f86a0" stroke-width="3"/>'
ALT = "A line that goes down"


def drawing(inside: str = SHAPE, *, box: str = "0 0 200 100", root: str = "") -> str:
    return f'<svg xmlns="{NAMESPACE}" viewBox="{box}"{root}>{inside}</svg>'


def written(folder: Path, svg: bytes | str | None, *, alt: str = ALT, path: str = "pictures/line.svg") -> Path:
    """A module with a picture on its first card, and the drawing beside it."""
    (folder / "pictures").mkdir()
    if svg is not None:
        (folder / "pictures" / "line.svg").write_bytes(svg.encode() if isinstance(svg, str) else svg)
    file = folder / NAME
    file.write_text(write(a_module()).replace(HEADING, f"{HEADING}\n![{alt}]({path})\n"), "utf-8")
    return file


def findings(folder: Path, svg: bytes | str | None, **changes: str) -> list[tuple[int, str, str]]:
    found = check(written(folder, svg, **changes), TODAY).findings
    return [(finding.line, finding.rule, finding.what) for finding in found]


def line_of_picture(folder: Path) -> int:
    lines = (folder / NAME).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith("!["))


def test_a_picture_under_a_heading_comes_along_with_the_card(tmp_path):
    (draft,) = check(written(tmp_path, f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing()}\n'), TODAY).drafts
    assert draft.findings == ()
    assert draft.module.cards[0].picture == Picture(name="line", alt=ALT, svg=drawing(), width=200, height=100)
    assert draft.module.cards[0].text == "Say it as a statement.\n\n- short\n- calm"


def test_a_module_with_a_picture_keeps_every_rule(tmp_path):
    assert findings(tmp_path, drawing()) == []


def test_a_picture_reads_back_as_it_was_written(tmp_path):
    (draft,) = check(written(tmp_path, drawing(), alt='A line with a "knot"'), TODAY).drafts
    again = read(write(draft.module), NAME, lambda name: drawing().encode() if name == "line" else None)
    assert again.module == draft.module
    assert draft.module.cards[0].picture.alt == "A line with a “knot”"


@pytest.mark.parametrize(("svg", "alt"), [(drawing(box="0 0 200 99"), ALT), (drawing(), "A line that goes up")])
def test_another_drawing_or_other_words_for_it_are_another_version(tmp_path, svg, alt):
    hashes = set()
    for number, (drawn, told) in enumerate([(drawing(), ALT), (svg, alt)]):
        home = tmp_path / str(number)
        home.mkdir()
        (draft,) = check(written(home, drawn, alt=told), TODAY).drafts
        hashes.add(content_hash(draft.module))
    assert len(hashes) == 2


def test_the_folder_of_a_language_takes_pictures_from_beside_it(tmp_path):
    written(tmp_path, drawing())
    (tmp_path / "en").mkdir()
    moved = (tmp_path / NAME).rename(tmp_path / "en" / NAME)
    assert check(moved, TODAY).findings == ()


def test_a_picture_that_ships_with_jitt_needs_no_file_and_gives_way_to_an_own_one(tmp_path):
    file = written(tmp_path, None, path="pictures/two-doors.svg")
    (draft,) = check(file, TODAY).drafts
    shipped = (LIBRARY / "pictures" / "two-doors.svg").read_text("utf-8").rstrip()
    (tmp_path / "pictures" / "two-doors.svg").write_text(drawing(), "utf-8")
    (own,) = check(file, TODAY).drafts
    assert (draft.module.cards[0].picture.svg, own.module.cards[0].picture.svg) == (shipped, drawing())


@pytest.mark.parametrize(
    ("svg", "path", "what"),
    [
        (None, "pictures/line.svg", "There is no pictures/line.svg."),
        (drawing(), "pictures/../line.svg", "“pictures/../line.svg” is no picture’s name."),
        (drawing(), "https://example.org/line.svg", "“https://example.org/line.svg” is no picture’s name."),
        (drawing(), "pictures/line.png", "“pictures/line.png” is no picture’s name."),
        (drawing(SHAPE * 150), "pictures/line.svg", "pictures/line.svg is larger than 8 KiB."),
        (drawing().encode("utf-16"), "pictures/line.svg", "pictures/line.svg is not UTF-8."),
    ],
    ids=lambda value: value[-30:] if isinstance(value, str) else None,
)
def test_a_picture_that_cannot_be_taken_is_found_on_its_line(tmp_path, svg, path, what):
    found = findings(tmp_path, svg, path=path)
    assert found == [(line_of_picture(tmp_path), "format", what.replace("’", "'"))]


def test_eight_kib_are_enough_and_one_byte_more_is_too_much(tmp_path):
    full = drawing(f"<desc>{'a' * (LARGEST - len(drawing(f'<desc></desc>{SHAPE}')))}</desc>{SHAPE}")
    assert len(full) == LARGEST
    assert findings(tmp_path, full) == []
    (tmp_path / "pictures" / "line.svg").write_text(full.replace("<desc>", "<desc>b"), "utf-8")
    assert [finding.what for finding in check(tmp_path, TODAY).findings] == ["pictures/line.svg is larger than 8 KiB."]


BOMB = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + drawing("<desc>&b;</desc>")
OUTSIDE = '<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + drawing()
REFUSED = [
    (drawing("<script>alert(1)</script>"), "<script> is no shape"),
    (drawing('<style>@import "x.css";</style>'), "<style> is no shape"),
    (drawing('<image href="https://example.org/a.png"/>'), "<image> is no shape"),
    (drawing('<use href="#a"/>'), "<use> is no shape"),
    (drawing("<foreignObject/>"), "<foreignObject> is no shape"),
    (drawing('<a href="https://example.org/">' + SHAPE + "</a>"), "<a> is no shape"),
    (drawing("<text>Stop</text>"), "“Stop” is text"),
    (drawing(SHAPE + "Stop"), "“Stop” is text"),
    (drawing('<animate attributeName="x"/>'), "<animate> is no shape"),
    (drawing(root=' onload="alert(1)"'), "onload=…, which does not draw"),
    (drawing('<path d="M0 0" onclick="alert(1)"/>'), "onclick=…, which does not draw"),
    (drawing('<path d="M0 0" style="stroke: red"/>'), "style=…, which does not draw"),
    (drawing('<path d="M0 0" class="a"/>'), "class=…, which does not draw"),
    (drawing('<path d="M0 0" fill="url(https://example.org/a#b)"/>'), "The fill is “url(https"),
    (drawing('<path d="M0 0" transform="url(https://example.org/)"/>'), "transform holds more than numbers"),
    (drawing('<path d="M0 0" stroke="currentColor"/>'), "The stroke is “currentColor”"),
    (drawing('<path d="M0 0" stroke="#111111"/>'), "The stroke #111111 is hard to see"),
    (drawing('<path d="M0 0" stroke="#eeeeee"/>'), "The stroke #eeeeee is hard to see"),
    (drawing('<x:path xmlns:x="http://www.w3.org/2000/svg" d="M0 0"/>'), "<x:path> is no shape"),
    (drawing(box="0 0 281 100"), "Its size is missing, or too large"),
    (drawing(box="0 0 200 201"), "Its size is missing, or too large"),
    (drawing(box="0 0 0 100"), "Its size is missing, or too large"),
    (drawing().replace(' viewBox="0 0 200 100"', ' width="200" height="100"'), "Its size is missing, or too large"),
    (drawing().replace(f' xmlns="{NAMESPACE}"', ""), "It does not begin as an SVG"),
    ("<html/>", "It does not begin as an SVG"),
    ("<?xml-stylesheet href='a.css'?>" + drawing(), "<?xml-stylesheet …?> is no drawing"),
    (BOMB, "It declares a DTD or an entity"),
    (OUTSIDE, "It declares a DTD or an entity"),
    (drawing("<desc>&b;</desc>"), "It is not well-formed XML: undefined entity"),
    (drawing("<g>"), "It is not well-formed XML: mismatched tag"),
    ("", "It is not well-formed XML: no element found"),
]


@pytest.mark.parametrize(("svg", "what"), REFUSED, ids=[what for _, what in REFUSED])
def test_what_is_no_plain_drawing_is_refused_with_how_to_mend_it(tmp_path, svg, what):
    found = [finding for finding in check(written(tmp_path, svg), TODAY).findings if what in finding.what]
    assert [(finding.level, finding.rule, finding.line) for finding in found] == [("error", "picture", line_of_picture(tmp_path))]
    assert found[0].mend.endswith(".")


def test_a_fault_names_the_line_of_the_drawing(tmp_path):
    found = findings(tmp_path, drawing(f"\n{SHAPE}\n<blink/>\n"))
    assert found == [(line_of_picture(tmp_path), "picture", "pictures/line.svg, line 3: <blink> is no shape.")]


def test_the_same_fault_a_hundred_times_is_said_once(tmp_path):
    assert len(findings(tmp_path, drawing("<blink/>" * 100))) == 1


@pytest.mark.parametrize(("alt", "count"), [("", "0 words"), ("Line", "1 word"), ("A line, and on. " * 7, "28 words")])
def test_a_picture_is_told_in_two_to_twenty_five_words(tmp_path, alt, count):
    assert [what for _, rule, what in findings(tmp_path, drawing(), alt=alt) if rule == "picture"] == [
        f"The picture is told in {count}."
    ]


def test_a_branch_shows_no_picture(tmp_path):
    shown = Picture(name="two-doors", alt="Two doors", svg=drawing(), width=200, height=100)
    *rest, branch = a_module().cards
    made = a_module(cards=(*rest, branch.model_copy(update={"picture": shown})))
    (tmp_path / NAME).write_text(write(made), "utf-8")
    assert [finding.what for finding in check(tmp_path, TODAY).findings] == [
        "A branch shows no picture: there the mentor chooses."
    ]


def test_a_picture_among_words_is_found_where_it_stands(tmp_path):
    text = write(a_module()).replace("Say it as a statement.", "Say it as a statement.\n\n![Two doors](pictures/two-doors.svg)")
    (tmp_path / NAME).write_text(text, "utf-8")
    (found,) = check(tmp_path, TODAY).findings
    assert (found.rule, found.line) == ("picture", line_of_picture(tmp_path))


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")), st.text().map(drawing)))
def test_nothing_that_calls_itself_a_drawing_makes_a_crash(svg):
    inspected = inspect(svg)
    assert inspected.faults or inspected.box == (200, 100)


@pytest.fixture(scope="module")
def shipped():
    """The pictures' names by card, of each module in each language."""
    drafts = check(LIBRARY, TODAY).drafts
    return {
        (draft.module.module_id, draft.module.locale): [
            card.picture.name if card.picture else None for card in draft.module.cards
        ]
        for draft in drafts
    }


def test_both_languages_of_a_shipped_module_show_the_same_pictures(shipped):
    assert [module for (module, locale), names in shipped.items() if names != shipped[module, "en"]] == []


def test_every_shipped_picture_is_used(shipped):
    used = {name for names in shipped.values() for name in names if name}
    assert used == {file.stem for file in (LIBRARY / "pictures").iterdir()}


def test_contrast_is_that_of_wcag():
    assert round(contrast("#ffffff", "#000000"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert {"#f4f6f5", "#182120"} == set(BACKGROUNDS)
