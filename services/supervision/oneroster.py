"""Who works here, by what a OneRoster set tells: each person with caseload, back-up and matches. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from services.supervision import oneroster_rows
from services.supervision.messages import PersonListed, Role
from services.supervision.oneroster_mapping import Mapping as Roles
from services.supervision.oneroster_rows import (
    ClassRow,
    Contact,
    EnrollmentRow,
    Kept,
    RoleRow,
    Tables,
    TermRow,
    UserRow,
)
from services.supervision.people import Known
from services.supervision.people_file import Row, Whose
from shared.contracts.supervision import Match

STAFF: tuple[Role, ...] = ("site_lead", "supervisor")  # the first that somebody has
Rows = Mapping[str, Mapping[UUID, Kept]]
NOTHING: frozenset[str] = frozenset()
NOT_TAKEN = 6  # roles that a note names


@dataclass(frozen=True, slots=True)
class Place:
    """Whom the set is for, who is known there, and which day it is."""

    whose: Whose
    known: Mapping[UUID, Known]
    mapping: Roles
    today: date


@dataclass(frozen=True, slots=True)
class Found:
    """`here`: everybody who works here, those too whose row has a fault and stays as it was."""

    rows: tuple[Row, ...]
    here: frozenset[UUID]
    notes: tuple[str, ...]


def people(rows: Rows, tables: Tables, place: Place) -> Found:
    roster = _Roster(rows, tables, place)
    found = [row for user, kinds in roster.kinds.items() for row in roster.listed(user, kinds)]
    return Found(tuple(sorted(found, key=lambda row: row.line)), roster.here, (*roster.notes(), *roster.undated()))


class _Roster:
    """One site's rows, looked up by what they refer to."""

    def __init__(self, rows: Rows, tables: Tables, place: Place) -> None:
        self.tables, self.today = tables, place.today.isoformat()
        self.whose, self.known, self.mapping = place.whose, place.known, place.mapping
        self.users = {key: row for key, row in rows["users"].items() if isinstance(row, UserRow)}
        self.terms = {key: row for key, row in rows["academicSessions"].items() if isinstance(row, TermRow)}
        self.classes = {key: row for key, row in rows["classes"].items() if isinstance(row, ClassRow)}
        self.roles = [row for row in rows["roles"].values() if isinstance(row, RoleRow)]
        orgs = self.mapping.sites.get(self.whose.site_id, ())
        self.orgs = {oneroster_rows.row_id(self.whose.site_id, "orgs", org) for org in orgs}
        self.kinds = self._kinds()
        at_work = ((user, kind) for user, kinds in self.kinds.items() for kind in kinds if kind != "young_person")
        self.here = frozenset(self.id_of(user, kind) for user, kind in at_work)
        self.members: dict[UUID, list[EnrollmentRow]] = defaultdict(list)
        self.classes_of: dict[UUID, list[EnrollmentRow]] = defaultdict(list)
        for row in rows["enrollments"].values():
            if isinstance(row, EnrollmentRow) and row.user in self.users and row.of in self.classes:
                self.members[row.of].append(row)
                self.classes_of[row.user].append(row)
        self.young_of: dict[UUID, list[UUID]] = defaultdict(list)
        self.staff_of: dict[UUID, list[UUID]] = defaultdict(list)
        for key, user in self.users.items():
            for agent in user.agents:
                kinds = self.kinds.get(key, NOTHING)
                (self.young_of if "young_person" in kinds else self.staff_of)[agent].append(key)
        self.no_start = 0

    def _kinds(self) -> dict[UUID, frozenset[str]]:
        """What each user is at this site now: a role that has ended counts no longer."""
        kinds: dict[UUID, frozenset[str]] = {}
        for key, user in self.users.items():
            self._add(kinds, key, user.role, user.orgs)
        for role in self.roles:
            if role.user in self.users and not (role.ends and role.ends < self.today):
                self._add(kinds, role.user, role.role, (role.org,) if role.org else ())
        return kinds

    def _add(self, kinds: dict[UUID, frozenset[str]], user: UUID, role: str, orgs: Iterable[UUID]) -> None:
        kind = self.mapping.roles.get(role)
        if kind and (kind == "young_person" or not self.orgs or self.orgs & set(orgs)):
            kinds[user] = _and(kinds.get(user, NOTHING), kind)

    def id_of(self, user: UUID, kind: str) -> UUID:
        return self.users[user].mentor_id if kind == "mentor" else self.users[user].staff_id

    def listed(self, user: UUID, kinds: frozenset[str]) -> list[Row]:
        """A mentor, a member of staff, or both; nobody of whom nothing but a row with a fault is known."""
        staff = next((role for role in STAFF if role in kinds), None)
        mentor: Role | None = "mentor" if "mentor" in kinds else None
        return [row for role in (mentor, staff) if role and (row := self._row(user, role))]

    def _row(self, user: UUID, role: Role) -> Row | None:
        contact, known = self._contact(user, role), self.known.get(self.id_of(user, role))
        if contact is None:
            return None
        mentor = role == "mentor"
        person = PersonListed(
            site_id=self.whose.site_id,
            reference=contact.reference,
            role=role,
            name=contact.name,
            email=contact.email,
            phone=contact.phone,
            supervisor_reference=self._supervisor(user) if mentor else None,
            back_up_reference=None if mentor else self._reference(self._staff_among(self.users[user].agents, user)),
            time_zone=known.time_zone if known else self.whose.time_zone,
            locale=known.locale if known else self.whose.locale,
            matches=self._matches(user) if mentor else (),
            source="oneroster",
        )
        return Row(contact.line, person)

    def _contact(self, user: UUID, role: Role) -> Contact | None:
        """By this set, else as the last one told."""
        told = self.tables.contacts.get(user)
        known = self.known.get(self.id_of(user, role))
        if told or known is None:
            return told
        return Contact(0, known.reference, known.name, known.email, known.phone)

    def _reference(self, user: UUID | None) -> str | None:
        contact = self._contact(user, "supervisor") if user else None
        return contact.reference if contact else None

    def _supervisor(self, mentor: UUID) -> str | None:
        """The reference. A set that names none leaves a mentor with whom they are, or else with the back-up."""
        ways = {"agents": self._by_agents, "classes": self._by_classes}
        told = next((found for way in self.mapping.caseload if (found := ways[way](mentor))), None)
        if told:
            return self._reference(told)
        known = self.known.get(self.users[mentor].mentor_id)
        last = self.known.get(known.supervisor_id) if known and known.supervisor_id else None
        back_up = self.known.get(last.back_up_id) if last and last.back_up_id else None
        return next((person.reference for person in (last, back_up) if person and self._is_here(person)), None)

    def _is_here(self, person: Known) -> bool:
        return person.person_id in self.here or (person.status == "active" and person.source != "oneroster")

    def _by_agents(self, mentor: UUID) -> UUID | None:
        return self._staff_among((*self.users[mentor].agents, *self.staff_of[mentor]), mentor)

    def _by_classes(self, mentor: UUID) -> UUID | None:
        """The primary one first; of several the same one every time."""
        others = [row for mine in self._going_on(self.classes_of[mentor]) for row in self._going_on(self.members[mine.of])]
        ordered = sorted(others, key=lambda row: (not row.primary, row.user))
        return self._staff_among((row.user for row in ordered), mentor)

    def _staff_among(self, users: Iterable[UUID], besides: UUID) -> UUID | None:
        return next((user for user in users if user != besides and not self.kinds.get(user, NOTHING).isdisjoint(STAFF)), None)

    def _going_on(self, rows: Iterable[EnrollmentRow]) -> list[EnrollmentRow]:
        return [row for row in rows if not (row.ends and row.ends < self.today)]

    def _matches(self, mentor: UUID) -> tuple[Match, ...]:
        found: dict[str, Match] = {}
        for match in (*self._by_class(mentor), *self._by_agent(mentor)):
            name = match.mentee_ref or ""
            found[name] = _together(found[name], match) if name in found else match
        return tuple(found[name] for name in sorted(found))

    def _by_class(self, mentor: UUID) -> list[Match]:
        if "classes" not in self.mapping.matches:
            return []
        return [match for mine in self.classes_of[mentor] for match in self._of_class(mine)]

    def _of_class(self, mine: EnrollmentRow) -> list[Match]:
        others = [row for row in self.members[mine.of] if row.user != mine.user]
        young = [row for row in others if "young_person" in self.kinds.get(row.user, ())]
        if len(young) > 1 and any("mentor" in self.kinds.get(row.user, ()) for row in others):
            return self._dated(None, [self._begins(mine)], [mine.ends])
        return [
            match
            for row in young
            for match in self._dated(
                self.users[row.user].mentee_ref, [self._begins(mine), self._begins(row)], [mine.ends, row.ends]
            )
        ]

    def _begins(self, row: EnrollmentRow) -> str | None:
        terms = [term.begins for key in self.classes[row.of].terms if (term := self.terms.get(key)) and term.begins]
        return row.begins or min(terms, default=None)

    def _by_agent(self, mentor: UUID) -> list[Match]:
        if "agents" not in self.mapping.matches:
            return []
        mine = [role for role in self.roles if role.user == mentor and self.mapping.roles.get(role.role) == "mentor"]
        begins = min((role.begins for role in mine if role.begins), default=None)
        return [match for key in self.young_of[mentor] for match in self._dated(self.users[key].mentee_ref, [begins], [])]

    def _dated(self, mentee_ref: str | None, begins: list[str | None], ends: list[str | None]) -> list[Match]:
        """From when both were there until one of them was not."""
        starts = [one for one in begins if one]
        if not starts:
            self.no_start += 1
            return []
        started, ended = max(starts), min((one for one in ends if one), default=None)
        return [Match(mentee_ref=mentee_ref, started_on=started, ends_on=ended)] if not ended or started <= ended else []

    def undated(self) -> tuple[str, ...]:
        words = "{:,} matches were left out, because nobody says when they began: give beginDate, or the class its term."
        return (words.format(self.no_start),) if self.no_start else ()

    def notes(self) -> tuple[str, ...]:
        """Roles that nobody has given a meaning, and users without any."""
        told = Counter(role.role for role in self.roles) + Counter(user.role for user in self.users.values() if user.role)
        left = sorted((role, count) for role, count in told.items() if role not in self.mapping.roles)
        words = ", ".join(f"“{role}” ({count:,})" for role, count in left[:NOT_TAKEN])
        with_role = {role.user for role in self.roles} | {key for key, user in self.users.items() if user.role}
        without = len(self.users) - len(with_role & set(self.users))
        notes = [f"Roles that were left out: {words}. A mapping can say what they are."] if left else []
        return (*notes, f"{without:,} users have no role, and were left out.") if without else tuple(notes)


@lru_cache(maxsize=64)
def _and(kinds: frozenset[str], kind: str) -> frozenset[str]:
    """One and the same for all users who are the same."""
    return kinds | {kind}


def _together(one: Match, other: Match) -> Match:
    """The same two in two classes: one match, as long as either."""
    ends = None if one.ends_on is None or other.ends_on is None else max(one.ends_on, other.ends_on)
    return Match(mentee_ref=one.mentee_ref, started_on=min(one.started_on, other.started_on), ends_on=ends)
