"""Publishing, withdrawing, and one choice for each request."""

import pytest

from services.content import domain
from services.content.messages import ModuleSubmitted, ModuleWithdrawalAsked
from services.content.words import content_hash
from shared.contracts.content import Module, ModulePublished, ModuleWithdrawn, NothingSuitable
from shared.contracts.event import Refused
from tests.content.building import NOW, a_module, a_request, an_offer, facts

FIRST, SECOND = a_module(), a_module(title="Say it back")


def submitted(*modules):
    publication, events = None, []
    for module in modules:
        publication, new = domain.submitted(publication, ModuleSubmitted(module=module), NOW, None)
        events += new
    return publication, events


def withdrawal(version=None):
    return ModuleWithdrawalAsked(module_id="reflective_listening_9", locale="en", version=version)


def test_new_content_is_the_next_version():
    _, events = submitted(FIRST, SECOND)
    assert [(e.key(), e.module.title) for e in events] == [
        ("reflective_listening_9/en@1", "Say back what you heard"),
        ("reflective_listening_9/en@2", "Say it back"),
    ]


def test_the_same_content_is_no_new_version():
    publication, _ = submitted(FIRST)
    assert domain.submitted(publication, ModuleSubmitted(module=FIRST), NOW, None) == Refused("unchanged")


def test_older_content_submitted_again_is_a_new_version():
    _, events = submitted(FIRST, SECOND, FIRST)
    assert events[-1].version == 3


def test_withdrawing_takes_back_every_version():
    publication, _ = submitted(FIRST, SECOND)
    publication, events = domain.withdrawal_asked(publication, withdrawal(), NOW, None)
    assert [(type(e), e.version, e.status) for e in events] == [
        (ModuleWithdrawn, 1, "withdrawn"),
        (ModuleWithdrawn, 2, "withdrawn"),
    ]
    assert domain.withdrawal_asked(publication, withdrawal(), NOW, None) == Refused("already_withdrawn")


def test_one_version_can_be_withdrawn_alone():
    publication, _ = submitted(FIRST, SECOND)
    publication, _ = domain.withdrawal_asked(publication, withdrawal(1), NOW, None)
    assert [version.status for version in publication.versions] == ["withdrawn", "published"]


def test_withdrawn_content_submitted_again_is_the_same_version_published_again():
    publication, _ = submitted(FIRST)
    publication, _ = domain.withdrawal_asked(publication, withdrawal(), NOW, None)
    _, (event,) = domain.submitted(publication, ModuleSubmitted(module=FIRST), NOW, None)
    assert (type(event), event.version) == (ModulePublished, 1)


@pytest.mark.parametrize(("versions", "version", "reason"), [(0, None, "unknown_module"), (1, 2, "unknown_version")])
def test_what_was_never_published_cannot_be_withdrawn(versions, version, reason):
    publication, _ = submitted(*[FIRST] * versions)
    assert domain.withdrawal_asked(publication, withdrawal(version), NOW, None) == Refused(reason)


class NewerModule(Module):
    """As a later release may have it: with one more field."""

    picture: str | None = None


def test_a_field_that_a_later_release_adds_makes_no_new_version():
    assert content_hash(NewerModule.model_validate(FIRST.model_dump())) == content_hash(FIRST)
    assert content_hash(FIRST) != content_hash(SECOND)


def test_a_request_is_answered_once():
    shelf = facts(an_offer())
    learner, events = domain.requested(None, a_request(), NOW, shelf)
    assert len(events) == 1
    assert domain.requested(learner, a_request(), NOW, shelf) == Refused("already_chosen")


def test_two_requests_at_once_do_not_get_the_same_module():
    shelf = facts(an_offer())
    learner, _ = domain.requested(None, a_request(1), NOW, shelf)
    _, (second,) = domain.requested(learner, a_request(2), NOW, shelf)
    assert isinstance(second, NothingSuitable)
