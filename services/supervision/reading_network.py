"""Figures of every site, counted for the network's page: of one month, from its first instant to the next one's. No person."""

from collections.abc import Mapping

from asyncpg import Connection

from services.supervision.network import Count, Counted, Month

SITES = "SELECT site_id, name FROM site WHERE status = 'active'"
# Held against what was known before the session: an alert that asked for somebody, and a talk after it.
TALKS = """
SELECT p.site_id, count(*) AS of, count(*) FILTER (WHERE EXISTS (
    SELECT FROM contact k
    WHERE k.mentor_id = p.mentor_id AND k.outcome = 'talked' AND k.undone_at IS NULL
      AND k.at >= a.raised_at AND k.at < p.starts_at
  )) AS many
FROM preparation p
JOIN (
  SELECT mentor_id, session_id, min(raised_at) AS raised_at FROM alert
  WHERE severity <> 'info' AND session_id IS NOT NULL GROUP BY mentor_id, session_id
) a ON a.session_id = p.session_id AND a.mentor_id = p.mentor_id AND a.raised_at < p.starts_at
WHERE p.starts_at >= $1 AND p.starts_at < $2 AND p.status IN ('planned', 'held')
GROUP BY p.site_id
"""
TRAININGS = """
SELECT p.site_id, count(*) AS of, count(*) FILTER (WHERE p.ready_at <= p.quiz_by + interval '1 minute') AS ready,
  count(*) FILTER (WHERE p.completed_at <= p.quiz_by) AS completed
FROM preparation p
WHERE p.starts_at >= $1 AND p.starts_at < $2 AND p.status IN ('planned', 'held')
  AND p.training_id IS NOT NULL AND p.quiz_by IS NOT NULL
GROUP BY p.site_id
"""
# Matches that were on for a day of the month, and the talks with their mentors.
CONTACTS = """
SELECT c.site_id, coalesce(sum(m.matches), 0)::bigint AS of, coalesce(sum(k.many), 0)::bigint AS many
FROM mentor_case c
CROSS JOIN LATERAL (
  SELECT count(*) AS matches FROM jsonb_to_recordset(CASE
    WHEN c.matches IS NOT NULL THEN c.matches
    WHEN c.match_started_on IS NULL THEN '[]'
    ELSE jsonb_build_array(jsonb_build_object('started_on', c.match_started_on)) END) AS x (started_on text, ends_on text)
  WHERE x.started_on < ($2 AT TIME ZONE 'UTC')::date::text
    AND coalesce(x.ends_on, '9999') >= ($1 AT TIME ZONE 'UTC')::date::text) m
LEFT JOIN (
  SELECT mentor_id, count(*) AS many FROM contact
  WHERE at >= $1 AND at < $2 AND outcome = 'talked' AND undone_at IS NULL GROUP BY mentor_id
) k ON k.mentor_id = c.mentor_id
WHERE m.matches > 0
GROUP BY c.site_id
"""
MISSED = """
SELECT skill, count(*) AS of, count(*) FILTER (WHERE NOT correct) AS many FROM answer
WHERE attempt = 1 AND answered_at >= $1 AND answered_at < $2 GROUP BY skill
"""
# A module's versions and languages all have its skill. Several sessions with one training count once.
TRAINED = """
SELECT m.skill, count(*) AS of, count(*) FILTER (WHERE p.completed_at <= p.quiz_by) AS many
FROM preparation p
CROSS JOIN LATERAL (SELECT module ->> 'skill' AS skill FROM module o
                    WHERE o.module_id = p.module_id AND o.version = p.module_version LIMIT 1) m
WHERE p.starts_at >= $1 AND p.starts_at < $2 AND p.status IN ('planned', 'held')
  AND p.training_id IS NOT NULL AND p.quiz_by IS NOT NULL
GROUP BY m.skill
"""
OPEN = """
SELECT skill, count(*) AS of, count(*) FILTER (WHERE jsonb_array_length(remembered -> 'open_misses') > 0) AS many FROM skill
GROUP BY skill
"""


async def list_sites(conn: Connection) -> dict[str, str]:
    return {row["site_id"]: row["name"] for row in await conn.fetch(SITES)}


async def count(conn: Connection, month: Month) -> Counted:
    """By measure and site."""
    span = month.first, month.next
    talks, trainings, contacts = [await conn.fetch(statement, *span) for statement in (TALKS, TRAININGS, CONTACTS)]
    return {
        "talks": {row["site_id"]: Count(row["many"], row["of"]) for row in talks},
        "briefs": {row["site_id"]: Count(row["ready"], row["of"]) for row in trainings},
        "trainings": {row["site_id"]: Count(row["completed"], row["of"]) for row in trainings},
        "contacts": {row["site_id"]: Count(row["many"], row["of"]) for row in contacts},
    }


async def count_contacts(conn: Connection, month: Month) -> Mapping[str, Count]:
    return {row["site_id"]: Count(row["many"], row["of"]) for row in await conn.fetch(CONTACTS, month.first, month.next)}


async def count_missed(conn: Connection, month: Month) -> Mapping[str, Count]:
    """By skill: first tries."""
    return {row["skill"]: Count(row["many"], row["of"]) for row in await conn.fetch(MISSED, month.first, month.next)}


async def count_trained(conn: Connection, month: Month) -> Mapping[str, Count]:
    """By skill: trainings about it, which is what sessions needed and there was a module for."""
    return {row["skill"]: Count(row["many"], row["of"]) for row in await conn.fetch(TRAINED, month.first, month.next)}


async def count_open(conn: Connection) -> Mapping[str, Count]:
    """By skill, now: mentors."""
    return {row["skill"]: Count(row["many"], row["of"]) for row in await conn.fetch(OPEN)}
