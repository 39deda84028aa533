"""The statements of every request use their indexes once the tables have grown."""

import pytest
import pytest_asyncio

from services.content import store
from services.content.app import SERVICE

PUBLICATIONS = """
INSERT INTO publication (key, module_id, locale)
SELECT 'skill' || n || '_1/en', 'skill' || n || '_1', 'en' FROM generate_series(1, 200) n
"""
VERSIONS = """
INSERT INTO version (key, number, module_id, locale, status, content_hash, skill, scope_level, minutes, variables, items, module)
SELECT 'skill' || n || '_1/en', v, 'skill' || n || '_1', 'en', 'published', '', 'skill' || n, 1, 4, '{}', '[]', '{}'
FROM generate_series(1, 200) n, generate_series(1, 20) v
"""
LEARNERS = """
INSERT INTO learner (mentor_id, site_id, erased) SELECT lpad(n::text, 32, '0')::uuid, 'east', false FROM generate_series(1, 500) n
"""
CHOICES = """
INSERT INTO choice (mentor_id, request_id, site_id, session_id, at, kind, items)
SELECT mentor_id, gen_random_uuid(), site_id, gen_random_uuid(), now(), 'nothing', '[]' FROM learner, generate_series(1, 10)
"""
SOMEBODY = "00000000-0000-0000-0000-000000000001"


@pytest_asyncio.fixture
async def grown(database):
    running = await database(SERVICE)
    async with running.connection() as conn:
        for statement in (PUBLICATIONS, VERSIONS, LEARNERS, CHOICES):
            await conn.execute(statement)
        yield conn


@pytest.mark.parametrize(
    ("statement", "arguments", "index"),
    [
        (store.OFFERS, [["skill1", "skill2"]], "version_skill"),
        (store.ITEMS, [["skill1_1"], ["q1"]], "version_edition"),
        (store.PASTS, [[SOMEBODY]], "choice_"),
        (store.SAME_REQUEST, [[SOMEBODY], [SOMEBODY]], "choice_pkey"),
        (store.SHOWINGS, [[SOMEBODY]], "choice_"),
        (store.CHOSEN, [SOMEBODY], "choice_of_session"),
        (store.NAMED, [["skill1_1/en"], [1]], "version_pkey"),
        (store.LOCK_LEARNERS, [[SOMEBODY]], "learner_pkey"),
    ],
)
async def test_a_request_never_reads_a_whole_table(grown, statement, arguments, index):
    rows = await grown.fetch(f"EXPLAIN {statement}", *arguments)
    plan = "\n".join(row[0] for row in rows)
    assert index in plan
    assert "Seq Scan" not in plan
