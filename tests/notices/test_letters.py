"""What mails say, when they say nothing, and what they never say."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from markupsafe import escape

from services.supervision import letters, letters_staff, mailing
from services.supervision.letter_desk import Letter, NotNow, NoUse
from services.supervision.mailing import From
from services.supervision.notices import KINDS, Kind
from shared.contracts.vocabulary import vocabulary
from shared.pages import languages
from shared.security import Link, read_link
from tests.notices.writing import (
    ABOUT_MARCUS,
    DANA,
    HOUR,
    LEAD,
    MARCUS,
    MENTOR,
    NOW,
    SITE,
    START,
    SUPERVISOR,
    THURSDAY,
    TO_MENTORS,
    TO_STAFF,
    TRAINING,
    letter,
    notice,
    written,
)

SENDER = From("notices@mentoring.example", "https://console.example.org")
MARIA = replace(MARCUS, name="María José Núñez", locale="es")
SHOUTS = re.compile(
    r"!|\b(great|well done|congratulations|failed|fail|score|wrong|incorrect|oops|unfortunately)\b", re.IGNORECASE
)


def whole(found: Letter) -> str:
    return " ".join([found.subject, *found.before, found.label, *found.after, *(line.words for line in found.lines), found.text])


def opened(found: Letter) -> Link:
    link = read_link(found.url.rpartition("/")[2], NOW)
    assert isinstance(link, Link)
    return link


def test_every_kind_has_its_letter() -> None:
    assert set(letters.WRITERS) == set(KINDS) == {*TO_MENTORS, *TO_STAFF}


def test_a_training_is_announced_with_the_session_the_deadline_and_one_link() -> None:
    found = letter("training")
    assert found.subject == "Thursday at 4:00 pm: your short training"
    assert found.before == (
        "Hi Marcus,",
        "You have a session on Thursday at 4:00 pm. This short training fits what is planned. "
        "Please finish it by Thursday at 1:00 pm.",
    )
    assert found.after[-1] == "Reply to this mail to reach Dana Ortiz."
    assert (opened(found).kind, opened(found).id, opened(found).mentor_id) == ("training", TRAINING, MENTOR)


def test_the_time_is_the_readers_own() -> None:
    assert letter("training", replace(MARCUS, zone="America/New_York")).subject.startswith("Thursday at 5:00 pm")
    assert letter("nudge", now=START - 4 * HOUR).subject == "Today at 4:00 pm: your training is waiting"
    assert letter("training", now=START - timedelta(days=9)).subject.startswith("Thursday, November 26 at 4:00 pm")


def test_a_link_holds_the_epoch_of_now() -> None:
    assert opened(letter("training", replace(MARCUS, link_epoch=7))).epoch == 7


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        *((kind, "training") for kind in ("training", "nudge", "last_call", "moved", "correction", "link")),
        ("check_in", "check_in"),
        ("record", "record"),
    ],
)
def test_each_mail_opens_one_thing_only(kind: Kind, link: str) -> None:
    assert opened(letter(kind)).kind == link


def test_who_asked_for_a_link_gets_one_that_works_whatever_became_of_the_training() -> None:
    over = replace(THURSDAY, starts_at=NOW - timedelta(days=20))
    assert opened(letter("link", session=over)).kind == "record"
    assert opened(letter("link", session=None)).kind == "record"


@pytest.mark.parametrize("kind", TO_MENTORS)
def test_who_wants_no_mail_gets_none(kind: Kind) -> None:
    assert written(kind, replace(MARCUS, wanted="none")) == NoUse("switched_off")
    assert written(kind, replace(MARCUS, here=False)) == NoUse("has_left")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_late_is_not_said(kind: Kind) -> None:
    found = written(kind, now=START + timedelta(days=9))
    assert isinstance(found, NoUse) and found.expired


@pytest.mark.parametrize("kind", ["training", "nudge", "last_call", "hold"])
def test_a_session_that_is_off_or_under_way_needs_no_preparing(kind: Kind) -> None:
    assert written(kind, session=replace(THURSDAY, status="cancelled")) == NoUse("session_canceled")
    assert written(kind, now=START + timedelta(minutes=1)) == NoUse("session_started", expired=True)


@pytest.mark.parametrize("kind", ["training", "nudge", "last_call"])
def test_who_has_done_the_training_is_not_reminded(kind: Kind) -> None:
    assert written(kind, session=replace(THURSDAY, done=True)) == NoUse("training_done")


def test_a_session_that_moves_keeps_its_training() -> None:
    found = letter("moved")
    assert found.subject == "Your session moved: now Thursday at 4:00 pm"
    assert "It was planned for Thursday at 3:00 pm. The training stays the same." in found.before[1]
    done = letter("moved", session=replace(THURSDAY, done=True))
    assert done.url == "" and "There is nothing else to do." in done.before[1]


def test_only_the_newest_change_is_told() -> None:
    newer = replace(THURSDAY, revision=3)
    assert written("moved", session=newer) == written("canceled", session=newer) == NoUse("changed_again")


def test_a_canceled_session_and_one_that_is_somebody_elses_now() -> None:
    assert letter("canceled").subject == "Session canceled: Thursday at 4:00 pm"
    assert letter("canceled", about={"status": "moved_away"}).subject == "Not your session any more: Thursday at 4:00 pm"


def test_a_training_that_comes_in_the_night_is_told_of_in_the_morning_unless_the_session_is_before() -> None:
    night = START.replace(hour=5)  # 11 pm on Wednesday
    assert written("training", now=night) == NotNow(START.replace(hour=13), "quiet_hours")
    early = replace(THURSDAY, starts_at=START.replace(hour=12), quiz_by=None)
    assert isinstance(written("training", now=night, session=early), Letter)


def test_many_mails_to_one_person_are_spread_but_for_alerts() -> None:
    assert written("nudge", replace(MARCUS, sent_lately=20)) == NotNow(NOW + letters.PUT_OFF, "many_at_once")
    assert isinstance(written("alert", replace(DANA, sent_lately=20)), Letter)


def test_an_alert_says_who_when_and_until_when() -> None:
    found = letter("alert")
    assert found.subject == "Talk first: Marcus Bell, Thursday at 4:00 pm"
    assert found.before == (
        "Please talk with Marcus Bell before the session on Thursday at 4:00 pm.",
        "Acknowledge it by 4:30 pm. After that the next in line is asked.",
    )
    asked = replace(ABOUT_MARCUS, rule="mentor_asked_to_talk", urgent=False, starts_at=None, acknowledge_by=None)
    assert letter("alert", alert=asked).subject == "Asked to talk: Marcus Bell"
    assert letter("escalation").before[0] == (
        "Dana Ortiz has not acknowledged an alert about Marcus Bell, open since 4:00 pm. Now it is with you."
    )


def test_an_alert_without_working_hours_left_says_whom_to_ask_and_of_no_next_in_line() -> None:
    found = letter("alert", alert=replace(ABOUT_MARCUS, with_role="on_call"))
    assert letters_staff.ON_CALL in found.before
    assert "next in line" not in " ".join((*found.before, found.text))


@pytest.mark.parametrize("kind", ["alert", "escalation"])
def test_an_alert_that_somebody_has_taken_is_not_mailed(kind: Kind) -> None:
    assert written(kind, alert=replace(ABOUT_MARCUS, state="acknowledged")) == NoUse("taken_already")
    assert written(kind, alert=replace(ABOUT_MARCUS, snoozed=True)) == NoUse("taken_already")


def test_a_day_that_waits_for_nobody_is_no_mail() -> None:
    assert letter("briefs").subject == "4:00 pm and later: 1 to talk with, 1 waiting"
    assert written("briefs", talk=0, waiting=0) == NoUse("nothing_to_do")
    assert letter("digest").subject == "This week: two things that could wait"


def test_mondays_list_of_somebody_who_is_away_leads_to_where_it_can_be_seen() -> None:
    assert letter("digest", about={"of": SUPERVISOR}).url.endswith("/digest")
    other = letter("digest", about={"of": LEAD})
    assert other.url.endswith("/alerts")
    assert "It is the list of somebody you stand in for." in other.before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reader", [None, MARIA], ids=["english", "spanish"])
def test_no_mail_names_a_skill_a_mistake_or_a_result(kind: Kind, reader: object) -> None:
    """Nor praises or blames anybody. What a letter may say is what it is given: nothing of this is among its facts."""
    words = vocabulary()
    told = whole(letter(kind, MARIA if reader and kind in TO_MENTORS else None)).casefold()
    names = {*words.skills, *(skill.title.casefold() for skill in words.skills.values()), *words.activities,
             *(activity.title.casefold() for activity in words.activities.values())}  # fmt: skip
    assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", told)]
    assert "miss" not in told and "safety" not in told and not SHOUTS.search(told)


@pytest.mark.parametrize("kind", TO_MENTORS)
def test_a_spanish_reader_reads_spanish(kind: Kind) -> None:
    english, spanish = letter(kind), letter(kind, MARIA)
    assert spanish.before[0] == "Hola, María:"
    pairs = zip((english.subject, *english.before, english.label, *english.after, english.text),
                (spanish.subject, *spanish.before, spanish.label, *spanish.after, spanish.text), strict=True)  # fmt: skip
    assert [one for one, other in pairs if one and one == other] == []
    assert "usted" not in whole(spanish).casefold()
    assert ".." not in whole(spanish)  # p.m. ends the sentence, too


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_and_texts_are_short(kind: Kind) -> None:
    for reader in (None, MARIA if kind in TO_MENTORS else None):
        found = letter(kind, reader)
        assert len(found.subject) <= 70
        assert len(found.text) <= 110


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_has_two_parts_that_say_the_same_and_headers_that_programs_go_by(kind: Kind) -> None:
    reader, off = (MARCUS, "https://console.example.org/mail/x") if kind in TO_MENTORS else (DANA, "")
    found, made = letter(kind), notice(kind)
    mail = mailing.mail(made.notice_id, made.created_at, found, reader, SENDER, off=off)
    assert mail["Message-ID"] == f"<{made.notice_id}@mentoring.example>"
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "en")
    assert str(mail["From"]) == "Eastfield Mentoring <notices@mentoring.example>"
    assert (mail["List-Unsubscribe"] is None) == (not off)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain and html
    for sentence in (*found.before, *found.after, found.url, *(line.words for line in found.lines)):
        assert sentence in plain.get_content()
        assert escape(sentence) in html.get_content()
    assert bytes(mail) == bytes(mailing.mail(made.notice_id, made.created_at, found, reader, SENDER, off=off))


def test_a_name_cannot_begin_a_header() -> None:
    sly = replace(MARCUS, name="Marcus\r\nBcc: everybody@example.org", site_name="East\nfield")
    made = notice("training")
    mail = mailing.mail(made.notice_id, made.created_at, letter("training", sly), sly, SENDER)
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in bytes(mail)


def test_a_message_id_tells_the_notice_and_nobody_elses_does() -> None:
    made = notice("training")
    assert mailing.notice_of(mailing.message_id(made.notice_id, "mentoring.example")) == made.notice_id
    assert mailing.notice_of("<CAF+x=1@mail.gmail.com>") is None


def test_the_languages_of_mails_are_those_of_the_mentors_pages() -> None:
    assert languages.codes(letters.PAGES) == languages.codes("services.assessment")
    assert SITE


NIGHT = NOW.replace(hour=6)  # midnight in Chicago
MORNING = NotNow(NIGHT.replace(hour=13), "quiet_hours")


@pytest.mark.parametrize("kind", ["alert", "escalation"])
@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, True),
        ({"acknowledge_by": None, "starts_at": None}, True),
        ({"urgent": True}, False),
        ({"acknowledge_by": NIGHT + HOUR}, False),
        ({"starts_at": NIGHT + 7 * HOUR}, False),
    ],
)
def test_at_night_staff_are_written_to_only_about_what_cannot_wait(kind: Kind, changes: dict[str, object], waits: bool) -> None:
    calm = replace(ABOUT_MARCUS, urgent=False, acknowledge_by=NIGHT + 12 * HOUR, raised_at=NIGHT)
    found = written(kind, now=NIGHT, alert=replace(calm, **changes))
    assert found == MORNING if waits else isinstance(found, Letter)
