"""What the console reads: rows of this schema as the screens' facts, always within one person's caseload. No writes.

Every statement about mentors takes the caller's site and caseload ($1, $2): a supervisor's own mentors, a lead's site.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision import store, store_cases
from services.supervision.reading_trainings import grouped, load_answers, load_modules, training
from services.supervision.screens.facts import (
    TALK_RULES,
    Alert,
    Contact,
    Hold,
    Meeting,
    Mentor,
    Seen,
    Sessions,
    Site,
    Staff,
    next_of,
)
from shared.contracts.assessment import SkillRemembered

STAFF = """
SELECT p.person_id, p.site_id, p.name, p.role, p.time_zone, coalesce(s.name, p.site_id) AS site_name, s.staff_on_call,
       ARRAY(SELECT l.name FROM person l
             WHERE l.site_id = p.site_id AND l.role = 'site_lead' AND l.status = 'active' ORDER BY l.name) AS leads,
       CASE WHEN p.role = 'supervisor' THEN array_remove(looked_after(p.person_id), p.person_id) ELSE '{}' END AS stands_in
FROM person p LEFT JOIN site s ON s.site_id = p.site_id
WHERE p.person_id = $1 AND p.role IN ('supervisor', 'site_lead') AND p.status = 'active'
"""
SITE = "SELECT name, phone, hotline_label, hotline_number, reporting_steps, staff_on_call FROM site WHERE site_id = $1"
MENTORS = """
SELECT c.mentor_id, c.site_id, coalesce(p.name, 'Name not known yet') AS name, coalesce(p.phone, '') AS phone,
       c.supervisor_id, b.name AS supervisor_name, c.match_started_on, c.matches
FROM mentor_case c
LEFT JOIN person p ON p.person_id = c.mentor_id
LEFT JOIN person b ON b.person_id = c.supervisor_id
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
  AND c.status = 'active'
  AND ($3::uuid[] IS NULL OR c.mentor_id = ANY($3))
ORDER BY name, c.mentor_id
"""
# `t`: the session that a training was assigned for, which keeps what became of it; another of that day may share it.
PREPARED = """
SELECT p.session_id, p.mentor_id, p.starts_at, p.quiz_by, p.status, p.activity, p.function, p.mode, p.minutes, p.session_no,
       p.training_id, p.nothing_suitable, t.locale, t.module_id, t.module_version, t.items, t.opened_at, t.completed_at, t.late,
       coalesce(t.open_answers, p.open_answers) AS open_answers,
       ARRAY(SELECT o.session_id FROM preparation o WHERE o.training_id = p.training_id AND o.mentor_id = p.mentor_id
             UNION SELECT p.session_id) AS together
FROM preparation p JOIN mentor_case c ON c.mentor_id = p.mentor_id
LEFT JOIN LATERAL (
  SELECT o.locale, o.module_id, o.module_version, o.items, o.opened_at, o.completed_at, o.late, o.open_answers
  FROM preparation o WHERE o.training_id = p.training_id AND o.mentor_id = p.mentor_id ORDER BY o.items IS NULL LIMIT 1
) t ON true
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
  AND c.status = 'active'
  AND p.status IS DISTINCT FROM 'moved_away'
"""
BETWEEN = PREPARED + " AND p.site_id = $1 AND p.starts_at >= $3 AND p.starts_at < $4 ORDER BY p.starts_at, p.session_id"
NEXT = PREPARED + " AND p.site_id = $1 AND p.starts_at >= $3 AND p.status = 'planned' ORDER BY p.starts_at LIMIT 1"
OF_TRAINING = PREPARED + " AND p.training_id = $3"
OF_SESSIONS = PREPARED + " AND p.session_id = ANY($3::uuid[])"
OF_MENTOR = PREPARED + " AND p.mentor_id = $3 ORDER BY p.starts_at DESC LIMIT 12"
COMING = """
SELECT DISTINCT ON (p.mentor_id) p.mentor_id, p.session_id, p.starts_at, p.status
FROM preparation p WHERE p.mentor_id = ANY($1::uuid[]) AND p.starts_at > now() AND p.status = 'planned'
ORDER BY p.mentor_id, p.starts_at
"""
HOLDS = """
SELECT mentor_id, module_id, version, item_id, training_id, session_id, functions
FROM hold WHERE mentor_id = ANY($1::uuid[]) AND cleared_at IS NULL ORDER BY held_at
"""
OPEN_RULES = "SELECT mentor_id, session_id, rule FROM alert WHERE mentor_id = ANY($1::uuid[]) AND resolved_at IS NULL"
CONTACT = """
SELECT k.contact_id, k.mentor_id, k.session_id, k.outcome, k.at, k.by_person, coalesce(p.name, 'Somebody') AS by_name,
       k.cleared, k.snoozed_until, k.undone_at, k.how, k.logged_at
FROM contact k LEFT JOIN person p ON p.person_id = k.by_person
"""
CONTACTS_OF_SESSIONS = CONTACT + " WHERE k.session_id = ANY($1::uuid[]) AND k.undone_at IS NULL ORDER BY k.at"
CONTACTS_OF_MENTOR = CONTACT + " WHERE k.mentor_id = $1 ORDER BY k.at DESC LIMIT 20"
CONTACTS_SINCE = (
    CONTACT
    + """
JOIN mentor_case c ON c.mentor_id = k.mentor_id
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
  AND c.status = 'active' AND k.at >= $3
ORDER BY k.at DESC
"""
)
LAST_TALKS = """
SELECT DISTINCT ON (k.mentor_id) k.contact_id, k.mentor_id, k.session_id, k.outcome, k.at, k.by_person,
       coalesce(p.name, 'Somebody') AS by_name, k.cleared, k.snoozed_until, k.undone_at, k.how, k.logged_at
FROM contact k LEFT JOIN person p ON p.person_id = k.by_person
WHERE k.mentor_id = ANY($1::uuid[]) AND k.outcome = 'talked' AND k.undone_at IS NULL
ORDER BY k.mentor_id, k.at DESC
"""
# The mentor was there, so their word comes first; where nobody has said anything it took place.
SESSIONS = """
SELECT count(*) FILTER (WHERE p.status IN ('planned', 'held') AND said.no IS NULL) AS held,
       count(*) FILTER (WHERE p.status = 'cancelled') AS canceled,
       count(*) FILTER (WHERE p.status = 'not_held' OR (p.status IN ('planned', 'held') AND said.no)) AS missed
FROM preparation p
LEFT JOIN LATERAL (
  SELECT true AS no FROM check_in k
  WHERE k.mentor_id = p.mentor_id AND k.starts_at = p.starts_at AND k.document ->> 'session_id' = p.session_id::text
    AND k.document ->> 'happened' = 'false' LIMIT 1
) said ON true
WHERE p.mentor_id = $1 AND p.starts_at < now() AND p.starts_at >= coalesce($2::date, '-infinity')
"""
SKILLS = "SELECT remembered FROM skill WHERE mentor_id = $1 ORDER BY skill"
ALERTS = """
SELECT a.alert_id, a.rule, a.severity, a.state, a.with_role, a.mentor_id, a.session_id, a.facts, a.raised_at, a.acknowledge_by,
       a.escalated_at, a.snoozed_until, taker.name AS acknowledged_by, a.acknowledged_at, closer.name AS resolved_by,
       a.resolved_at, a.how, a.note, a.rule_version, a.place, handed.name AS passed_to, a.passed_why,
       a.acknowledged_by AS taken_by,
       coalesce((SELECT z.time_zone FROM site z WHERE z.site_id = a.site_id), 'UTC') AS zone,
       coalesce((SELECT jsonb_agg(jsonb_build_object('by', e.by, 'name', coalesce(r.name, 'Somebody'), 'at', e.at) ORDER BY e.at)
                 FROM jsonb_to_recordset(a.seen) AS e (by uuid, at timestamptz)
                 LEFT JOIN person r ON r.person_id = e.by), '[]') AS seen,
       (SELECT b.name FROM person s JOIN person b ON b.person_id = s.back_up_id AND b.status = 'active'
        WHERE s.person_id = a.supervisor_id) AS back_up
FROM alert a
JOIN mentor_case c ON c.mentor_id = a.mentor_id
LEFT JOIN person handed ON handed.person_id = a.with_person
LEFT JOIN person taker ON taker.person_id = a.acknowledged_by
LEFT JOIN person closer ON closer.person_id = a.resolved_by
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
"""
ALERTS_IN_STATE = (
    ALERTS
    + """ AND a.state = $3 AND (a.state <> 'resolved' OR a.resolved_at > now() - interval '14 days')
ORDER BY a.resolved_at DESC NULLS LAST, a.severity = 'urgent' DESC, a.acknowledge_by NULLS LAST, a.alert_id LIMIT 100
"""
)
ALERTS_BY_ID = ALERTS + " AND a.alert_id = ANY($3::uuid[])"
COUNTS = """
SELECT a.state, count(*) AS number FROM alert a JOIN mentor_case c ON c.mentor_id = a.mentor_id
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
  AND a.state <> 'resolved' AND a.with_role <> 'digest'
GROUP BY a.state
"""
EXISTS = """
SELECT EXISTS (SELECT 1 FROM preparation WHERE training_id = $1) OR EXISTS (SELECT 1 FROM mentor_case WHERE mentor_id = $1)
    OR EXISTS (SELECT 1 FROM alert WHERE alert_id = $1) OR EXISTS (SELECT 1 FROM contact WHERE contact_id = $1)
"""
# A mentor's record, or the brief of a training, that was erased on request.
ERASED = "SELECT EXISTS (SELECT 1 FROM erasure WHERE site_id = $1 AND (person_id = $2 OR $2 = ANY(pages)))"
CONTACT_BY_ID = "SELECT mentor_id, session_id FROM contact WHERE contact_id = $1"
OPENED = """
SELECT p.name, max(o.at) AS at FROM brief_opened o JOIN person p ON p.person_id = o.person_id
WHERE o.training_id = $1 AND o.person_id <> $2 GROUP BY p.name ORDER BY max(o.at) DESC
"""
OPEN_ABOUT = "SELECT alert_id FROM alert WHERE mentor_id = $1 AND resolved_at IS NULL AND state = 'open' AND session_id = ANY($2)"
FACTS = TypeAdapter(dict[str, str])
SEEN = TypeAdapter(tuple[Seen, ...])


async def now(conn: Connection) -> datetime:
    at: datetime = await conn.fetchval("SELECT now()")
    return at


async def find_staff(conn: Connection, person_id: UUID) -> Staff | None:
    row = await conn.fetchrow(STAFF, person_id)
    if row is None:
        return None
    return Staff(row["person_id"], row["site_id"], row["name"], row["role"], row["time_zone"], row["site_name"],
                 tuple(row["leads"]), row["staff_on_call"], tuple(row["stands_in"]))  # fmt: skip


async def find_site(conn: Connection, site_id: str) -> Site | None:
    row = await conn.fetchrow(SITE, site_id)
    if row is None:
        return None
    return Site(row["name"], row["phone"], row["hotline_label"], row["hotline_number"], tuple(row["reporting_steps"]),
                row["staff_on_call"])  # fmt: skip


async def exists(conn: Connection, id: UUID) -> bool:
    """Whether anybody could see it: tells “another caseload” from “not found”."""
    found: bool = await conn.fetchval(EXISTS, id)
    return found


async def absent(conn: Connection, who: Staff, id: UUID) -> int:
    """The status of a page that the caller cannot see: of somebody who was erased, of another caseload, or of nothing."""
    if await conn.fetchval(ERASED, who.site_id, id):
        return 410
    return 403 if await exists(conn, id) else 404


async def list_mentors(conn: Connection, who: Staff, ids: Sequence[UUID] | None = None) -> list[Mentor]:
    return [_mentor(row) for row in await conn.fetch(MENTORS, who.site_id, who.caseload, ids)]


async def find_mentor(conn: Connection, who: Staff, mentor_id: UUID) -> Mentor | None:
    row = await conn.fetchrow(MENTORS, who.site_id, who.caseload, [mentor_id])
    return _mentor(row) if row else None


async def list_meetings(conn: Connection, who: Staff, first: datetime, last: datetime) -> list[Meeting]:
    return await _meetings(conn, who, await conn.fetch(BETWEEN, who.site_id, who.caseload, first, last))


async def find_next_meeting(conn: Connection, who: Staff, after: datetime) -> Meeting | None:
    found = await _meetings(conn, who, await conn.fetch(NEXT, who.site_id, who.caseload, after))
    return found[0] if found else None


async def find_brief(conn: Connection, who: Staff, training_id: UUID) -> Meeting | None:
    """The meeting of a training, of several on one day the next that takes place; its `training` is there."""
    found = await _meetings(conn, who, await conn.fetch(OF_TRAINING, who.site_id, who.caseload, training_id))
    return next_of(found, await now(conn)) if len(found) > 1 else next(iter(found), None)


async def list_meetings_of(conn: Connection, who: Staff, mentor_id: UUID) -> list[Meeting]:
    """The mentor's newest dozen, in time order."""
    rows = await conn.fetch(OF_MENTOR, who.site_id, who.caseload, mentor_id)
    return await _meetings(conn, who, rows[::-1])


async def coming(conn: Connection, mentors: Sequence[Mentor]) -> dict[UUID, Meeting]:
    """Each mentor's next session; only what the list says about it."""
    by_id = {mentor.id: mentor for mentor in mentors}
    rows = await conn.fetch(COMING, list(by_id))
    return {r["mentor_id"]: Meeting(r["session_id"], by_id[r["mentor_id"]], r["starts_at"], r["status"]) for r in rows}


async def last_talks(conn: Connection, mentors: Sequence[Mentor]) -> dict[UUID, Contact]:
    return {row["mentor_id"]: _contact(row) for row in await conn.fetch(LAST_TALKS, [mentor.id for mentor in mentors])}


async def held(conn: Connection, mentors: Sequence[Mentor]) -> set[UUID]:
    return {row["mentor_id"] for row in await conn.fetch(HOLDS, [mentor.id for mentor in mentors])}


async def list_contacts_about(conn: Connection, meeting: Meeting) -> list[Contact]:
    """Also of a session with the same training. Latest first."""
    rows = await conn.fetch(CONTACTS_OF_SESSIONS, [meeting.id, *meeting.together])
    return [_contact(row) for row in reversed(rows) if row["mentor_id"] == meeting.mentor.id]


async def list_contacts_with(conn: Connection, mentor_id: UUID) -> list[Contact]:
    return [_contact(row) for row in await conn.fetch(CONTACTS_OF_MENTOR, mentor_id)]


async def list_contacts_since(conn: Connection, who: Staff, since: datetime) -> list[Contact]:
    return [_contact(row) for row in await conn.fetch(CONTACTS_SINCE, who.site_id, who.caseload, since)]


async def find_contact_mentor(conn: Connection, contact_id: UUID) -> tuple[UUID, UUID | None] | None:
    """(mentor, session) of a contact."""
    row = await conn.fetchrow(CONTACT_BY_ID, contact_id)
    return (row["mentor_id"], row["session_id"]) if row else None


async def count_sessions(conn: Connection, mentor: Mentor) -> Sessions:
    """Those that are over, since the match began."""
    (row,) = await conn.fetch(SESSIONS, mentor.id, mentor.match_started_on)
    return Sessions(row["held"], row["canceled"], row["missed"])


async def list_skills(conn: Connection, mentor_id: UUID) -> list[SkillRemembered]:
    return [SkillRemembered.model_validate_json(row["remembered"]) for row in await conn.fetch(SKILLS, mentor_id)]


async def list_alerts(conn: Connection, who: Staff, state: str) -> list[Alert]:
    return await _alerts(conn, who, await conn.fetch(ALERTS_IN_STATE, who.site_id, who.caseload, state))


async def load_alerts(conn: Connection, who: Staff, ids: Iterable[UUID]) -> dict[UUID, Alert]:
    """Those of `ids` that the caller may see."""
    rows = await conn.fetch(ALERTS_BY_ID, who.site_id, who.caseload, list(ids))
    return {alert.id: alert for alert in await _alerts(conn, who, rows)}


async def list_open_alerts_about(conn: Connection, mentor_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    return [row["alert_id"] for row in await conn.fetch(OPEN_ABOUT, mentor_id, session_ids)]


async def count_alerts(conn: Connection, who: Staff) -> dict[str, int]:
    """Per state; what waits for Monday's list is not counted."""
    return {row["state"]: row["number"] for row in await conn.fetch(COUNTS, who.site_id, who.caseload)}


async def list_opened_by_others(conn: Connection, training_id: UUID, me: UUID) -> list[tuple[str, datetime]]:
    return [(row["name"], row["at"]) for row in await conn.fetch(OPENED, training_id, me)]


async def _alerts(conn: Connection, who: Staff, rows: Sequence[Record]) -> list[Alert]:
    mentors = {mentor.id: mentor for mentor in await list_mentors(conn, who, [row["mentor_id"] for row in rows])}
    sessions = [row["session_id"] for row in rows if row["session_id"]]
    meetings = await _meetings(conn, who, await conn.fetch(OF_SESSIONS, who.site_id, who.caseload, sessions))
    found = {(meeting.mentor.id, meeting.id): meeting for meeting in meetings}
    return [_alert(row, mentors[row["mentor_id"]], found.get((row["mentor_id"], row["session_id"])))
            for row in rows if row["mentor_id"] in mentors]  # fmt: skip


async def _meetings(conn: Connection, who: Staff, rows: Sequence[Record]) -> list[Meeting]:
    """Joins what several tables know about the same sessions; a handful of statements, however many rows."""
    if not rows:
        return []
    ids = list({row["mentor_id"] for row in rows})
    mentors = {mentor.id: mentor for mentor in await list_mentors(conn, who, ids)}
    answers = await load_answers(conn, [row["training_id"] for row in rows if row["training_id"]])
    modules = await load_modules(conn, rows, await store.find_site(conn, who.site_id))
    holds = grouped(await conn.fetch(HOLDS, ids), "mentor_id")
    rules = grouped(await conn.fetch(OPEN_RULES, ids), "mentor_id")
    sessions = {id for row in rows for id in row["together"]}
    contacts = {(c["session_id"], c["mentor_id"]): _contact(c) for c in await conn.fetch(CONTACTS_OF_SESSIONS, list(sessions))}
    return [
        replace(
            _meeting(row, mentors[row["mentor_id"]]),
            training=training(row, answers.get(row["training_id"], ()), modules) if row["training_id"] else None,
            holds=tuple(_hold(one) for one in holds[row["mentor_id"]]),
            open_rules=frozenset(r["rule"] for r in rules[row["mentor_id"]] if _concerns(r, row["session_id"])),
            contact=max(
                (c for id in row["together"] if (c := contacts.get((id, row["mentor_id"])))), key=lambda c: c.at, default=None
            ),
        )
        for row in rows
    ]


def _concerns(rule: Record, session_id: UUID) -> bool:
    """A call that somebody asked for concerns whatever session comes next."""
    return rule["rule"] in TALK_RULES or rule["session_id"] == session_id


def _mentor(row: Record) -> Mentor:
    return Mentor(row["mentor_id"], row["site_id"], row["name"], row["phone"], row["supervisor_id"], row["supervisor_name"],
                  row["match_started_on"], store_cases.matches_of(row["matches"], row["match_started_on"]))  # fmt: skip


def _meeting(row: Record, mentor: Mentor) -> Meeting:
    return Meeting(
        id=row["session_id"], mentor=mentor, starts_at=row["starts_at"], status=row["status"] or "planned",
        activity=row["activity"], function=row["function"], minutes=row["minutes"], mode=row["mode"],
        number=row["session_no"], nothing_suitable=row["nothing_suitable"], together=tuple(row["together"]),
    )  # fmt: skip


def _hold(row: Record) -> Hold:
    item = (row["module_id"], row["version"], row["item_id"])
    return Hold(item, row["training_id"], row["session_id"], tuple(row["functions"]))


def _contact(row: Record) -> Contact:
    return Contact(
        row["contact_id"], row["mentor_id"], row["session_id"], row["outcome"], row["at"], row["by_name"], row["by_person"],
        tuple(row["cleared"]), row["snoozed_until"], row["undone_at"], row["how"], row["logged_at"] or row["at"],
    )  # fmt: skip


def _alert(row: Record, mentor: Mentor, meeting: Meeting | None) -> Alert:
    return Alert(
        id=row["alert_id"], rule=row["rule"], severity=row["severity"], state=row["state"], with_role=row["with_role"],
        mentor=mentor, session_id=row["session_id"], facts=FACTS.validate_json(row["facts"]), raised_at=row["raised_at"],
        acknowledge_by=row["acknowledge_by"], escalated_at=row["escalated_at"], snoozed_until=row["snoozed_until"],
        acknowledged_by=row["acknowledged_by"], acknowledged_at=row["acknowledged_at"], resolved_by=row["resolved_by"],
        resolved_at=row["resolved_at"], how=row["how"], note=row["note"], meeting=meeting, rule_version=row["rule_version"],
        place=row["place"], passed_to=row["passed_to"], back_up=row["back_up"], seen=SEEN.validate_json(row["seen"]),
        passed_why=row["passed_why"], zone=row["zone"], taken_by=row["taken_by"],
    )  # fmt: skip
