"""`jitt content why`: what a session needed, what was chosen, and why all else was passed over."""

import json
from dataclasses import dataclass
from uuid import uuid4

import pytest

from deploy.local import stack as local
from services.content import publishing, why_words
from services.content.app import SERVICE
from services.content.choices import choice
from services.content.select import selected
from services.content.why import Named
from shared.contracts import ids
from shared.contracts.supervision import PersonErased
from shared.contracts.trigger import ContentRequested
from shared.running import Running
from tests.conftest import at_database
from tests.content.building import MENTOR, NOW, a_choice, a_module, a_need, a_past, a_request, an_offer, facts, ref
from tests.content.test_commands import jitt
from tests.content.test_wear import whole
from tests.driving import deliver

OFFERS = (
    an_offer("crisis_response_1", variables=("staff_on_call", "state_hotline")),
    an_offer(),
    an_offer("reflective_listening_2", minutes=5),
    an_offer("asking_before_advising_1"),
    an_offer("reflective_listening_3"),
)
NAMED = {(f"{one.module_id}/en", 1): Named(one.module_id.capitalize().replace("_", " "), one.variables) for one in OFFERS}
SEEN = (*whole("reflective_listening_3"), a_choice(91, 2, module_id="asking_before_advising_1"))
NEEDS = (a_need("crisis_response", 0.9), a_need(need=0.4), a_need("asking_before_advising", 0.2))


def said(request, *offers, choices=()):
    made = choice(request, NOW, selected(request, NOW, a_past(choices), facts(*offers)))
    return list(why_words.told(made, NAMED))


def test_a_choice_is_told_with_its_needs_and_all_that_was_passed_over():
    request = a_request(training_minutes=4, needs=NEEDS, site_variables=("state_hotline",), returning=(ref("q1"),))
    assert said(request, *OFFERS, choices=SEEN) == [
        "For a session on Thursday, November 26 at 6:00 am (America/Chicago): check-in.",
        "Chosen on Wednesday, November 25 at 6:00 am (America/Chicago).",
        "The module “Reflective listening 1” (reflective_listening_1, en, version 1), with 4 questions.",
        "",
        "Why",
        "  The plan calls for it: Reflective listening.",
        "  A question that was missed comes back.",
        "  The mentor last had it 30 days ago.",
        "",
        "What this session needed",
        "  1. When they may be in danger: trained a while ago, and fading, 60% likely to be remembered (need 0.90).",
        "  2. Reflective listening: trained a while ago, and fading, 60% likely to be remembered (need 0.40).",
        "  3. Asking before advising: trained a while ago, and fading, 60% likely to be remembered (need 0.20).",
        "",
        "Looked at, in this order",
        "  “Crisis response 1” (crisis_response_1, en, version 1), for a need of 0.90: "
        "waits for the site's own data: the number of staff on call.",
        "  “Reflective listening 1” (reflective_listening_1, en, version 1), for a need of 0.40: chosen.",
        "  “Reflective listening 2” (reflective_listening_2, en, version 1), for a need of 0.40: "
        "longer than the 4 minutes that the site's policy allows.",
        "  “Reflective listening 3” (reflective_listening_3, en, version 1), for a need of 0.40: "
        "shown three times whole; now only its questions come back.",
        "  “Asking before advising 1” (asking_before_advising_1, en, version 1), for a need of 0.20: "
        "shown within the last seven days.",
    ]


def test_questions_without_a_module_are_named():
    assert said(a_request(), an_offer("reflective_listening_3"), choices=SEEN)[2] == (
        "Questions only, without a module: q1 of reflective_listening_3, q2 of reflective_listening_3."
    )


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (a_request(needs=(a_need("crisis_response"),)), "No training: what would fit waits for the site's own data."),
        (a_request(training_minutes=1), "No training: none of the modules for what this session needs could be chosen."),
        (a_request(recall_only=True), "No training: nothing new was needed, and the mentor knows no question yet"),
    ],
)
def test_no_training_says_why(request_, words):
    assert said(request_, *OFFERS)[2].startswith(words)


def test_a_choice_from_before_why_was_kept_says_so():
    assert why_words.NOT_KEPT in list(why_words.told(a_choice(90, 3, module_id="reflective_listening_1"), {}))


@dataclass(frozen=True)
class Chosen:
    """A session of a mentor for whom a module was chosen; `env` is that of a command beside it."""

    request: ContentRequested
    running: Running
    env: dict[str, str]

    async def why(self, *words):
        return await jitt("why", *words, **self.env)


@pytest.fixture
async def chosen(stack: local.Stack, database):
    running = await database(SERVICE)
    async with running.connection() as conn:
        name = await conn.fetchval("SELECT current_database()")
    await publishing.publish(running, [a_module()], "run 1")
    request = a_request(session_id=ids.session("east", "booking-1"))
    await deliver(running, request)
    return Chosen(request, running, {"JITT_POSTGRES": at_database(stack.postgres, name)})


async def test_a_training_is_found_by_its_own_id_its_sessions_and_the_sites_reference(chosen):
    by_training = await chosen.why(chosen.request.request_id)
    assert (by_training.code, by_training.err) == (0, "")
    assert "  “Say back what you heard” (reflective_listening_9, en, version 1), for a need of 0.50: chosen." in by_training.out
    assert await chosen.why(chosen.request.session_id) == by_training
    assert await chosen.why("--site", "east", "--ref", "booking-1") == by_training


async def test_a_choice_that_an_older_release_wrote_is_told_the_same(chosen):
    before = await chosen.why(chosen.request.request_id)
    async with chosen.running.connection() as conn:
        await conn.execute("UPDATE choice SET why = because::jsonb, because = NULL")
    assert await chosen.why(chosen.request.request_id) == before
    assert "chosen." in before.out


async def test_programs_get_the_choice_whole(chosen):
    told = json.loads((await chosen.why(chosen.request.request_id, "--json")).out)
    assert (told["kind"], told["module"]["module_id"], told["why"]["locale"]) == ("module", "reflective_listening_9", "en")
    [candidate] = told["why"]["candidates"]
    assert (candidate["score"], candidate["probability"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("words", "code", "err"),
    [
        ((uuid4(),), 1, "Nothing was chosen for that yet."),
        (("nonsense",), 2, "“nonsense” is no id of a training or a session."),
        ((), 2, "Say which: jitt content why ID"),
        (("--site", "east"), 2, "Say which: jitt content why ID"),
    ],
)
async def test_what_cannot_be_found_says_what_to_do(chosen, words, code, err):
    answer = await chosen.why(*words)
    assert (answer.code, answer.err[: len(err)]) == (code, err)


async def test_nothing_is_told_of_a_mentor_who_was_erased(chosen):
    await deliver(chosen.running, PersonErased(mentor_id=MENTOR))
    assert (await chosen.why(chosen.request.request_id)).code == 1
