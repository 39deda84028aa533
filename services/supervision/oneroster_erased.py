"""Takes out of what OneRoster sets say whatever tells of people who were erased: sets go on naming them. Pure."""

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.supervision.oneroster_rows import Kept, RoleRow, Tables, UserRow
from shared.privacy import NOBODY

STAFF = frozenset({"supervisor", "site_lead"})
Rows = Mapping[str, Mapping[UUID, Kept]]


def forgotten(rows: Rows, tables: Tables, erased: Container[UUID], meaning: Mapping[str, str]) -> dict[str, Mapping[UUID, Kept]]:
    """Without them, their roles and enrollments, and those of others without them as agents. Who is both a mentor and staff may
    be erased as one of the two: then the other one stays. `meaning`: a role's word -> what it is here."""
    named = {key: user for key, user in rows["users"].items() if isinstance(user, UserRow) and _barred(user, erased)}
    if not named:
        return dict(rows)
    barred = {key: _barred(user, erased) for key, user in named.items()}
    roles = {key: role for key, role in rows["roles"].items()
             if not isinstance(role, RoleRow) or meaning.get(role.role) not in barred.get(role.user, ())}  # fmt: skip
    remain = {role.user for role in roles.values() if isinstance(role, RoleRow) and role.role in meaning}
    remain |= {key for key, user in named.items() if meaning.get(user.role, "nothing") not in {"nothing", *barred[key]}}
    gone = named.keys() - remain
    found: dict[str, Mapping[UUID, Kept]] = dict(rows) | {
        "users": {key: _user(user, gone, barred.get(key, frozenset())) for key, user in rows["users"].items() if key not in gone},
        "roles": {key: role for key, role in roles.items() if _of(role) not in gone},
        "enrollments": {key: row for key, row in rows["enrollments"].items() if _of(row) not in gone},
    }
    tables.erased += sum(len(table.rows.keys() & rows[file].keys() - found[file].keys())
                         for file, table in tables.of.items() if file in found)  # fmt: skip
    return found


def _barred(user: UserRow, erased: Container[UUID]) -> frozenset[str]:
    """As what they were erased."""
    mentor = frozenset({"mentor"} if user.mentor_id == NOBODY or user.mentor_id in erased else ())
    return mentor | (STAFF if user.staff_id == NOBODY or user.staff_id in erased else frozenset())


def _user(user: Any, gone: Container[UUID], barred: frozenset[str]) -> Kept:
    ids = {"mentor_id": "mentor" in barred, "staff_id": bool(barred & STAFF)}
    changes: dict[str, object] = {name: NOBODY for name, is_gone in ids.items() if is_gone}
    if any(agent in gone for agent in user.agents):
        changes["agents"] = tuple(agent for agent in user.agents if agent not in gone)
    kept: Kept = replace(user, **changes) if changes else user
    return kept


def _of(row: Any) -> UUID:
    """Whose role or enrollment it is."""
    user: UUID = row.user
    return user
