"""What a site has not entered yet, and which trainings wait for it. No database."""

import pytest

from services.supervision.lacking import Lacking, Needing, Waiting, lacking
from services.supervision.screens import site as screen
from shared.contracts.supervision import Hotline, SiteDescribed

ALL = ("state_hotline", "reporting_steps", "staff_on_call")
NEWS = Needing("disclosure_response_1", "en", "If they tell you something scary", ALL)
CRISIS = Needing("crisis_response_1", "en", "When they want to disappear", ("staff_on_call",))
CALM = Needing("calm_presence_1", "en", "She slams the book", ("staff_on_call",))
LISTENING = Needing("reflective_listening_1", "en", "Say back what you heard", ())


def a_site(**changes):
    told = {"site_id": "east", "name": "Eastfield", "phone": "555-0100", "time_zone": "America/Chicago", "revision": 1}
    return SiteDescribed.model_validate(told | changes)


WHOLE = {
    "hotline": Hotline(label="State line", number="800-555-0199"),
    "reporting_steps": ("Call.",),
    "staff_on_call": "555-0101",
}


def test_trainings_wait_by_what_they_lack_and_one_that_lacks_nothing_does_not():
    assert lacking(a_site(reporting_steps=("Call.",)), (NEWS, CRISIS, CALM, LISTENING)) == Lacking(
        "east",
        ("state_hotline", "staff_on_call"),
        (
            Waiting(("staff_on_call",), ("She slams the book", "When they want to disappear")),
            Waiting(("state_hotline", "staff_on_call"), ("If they tell you something scary",)),
        ),
    )


def test_nothing_waits_at_a_site_that_has_entered_everything():
    assert lacking(a_site(**WHOLE), (NEWS, CRISIS)) == Lacking("east", ())


@pytest.mark.parametrize("name", ["hotline", "reporting_steps", "staff_on_call"])
def test_each_thing_that_is_missing_alone_is_missed(name):
    found = lacking(a_site(**{key: value for key, value in WHOLE.items() if key != name}), (NEWS,))
    assert (len(found.data), found.trainings) == (1, 1)


@pytest.mark.parametrize(
    ("locales", "title"),
    [(("en",), "When they want to disappear"), (("es", "en"), "Cuando quieren desaparecer"),
     (("fr",), "When they want to disappear"), (("en", "es"), "When they want to disappear")],
)  # fmt: skip
def test_a_training_is_named_once_in_a_language_of_the_site(locales, title):
    spanish = Needing("crisis_response_1", "es", "Cuando quieren desaparecer", ("staff_on_call",))
    assert lacking(a_site(locales=locales), (CRISIS, spanish)).waiting == (Waiting(("staff_on_call",), (title,)),)


def test_the_page_says_how_many_wait_for_what_and_how_to_add_it():
    site = a_site(reporting_steps=("Call.", "Then tell the lead."))
    page = screen.page(site, lacking(site, (NEWS, CRISIS, CALM)))
    assert page.heading == "Not used here yet: three trainings"
    assert [(group.sentence, group.titles) for group in page.groups] == [
        ("Two trainings need the number of staff on call.", "“She slams the book” and “When they want to disappear”."),
        ("One training needs your state’s child protection line and the number of staff on call.",
         "“If they tell you something scary”."),
    ]  # fmt: skip
    assert page.command.splitlines() == [
        "jitt site add east \\",
        '    --hotline-label "What the line is called" \\',
        '    --hotline "Its number" \\',
        '    --on-call "A number that is always answered"',
    ]
    assert not page.steps_missing, "counsel is not asked to read what is there"
    assert [row.label for row in page.rows if row.missing] == ["Child protection line", "Staff on call"]


def test_what_is_missing_is_said_although_no_training_waits_for_it():
    site = a_site(reporting_steps=("Call.",), staff_on_call="555-0101")
    page = screen.page(site, lacking(site, (LISTENING,)))
    assert (page.heading, page.missing) == ("", "Not entered yet: your state’s child protection line.")
    assert "--hotline-label" in page.command


def test_a_complete_site_has_nothing_to_add():
    page = screen.page(a_site(**WHOLE, locales=("en", "es")), lacking(a_site(**WHOLE)))
    assert (page.heading, page.missing, page.command, page.groups) == ("", "", "", ())
    assert ("Languages", ("English and Spanish",)) in [(row.label, row.lines) for row in page.rows]


def test_of_many_trainings_six_are_named_and_the_rest_counted():
    assert screen.titles(tuple(f"T{n}" for n in range(1, 9))) == "“T1”, “T2”, “T3”, “T4”, “T5”, “T6” and two more."
    assert screen.titles(("T1", "T2")) == "“T1” and “T2”."
