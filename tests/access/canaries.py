"""What must not turn up in an answer, and whom it is about: found in the tables themselves, also in those of a newer version."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from asyncpg import Connection

from deploy import topology
from tests.access.town import SITES, Town

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
FOUND = re.compile(rf"{UUID}|zq[a-z0-9]+", re.IGNORECASE)
ROWS = """
SELECT c.relname AS name, EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'mentor_id') AS of_mentor
FROM pg_class c JOIN pg_attribute s ON s.attrelid = c.oid AND s.attname = 'site_id'
WHERE c.relnamespace = $1::text::regnamespace AND c.relkind = 'r' ORDER BY 1
"""
PUBLIC = ("site",)  # a site's own numbers are no secret
STATE = "SELECT md5(string_agg(to_jsonb(r)::text, ',' ORDER BY to_jsonb(r)::text)) FROM {} r WHERE site_id = $1"
OF_MENTORS = "SELECT md5(string_agg(to_jsonb(r)::text, ',' ORDER BY to_jsonb(r)::text)) FROM {} r WHERE mentor_id::text = ANY($1)"


@dataclass(frozen=True, slots=True)
class Whose:
    """Of a site; or of one mentor there, where everything that has it is about that one."""

    site: str
    mentor: str = ""


@dataclass
class Canaries:
    """`values`: by column name, of both sites, for requests to ask with."""

    owners: dict[str, Whose] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    mentors: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by supervisor

    def in_text(self, text: str) -> Iterable[tuple[str, Whose]]:
        for word in {found.group().lower() for found in FOUND.finditer(text)}:
            if owner := self.owners.get(word):
                yield word, owner


async def found_in(town: Town) -> Canaries:
    seen: dict[str, set[Whose]] = defaultdict(set)
    canaries = Canaries()
    columns: dict[str, set[str]] = defaultdict(set)
    async with town.running["supervision"].connection() as conn:
        for row in await conn.fetch("SELECT mentor_id::text AS mentor, supervisor_id::text AS by FROM mentor_case"):
            canaries.mentors[row["by"]].add(row["mentor"])
        staff = {row["id"] for row in await conn.fetch("SELECT person_id::text AS id FROM person WHERE role <> 'mentor'")}
        people = {row["person_id"]: row["mentor"] for row in await conn.fetch(
            "SELECT lower(split_part(name, ' ', 1)) AS person_id, person_id::text AS mentor FROM person WHERE role = 'mentor'")}
        people |= dict.fromkeys(staff, "")
    known = {mentor for whom in canaries.mentors.values() for mentor in whom}
    for service in topology.NAMES:
        async with town.running[service].connection() as conn:
            await _look(conn, service, seen, columns)
    canaries.owners = {value: whose for value, owners in seen.items() if (whose := _whose(value, owners, known, people))}
    canaries.values = {name: sorted(values)[:200] for name, values in columns.items()}
    return canaries


async def _look(conn: Connection, service: str, seen: Mapping[str, set[Whose]], columns: Mapping[str, set[str]]) -> None:
    for table in await conn.fetch(ROWS, service):
        for row in await conn.fetch(f"SELECT r.*, to_jsonb(r)::text AS whole FROM {table['name']} r"):
            mentor = str(row["mentor_id"] or "") if table["of_mentor"] else ""
            for name, value in row.items():
                if name != "whole" and value is not None and len(str(value)) < 80:
                    columns[name].add(str(value))
            if table["name"] not in PUBLIC and row["site_id"]:
                for found in FOUND.finditer(row["whole"]):
                    seen[found.group().lower()].add(Whose(row["site_id"], mentor))


def _whose(value: str, owners: set[Whose], mentors: set[str], people: Mapping[str, str]) -> Whose | None:
    sites = {one.site for one in owners}
    if len(sites) != 1:
        return None  # of nobody in particular, such as a training that both sites use
    about = {one.mentor for one in owners if one.mentor}
    alone = about.pop() if len(about) == 1 else ""
    return Whose(*sites, value if value in mentors else people.get(value, alone))


async def state(town: Town, site: str) -> dict[str, str]:
    """A digest of every table's rows of one site: the same as long as nobody has written any."""
    return {name: digest async for name, digest in _digests(town, STATE, site, of_mentors=False)}


async def state_of(town: Town, mentors: set[str]) -> dict[str, str]:
    return {name: digest async for name, digest in _digests(town, OF_MENTORS, sorted(mentors), of_mentors=True)}


async def _digests(town, statement, value, *, of_mentors):
    for service, running in town.running.items():
        async with running.connection() as conn:
            for table in await conn.fetch(ROWS, service):
                if table["of_mentor"] or not of_mentors:
                    yield f"{service}.{table['name']}", await conn.fetchval(statement.format(table["name"]), value)


__all__ = ["SITES", "Canaries", "Whose", "found_in", "state", "state_of"]
