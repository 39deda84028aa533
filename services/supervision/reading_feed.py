"""The feed of alerts: what changed since a cursor, in an order that loses nothing.

A cursor is `transaction.number`. Rows of transactions that still run are left for the next look (see alert_change).
"""

import re
from collections.abc import Sequence
from datetime import datetime

from asyncpg import Connection, Record

from services.supervision.screens.facts import Staff
from services.supervision.told import TOLD, Change, Cursor, Sees

MOST = 200
CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})")
HERE = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
# Of all sites, for everybody who listens here. Without a document: a row from before there were any, told as its alert is now.
CHANGES = """
SELECT f.xact::text AS xact, f.seq, f.kind, f.alert_id, f.mentor_id, f.site_id, f.at, c.supervisor_id AS caseload,
  c.mentor_id IS NOT NULL AS known, coalesce(f.document, CASE WHEN a.alert_id IS NOT NULL THEN jsonb_build_object(
    'rule', a.rule, 'rule_version', a.rule_version, 'severity', a.severity, 'state', a.state, 'session_id', a.session_id,
    'supervisor_id', a.supervisor_id, 'facts', a.facts) END)::text AS document,
  array_remove(ARRAY(SELECT h.with_person FROM alert h WHERE h.mentor_id = f.mentor_id AND h.resolved_at IS NULL
                     AND h.with_role = 'back_up') || CASE WHEN a.with_role = 'back_up' THEN a.with_person END, NULL) AS handed
FROM (SELECT xact, seq, kind, alert_id, mentor_id, site_id, at, document FROM alert_change
      WHERE (xact, seq) > ($1::text::xid8, $2::bigint) AND xact < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY xact, seq LIMIT $3) f
LEFT JOIN mentor_case c ON c.mentor_id = f.mentor_id AND c.site_id = f.site_id
LEFT JOIN alert a ON a.alert_id = f.alert_id
ORDER BY f.xact, f.seq
"""
OF_SITES = """
SELECT f.xact::text AS xact, f.seq, f.kind, f.alert_id, f.mentor_id, f.site_id, f.at, f.caseload, true AS known,
  f.document::text AS document
FROM unnest($1::text[]) AS of_site
CROSS JOIN LATERAL (
  SELECT g.xact, g.seq, g.kind, g.alert_id, g.mentor_id, g.site_id, g.at, c.supervisor_id AS caseload,
    coalesce(g.document, jsonb_build_object(
      'rule', a.rule, 'rule_version', a.rule_version, 'severity', a.severity, 'state', a.state, 'session_id', a.session_id,
      'supervisor_id', a.supervisor_id, 'facts', a.facts)) AS document
  FROM alert_change g
  JOIN mentor_case c ON c.mentor_id = g.mentor_id AND c.site_id = g.site_id
  LEFT JOIN alert a ON a.alert_id = g.alert_id
  WHERE g.site_id = of_site AND (g.xact, g.seq) > ($3::text::xid8, $4::bigint)
    AND g.xact < pg_snapshot_xmin(pg_current_snapshot())
    AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
    AND (g.document IS NOT NULL OR a.alert_id IS NOT NULL)
  ORDER BY g.xact, g.seq LIMIT $5) f
ORDER BY f.xact, f.seq LIMIT $5
"""
DAY = """
SELECT md5(string_agg(concat_ws('|', p.preparation_id, p.starts_at, p.status, p.training_id, t.opened_at, t.last_answer_at,
                                t.completed_at, t.late, k.at, k.undone_at), ',' ORDER BY p.preparation_id))
FROM preparation p
JOIN mentor_case c ON c.mentor_id = p.mentor_id
LEFT JOIN LATERAL (SELECT opened_at, last_answer_at, completed_at, late FROM preparation o
                   WHERE o.training_id = p.training_id AND o.mentor_id = p.mentor_id ORDER BY o.items IS NULL LIMIT 1) t ON true
LEFT JOIN LATERAL (SELECT max(at) AS at, max(undone_at) AS undone_at FROM contact
                   WHERE contact.mentor_id = p.mentor_id AND contact.at > $3) k ON true
WHERE c.site_id = $1 AND ($2::uuid IS NULL OR c.supervisor_id = ANY(looked_after($2)) OR c.mentor_id = ANY(handed_to($2)))
  AND p.site_id = $1
  AND p.starts_at >= $3 AND p.starts_at < $4
"""


def parse(text: str) -> Cursor | None:
    """None when this is no cursor of ours."""
    found = CURSOR.fullmatch(text.strip())
    return Cursor(int(found[1]), int(found[2])) if found else None


def sees(who: Staff) -> Sees:
    return Sees((who.site_id,), who.caseload, who.stands_in)


async def here(conn: Connection) -> Cursor:
    """Everything before it is in what this transaction sees; read it first, then the page."""
    return Cursor(int(await conn.fetchval(HERE)), 0)


async def list_changes(conn: Connection, who: Sees, after: Cursor, limit: int = MOST) -> list[Change]:
    """Those that may be seen, at most so many, in order."""
    rows = await conn.fetch(OF_SITES, list(who.sites), who.caseload, str(after.xact), after.seq, limit)
    return [_change(row) for row in rows]


async def list_page(conn: Connection, who: Sees, after: Cursor) -> tuple[list[Change], Cursor, bool]:
    """Those changes, the place to go on from, and whether more are there already."""
    horizon = await here(conn)
    found = await list_changes(conn, who, after)
    if len(found) == MOST:
        return found, found[-1].cursor, True
    return found, max(horizon, after, *(change.cursor for change in found)), False


async def look(conn: Connection, after: Cursor, limit: int) -> tuple[Sequence[Change], Cursor]:
    """Of all sites, and how far this look has read: also over what is nobody's any more."""
    rows = await conn.fetch(CHANGES, str(after.xact), after.seq, limit)
    end = Cursor(int(rows[-1]["xact"]), rows[-1]["seq"]) if rows else after
    return [_change(row) for row in rows if row["known"] and row["document"]], end


async def day_print(conn: Connection, who: Staff, first: datetime, last: datetime) -> str:
    """Differs when anything that Today draws from sessions, trainings and contacts has changed."""
    return await conn.fetchval(DAY, who.site_id, who.caseload, first, last) or ""


def _change(r: Record) -> Change:
    place, told = Cursor(int(r["xact"]), r["seq"]), TOLD.validate_json(r["document"])
    handed = tuple(r.get("handed") or ())
    return Change(place, r["kind"], r["alert_id"], r["mentor_id"], r["site_id"], r["at"], r["caseload"], told, handed)
