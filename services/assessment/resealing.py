"""Open answers sealed anew with the newest key, so that an old one can be thrown away."""

from collections import Counter
from collections.abc import Callable

from services.assessment import store_sealed
from services.assessment.sealing import seal, unseal
from services.assessment.store import SealedAnswer
from shared.running import Running
from shared.settings import settings

STEP = 200


async def by_key(running: Running) -> Counter[str]:
    """How many answers are sealed with each key."""
    async with running.connection() as conn:
        return Counter(await store_sealed.count_by_key(conn))


async def reseal(running: Running, told: Callable[[int], object] = lambda done: None) -> int:
    """Each step is a transaction of its own, so it can be stopped and run again. Raises CannotOpen when an old key is missing:
    nothing is lost then, put the key back."""
    newest, done = next(iter(settings().answer_keys)), 0
    while True:
        async with running.connection() as conn, conn.transaction():
            rows = await store_sealed.lock_others(conn, newest, STEP)
            for row in rows:
                answer = SealedAnswer(row["number"], row["item_id"], row["key_id"], row["sealed"], row["answered_at"])
                again = seal(unseal(answer, row["training_id"]), row["training_id"], row["number"])
                await store_sealed.put(conn, row["training_id"], row["number"], again)
        done += len(rows)
        told(done)
        if len(rows) < STEP:
            return done
