"""A wrong key, from the author's command to the supervisor's brief: the hold is lifted, the mentor told, nothing doubled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.servers import url_of
from services.content.module import write
from shared.contracts.content import Module, Option
from tests.flow import kafka
from tests.flow.commands import jitt
from tests.flow.people import MISS_RULE, Learner, Supervisor, brief_of, heard, link_of, said
from tests.flow.running import eventually
from tests.flow.telling import TOPIC, binary, scheduled, soon_today
from tests.flow.town import Newcomer, Town

MODULE = "goal_setting_1"  # no other test here counts its answers
WHY = "Both ways keep the young person safe; the one you chose is the one to begin with."
WAS_WRONG_AGAIN = "The answer before was the better one after all."


@pytest.fixture
def missed(town: Town, newcomer: Newcomer) -> dict[str, Any]:
    """The answer of a mentor who was certain and missed a safety question, once the training is done."""
    session = scheduled(f"wrong-key-{newcomer.ref}", newcomer, soon_today(), activity="goal_setting")
    kafka.write(TOPIC, binary(session))
    Learner(link_of(newcomer)).walk()
    heard("assessment.events", "assessment.training_completed.v1", newcomer)
    answers = heard("assessment.events", "assessment.item_answered.v1", newcomer)
    missed = next(one for one in answers if one["safety_critical"] and not one["correct"] and one["attempt"] == 1)
    assert missed["module_id"] == MODULE
    return missed


@pytest.fixture
def file(town: Town, missed: dict[str, Any], tmp_path: Path) -> Iterator[Path]:
    """The module of that question, in which what the mentor chose is right; afterwards all is as it was before."""
    whole = httpx2.get(f"{url_of('content')}/v1/modules/{missed['module_id']}", timeout=10).json()["module"]
    module = Module.model_validate_json(httpx2.Response(200, json=whole).text)
    kept = tmp_path / f"{module.module_id}.md"
    kept.write_text(write(_with_key(module, missed["item_id"], missed["chosen"])))
    yield kept
    kept.write_text(write(module))
    jitt("content", "publish", str(kept), "--correction", WAS_WRONG_AGAIN)


def test_a_corrected_key_lifts_the_hold_tells_the_mentor_and_mends_the_brief(
    town: Town, dana: Supervisor, newcomer: Newcomer, missed: dict[str, Any], file: Path
) -> None:
    brief = brief_of(newcomer)
    dana.sees(brief, "Talk first")
    assert "suspended" in _clearances(newcomer)
    printed = jitt("content", "publish", str(file), "--correction", WHY)
    assert f"{missed['item_id']} is corrected: answers given before are graded again" in printed
    town.crash("assessment")  # in the middle of its sweep, or before, or after
    page = dana.sees(brief, "this miss no longer counts")
    assert ("Talk first" in page, WHY in page) == (False, True)
    assert eventually(lambda: _clearances(newcomer) == {"cleared"}, "the clearance is back")
    [regraded] = heard("assessment.events", "assessment.answer_regraded.v1", newcomer)
    assert (regraded["correct_before"], regraded["correct"], regraded["chosen"]) == (False, True, missed["chosen"])
    resolved = heard("supervision.alerts", "supervision.alert_resolved.v1", newcomer)
    assert [one["how"] for one in resolved if one["rule"] == MISS_RULE] == ["corrected"]
    remembered = [one for one in said("assessment.events", "assessment.skill_remembered.v1", newcomer)
                  if one["skill"] == missed["skill"]]  # fmt: skip
    newest = max(remembered, key=lambda one: one["revision"])
    assert missed["item_id"] not in [miss["item_id"] for miss in newest["open_misses"]]
    told = httpx2.get(jitt("link", "--site", newcomer.site, "--mentor", newcomer.ref).strip(), timeout=10).text
    assert "Your answer now counts as right." in told
    assert WHY in told
    assert newcomer.name in dana.look("/alerts?state=resolved")


def _clearances(newcomer: Newcomer) -> set[str]:
    newest = said("supervision.roster", "supervision.mentor_enrolled.v1", newcomer)[-1]
    return {one["state"] for one in newest["clearances"]}


def _with_key(module: Module, item_id: str, chosen: list[str]) -> Module:
    """What was right becomes a mistake, and what was chosen becomes right."""
    item = next(one for one in module.items if one.id == item_id)
    code = next(option.mistake for option in item.options if option.id in chosen)
    options = tuple(_turned(option, option.id in chosen, code) for option in item.options)
    mended = item.model_copy(update={"options": options})
    return module.model_copy(update={"items": tuple(mended if one is item else one for one in module.items)})


def _turned(option: Option, right: bool, code: str | None) -> Option:
    return option.model_copy(update={"right": right, "mistake": None if right else option.mistake or code})
