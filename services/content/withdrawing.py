"""Taking a module back and bringing it back, and what that means for mentors, in words."""

from collections.abc import Iterator, Sequence
from uuid import uuid4

from services.content import publishing
from services.content.app import SERVICE
from services.content.commands_authoring import must_find, which
from services.content.store import Listed
from shared.commands import fail, on
from shared.contracts.vocabulary import vocabulary
from shared.messaging.outcome import Outcome
from shared.running import Running

FALLBACK = "en"  # what a mentor gets whose own language has none


def withdrawn(module_id: str, locale: str, version: int | None) -> list[str]:
    """Withdraws, and says what comes of it."""
    found = must_find(module_id, locale, version)

    async def work(running: Running) -> tuple[Outcome, list[Listed]]:
        outcome = await publishing.withdraw(running, module_id, locale, version, uuid4().hex)
        return outcome, await publishing.listed(running)

    outcome, left = on(SERVICE, work)
    name = which(module_id, locale, version)
    if outcome.kind != "applied":
        return [f"Already withdrawn: {name}."]
    return [f"Withdrawn: {name}.", *meaning(found.module.skill, module_id, locale, left)]


def undone(module_id: str, locale: str, version: int | None) -> str:
    newest = must_find(module_id, locale, version or _newest(module_id, locale))
    (plan,) = on(SERVICE, lambda running: publishing.plan(running, [newest.module]))
    name = which(module_id, locale, newest.version)
    if plan.version != newest.version:
        fail(f"{name} is not the newest version, and only that comes back. `jitt content show` prints any, to be published anew.")
    if newest.status == "published":
        return f"Not withdrawn: {name}."
    on(SERVICE, lambda running: publishing.publish(running, [newest.module], uuid4().hex))
    return f"Back again: {name}. It can be chosen from now on."


def _newest(module_id: str, locale: str) -> int | None:
    """Of all versions: an older one may still be published."""
    listed = on(SERVICE, lambda running: publishing.listed(running, withdrawn=True))
    return max((each.version for each in listed if (each.module_id, each.locale) == (module_id, locale)), default=None)


def meaning(skill: str, module_id: str, locale: str, left: Sequence[Listed]) -> Iterator[str]:
    """What mentors get now: those who have it, and those whose sessions need its skill."""
    yield "Mentors who were given it keep it, with their answers and feedback. It is not chosen again."
    versions = [each.version for each in left if (each.module_id, each.locale) == (module_id, locale)]
    known = vocabulary().skills.get(skill)
    others = {place: sorted({e.module_id for e in left if (e.skill, e.locale) == (skill, place)}) for place in (locale, FALLBACK)}
    title = known.title if known else skill
    if versions:
        yield f"Sessions get version {max(versions)} from now on, which is still published. Withdraw it as well if it is wrong."
    elif others[locale]:
        yield f"Sessions that need “{title}” get {' or '.join(others[locale])} from now on."
    elif others[FALLBACK]:
        yield f"There is no other on “{title}” in {locale}: those mentors get it in English ({' or '.join(others[FALLBACK])})."
    else:
        yield f"There is no other on “{title}” in {locale}: sessions get a training on what else they need, or none."
