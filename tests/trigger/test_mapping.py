"""Whose session an entry is, and for what: by guests, words and properties; what nobody can tell."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from time import monotonic
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trigger import calendar_mapping, calendars, feeds, imports, mapping_file, mapping_words
from services.trigger.calendar_mapping import CalendarMapping, Meanings, Question, Rule, phrase
from services.trigger.calendar_parts import About
from services.trigger.imports import Asked, Meaning, Plan, Roster, Said
from services.trigger.messages import SessionMapped
from shared.contracts import ids
from shared.contracts.site import SessionCancelled
from tests.trigger.calendar_files import AUTUMN, CHICAGO, calendar, event, told

DANA, LEE = ids.mentor("eastfield", "dana"), ids.mentor("eastfield", "lee")
ALL = Asked("eastfield", activity="check_in", calendar="f1")
PEOPLE = "mentor: [{by: ATTENDEE}, {by: ORGANIZER}]"


def roster(**addresses: str) -> Roster:
    """Dana and Lee, and who has which address."""
    by_address: dict[str, frozenset[UUID]] = {}
    for ref, address in ({"dana": "dana@example.org", "lee": "lee@example.org"} | addresses).items():
        key = ids.address("eastfield", address)
        by_address[key] = by_address.get(key, frozenset()) | {ids.mentor("eastfield", ref)}
    return Roster(frozenset({DANA, LEE}), by_address)


def mapped(rules: str) -> CalendarMapping:
    return mapping_file.read(rules, "eastfield")


def meanings(data: bytes, rules: str, asked: Asked = ALL, known: Roster | None = None) -> list[Meaning]:
    mapping = mapped(rules)
    reading = calendars.read(data, CHICAGO, AUTUMN, wanted=mapping.wanted)
    found = Meanings(mapping, known or roster(), asked)
    return [found.of(i) for i in reading.instances]


def plan(data: bytes, rules: str = PEOPLE, said: Mapping[str, Said] | None = None, asked: Asked = ALL) -> Plan:
    reading = calendars.read(data, CHICAGO, AUTUMN, wanted=mapped(rules).wanted)
    return imports.plan(
        reading, asked, said or {}, AUTUMN, imports.settled(reading, meanings(data, rules, asked), said or {}, asked)
    )


def after(data: bytes, said: Mapping[str, Said] | None = None, rules: str = PEOPLE) -> dict[str, Said]:
    changes = plan(data, rules, said).changes
    return {**(said or {}), **{change.event.session_ref: change.said for change in changes}}


def with_guest(*guests: str, also: tuple[str, ...] = (), uid: str = "one", start: str = "20261006T153000") -> tuple[str, ...]:
    return event(*(f"ATTENDEE:mailto:{guest}@example.org" for guest in guests), *also, uid=uid, start=start)


def whose(lines: tuple[str, ...], rules: str) -> tuple[UUID | None, str | None]:
    (found,) = meanings(calendar(*lines), rules)
    return found.mentor_id, found.why


# Guests.


@pytest.mark.parametrize("line", [
    "ATTENDEE:mailto:dana@example.org",
    "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE:MAILTO:Dana@Example.ORG",
    'ATTENDEE;CN="Wells, Dana; mentor: 3";PARTSTAT=NEEDS-ACTION:mailto:dana@example.org',
    "ATTENDEE;CN=Dana;EMAIL=dana@example.org:urn:uuid:0f1e2d3c-0000-4000-8000-000000000000",
    "ATTENDEE;CN=Dana:mailto:dana%40example.org",
    "ATTENDEE;CUTYPE=INDIVIDUAL;CN=Dana;X-NUM-GUESTS=0:mailto:dana@ex\r\n ample.org",
    "ATTENDEE:dana@example.org",
    "ORGANIZER;CN=Dana Wells:mailto:dana@example.org",
])  # fmt: skip
def test_an_entry_is_the_session_of_the_mentor_whose_address_it_has(line: str) -> None:
    guests = ("ATTENDEE:mailto:student-4@school.example", "ATTENDEE:invalid:nomail", "ATTENDEE")
    (change,) = plan(calendar(*event(*guests, line))).changes
    assert isinstance(change.event, SessionMapped)
    assert (change.event.mentor_id, change.event.session_ref) == (DANA, f"{DANA}/one/")


def test_an_address_is_known_at_its_own_site_only() -> None:
    asked = Asked("westfield", activity="check_in", calendar="f1")
    assert [m.mentor_id for m in meanings(calendar(*with_guest("dana")), PEOPLE, asked)] == [None]


@pytest.mark.parametrize(("lines", "why"), [
    (with_guest("dana", "lee"), "several_mentors"),
    (with_guest("stranger"), "not_in_roster"),
    (event(), "no_rule"),
    (event("ATTENDEE;PARTSTAT=DECLINED:mailto:dana@example.org"), "no_rule"),
    (event("ATTENDEE;PARTSTAT=declined:mailto:lee@example.org", "ATTENDEE:mailto:x@example.org"), "not_in_roster"),
])  # fmt: skip
def test_of_two_mentors_or_none_it_is_nobodys(lines: tuple[str, ...], why: str) -> None:
    assert whose(lines, PEOPLE) == (None, why)


def test_an_address_that_two_mentors_share_says_nothing() -> None:
    (found,) = meanings(calendar(*with_guest("dana")), PEOPLE, known=roster(lee="dana@example.org"))
    assert (found.mentor_id, found.why) == (None, "several_mentors")


def test_a_guest_who_declined_is_no_guest_beside_one_who_comes() -> None:
    lines = event("ATTENDEE;PARTSTAT=DECLINED:mailto:dana@example.org", "ATTENDEE:mailto:lee@example.org")
    assert whose(lines, PEOPLE) == (LEE, None)


# Words.


@pytest.mark.parametrize(("text", "fits"), [
    ("Dana Wells", True),
    ("Session: DANA  wells!", True),
    ("Homework (dana-wells)\\, room 3", True),
    ("Dana\\nWells", True),
    ("Dana Wellsley", False),
    ("Wells Dana", False),
    ("Dana and Wells", False),
    ("danawells", False),
    ("", False),
])  # fmt: skip
def test_words_fit_whole_and_in_order_whatever_their_case_and_signs(text: str, fits: bool) -> None:
    rules = "mentor: [{by: SUMMARY, words: dana wells, is: dana}]"
    assert whose(event(f"SUMMARY:{text}"), rules) == ((DANA, None) if fits else (None, "no_rule"))


@given(st.text(alphabet="ab -É", max_size=30), st.lists(st.text("abé", min_size=1, max_size=2), min_size=1, max_size=3))
def test_words_fit_where_they_stand_between_other_words(text: str, words: list[str]) -> None:
    rule = Rule("SUMMARY", " ".join(words), len(words), ("check_in",))
    found = list(Question((rule,)).fitting(About({"SUMMARY": (text,)})))
    assert bool(found) == (f" {' '.join(words)} " in f" {phrase(text)} ")


def test_the_first_rule_that_fits_says_whose_it_is() -> None:
    rules = "mentor: [{by: LOCATION, words: library, is: lee}, {by: SUMMARY, words: dana, is: dana}, {is: lee}]"
    assert whose(event("SUMMARY:Dana", "LOCATION:Library"), rules) == (LEE, None)
    assert whose(event("SUMMARY:Dana", "LOCATION:Gym"), rules) == (DANA, None)
    assert whose(event("SUMMARY:Ines"), rules) == (LEE, None)


def test_a_rule_for_somebody_who_is_not_in_the_roster_waits_for_them() -> None:
    assert whose(event("SUMMARY:Ines"), "mentor: [{by: SUMMARY, words: ines, is: ines}]") == (None, "not_in_roster")
    assert whose(event("X-WHO:Dana Wells"), "mentor: [{by: X-WHO}]") == (None, "not_in_roster")


def test_a_property_may_hold_the_reference_itself() -> None:
    rules = "mentor: [{by: x-volunteer-id}]"
    assert whose(event("X-VOLUNTEER-ID;X-KIND=ref:lee"), rules) == (LEE, None)


def test_what_is_kept_of_rules_about_people_holds_no_name_and_no_reference() -> None:
    mapping = mapped("mentor: [{by: SUMMARY, words: Dana Wells, is: dana}, {by: LOCATION, words: Wells, is: m-17}]")
    kept = calendar_mapping.written(mapping)
    assert not [word for word in ("dana", "wells", "m-17") if word in kept.casefold()]
    assert calendar_mapping.parse(kept) == mapping
    assert "2 words kept as a hash" in "\n".join(mapping_words.rules_said(mapping))


# What it is for.

WHAT = """
mentor: [{is: dana}]
activity:
  - {by: SUMMARY, words: report card, is: report_card_review}
  - {by: X-TYPE}
focus:
  - {by: SUMMARY, words: goals, is: [goal_setting, open_questions]}
  - {by: X-FOCUS}
mode:
  - {by: LOCATION, words: zoom.us, is: virtual}
  - {by: X-GOOGLE-CONFERENCE, is: virtual}
  - {by: X-HOW}
leave_out:
  - {by: SUMMARY, words: staff meeting}
"""


@pytest.mark.parametrize(("lines", "activity", "focus", "mode"), [
    (("SUMMARY:Report Card!",), "report_card_review", (), "in_person"),
    (("SUMMARY:Report card", "X-TYPE:Homework help"), "report_card_review", (), "in_person"),
    (("X-TYPE:homework_help",), "homework_help", (), "in_person"),
    (("X-TYPE:Tea", "CATEGORIES:First meeting"), "first_meeting", (), "in_person"),
    (("CATEGORIES:Dentist",), None, (), "in_person"),
    (("SUMMARY:Our goals", "LOCATION:https://us02web.zoom.us/j/81"), "check_in", ("goal_setting", "open_questions"), "virtual"),
    (("X-FOCUS:Open questions", "X-GOOGLE-CONFERENCE:https://meet.google.com/abc"), "check_in", ("open_questions",), "virtual"),
    (("X-HOW:Online",), "check_in", (), "virtual"),
    (("X-HOW:By boat",), "check_in", (), "in_person"),
])  # fmt: skip
def test_activity_focus_and_mode_come_from_rules_then_categories_then_the_default(
    lines: tuple[str, ...], activity: str | None, focus: tuple[str, ...], mode: str
) -> None:
    assert meanings(calendar(*event(*lines)), WHAT) == [Meaning(DANA, activity, focus, mode)]  # type: ignore[arg-type]


def test_a_mentors_own_calendar_may_have_rules_for_what_its_entries_are() -> None:
    asked = Asked("eastfield", "dana", "check_in")
    (change,) = plan(calendar(*event("SUMMARY:Goals")), WHAT.replace("mentor: [{is: dana}]", ""), asked=asked).changes
    assert (change.event.session_ref, change.event.mentor_ref, change.event.focus) == (  # type: ignore[union-attr]
        "dana/one/", "dana", ("goal_setting", "open_questions"))  # fmt: skip


def test_what_is_left_out_is_no_session_and_is_called_off_where_it_was_one() -> None:
    data = calendar(*event("SUMMARY:Staff meeting"))
    found = plan(data, WHAT)
    assert (found.changes, found.needs, found.left_out) == ((), (), 1)
    before = after(calendar(*event("SUMMARY:Chat")), rules=WHAT)
    assert told(plan(data, WHAT, before)) == [("cancelled", f"{DANA}/one/", 2)]


# From one mentor to another.


def test_another_guest_ends_the_session_of_the_first_and_starts_the_seconds() -> None:
    found = plan(calendar(*with_guest("lee")), said=after(calendar(*with_guest("dana"))))
    assert sorted(told(found)) == [("cancelled", f"{DANA}/one/", 2), ("planned", f"{LEE}/one/", 1)]
    assert not found.vanished, "it is somebody's still"
    back = plan(calendar(*with_guest("dana")), said=after(calendar(*with_guest("lee")), after(calendar(*with_guest("dana")))))
    assert sorted(told(back)) == [("cancelled", f"{LEE}/one/", 2), ("planned", f"{DANA}/one/", 3)]


SERIES = with_guest("dana", also=("RRULE:FREQ=WEEKLY;COUNT=3",), uid="series")


def test_one_session_of_a_series_may_be_another_mentors() -> None:
    lees = with_guest("lee", also=("RECURRENCE-ID:20261013T203000Z",), uid="series", start="20261013T170000")
    second = "series/2026-10-13T20:30:00Z"
    for data in (calendar(*SERIES, *lees), calendar(*lees)):
        found = plan(data, said=after(calendar(*SERIES)))
        assert sorted(told(found)) == [("cancelled", f"{DANA}/{second}", 2), ("planned", f"{LEE}/{second}", 1)]


@pytest.mark.parametrize("data", [
    calendar("BEGIN:VEVENT", "UID:series", "RECURRENCE-ID:20261013T203000Z", "DTSTART:20261013T203000Z", "STATUS:CANCELLED",
             "END:VEVENT"),
    calendar(*SERIES[:-1], "EXDATE:20261013T203000Z", "END:VEVENT"),
])  # fmt: skip
def test_a_session_that_is_called_off_without_guests_is_so_for_whoever_had_it(data: bytes) -> None:
    found = plan(data, said=after(calendar(*SERIES)))
    assert told(found) == [("cancelled", f"{DANA}/series/2026-10-13T20:30:00Z", 2)]


def test_a_session_that_is_nobodys_any_more_ends_and_much_of_that_at_once_is_held() -> None:
    before = calendar(*(line for n in range(5) for line in with_guest("dana", uid=f"e{n}")))
    said = after(before)
    one = calendar(*with_guest("stranger", uid="e0"), *(line for n in range(1, 5) for line in with_guest("dana", uid=f"e{n}")))
    assert [told(plan(one, said=said)), feeds.guarded(plan(one, said=said), confirmed=False)[1]] == [
        [("cancelled", f"{DANA}/e0/", 2)], 0,
    ]  # fmt: skip
    all_of_them = plan(before, "mentor: [{by: SUMMARY, words: dana, is: dana}]", said)
    kept, held = feeds.guarded(all_of_them, confirmed=False)
    assert (len(all_of_them.changes), kept.changes, held) == (5, (), 5)


def test_everybody_changed_over_to_another_mentor_is_not_held() -> None:
    before, later = (calendar(*(line for n in range(5) for line in with_guest(who, uid=f"e{n}"))) for who in ("dana", "lee"))
    kept, held = feeds.guarded(plan(later, said=after(before)), confirmed=False)
    assert (len(kept.changes), held) == (10, 0)


def test_a_session_stays_the_same_by_whichever_way_its_mentor_is_found() -> None:
    by_words = "mentor: [{by: SUMMARY, words: d w, is: dana}]"
    data = calendar(*with_guest("dana", also=("SUMMARY:D. W.",)))
    assert told(plan(data, by_words, after(data))) == []
    own = imports.plan(calendars.read(data, CHICAGO, AUTUMN), Asked("eastfield", "dana", "check_in"), {}, AUTUMN).changes[0]
    elsewhere = Said(own.said.content, 1, own.said.starts_at, DANA, elsewhere=True)
    assert told(plan(data, said={"dana/one/": elsewhere})) == [("changed", "dana/one/", 2)]


def test_what_another_calendar_planned_is_not_called_off_until_this_one_has_told_of_it() -> None:
    (change,) = plan(calendar(*with_guest("dana"))).changes
    others = {change.event.session_ref: Said(change.said.content, 1, change.said.starts_at, DANA, elsewhere=True)}
    whole = Asked("eastfield", activity="check_in", complete=True, calendar="f1")
    assert told(plan(calendar(*with_guest("lee", uid="two")), said=others, asked=whole)) == [("planned", f"{LEE}/two/", 1)]
    same = plan(calendar(*with_guest("dana")), said=others, asked=whole)
    assert (same.changes, same.taken) == ((), tuple(others))


# Two mentors in one entry.


def test_a_session_stays_with_the_mentor_who_has_it_while_another_one_is_a_guest_too() -> None:
    said = after(calendar(*with_guest("dana")))
    both = with_guest("dana", "lee")
    assert told(plan(calendar(*both), said=said)) == []
    moved = plan(calendar(*with_guest("dana", "lee", start="20261006T170000")), said=said)
    assert told(moved) == [("moved", f"{DANA}/one/", 2)]
    assert [(need.why, need.sessions) for need in moved.needs] == [("several_mentors", 1)], "somebody is told of the second one"
    assert told(plan(calendar(*with_guest("lee")), said=after(calendar(*both), said))) == [
        ("planned", f"{LEE}/one/", 1), ("cancelled", f"{DANA}/one/", 2)]  # fmt: skip


def test_of_two_new_guests_in_place_of_the_mentor_who_had_it_it_is_neithers() -> None:
    mia = ids.mentor("eastfield", "mia")
    mias = {f"{mia}/one/": Said(b"told", 1, datetime(2026, 10, 6, 15, 30, tzinfo=CHICAGO), mia)}
    assert told(plan(calendar(*with_guest("dana", "lee")), said=mias)) == [("cancelled", f"{mia}/one/", 2)]


def test_what_another_calendar_told_of_one_of_two_guests_settles_nothing_here() -> None:
    elsewhere = {ref: replace(last, elsewhere=True) for ref, last in after(calendar(*with_guest("dana"))).items()}
    found = plan(calendar(*with_guest("dana", "lee", start="20261006T170000")), said=elsewhere)
    assert (told(found), [need.why for need in found.needs]) == ([], ["several_mentors"])


# What waits.


def test_what_waits_is_counted_with_times_and_names_of_properties_and_nothing_that_it_says() -> None:
    secret = ("SUMMARY:Ines Ortega", "LOCATION:Elm Street 4", "X-STUDENT:Leo", "DESCRIPTION:private")
    weekly = event(*secret, "ATTENDEE:mailto:leo@x.example", "CATEGORIES:Ortega", "RRULE:FREQ=WEEKLY;COUNT=5", uid="Ortega-1")
    both = with_guest("dana", "lee", uid="both")
    found = plan(calendar(*weekly, *both)).needs
    assert [(need.why, need.sessions, len(need.starts)) for need in found] == [("not_in_roster", 5, 3), ("several_mentors", 1, 1)]
    kept = mapping_words.kept(found)
    said = "\n".join(mapping_words.needs_said(mapping_words.parse(kept)))
    for word in ("ines", "ortega", "elm", "leo", "private", "x.example", "example.org"):
        assert word not in (kept + said).casefold()
    assert said.startswith("Needs mapping: 5 sessions name nobody of the roster. Planned by itself once `jitt import people`")
    assert "The first: Tue Oct 6, 2026, 3:30 pm; Tue Oct 13, 2026, 3:30 pm" in said
    assert "They have ATTENDEE, CATEGORIES, LOCATION, SUMMARY, X-STUDENT." in said


def test_of_properties_without_number_the_first_are_named_and_the_rest_counted() -> None:
    own = tuple(f"X-OWN-{n:03}:1" for n in range(300))
    (need,) = plan(calendar(*event("SUMMARY:A", f"X-{'LONG' * 50}:1", *own, uid="many"))).needs
    assert (len(need.names), need.more, "SUMMARY" in need.names, "X-OWN-000" in need.names) == (40, 262, True, True)
    kept = mapping_words.kept([need])
    assert mapping_words.parse(kept) == [need] and len(kept) < 1_000
    assert mapping_words.which(need).endswith("X-OWN-037, X-OWN-038 and 262 more.")


def test_what_was_kept_before_there_was_a_limit_is_said_whole() -> None:
    old = '[{"why":"no_rule","sessions":1,"starts":["2026-10-06T15:30:00Z"],"names":["SUMMARY"]}]'
    assert mapping_words.which(mapping_words.parse(old)[0]) == "It is on Tue Oct 6, 2026, 3:30 pm. It has SUMMARY."


def test_what_an_entry_says_is_in_no_repr_of_it() -> None:
    reading = calendars.read(calendar(*event("SUMMARY:Dana Wells")), CHICAGO, AUTUMN, wanted=frozenset({"SUMMARY"}))
    assert "Dana" not in repr(reading)


def test_without_a_mapping_nothing_of_it_is_read() -> None:
    (found,) = calendars.read(calendar(*event("SUMMARY:Dana Wells")), CHICAGO, AUTUMN).instances
    assert (dict(found.about.said), found.about.names) == ({}, ())


def test_rules_and_titles_made_to_take_long_do_not() -> None:
    rules = {"mentor": [{"by": "SUMMARY", "words": " ".join(["a"] * (n % 8 + 1)), "is": f"m{n}"} for n in range(2_000)]}
    title = f"SUMMARY:{'a ' * 5_000}"
    data = calendar(*(line for n in range(200) for line in event(title, uid=f"e{n}")))
    began = monotonic()
    assert {m.why for m in meanings(data, json.dumps(rules))} == {"not_in_roster"}
    assert monotonic() - began < 20


def test_a_mapping_is_another_one_for_a_feed_when_rules_or_roster_change() -> None:
    one, other = mapped(PEOPLE), mapped("mentor: [{by: ATTENDEE}]")
    known = [(one, roster()), (other, roster()), (one, roster(lee="lee2@example.org")), (one, Roster(frozenset({DANA})))]
    assert len({calendar_mapping.digest(mapping, mentors) for mapping, mentors in known}) == len(known)
    assert calendar_mapping.digest(one, roster()) == calendar_mapping.digest(mapped(PEOPLE), roster())


def test_events_of_a_mapped_calendar_name_no_reference() -> None:
    found = plan(calendar(*with_guest("dana")), said=after(calendar(*with_guest("lee"))))
    assert {type(change.event) for change in found.changes} == {SessionMapped, SessionCancelled}
    assert "dana" not in "".join(change.event.model_dump_json() for change in found.changes)
