"""One mail where one is enough, none too few: a list that grows, a day for two, a mentor who moved on, a stand-in who is back."""

from datetime import timedelta
from time import monotonic
from uuid import UUID, uuid4

from services.supervision import away
from services.supervision.away import Asked
from shared.contracts import ids
from tests.driving import fall_due
from tests.notices.server import Kept
from tests.notices.test_unheard import rounds
from tests.notices.town import Town
from tests.supervision import builders
from tests.supervision.builders import DAY, SITE, SUPERVISOR

OMAR = ids.supervisor(SITE, "omar")
PLACED = """
UPDATE alert SET asked_at = asked_at - interval '2 minutes', place_at = place_at - interval '2 minutes' WHERE place IS NULL
"""
LATER = "UPDATE notice SET sent_at = sent_at - $1::interval, handed_at = handed_at - $1::interval"


async def misses(town: Town, *numbers: int, supervisor: str = "dana") -> None:
    """Of each of these mentors a safety question, not sure of it, for a session next week; and its place in a week."""
    for number in numbers:
        mentor_id, session_id = ids.mentor(SITE, f"m{number}"), UUID(int=100 + number)
        own = {"mentor_id": mentor_id, "session_id": session_id, "starts_at": town.start + 7 * DAY}
        await town.happens(
            town.person(f"m{number}", f"Mentor {number}", supervisor_reference=supervisor),
            town.planned(**own),
            builders.answered(**own, training_id=UUID(int=200 + number), confidence=None),
        )
    await town.execute(PLACED)
    await town.execute("UPDATE mentor_case SET due_at = now() - interval '1 second' WHERE due_at IS NOT NULL")
    await fall_due(town.running, "mentor_case")


def lists(kept: Kept) -> list[str]:
    return [str(mail.message["Subject"]) for mail in kept.mails if "mentors" in str(mail.message["Subject"])]


async def waits(town: Town) -> timedelta | None:
    async with town.running.connection() as conn:
        found: timedelta | None = await conn.fetchval("SELECT max(due_at) - now() FROM notice WHERE kind = 'alert'")
    return found


async def test_a_list_that_grows_after_its_mail_is_mailed_again_an_hour_later_with_all_that_stands_on_it(
    town: Town, kept: Kept, port: int
) -> None:
    await misses(town, 1, 2, 3, 4)
    await rounds(town, port)
    assert lists(kept) == ["Please look: four mentors"]
    [one] = [mail.part("plain") for mail in kept.mails if "four mentors" in str(mail.message["Subject"])]
    assert all(f"Mentor {number}" in one for number in (1, 2, 3, 4))
    await misses(town, 5)
    await misses(town, 6)
    await rounds(town, port)
    assert lists(kept) == ["Please look: four mentors"], "within the hour it is not mailed again"
    wait = await waits(town)
    assert wait and timedelta(minutes=50) < wait <= timedelta(hours=1)
    await town.execute(LATER, timedelta(minutes=61))
    await town.all_due()
    await rounds(town, port)
    await town.execute("UPDATE notice SET due_at = now() WHERE due_at < now() + interval '1 minute'")
    await rounds(town, port)
    assert lists(kept) == ["Please look: four mentors", "Please look: six mentors"], "two more are one mail"


async def test_what_comes_up_while_a_server_takes_the_list_does_not_stand_on_it_and_is_mailed_too(
    town: Town, kept: Kept, port: int
) -> None:
    await misses(town, 1, 2, 3, 4)
    await rounds(town, port)
    await town.execute("UPDATE notice SET sent_at = now() + interval '10 seconds' WHERE state = 'sent'")  # it answers late
    await misses(town, 5)
    await rounds(town, port)
    wait = await waits(town)
    assert wait and timedelta(minutes=50) < wait <= timedelta(hours=1), "it waits for the hour, and is not dropped"


async def test_a_mail_counts_as_of_when_it_was_written_however_long_it_waits_for_its_turn(town: Town, port: int) -> None:
    await town.happens(town.assigned())
    sender = town.sender(port, mail_per_second=4.0)
    sender.pace.turn("mail.example", monotonic())
    await sender.round()
    sent = await town.one("training")
    assert sent.sent_at and sent.handed_at and sent.sent_at - sent.handed_at > timedelta(milliseconds=200)


async def test_a_deadline_within_two_hours_waits_for_no_hour(town: Town, kept: Kept, port: int) -> None:
    await misses(town, 1, 2, 3, 4)
    await rounds(town, port)
    await misses(town, 5)
    soon = "UPDATE alert SET acknowledge_by = now() + interval '110 minutes' WHERE mentor_id = $1"
    await town.execute(soon, ids.mentor(SITE, "m5"))
    await rounds(town, port)
    assert lists(kept) == ["Please look: four mentors", "Please look: five mentors"]


async def stands_in(town: Town) -> None:
    async with town.running.connection() as conn:
        today = await conn.fetchval("SELECT (now() AT TIME ZONE $1)::date", town.zone)
    await town.happens(town.person("omar", "Omar Haddad", "supervisor"))
    await away.enter(town.running, Asked(SITE, SUPERVISOR, OMAR, today, today + DAY), id=str(uuid4()))


async def test_who_stands_in_gets_one_mail_about_the_day_with_the_sessions_of_both(town: Town, kept: Kept, port: int) -> None:
    await stands_in(town)
    soon = town.start - timedelta(hours=24)
    for reference, supervisor, number in (("marcus", "dana", 1), ("zoe", "omar", 2)):
        own = {"mentor_id": ids.mentor(SITE, reference), "session_id": UUID(int=300 + number), "starts_at": soon}
        await town.happens(
            town.person(reference, reference.title(), supervisor_reference=supervisor),
            town.planned(**own, quiz_by=soon - timedelta(hours=3)),
            town.assigned(**own, training_id=UUID(int=400 + number), quiz_by=soon - timedelta(hours=3)),
        )
    await town.execute("UPDATE preparation SET due_at = now() - interval '1 second' WHERE due_at IS NOT NULL")
    await fall_due(town.running, "preparation")
    await town.all_due()
    await rounds(town, port)
    await town.all_due()
    await rounds(town, port)
    about = [mail for mail in kept.mails if mail.to == "omar@mail.example"]
    assert len(about) == 1, [str(mail.message["Subject"]) for mail in about]
    assert "Marcus" in about[0].part("plain") and "Zoe" in about[0].part("plain")


async def test_who_stands_in_gets_a_list_for_each_supervisor(town: Town, kept: Kept, port: int) -> None:
    await stands_in(town)
    await misses(town, 1, 2, 3, 4)
    await misses(town, 5, 6, 7, 8, supervisor="omar")
    for _ in range(2):
        await rounds(town, port)
        await town.all_due()
    assert lists(kept) == ["Please look: four mentors"] * 2
    one, other = [mail.part("plain") for mail in kept.mails if "four mentors" in str(mail.message["Subject"])]
    assert {"Mentor 1" in one, "Mentor 1" in other} == {"Mentor 5" in one, "Mentor 5" in other} == {True, False}


async def a_session_today(town: Town, reference: str, supervisor: str, number: int) -> None:
    """With its training, and the mail about the day that asks for its answers now."""
    soon = town.start - timedelta(hours=24)
    own = {"mentor_id": ids.mentor(SITE, reference), "session_id": UUID(int=300 + number), "starts_at": soon}
    await town.happens(
        town.person(reference, reference.title(), supervisor_reference=supervisor),
        town.planned(**own, quiz_by=soon - timedelta(hours=3)),
        town.assigned(**own, training_id=UUID(int=400 + number), quiz_by=soon - timedelta(hours=3)),
    )
    await town.execute("UPDATE preparation SET due_at = now() - interval '1 second' WHERE due_at IS NOT NULL")
    await fall_due(town.running, "preparation")
    await town.all_due()


async def test_a_day_that_becomes_theirs_after_its_mail_is_mailed_again(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.person("omar", "Omar Haddad", "supervisor"))
    await a_session_today(town, "zoe", "omar", 2)
    await rounds(town, port)
    await stands_in(town)
    await a_session_today(town, "marcus", "dana", 1)
    await rounds(town, port)
    first, second = [mail.part("plain") for mail in kept.mails if mail.to == "omar@mail.example"]
    assert "Zoe" in first and "Marcus" not in first
    assert "Zoe" in second and "Marcus" in second


async def test_a_mail_that_waits_does_not_go_to_whoever_looked_after_the_mentor_before(town: Town, kept: Kept, port: int) -> None:
    await town.happens(town.person("omar", "Omar Haddad", "supervisor"))
    await town.happens(town.assigned(), builders.answered(starts_at=town.start))
    await town.happens(town.person("marcus", "Marcus Bell", supervisor_reference="omar"))
    await rounds(town, port)
    assert [mail.to for mail in kept.mails if "Talk first" in str(mail.message["Subject"])] == ["omar@mail.example"]
    assert (await town.one("alert", SUPERVISOR)).reason == "asks_somebody_else"


async def test_a_mail_that_waited_for_who_stood_in_goes_to_whoever_is_back(town: Town, kept: Kept, port: int) -> None:
    await stands_in(town)
    await town.happens(town.assigned(), builders.answered(starts_at=town.start))
    assert (await town.one("alert", OMAR)).state == "waiting"
    await town.execute("UPDATE absence SET until_at = now()")
    await rounds(town, port)
    assert [mail.to for mail in kept.mails if "Talk first" in str(mail.message["Subject"])] == ["dana@mail.example"]
    assert (await town.one("alert", SUPERVISOR)).state == "sent"
