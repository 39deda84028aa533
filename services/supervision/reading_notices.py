"""What a sender looks up for one notice: its reader and what it is about, as they are now. No writes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from pydantic import TypeAdapter

from services.supervision import reading
from services.supervision.letter_facts import Alert, Facts, Line, Reader, Session, Twins
from services.supervision.notices import LEAD, Notice
from services.supervision.screens import today
from services.supervision.screens.facts import Staff
from services.supervision.screens.reached import Unreached
from shared.pages import times

READER = """
SELECT p.person_id, p.site_id, p.role, p.name, p.email, p.phone, p.locale, p.time_zone, p.status = 'active' AS here,
       s.name AS site_name, s.phone AS site_phone, coalesce(r.wanted, 'mail') AS wanted, coalesce(r.broken, '{}') AS broken,
       (SELECT count(*) FROM notice n WHERE n.person_id = p.person_id AND n.created_at > now() - interval '2 days'
        AND n.sent_at > now() - interval '1 hour') AS sent_lately,
       coalesce(c.link_epoch, 1) AS link_epoch, sup.name AS supervisor_name, sup.phone AS supervisor_phone,
       CASE WHEN p.role = 'mentor' THEN sup.email ELSE lead.email END AS reply_to, now() AS now
FROM person p
JOIN site s ON s.site_id = p.site_id
LEFT JOIN reach r ON r.person_id = p.person_id
LEFT JOIN mentor_case c ON c.mentor_id = p.person_id
LEFT JOIN person sup ON sup.person_id = c.supervisor_id
LEFT JOIN LATERAL (
    SELECT l.email FROM person l
    WHERE p.role = 'supervisor' AND l.site_id = p.site_id AND l.role = 'site_lead' AND l.status = 'active'
    ORDER BY l.reference LIMIT 1
) AS lead ON true
WHERE p.person_id = $1
"""
# The session itself; of a training the next of those that it is for, so that a link to it lives as long as any of them.
SESSION = """
SELECT p.session_id, p.training_id, p.starts_at, p.quiz_by, coalesce(p.status, 'planned') AS status,
       coalesce(p.plan_revision, 0) AS revision,
       EXISTS (SELECT FROM preparation d WHERE d.training_id = p.training_id AND d.mentor_id = p.mentor_id
               AND d.completed_at IS NOT NULL) AS done
FROM preparation p
WHERE p.mentor_id = $1 AND (p.session_id = $2 OR ($2::uuid IS NULL AND p.training_id = $3))
ORDER BY p.starts_at DESC LIMIT 1
"""
NEWEST = """
SELECT p.session_id, p.training_id, p.starts_at, p.quiz_by, coalesce(p.status, 'planned') AS status,
       coalesce(p.plan_revision, 0) AS revision, false AS done
FROM preparation p
WHERE p.mentor_id = $1 AND p.training_id IS NOT NULL AND (p.status IS NULL OR p.status IN ('planned', 'held'))
ORDER BY p.starts_at DESC LIMIT 1
"""
ALERT = """
SELECT a.alert_id, a.rule, coalesce(m.name, 'A mentor') AS mentor_name, a.state, a.with_role,
       a.snoozed_until IS NOT NULL AS snoozed, a.severity = 'urgent' AS urgent, a.acknowledge_by, a.raised_at, p.starts_at,
       sup.name AS supervisor_name, a.passed_why, a.supervisor_id, a.with_person
FROM alert a
LEFT JOIN person m ON m.person_id = a.mentor_id
LEFT JOIN person sup ON sup.person_id = a.supervisor_id
LEFT JOIN preparation p ON p.session_id = a.session_id AND p.mentor_id = a.mentor_id
WHERE a.alert_id = $1
"""
TOGETHER = """
SELECT a.alert_id, a.rule, coalesce(m.name, 'A mentor') AS mentor_name, a.state, a.with_role, false AS snoozed, false AS urgent,
       a.acknowledge_by, a.raised_at, p.starts_at, NULL AS supervisor_name, a.passed_why, a.supervisor_id, a.with_person
FROM alert a
LEFT JOIN person m ON m.person_id = a.mentor_id
LEFT JOIN preparation p ON p.session_id = a.session_id AND p.mentor_id = a.mentor_id
WHERE a.supervisor_id = $1 AND a.state = 'open' AND a.rule = $2 AND a.place IN ('own', 'grouped') AND a.with_role = 'supervisor'
  AND a.severity <> 'urgent' AND a.snoozed_until IS NULL
ORDER BY a.acknowledge_by, a.alert_id LIMIT 50
"""
READS_NOW = """
SELECT stand_in(CASE WHEN $1::uuid IS NOT NULL THEN $1 ELSE (
  SELECT l.person_id FROM person l WHERE l.site_id = $2 AND l.role = 'site_lead' AND l.status = 'active'
  ORDER BY l.reference LIMIT 1) END)
"""
# One that was claimed later than this one waits for it. A mail says what was there when it was written, not when it was taken.
TWINS = """
SELECT max(coalesce(n.handed_at, n.sent_at)) FILTER (WHERE n.state IN ('handed_over', 'sent', 'delivered')) AS sent_at,
       coalesce(bool_or(n.state = 'handed_over' OR (n.state = 'sending' AND (n.due_at, n.notice_id) < ($5, $1))), false)
         AS under_way
FROM notice n
WHERE n.person_id = $2 AND n.created_at > now() - interval '4 days' AND n.kind = $3 AND n.about ->> 'one' = $4
  AND n.notice_id <> $1
  AND CASE WHEN n.kind = 'briefs' THEN n.sent_at IS NULL OR NOT EXISTS (
      SELECT FROM absence a WHERE a.delegate_id = ANY(looked_after($2)) AND a.from_at <= now() AND a.until_at > now()
        AND greatest(a.from_at, a.noted_at) > n.sent_at)
    ELSE n.about ->> 'for' = $6 END
"""
LISTED = """
SELECT a.mentor_id, coalesce(m.name, 'A mentor') AS name, count(*) AS things
FROM digest_sent d JOIN alert a ON a.alert_id = ANY(d.alert_ids) LEFT JOIN person m ON m.person_id = a.mentor_id
WHERE d.person_id = $1 AND d.at = $2 AND a.resolved_at IS NULL
GROUP BY a.mentor_id, m.name ORDER BY name, a.mentor_id
"""
UNREACHED_STAFF = """
SELECT p.person_id, p.name FROM person p LEFT JOIN reach r ON r.person_id = p.person_id
WHERE p.site_id = $1 AND p.role IN ('supervisor', 'site_lead') AND p.status = 'active'
  AND NOT (coalesce(p.email, '') <> '' AND NOT coalesce(r.broken, '{}') ? 'mail')
  AND NOT ($2 AND coalesce(p.phone, '') <> '' AND NOT coalesce(r.broken, '{}') ? 'text')
ORDER BY p.name, p.person_id LIMIT 20
"""
UNREACHED = """
SELECT r.person_id, p.name FROM reach r
JOIN mentor_case c ON c.mentor_id = r.person_id
JOIN person p ON p.person_id = r.person_id
WHERE r.site_id = $1 AND c.status = 'active' AND r.broken <> '{}' AND r.wanted <> 'none'
  AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
ORDER BY p.name, r.person_id LIMIT 20
"""

BROKEN = TypeAdapter(dict[str, Any])
GROUPS = {"talk": "talk first", "waiting": "waiting for the training", "ready": "ready"}


async def find_facts(conn: Connection, notice: Notice) -> Facts | None:
    """None: nobody is known by that id any more."""
    row = await conn.fetchrow(READER, notice.person_id)
    if row is None:
        return None
    facts = Facts(row["now"], _reader(row))
    if "for" in notice.about:
        facts = replace(facts, reads_now=await conn.fetchval(READS_NOW, _for(notice), notice.site_id))
    if "one" in notice.about:
        facts = replace(facts, twins=await _twins(conn, notice))
    if notice.kind in ("alert", "escalation"):
        return replace(facts, alert=await _alert(conn, notice), together=await _together(conn, notice))
    if notice.kind == "receiver":
        return facts
    if notice.kind == "briefs":
        return await _day(conn, notice, facts)
    if notice.kind == "digest":
        return replace(facts, lines=await _listed(conn, notice))
    return replace(facts, session=await _session(conn, notice))


async def list_unreached(conn: Connection, who: Staff) -> list[Unreached]:
    """Of whom the caller looks after, those that no message reaches."""
    return [Unreached(row["person_id"], row["name"]) for row in await conn.fetch(UNREACHED, who.site_id, who.caseload)]


async def list_unreached_staff(conn: Connection, site_id: str, *, texts: bool) -> list[Unreached]:
    """By no way that there is. `texts`: text messages leave from here, so that a number is enough."""
    return [Unreached(row["person_id"], row["name"]) for row in await conn.fetch(UNREACHED_STAFF, site_id, texts)]


def _for(notice: Notice) -> UUID | None:
    return None if notice.about["for"] == LEAD else UUID(notice.about["for"])


async def _twins(conn: Connection, notice: Notice) -> Twins:
    """A list is one supervisor's, also for who reads those of two; a day is of all whom they looked after as it was sent."""
    about = notice.about
    row = await conn.fetchrow(TWINS, notice.notice_id, notice.person_id, notice.kind, about["one"], notice.due_at, about["for"])
    return Twins(row["sent_at"], row["under_way"]) if row else Twins()


async def _together(conn: Connection, notice: Notice) -> tuple[Alert, ...]:
    if "one" not in notice.about:
        return ()
    rows = await conn.fetch(TOGETHER, _for(notice), notice.about["one"].partition("/")[2])
    return tuple(Alert(**dict(row)) for row in rows)


async def _session(conn: Connection, notice: Notice) -> Session | None:
    session_id, training_id = _id(notice, "session_id"), _id(notice, "training_id")
    if notice.kind == "link":
        row = await conn.fetchrow(NEWEST, notice.person_id)
    else:
        row = await conn.fetchrow(SESSION, notice.person_id, session_id, training_id)
    return Session(**dict(row)) if row else None


async def _alert(conn: Connection, notice: Notice) -> Alert | None:
    row = await conn.fetchrow(ALERT, _id(notice, "alert_id"))
    return Alert(**dict(row)) if row else None


async def _day(conn: Connection, notice: Notice, facts: Facts) -> Facts:
    """The sessions still to come today of whom they look after, as Today lists them."""
    staff = await reading.find_staff(conn, facts.reader.person_id)
    if staff is None:
        return facts
    zone, now = staff.zone, facts.now
    midnight = now.astimezone(times.known(zone)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    meetings = [m for m in await reading.list_meetings(conn, staff, now, midnight) if m.status == "planned"]
    listed = [line for section in today.page(meetings, now, zone).sections for line in section.lines]
    lines = sorted((line for line in listed if line.status.group in GROUPS), key=lambda line: (line.starts_at, line.name))
    groups = [line.status.group for line in lines]
    return replace(
        facts,
        first_at=min((line.starts_at for line in lines), default=None),
        talk=groups.count("talk"),
        waiting=groups.count("waiting"),
        lines=tuple(Line(f"{one.clock}, {one.name}: {GROUPS[one.status.group]}", one.href) for one in lines),
    )


async def _listed(conn: Connection, notice: Notice) -> tuple[Line, ...]:
    """Of Monday's list: whom it is about, and is still open. What it says is for the console. Who stands in gets another's."""
    whose = _id(notice, "of") or notice.person_id
    rows = await conn.fetch(LISTED, whose, datetime.fromisoformat(notice.about["at"]))
    return tuple(Line(_things(row["name"], row["things"]), f"/mentors/{row['mentor_id']}") for row in rows)


def _things(name: str, count: int) -> str:
    return name if count == 1 else f"{name}: {count} things"


def _reader(row: Record) -> Reader:
    values = dict(row)
    values.pop("now")
    return Reader(**values | {"zone": values.pop("time_zone"), "broken": BROKEN.validate_json(values["broken"])})


def _id(notice: Notice, name: str) -> UUID | None:
    return UUID(notice.about[name]) if name in notice.about else None
