"""Sites, people and copied facts: a new revision only where something changed, and older never overwrites newer."""

from typing import Any

from services.supervision import cases, people
from services.supervision.cases import Facts
from services.supervision.messages import SiteEntered
from services.supervision.people import Site, Skill
from shared.contracts import ids
from shared.contracts.assessment import SkillRemembered
from shared.contracts.event import Refused
from shared.contracts.supervision import Hotline, MentorEnrolled, SiteDescribed
from tests.supervision.builders import MENTOR, SITE, START, listed


def entered(**changes: Any) -> SiteEntered:
    values = {
        "site_id": SITE, "name": "Eastfield Mentoring", "phone": "555 555 0100", "time_zone": "America/Chicago",
        "locales": ("en",), "hotline": Hotline(label="State line", number="1 800 555 0199"),
    }  # fmt: skip
    return SiteEntered(**values | changes)


def test_a_site_is_described_once_for_each_change() -> None:
    site: Site | None = None
    told: list[Any] = []
    for event in (entered(), entered(), entered(phone="555 555 0101")):
        site, new = people.entered(site, event, START, None)
        told += new
    assert [(type(e), e.revision, e.phone) for e in told] == [
        (SiteDescribed, 1, "555 555 0100"), (SiteDescribed, 2, "555 555 0101"),
    ]  # fmt: skip


def test_nothing_new_about_a_person_is_the_same_object_and_is_not_saved() -> None:
    person, _ = people.listed(None, listed(), START, None)
    again, _ = people.listed(person, listed(), START, None)
    assert again is person
    changed, _ = people.listed(person, listed(email="marcus@example.org"), START, None)
    assert changed.row_hash != person.row_hash


def remembered(revision: int, stability: float = 3.0) -> SkillRemembered:
    return SkillRemembered(
        mentor_id=MENTOR, site_id=SITE, skill="open_questions", stability=stability, difficulty=5.0, decay=0.2,
        reviewed_at=START, revision=revision,
    )  # fmt: skip


def test_an_older_memory_never_overwrites_a_newer_one() -> None:
    kept = people.remembered(None, remembered(2), START, None)
    assert isinstance(kept, tuple)
    assert people.remembered(kept[0], remembered(1), START, None) == Refused("stale_revision")
    newer = people.remembered(kept[0], remembered(3, 9.0), START, None)
    assert isinstance(newer, tuple) and isinstance(newer[0], Skill)
    assert newer[0].remembered.stability == 9.0


def address_hashes(*emails: str | None) -> list[str | None]:
    """What the roster says, one word of the people's file after another."""
    case, said = None, []
    for email in emails:
        decided = cases.listed(case, listed(email=email), START, Facts())
        assert isinstance(decided, tuple)
        case, events = decided
        said += [event.address_hash for event in events if isinstance(event, MentorEnrolled)]
    return said


def test_the_roster_says_a_keyed_hash_of_the_address_and_only_when_it_is_another_one() -> None:
    first, second, gone = address_hashes("marcus@example.org", " Marcus@Example.ORG ", "bell@example.org", None)
    assert first == ids.address(SITE, "MARCUS@example.org") != second
    assert (len(first), gone) == (64, None)
    assert first != ids.address("westfield", "marcus@example.org")
