"""SQL of what a renewal counts: talks that were logged, and check-ins that told of the planned steps as done."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from asyncpg import Connection

from services.supervision.ledger import Evidence
from services.supervision.store import columns
from shared.contracts.vocabulary import vocabulary

# Each row asks for one function of one mentor. Four steps in five: all of three.
EVIDENCE = """
SELECT u.mentor_id, u.function,
  (SELECT count(*) FROM contact k
   WHERE k.mentor_id = u.mentor_id AND k.at > now() - make_interval(months => u.months)
     AND k.outcome = 'talked' AND k.undone_at IS NULL) AS talks,
  (SELECT count(*) FROM check_in c
   WHERE c.mentor_id = u.mentor_id AND c.starts_at > now() - make_interval(months => u.months)
     AND c.document ->> 'activity' = ANY(string_to_array(u.activities, ','))
     AND (SELECT count(*) > 0 AND 5 * count(*) FILTER (WHERE s.step ->> 'done' = 'did') >= 4 * count(*)
          FROM jsonb_array_elements(c.document -> 'steps') AS s (step))) AS check_ins
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[]) AS u (mentor_id, function, months, activities)
"""


async def load_evidence(conn: Connection, keys: Sequence[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], Evidence]:
    """By mentor and function; nothing for functions whose renewal counts nothing."""
    asked = [(mentor_id, *row) for mentor_id, function in keys for row in _counted(function)]
    if not asked:
        return {}
    rows = await conn.fetch(EVIDENCE, *columns(asked))
    return {(row["mentor_id"], row["function"]): Evidence(row["talks"], row["check_ins"]) for row in rows}


def _counted(function: str) -> Iterable[tuple[str, int, str]]:
    known = vocabulary().functions.get(function)
    if known and known.months and (known.renew.contacts or known.renew.check_ins):
        yield function, known.months, ",".join(a.code for a in vocabulary().activities.values() if a.function == function)
