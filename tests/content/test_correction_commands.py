"""`jitt content publish --correction` as people type it."""

import json

import pytest

from services.content import correcting
from services.content.correcting import NotACorrection
from services.content.module import write
from tests.content.building import a_module, an_item
from tests.content.test_commands import NAME, jitt, network
from tests.content.test_corrections import MENDED, WRONG, asking, rightly

__all__ = ["network"]
WHY = "The first answer says back what was heard"


@pytest.fixture
async def file(tmp_path, network):
    """Of a module that is published with a wrong key."""
    path = tmp_path / NAME
    path.write_text(write(WRONG))
    assert (await jitt("publish", path, **network)).code == 0
    return path


async def test_a_correction_says_what_changed_and_what_follows(file, network):
    file.write_text(write(MENDED))
    dry = await jitt("publish", file, "--correction", WHY, "--dry-run", **network)
    done = await jitt("publish", file, "--correction", WHY, **network)
    follows = "  q1 is corrected: answers given before are graded again; mentors and supervisors see what changed.\n"
    assert (dry.code, done.code) == (0, 0), done.err
    assert done.out.startswith("reflective_listening_9 (en): published, version 2\n  q1: option 1 is right now (was: option 2)")
    assert done.out.endswith(follows)
    assert follows in dry.out
    again = await jitt("publish", file, "--correction", WHY, **network)
    assert (again.code, "says the same as version 2" in again.err) == (1, True)


async def test_a_program_is_told_which_questions_were_corrected(file, network):
    file.write_text(write(asking(rightly(an_item(1), "b", c="He asked for your ear, and not for any fix."))))
    [told] = json.loads((await jitt("publish", file, "--correction", WHY, "--json", **network)).out)
    assert (told["version"], told["corrected"]) == (2, ["q1"])


@pytest.mark.parametrize(("module", "why", "words"), [
    (MENDED, "  ", "Say in one sentence what was wrong"),
    (MENDED, "x" * 201, "The reason has 202 characters"),
    (asking(rightly(an_item(1), "a"), title="Another title"), WHY, "This is more than a correction of reflective_listening_9"),
    (asking(an_item(1, cue="the feeling beneath the words")), WHY, "has changed. Publish it without --correction"),
    (WRONG, WHY, "there is nothing to correct"),
])  # fmt: skip
async def test_what_is_no_correction_publishes_nothing_and_says_why(file, network, module, why, words):
    file.write_text(write(module))
    refused = await jitt("publish", file, "--correction", why, **network)
    assert (refused.code, "Nothing was published." in refused.err, words in refused.err) == (1, True, True), refused.err
    listed = json.loads((await jitt("list", "--withdrawn", "--json", **network)).out)
    assert [one["version"] for one in listed] == [1]


async def test_a_module_that_was_never_published_has_nothing_to_correct(tmp_path, network):
    path = tmp_path / NAME
    path.write_text(write(WRONG))
    refused = await jitt("publish", path, "--correction", WHY, **network)
    assert (refused.code, "was never published" in refused.err) == (1, True)


async def test_a_folder_is_no_one_module(tmp_path, network):
    for locale in ("en", "es"):
        (tmp_path / f"{locale}.md").write_text(write(a_module(locale=locale)))
    refused = await jitt("publish", tmp_path, "--correction", WHY, **network)
    assert refused.code in (1, 2)
    assert "published" not in refused.out


def test_the_sentence_is_one_line_that_ends():
    assert correcting.sentence("  It's the   first\none ") == "It’s the first one."
    with pytest.raises(NotACorrection, match="one sentence"):
        correcting.sentence("\n")
