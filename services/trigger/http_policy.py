"""The page of a site's policy, for its leads: when mentors hear from the site, with what that means for two sessions."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.trigger import policy_examples, policy_form, policy_words, store_copies, store_imports, store_policies, zones
from services.trigger.messages import PolicyChosen
from services.trigger.policy import CHANGED_MEANWHILE, Policy, written
from services.trigger.policy_form import Typed
from shared.leads import Leads, site_of
from shared.pages import environment
from shared.platform import POLICY
from shared.running import Running
from shared.security import Signed

HERE = "Policy"
SAVED_MEANWHILE = "Version {} was saved by somebody else meanwhile. Your changes are below, on top of it."
NOTHING_KNOWN = "Nothing is known of this site here yet. Try again in a minute."
Version = Annotated[int, Query(ge=0)]


def routes(running: Running) -> APIRouter:
    shown = Leads(running, environment("services.trigger"))
    router = shown.router()
    signed_in = Annotated[Signed, Depends(shown.caller)]
    posted = Annotated[Signed, Depends(shown.poster)]

    @router.get(POLICY)
    async def page(caller: signed_in, saved: Version = 0) -> Response:
        before = await store_copies.get_policy(running.pool, site_of(caller))
        said = f"Saved as version {saved}." if saved == before.version and saved else ""
        return await drawn(shown, caller, before, policy_form.filled(before), said=said)

    @router.post(f"{POLICY}/preview")
    async def preview(request: Request, caller: posted) -> Response:
        before, typed, _ = await _typed(running, request, caller)
        return await drawn(shown, caller, before, typed)

    @router.post(POLICY)
    async def save(request: Request, caller: posted) -> Response:
        before, typed, version = await _typed(running, request, caller)
        if typed.problems:
            return await drawn(shown, caller, before, typed)
        if version != before.version or not await _saved(running, caller, typed.policy):
            newest = await store_copies.get_policy(running.pool, site_of(caller))
            return await drawn(shown, caller, newest, typed, 409, conflict=SAVED_MEANWHILE.format(newest.version))
        changed = typed.policy != before
        return RedirectResponse(f"{POLICY}?saved={before.version + changed}" if changed else POLICY, 303)

    return router


async def _typed(running: Running, request: Request, caller: Signed) -> tuple[Policy, Typed, int]:
    """The policy of now, what was typed on top of it, and the version that the page had shown."""
    form = await request.form()
    before = await store_copies.get_policy(running.pool, site_of(caller))
    version = str(form.get("version", ""))
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    return before, policy_form.read(values, before), int(version) if version.isascii() and version.isdigit() else -1


async def _saved(running: Running, caller: Signed, wanted: Policy) -> bool:
    event = PolicyChosen(site_id=site_of(caller), document=written(wanted))
    outcome = await running.submit(event, id=str(uuid4()), source=f"console/{caller.person_id}")
    if outcome.kind == "refused" and outcome.reason != CHANGED_MEANWHILE:
        raise ValueError(f"a policy that was looked at was refused: {outcome.reason}")
    return outcome.kind != "refused"


async def drawn(
    shown: Leads, caller: Signed, before: Policy, typed: Typed, status: int = 200, *, said: str = "", conflict: str = ""
) -> Response:
    site = site_of(caller)
    async with shown.running.connection() as conn:
        name = await store_imports.find_time_zone(conn, site)
        ahead = await store_policies.count_planned(conn, site)
    zone = zones.find_zone(name or "")
    examples = policy_examples.examples(typed.policy, zone, datetime.now(UTC)) if zone else ()
    return shown.page(
        caller,
        "policy.jinja",
        HERE,
        422 if typed.problems else status,
        before=before,
        typed=typed,
        messages=policy_form.MESSAGES,
        training=policy_form.TRAINING,
        examples=examples,
        unknown="" if zone else NOTHING_KNOWN,
        exceptions=list(policy_words.exceptions(before)),
        ahead=ahead,
        said=said,
        conflict=conflict,
    )
