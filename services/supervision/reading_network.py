"""Figures of every site over the last four weeks, counted for the network's page. Nothing here names a person."""

from collections.abc import Mapping

from asyncpg import Connection

from services.supervision.network import Count

SITES = "SELECT site_id, name FROM site WHERE status = 'active'"
# Held against what was known before the session: an alert that asked for somebody, and a talk after it.
TALKS = """
SELECT p.site_id, count(*) AS of, count(*) FILTER (WHERE EXISTS (
    SELECT FROM contact k
    WHERE k.mentor_id = p.mentor_id AND k.outcome = 'talked' AND k.undone_at IS NULL
      AND k.at >= a.raised_at AND k.at < p.starts_at
  )) AS many
FROM preparation p
CROSS JOIN LATERAL (
  SELECT min(raised_at) AS raised_at FROM alert
  WHERE alert.mentor_id = p.mentor_id AND alert.session_id = p.session_id AND alert.severity <> 'info'
    AND alert.raised_at < p.starts_at) a
WHERE p.starts_at >= now() - interval '28 days' AND p.starts_at < now() AND p.status IN ('planned', 'held')
  AND a.raised_at IS NOT NULL
GROUP BY p.site_id
"""
TRAININGS = """
SELECT p.site_id, count(*) AS of, count(*) FILTER (WHERE p.ready_at <= p.quiz_by + interval '1 minute') AS ready,
  count(*) FILTER (WHERE p.completed_at <= p.quiz_by) AS completed
FROM preparation p
WHERE p.starts_at >= now() - interval '28 days' AND p.starts_at < now() AND p.status IN ('planned', 'held')
  AND p.training_id IS NOT NULL AND p.quiz_by IS NOT NULL
GROUP BY p.site_id
"""
CONTACTS = """
SELECT c.site_id, count(*) AS of, coalesce(sum(k.many), 0)::bigint AS many
FROM mentor_case c
LEFT JOIN LATERAL (
  SELECT count(*) AS many FROM contact
  WHERE contact.mentor_id = c.mentor_id AND contact.outcome = 'talked' AND contact.undone_at IS NULL
    AND contact.at >= now() - interval '28 days') k ON true
WHERE c.enrolled AND c.status = 'active' AND c.match_started_on IS NOT NULL
GROUP BY c.site_id
"""


async def list_sites(conn: Connection) -> dict[str, str]:
    return {row["site_id"]: row["name"] for row in await conn.fetch(SITES)}


async def count(conn: Connection) -> Mapping[str, Mapping[str, Count]]:
    """By measure and site."""
    talks, trainings, contacts = [await conn.fetch(statement) for statement in (TALKS, TRAININGS, CONTACTS)]
    return {
        "talks": {row["site_id"]: Count(row["many"], row["of"]) for row in talks},
        "briefs": {row["site_id"]: Count(row["ready"], row["of"]) for row in trainings},
        "trainings": {row["site_id"]: Count(row["completed"], row["of"]) for row in trainings},
        "contacts": {row["site_id"]: Count(row["many"], row["of"]) for row in contacts},
    }
