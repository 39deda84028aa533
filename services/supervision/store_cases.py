"""SQL of mentors' cases with their alerts, clearances, holds and contacts: all under the case's row lock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision import causes, store_notices
from services.supervision import told as feed
from services.supervision.domain import Alert, Change, History, MentorCase, Seen, suspended_by
from services.supervision.messages import SupervisorLeft
from services.supervision.store import columns
from shared.contracts.supervision import Match

LOAD = """
SELECT mentor_id, site_id, enrolled, supervisor_id, time_zone, locale, match_started_on, granted, link_epoch, status, revision,
       address_hash, history, review_at, matches
FROM mentor_case WHERE mentor_id = ANY($1::uuid[]) ORDER BY mentor_id FOR UPDATE
"""
DUE = """
SELECT mentor_id, site_id, enrolled, supervisor_id, time_zone, locale, match_started_on, granted, link_epoch, status, revision,
       address_hash, history, review_at, matches
FROM mentor_case WHERE due_at >= $2 AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
OVERDUE = """
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS oldest
FROM (SELECT due_at FROM mentor_case WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS found
"""
# Those that are closed may come back while the contact that closed them can still be undone.
LOAD_ALERTS = """
SELECT alert_id, mentor_id, site_id, supervisor_id, session_id, rule, rule_version, subject, severity, with_role, facts, evidence,
       raised_at, acknowledge_by, escalate_at, escalated_at, snoozed_until, state, acknowledged_at, acknowledged_by, resolved_at,
       resolved_by, how, note, contact_id, asked_at, place, place_at, with_person, seen, passed_why
FROM alert
WHERE mentor_id = ANY($1::uuid[]) AND (resolved_at IS NULL OR resolved_at > now() - interval '20 minutes')
ORDER BY raised_at, alert_id
"""
LOAD_TALKS = """
SELECT m.mentor_id, k.contact_id, k.at FROM unnest($1::uuid[]) AS m (mentor_id) CROSS JOIN LATERAL (
  SELECT contact_id, at FROM contact
  WHERE mentor_id = m.mentor_id AND outcome = 'talked' AND undone_at IS NULL ORDER BY at DESC LIMIT 3) k
"""
INSERT = """
INSERT INTO mentor_case (mentor_id, site_id, enrolled, supervisor_id, time_zone, locale, match_started_on, granted, link_epoch,
                         status, revision, address_hash, history, review_at, due_at, matches)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::uuid[], $5::text[], $6::text[], $7::date[], $8::jsonb[], $9::int[],
                     $10::text[], $11::int[], $12::text[], $13::jsonb[], $14::timestamptz[], $15::timestamptz[],
                     $16::jsonb[])
ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE mentor_case c SET (site_id, enrolled, supervisor_id, time_zone, locale, match_started_on, granted, link_epoch, status,
                          revision, address_hash, history, review_at, due_at, matches)
  = (u.site_id, u.enrolled, u.supervisor_id, u.time_zone, u.locale, u.match_started_on, u.granted, u.link_epoch, u.status,
     u.revision, u.address_hash, u.history, u.review_at, u.due_at, u.matches)
FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::uuid[], $5::text[], $6::text[], $7::date[], $8::jsonb[], $9::int[],
            $10::text[], $11::int[], $12::text[], $13::jsonb[], $14::timestamptz[], $15::timestamptz[], $16::jsonb[])
  AS u (mentor_id, site_id, enrolled, supervisor_id, time_zone, locale, match_started_on, granted, link_epoch, status, revision,
        address_hash, history, review_at, due_at, matches)
WHERE c.mentor_id = u.mentor_id
"""
# Not once they are back: what was given to them since stays theirs.
OF_SUPERVISOR = """
SELECT c.mentor_id FROM mentor_case c
WHERE c.supervisor_id = $1 AND ($2::uuid IS NULL OR c.mentor_id > $2)
  AND NOT EXISTS (SELECT 1 FROM person p WHERE p.person_id = $1 AND p.status = 'active')  -- left, or erased
ORDER BY c.mentor_id LIMIT $3
"""
REST = "UPDATE mentor_case SET due_at = NULL WHERE mentor_id = ANY($1::uuid[])"
PUT_ALERT = """
INSERT INTO alert (alert_id, mentor_id, site_id, supervisor_id, session_id, rule, rule_version, subject, severity, with_role,
  facts, evidence, raised_at, acknowledge_by, escalate_at, escalated_at, snoozed_until, state, acknowledged_at, acknowledged_by,
  resolved_at, resolved_by, how, note, contact_id, asked_at, place, place_at, with_person, seen, passed_why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
        $26, $27, $28, $29, $30::jsonb, $31)
ON CONFLICT (alert_id) DO UPDATE SET (supervisor_id, session_id, rule_version, severity, with_role, facts, evidence, raised_at,
    acknowledge_by, escalate_at, escalated_at, snoozed_until, state, acknowledged_at, acknowledged_by, resolved_at, resolved_by,
    how, note, contact_id, asked_at, place, place_at, with_person, seen, passed_why)
  = (excluded.supervisor_id, excluded.session_id, excluded.rule_version, excluded.severity, excluded.with_role, excluded.facts,
    excluded.evidence, excluded.raised_at, excluded.acknowledge_by, excluded.escalate_at, excluded.escalated_at,
    excluded.snoozed_until, excluded.state, excluded.acknowledged_at, excluded.acknowledged_by, excluded.resolved_at,
    excluded.resolved_by, excluded.how, excluded.note, excluded.contact_id,
    excluded.asked_at, excluded.place, excluded.place_at, excluded.with_person, excluded.seen, excluded.passed_why)
"""
ADD_CHANGE = """
INSERT INTO alert_change (at, kind, alert_id, mentor_id, site_id, supervisor_id, document)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)
"""
ADD_ENTRY = """
INSERT INTO clearance_entry (mentor_id, site_id, function, state, until, why, evidence, by_person, at, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
PUT_CLEARANCE = """
INSERT INTO clearance (mentor_id, site_id, function, state, until, why, evidence, by_person, at, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (mentor_id, function) DO UPDATE SET (state, until, why, evidence, by_person, at, revision)
  = (excluded.state, excluded.until, excluded.why, excluded.evidence, excluded.by_person, excluded.at, excluded.revision)
"""
PUT_HOLD = """
INSERT INTO hold (hold_id, mentor_id, site_id, session_id, training_id, module_id, version, item_id, skill, functions, confidence,
                  held_at, cleared_at, cleared_by, corrected_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (hold_id) DO UPDATE SET (functions, cleared_at, cleared_by, corrected_at)
  = (excluded.functions, excluded.cleared_at, excluded.cleared_by, excluded.corrected_at)
"""
PUT_CONTACT = """
INSERT INTO contact (contact_id, mentor_id, site_id, session_id, by_person, outcome, cleared, at, snoozed_until, undone_at, how,
                     logged_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (contact_id) DO UPDATE SET undone_at = excluded.undone_at
"""
NEWEST_TRAINING = """
SELECT p.training_id, p.mentor_id, p.starts_at, coalesce(c.link_epoch, 1) AS link_epoch, now() AS now
FROM preparation p LEFT JOIN mentor_case c ON c.mentor_id = p.mentor_id
WHERE p.training_id IS NOT NULL AND ($1::uuid IS NULL OR p.training_id = $1) AND ($2::uuid IS NULL OR p.session_id = $2)
  AND ($3::uuid IS NULL OR p.mentor_id = $3)
ORDER BY p.starts_at DESC LIMIT 1
"""

HISTORY = TypeAdapter(History)
MATCHES = TypeAdapter(tuple[Match, ...])
GRANTED = TypeAdapter(dict[str, datetime | None])
FACTS = TypeAdapter(dict[str, str])
SEEN = TypeAdapter(tuple[Seen, ...])
ALERT = ("alert_id", "mentor_id", "site_id", "supervisor_id", "session_id", "rule", "rule_version", "subject", "severity",
         "with_role", "facts", "evidence", "raised_at", "acknowledge_by", "escalate_at", "escalated_at", "snoozed_until", "state",
         "acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by", "how", "note", "contact_id", "asked_at", "place",
         "place_at", "with_person", "seen", "passed_why")  # fmt: skip


async def load_cases(conn: Connection, keys: Sequence[UUID]) -> dict[UUID, MentorCase]:
    return await _with_alerts(conn, await conn.fetch(LOAD, keys))


async def due_cases(conn: Connection, limit: int, since: datetime) -> dict[UUID, MentorCase]:
    """Claims and locks what is due; rows that another worker holds are left to it."""
    return await _with_alerts(conn, await conn.fetch(DUE, limit, since))


async def of_supervisor(conn: Connection, cause: SupervisorLeft, after: UUID | None, limit: int) -> list[UUID]:
    return [row["mentor_id"] for row in await conn.fetch(OF_SUPERVISOR, cause.supervisor_id, after, limit)]


async def rest_cases(conn: Connection, keys: Sequence[UUID]) -> None:
    await conn.execute(REST, keys)


async def save_cases(conn: Connection, changed: Sequence[MentorCase], new: Sequence[MentorCase]) -> bool:
    """False when somebody else created one of `new` meanwhile: roll back and run the batch again."""
    if changed:
        await conn.execute(UPDATE, *columns(_row(case) for case in changed))
    inserted = await conn.execute(INSERT, *columns(_row(case) for case in new)) if new else "INSERT 0 0"
    if inserted != f"INSERT 0 {len(new)}":
        return False
    both = (*changed, *new)
    for statement, rows in _children(both):
        if rows:
            await conn.executemany(statement, rows)
    await store_notices.add(conn, (notice for case in both for notice in causes.of_case(case)))
    return True


async def find_training(
    conn: Connection, training_id: UUID | None = None, session_id: UUID | None = None, mentor_id: UUID | None = None
) -> Mapping[str, Any] | None:
    """The newest training that fits, with the epoch that its link needs, and the time."""
    found = await conn.fetchrow(NEWEST_TRAINING, training_id, session_id, mentor_id)
    return dict(found) if found else None


def _children(cases: Sequence[MentorCase]) -> Iterable[tuple[str, list[tuple[Any, ...]]]]:
    """Closed alerts before open ones: at most one is open per (mentor, rule, subject) at any moment."""
    alerts = [alert for case in cases for alert in _touched(case)]
    yield PUT_ALERT, [_alert_row(alert) for alert in sorted(alerts, key=lambda a: a.live)]
    yield ADD_CHANGE, [_change_row(case, change) for case in cases for change in case.changes]
    entries = [_entry_rows(case) for case in cases]
    yield ADD_ENTRY, [row for rows in entries for row in rows]
    yield PUT_CLEARANCE, [row for rows in entries for row in rows]
    yield PUT_HOLD, [row for case in cases for row in _hold_rows(case)]
    yield PUT_CONTACT, [row for case in cases for row in _contact_rows(case)]


def _change_row(case: MentorCase, c: Change) -> tuple[Any, ...]:
    """With what the feeds say of it, now and whenever it is sent again."""
    return (c.at, c.kind, c.alert_id, case.mentor_id, case.site_id, c.supervisor_id, feed.document(c.alert))


def _touched(case: MentorCase) -> list[Alert]:
    ids = {change.alert_id for change in case.changes}
    return [alert for alert in case.alerts if alert.alert_id in ids]


async def _with_alerts(conn: Connection, rows: Sequence[Record]) -> dict[UUID, MentorCase]:
    if not rows:
        return {}
    of: dict[UUID, list[Alert]] = {row["mentor_id"]: [] for row in rows}
    for row in await conn.fetch(LOAD_ALERTS, list(of)):
        of[row["mentor_id"]].append(_alert(row))
    talks: dict[UUID, dict[UUID, datetime]] = {id: {} for id in of}
    for row in await conn.fetch(LOAD_TALKS, list(of)):
        talks[row["mentor_id"]][row["contact_id"]] = row["at"]
    return {id: replace(_case(row, tuple(of[id])), talks=talks[id]) for row in rows for id in [row["mentor_id"]]}


def _case(row: Record, alerts: tuple[Alert, ...]) -> MentorCase:
    values = dict(row)
    values["granted"] = GRANTED.validate_json(values["granted"])
    values["history"] = HISTORY.validate_json(values["history"])
    values["matches"] = matches_of(values["matches"], values.pop("match_started_on"))
    return MentorCase(**values, alerts=alerts)


def matches_of(told: str | None, started_on: date | None) -> tuple[Match, ...]:
    """Of a row from before matches were kept, the one whose start it tells."""
    if told is None:
        return (Match(started_on=started_on.isoformat()),) if started_on else ()
    return MATCHES.validate_json(told)


def _row(c: MentorCase) -> tuple[Any, ...]:
    going_on = [m.started_on for m in c.matches if not m.ends_on] or [m.started_on for m in c.matches]
    started_on = date.fromisoformat(min(going_on)) if going_on else None
    return (c.mentor_id, c.site_id, c.enrolled, c.supervisor_id, c.time_zone, c.locale, started_on,
            GRANTED.dump_json(dict(c.granted)).decode(), c.link_epoch, c.status, c.revision, c.address_hash,
            HISTORY.dump_json(c.history).decode(), c.review_at, c.due_at, MATCHES.dump_json(c.matches).decode())  # fmt: skip


def _alert(row: Record) -> Alert:
    said = {
        "facts": FACTS.validate_json(row["facts"]),
        "evidence": tuple(row["evidence"]),
        "seen": SEEN.validate_json(row["seen"]),
    }
    return Alert(**dict(row) | said)


def _alert_row(alert: Alert) -> tuple[Any, ...]:
    said = {"facts": FACTS.dump_json(dict(alert.facts)).decode(), "seen": SEEN.dump_json(alert.seen).decode()}
    return tuple(said.get(name, getattr(alert, name)) for name in ALERT)


def _entry_rows(c: MentorCase) -> list[tuple[Any, ...]]:
    return [(c.mentor_id, c.site_id, e.function, e.state, e.until, e.why, e.evidence, e.by, e.at, e.revision) for e in c.entries]


def _hold_rows(c: MentorCase) -> list[tuple[Any, ...]]:
    return [
        (h.hold_id, c.mentor_id, c.site_id, h.session_id, h.training_id, h.module_id, h.version, h.item_id, h.skill,
         suspended_by(h.skill, c.granted), h.confidence, h.held_at, h.over_at, h.cleared_by, h.corrected_at)
        for h in c.history.holds
    ]  # fmt: skip


def _contact_rows(c: MentorCase) -> list[tuple[Any, ...]]:
    return [
        (k.contact_id, c.mentor_id, c.site_id, k.session_id, k.by, k.outcome, k.cleared, k.talked_at or k.at, k.snoozed_until,
         k.undone_at, k.how, k.at)
        for k in c.history.contacts
    ]  # fmt: skip
