"""What a page says to people who listen to it: not too often, and never nothing of the last thing that happened."""

from services.supervision.http_stream import BETWEEN_SENTENCES, Voice


def test_the_newest_of_what_came_too_soon_is_said_when_its_time_has_come():
    voice = Voice()
    assert voice.says(100.0, "Anton has started.") == "Anton has started."
    assert voice.says(101.0, "Anton is ready.") == ""
    assert voice.says(102.0, "Inês is ready.") == ""
    assert voice.says(100.0 + BETWEEN_SENTENCES - 0.1) == ""
    assert voice.due(100.0 + BETWEEN_SENTENCES)
    assert voice.says(100.0 + BETWEEN_SENTENCES) == "Inês is ready."
    assert not voice.due(200.0) and voice.says(200.0) == "", "said once"


def test_what_changes_without_a_sentence_is_not_said():
    assert Voice().says(100.0, "") == ""
