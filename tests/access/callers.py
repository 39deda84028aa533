"""Everybody who may ask: each with real credentials, and with what is theirs to see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from uuid import UUID

from services.supervision import http_sign_in
from shared.contracts import ids
from shared.security import AUTHOR, FIGURES, PLATFORM, Link, form_token, mint_internal, mint_link
from tests.access.asking import Request, ask
from tests.access.canaries import Canaries, Whose
from tests.access.town import LEAD, SITES, SUPERVISORS, Town, canary, mentors

LONG = timedelta(days=2)
Sees = Callable[[Whose], bool]


@dataclass(frozen=True, slots=True)
class Caller:
    """`site`: where all that this caller writes may land; "" for nowhere. `home`: the services that it has business with.

    `refs`: what stands in the paths of a mentor's pages. `mentors`: those whom it is about. `letters`: reads dead letters as they
    came, which have ids in them; no names.
    """

    name: str
    sees: Sees
    site: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)
    bearer: str = ""
    csrf: str = ""
    refs: tuple[str, ...] = ()
    mentors: frozenset[str] = frozenset()
    home: tuple[str, ...] = ()
    letters: bool = False

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        found = [(b"cookie", cookies.encode())] if cookies else []
        return (*found, *([(b"authorization", f"Bearer {self.bearer}".encode())] if self.bearer else []))

    @property
    def sent(self) -> str:
        return " ".join((*self.cookies.values(), self.bearer, *self.refs))


async def all_of(town: Town, canaries: Canaries) -> list[Caller]:
    staff = [await _staff(town, canaries, site, who) for site in SITES for who in (*SUPERVISORS, LEAD)]
    networks = [await _network(town, role) for role in (PLATFORM, AUTHOR, FIGURES)]
    systems = [caller for site in SITES for caller in (
        Caller(f"publisher of {site}", _of_site(site), site, bearer=town.publishers[site], home=("trigger",)),
        Caller(f"system of {site}", _of_site(site), site, bearer=town.systems[site], home=("supervision",)),
    )]  # fmt: skip
    links = [await _mentor(town, site, who) for site in SITES for who in mentors()]
    return [*staff, *networks, *systems, *links, await _inside(town), Caller("nobody", _nothing)]


def _nothing(_: Whose) -> bool:
    return False


def _of_site(site: str) -> Sees:
    return lambda whose: whose.site == site


def _of_mentor(site: str, mentor: str) -> Sees:
    return lambda whose: whose == Whose(site, mentor)


def _of_caseload(site: str, mine: set[str]) -> Sees:
    return lambda whose: whose.site == site and (not whose.mentor or whose.mentor in mine)


async def _staff(town: Town, canaries: Canaries, site: str, who: str) -> Caller:
    person = ids.supervisor(site, canary(site, who))
    cookies = await _signed_in(town, await http_sign_in.mint_sign_in(town.running["supervision"].pool, person))
    mine = canaries.mentors[str(person)] if who != LEAD else set().union(*(
        canaries.mentors[str(ids.supervisor(site, canary(site, by)))] for by in SUPERVISORS))  # fmt: skip
    return Caller(f"{who} of {site}", _of_caseload(site, mine), site, cookies, csrf=form_token(person), mentors=frozenset(mine),
                  home=("supervision",))  # fmt: skip


async def _network(town: Town, role: str) -> Caller:
    link = await http_sign_in.mint_platform_sign_in(town.running["supervision"].pool, role)
    return Caller(role, _nothing, cookies=await _signed_in(town, link), letters=role == PLATFORM)


async def _signed_in(town: Town, link: str) -> dict[str, str]:
    answer = await ask(town.apps["supervision"], Request("POST", "/" + link.split("/", 3)[3]))
    assert answer.status == 303, answer.text
    return {name: morsel.value for line in answer.cookies for name, morsel in SimpleCookie(line).items()}


async def _mentor(town: Town, site: str, who: str) -> Caller:
    mentor, assessment = ids.mentor(site, canary(site, who)), town.running["assessment"]
    trainings = [row["id"] for row in await assessment.pool.fetch("SELECT id FROM training WHERE mentor_id = $1", mentor)]
    sessions = [row["session_id"] for row in await assessment.pool.fetch(
        "SELECT session_id FROM planned_session WHERE document ->> 'mentor_id' = $1", str(mentor))]  # fmt: skip
    epoch = await town.running["supervision"].pool.fetchval("SELECT link_epoch FROM mentor_case WHERE mentor_id = $1", mentor)
    links = [Link("training", id, mentor, epoch) for id in trainings] + [Link("check_in", id, mentor, epoch) for id in sessions]
    links += [Link("record", mentor, mentor, epoch), Link("calendar", mentor, mentor, epoch)]
    refs = tuple(mint_link(link, town.now + LONG) for link in links)
    return Caller(f"{who} of {site}, by link", _of_mentor(site, str(mentor)), site, refs=refs, mentors=frozenset({str(mentor)}),
                  home=("assessment",))  # fmt: skip


async def _inside(town: Town) -> Caller:
    """What supervision sends to assessment, for one training."""
    row = await town.running["assessment"].pool.fetchrow("SELECT id, site_id, mentor_id FROM training ORDER BY id LIMIT 1")
    token = mint_internal("open-answers", row["id"], UUID(int=1), town.now + LONG)
    sees = _of_mentor(row["site_id"], str(row["mentor_id"]))
    return Caller("supervision, for one training", sees, row["site_id"], bearer=token)
