"""SQL of accounts: whom an account at an issuer is, here. Roles and sites are ours; the issuer says who somebody is, only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Connection, Record

OF_EMAIL = """
SELECT person_id, site_id FROM person
WHERE lower(email) = $1 AND email IS NOT NULL AND role IN ('supervisor', 'site_lead') AND status = 'active'
UNION ALL SELECT person_id, site_id FROM network_person WHERE email = $1
"""
BIND = """
INSERT INTO account (issuer, subject, person_id, site_id)
SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[]) ON CONFLICT DO NOTHING
"""
OF_ACCOUNT = """
SELECT a.person_id, a.site_id, p.role, coalesce(s.name, a.site_id) AS place
FROM account a JOIN person p ON p.person_id = a.person_id LEFT JOIN site s ON s.site_id = p.site_id
WHERE a.issuer = $1 AND a.subject = $2 AND p.role IN ('supervisor', 'site_lead') AND p.status = 'active'
UNION ALL
SELECT a.person_id, '', n.role, '' FROM account a JOIN network_person n ON n.person_id = a.person_id
WHERE a.issuer = $1 AND a.subject = $2
"""
OF_PERSON = "SELECT issuer, subject FROM account WHERE person_id = $1"
FORGET = "DELETE FROM account WHERE person_id = ANY($1::uuid[])"
STAFF_OF_EMAIL = """
SELECT person_id FROM person WHERE lower(email) = $1 AND email IS NOT NULL AND role IN ('supervisor', 'site_lead')
UNION ALL SELECT person_id FROM network_person WHERE email = $1
"""
STAFF_OF_REFERENCE = "SELECT person_id FROM person WHERE site_id = $1 AND reference = $2 AND role IN ('supervisor', 'site_lead')"
ADD = """
INSERT INTO network_person (person_id, role, name, email) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING person_id
"""
LIST = """
SELECT n.person_id, n.role, n.name, n.email, n.added_at, a.issuer
FROM network_person n LEFT JOIN account a ON a.person_id = n.person_id ORDER BY n.role, n.name
"""
REMOVE = "DELETE FROM network_person WHERE email = $1 RETURNING person_id"


@dataclass(frozen=True, slots=True)
class Known:
    """One person that an account is: at a site, or of none (''). `place` is the site's name."""

    person_id: UUID
    site_id: str
    role: str
    place: str


async def list_of_email(conn: Connection, email: str) -> list[tuple[UUID, str]]:
    """Who may sign in and has this address: (person, site)."""
    return [(row["person_id"], row["site_id"]) for row in await conn.fetch(OF_EMAIL, email)]


async def bind(conn: Connection, issuer: str, subject: str, people: Sequence[tuple[UUID, str]]) -> None:
    """From now on the account is these people, whatever becomes of its address. Whoever has an account keeps that one."""
    await conn.execute(BIND, issuer, subject, [person for person, _ in people], [site for _, site in people])


async def list_of_account(conn: Connection, issuer: str, subject: str) -> list[Known]:
    found = [Known(*row) for row in await conn.fetch(OF_ACCOUNT, issuer, subject)]
    return sorted(found, key=lambda known: (known.place, known.role))


async def find_account(conn: Connection, person_id: UUID) -> tuple[str, str] | None:
    row = await conn.fetchrow(OF_PERSON, person_id)
    return (row["issuer"], row["subject"]) if row else None


async def forget(conn: Connection, person_ids: Sequence[UUID]) -> int:
    """How many accounts were; the next sign-in goes by the e-mail address again."""
    return int((await conn.execute(FORGET, person_ids)).removeprefix("DELETE "))


async def list_staff(conn: Connection, who: str, site_id: str) -> list[UUID]:
    """By the site's reference, or without a site by e-mail address."""
    rows = await (conn.fetch(STAFF_OF_REFERENCE, site_id, who) if site_id else conn.fetch(STAFF_OF_EMAIL, who.lower()))
    return [row["person_id"] for row in rows]


async def add_network_person(conn: Connection, person_id: UUID, role: str, name: str, email: str) -> bool:
    """False where somebody has this address already."""
    return await conn.fetchval(ADD, person_id, role, name, email) is not None


async def list_network_people(conn: Connection) -> list[Record]:
    found: list[Record] = await conn.fetch(LIST)
    return found


async def remove_network_person(conn: Connection, email: str) -> UUID | None:
    found: UUID | None = await conn.fetchval(REMOVE, email)
    return found
