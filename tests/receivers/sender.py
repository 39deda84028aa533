"""A process that sends webhooks as every worker does, and nothing else: made to be killed."""

import asyncio
from datetime import timedelta

from services.supervision import webhook_sending
from services.supervision.app import SERVICE
from shared.running import opened


async def main() -> None:
    """With a short lease, so that the next process need not wait for long."""
    webhook_sending.LEASE = timedelta(seconds=1)

    async def room() -> None:
        pass

    async with opened(SERVICE) as running:
        await webhook_sending.run(running, room)


if __name__ == "__main__":
    asyncio.run(main())
